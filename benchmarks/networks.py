"""The networks whose training steps are timed, described so that every contestant can build them.

A description is plain data: `name`, `input_shape`, `layers` (Keras' class names and arguments), `loss`, `optimizer`,
`batch` and `batches` (of an epoch). A softmax or sigmoid at the end goes with its loss.
"""

from __future__ import annotations

from typing import Any

Description = dict[str, Any]
KEPT = ("units", "filters", "kernel_size", "pool_size", "padding", "activation")
SPARSE = "sparse_categorical_crossentropy"


def dense(units: int, activation: str) -> Description:
    """A fully connected layer."""
    return {"type": "Dense", "units": units, "activation": activation}


def mlp(batch: int, batches: int) -> Description:
    """784-300-100-10, gradient descent."""
    return {
        "name": "mlp",
        "input_shape": [784],
        "layers": [dense(300, "relu"), dense(100, "relu"), dense(10, "softmax")],
        "loss": SPARSE,
        "optimizer": {"type": "SGD", "learning_rate": 0.01},
        "batch": batch,
        "batches": batches,
    }


def lenet5(batch: int, batches: int) -> Description:
    """LeCun's digits network: tanh, average pooling; Adam."""
    pool = {"type": "AveragePooling2D", "pool_size": [2, 2]}
    convolution = {"type": "Conv2D", "kernel_size": [5, 5], "activation": "tanh"}
    return {
        "name": "lenet5",
        "input_shape": [28, 28, 1],
        "layers": [
            {**convolution, "filters": 6, "padding": "same"},
            pool,
            {**convolution, "filters": 16, "padding": "valid"},
            pool,
            {"type": "Flatten"},
            dense(120, "tanh"),
            dense(84, "tanh"),
            dense(10, "softmax"),
        ],
        "loss": SPARSE,
        "optimizer": {"type": "Adam", "learning_rate": 0.001},
        "batch": batch,
        "batches": batches,
    }


def of_preset(preset: str, name: str, batch: int, batches: int) -> Description:
    """A preset's network; without its dropout, so that nobody's random numbers are timed."""
    from fastnn.presets import PRESETS

    model = PRESETS[preset].build()
    configs = [(type(layer).__name__, layer.get_config()) for layer in model.layers]
    return {
        "name": name,
        "input_shape": list(model.input_shape[1:]),
        "layers": [
            {"type": kind, **{k: config[k] for k in KEPT if k in config}}
            for kind, config in configs
            if kind not in ("Dropout", "InputLayer")
        ],
        "loss": model.loss,
        "optimizer": {
            "type": type(model.optimizer).__name__,
            "learning_rate": round(float(model.optimizer.learning_rate), 7),
        },
        "batch": batch,
        "batches": batches,
    }


def xor(batches: int) -> Description:
    """2-8-1, one sample at a time."""
    return of_preset("xor", "xor", 1, batches)


def mnist_cnn(batch: int, batches: int) -> Description:
    """Convolutions of 32 and 64 kernels, max pooling, dense 128; Adam."""
    return of_preset("mnist-cnn", "mnist_cnn", batch, batches)


def all_networks(quick: bool) -> list[Description]:
    """The networks, smallest first; `quick` means fewer of them, shorter epochs and smaller batches of images."""
    if quick:
        return [xor(200), mlp(32, 20), lenet5(16, 5), mnist_cnn(8, 2)]
    return [xor(1000), mlp(32, 120), mlp(128, 60), lenet5(64, 20), mnist_cnn(128, 4)]
