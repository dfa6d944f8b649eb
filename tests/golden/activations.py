"""Activations with arguments, written once for Keras and fastnn; beside it the numbers that Keras gave.

`KERAS_BACKEND=torch python -m tests.golden.activations` makes activations.npz where Keras and PyTorch are installed.
"""

import sys
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".npz")
POINTS = np.concatenate([np.linspace(-8, 8, 41) + 0.013, [-40, -1e-3, 1e-4, 30]]).astype("float32").reshape(3, 15)
LINES = np.random.RandomState(5).normal(scale=2, size=(3, 4, 5)).astype("float32")

# name: (activation, arguments), on POINTS
PLAIN = """relu relu6 leaky_relu elu selu celu gelu silu softplus softsign squareplus sigmoid hard_sigmoid log_sigmoid
    sparse_sigmoid tanh hard_tanh tanh_shrink hard_shrink soft_shrink hard_silu mish sparse_plus exponential linear"""
CELLWISE = {
    **{name: (name, {}) for name in PLAIN.split()},
    "relu_slope": ("relu", {"negative_slope": 0.3}),
    "relu_ceiling": ("relu", {"max_value": 2.5}),
    "relu_threshold": ("relu", {"threshold": 1.3}),
    "relu_everything": ("relu", {"negative_slope": 0.2, "max_value": 4.0, "threshold": 0.5}),
    "leaky_relu_slope": ("leaky_relu", {"negative_slope": 0.05}),
    "elu_alpha": ("elu", {"alpha": 0.4}),
    "celu_alpha": ("celu", {"alpha": 2.5}),
    "gelu_approximate": ("gelu", {"approximate": True}),
    "squareplus_b": ("squareplus", {"b": 1.5}),
    "hard_shrink_threshold": ("hard_shrink", {"threshold": 1.7}),
    "soft_shrink_threshold": ("soft_shrink", {"threshold": 1.7}),
    "threshold": ("threshold", {"threshold": 1.2, "default_value": -3.0}),
}
# name: (activation, arguments), on LINES; without sparsemax, whose rows sum to 1 only by chance in Keras 3.15
ALONG = {
    "softmax": ("softmax", {}),
    "softmax_axis": ("softmax", {"axis": 1}),
    "softmax_axes": ("softmax", {"axis": (1, 2)}),
    "log_softmax": ("log_softmax", {}),
    "log_softmax_axis": ("log_softmax", {"axis": 0}),
    "glu": ("glu", {"axis": 1}),
    "glu_middle": ("glu", {"axis": -2}),
}
CASES = {**{k: (POINTS, *v) for k, v in CELLWISE.items()}, **{k: (LINES, *v) for k, v in ALONG.items()}}


def arguments(kwargs):
    """Positional and other arguments; Keras has no common names for those of threshold."""
    return (list(kwargs.values()), {}) if "default_value" in kwargs else ([], kwargs)


def pattern(shape):
    """The gradient that comes back."""
    return np.random.RandomState(7).normal(size=shape).astype("float32")


def make():
    """Write the file, with the real Keras over PyTorch."""
    import keras
    import torch

    found = {}
    for name, (data, activation, kwargs) in CASES.items():
        x = torch.tensor(data, requires_grad=True)
        args, named = arguments(kwargs)
        y = getattr(keras.activations, activation)(x, *args, **named)
        found[f"{name}/y"] = y.detach().cpu().numpy()
        (dx,) = torch.autograd.grad((y * torch.tensor(pattern(tuple(y.shape)))).sum(), x)
        found[f"{name}/dx"] = dx.cpu().numpy()
    np.savez_compressed(FILE, **found)
    sys.stdout.write(f"{len(CASES)} activations, {FILE.stat().st_size // 1024} KB; Keras {keras.__version__}\n")


if __name__ == "__main__":
    make()
