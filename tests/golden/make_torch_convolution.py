"""Makes torch_convolution.npz with PyTorch, a second witness: python -m tests.golden.make_torch_convolution."""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from tests.golden.convolution import CASES, coming_back, given


def witness(name):
    """Output and gradients of one convolution, in the layout of Keras."""
    operation, _, _, attrs = CASES[name]
    x, w, b = (torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in given(name))
    images = x.permute(0, 3, 1, 2)
    settings = {"stride": attrs.get("strides", 1), "dilation": attrs.get("dilation_rate", 1)}
    if operation == "conv2d_transpose":
        y = functional.conv_transpose2d(images, w.permute(3, 2, 0, 1), b, **settings)
    else:
        settings["padding"] = attrs.get("padding", "valid")
        if operation == "depthwise_conv2d":
            kernel, groups = w.permute(2, 3, 0, 1).reshape(-1, 1, *w.shape[:2]), x.shape[3]
        else:
            kernel, groups = w.permute(3, 2, 0, 1), attrs.get("groups", 1)
        y = functional.conv2d(images, kernel, b, groups=groups, **settings)
    y = y.permute(0, 2, 3, 1)
    y.backward(torch.tensor(coming_back(y)))
    found = {"y": y, "dx": x.grad, "dw": w.grad, "db": b.grad}
    return {f"{name}/{key}": value.detach().numpy().astype("float32") for key, value in found.items()}


if __name__ == "__main__":
    everything = {key: value for name in CASES for key, value in witness(name).items()}
    np.savez_compressed(Path(__file__).with_name("torch_convolution.npz"), **everything)
