"""The networks whose training steps are timed, described so that every contestant can build them.

A description is plain data: `name`, `input_shape`, `layers` (Keras' class names and arguments), `loss`, `optimizer`,
`batch` and `batches` (of an epoch), `classes` of labels unless there are ten, and `target` "input" where the input is
to be reproduced. A layer follows the one before, unless it says `from` which ones, by their `name`. A softmax or
sigmoid at the end goes with its loss.
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


def convolution(filters: int, size: int, strides: int = 1, **more: Any) -> Description:
    """A convolution; with padding, unless said otherwise, so that only strides make its result smaller."""
    return {
        "type": "Conv2D",
        "filters": filters,
        "kernel_size": [size, size],
        "strides": [strides, strides],
        "padding": "same",
        **more,
    }


def with_adam(name: str, shape: list[int], layers: list[Description], batch: int, batches: int) -> Description:
    """A classifier that Adam trains."""
    return {
        "name": name,
        "input_shape": shape,
        "layers": layers,
        "loss": SPARSE,
        "optimizer": {"type": "Adam", "learning_rate": 0.001},
        "batch": batch,
        "batches": batches,
    }


def lenet5(batch: int, batches: int) -> Description:
    """LeCun's digits network: tanh, average pooling; Adam."""
    pool = {"type": "AveragePooling2D", "pool_size": [2, 2]}
    layers = [
        convolution(6, 5, activation="tanh"),
        pool,
        convolution(16, 5, activation="tanh", padding="valid"),
        pool,
        {"type": "Flatten"},
        dense(120, "tanh"),
        dense(84, "tanh"),
        dense(10, "softmax"),
    ]
    return with_adam("lenet5", [28, 28, 1], layers, batch, batches)


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


def normalized(filters: int, size: int, strides: int = 1, **more: Any) -> list[Description]:
    """A convolution, and batch normalization in place of its bias."""
    return [convolution(filters, size, strides, use_bias=False, **more), {"type": "BatchNormalization"}]


RELU: Description = {"type": "Activation", "activation": "relu"}


def residual_block(name: str, before: str, filters: int, strides: int = 1) -> list[Description]:
    """Two convolutions beside a shortcut, which is a convolution itself where shapes differ; its result is `name`."""
    layers = [*normalized(filters, 3, strides, **{"from": [before]}), RELU, *normalized(filters, 3)]
    layers[-1] = {**layers[-1], "name": f"{name}_long"}
    shortcut = before
    if strides > 1:
        shortcut = f"{name}_short"
        layers += normalized(filters, 1, strides, **{"from": [before]})
        layers[-1] = {**layers[-1], "name": shortcut}
    return [*layers, {"type": "Add", "from": [f"{name}_long", shortcut]}, {**RELU, "name": name}]


def cifar_res(batch: int, batches: int) -> Description:
    """Three residual blocks of 32, 32 and 64 planes on 32x32 colour pictures."""
    layers = [
        *normalized(32, 3),
        {**RELU, "name": "stem"},
        *residual_block("block1", "stem", 32),
        *residual_block("block2", "block1", 32),
        *residual_block("block3", "block2", 64, 2),
        {"type": "GlobalAveragePooling2D"},
        dense(10, "softmax"),
    ]
    return with_adam("cifar_res", [32, 32, 3], layers, batch, batches)


def go(batch: int, batches: int) -> Description:
    """A policy for the game of go: six planes of the board, four residual blocks of 64, a move of 362."""
    layers = [*normalized(64, 3), {**RELU, "name": "block0"}]
    for k in range(4):
        layers += residual_block(f"block{k + 1}", f"block{k}", 64)
    layers += [*normalized(2, 1), RELU, {"type": "Flatten"}, dense(362, "softmax")]
    return {**with_adam("go", [19, 19, 6], layers, batch, batches), "classes": 362}


def autoenc(batch: int, batches: int) -> Description:
    """A convolutional autoencoder: 28x28 to 16 numbers and back by transposed convolutions."""
    back = {**convolution(64, 3, 2, activation="relu"), "type": "Conv2DTranspose"}
    layers = [
        convolution(32, 3, 2, activation="relu"),
        convolution(64, 3, 2, activation="relu"),
        {"type": "Flatten"},
        dense(16, "linear"),
        dense(7 * 7 * 64, "relu"),
        {"type": "Reshape", "target_shape": [7, 7, 64]},
        back,
        {**back, "filters": 32},
        convolution(1, 3, activation="sigmoid"),
    ]
    made = with_adam("autoenc", [28, 28, 1], layers, batch, batches)
    return {**made, "loss": "binary_crossentropy", "target": "input"}


def lstm(batch: int, batches: int) -> Description:
    """128 units over 100 moments of 64 numbers."""
    return with_adam("lstm", [100, 64], [{"type": "LSTM", "units": 128}, dense(10, "softmax")], batch, batches)


def first_network() -> Description:
    """What everybody trains before anything is measured, so that code which is loaded on first use is there."""
    return with_adam("first", [8], [dense(10, "softmax")], 8, 2)


def peer_networks(quick: bool) -> list[Description]:
    """Every network that is held against other frameworks, smallest first."""
    if quick:
        return [*all_networks(quick), autoenc(4, 2), lstm(4, 2), cifar_res(2, 2), go(2, 2)]
    return [*all_networks(quick), autoenc(64, 8), lstm(32, 8), cifar_res(64, 3), go(64, 3)]


def all_networks(quick: bool) -> list[Description]:
    """The networks, smallest first; `quick` means fewer of them, shorter epochs and smaller batches of images."""
    if quick:
        return [xor(200), mlp(32, 20), lenet5(16, 5), mnist_cnn(8, 2)]
    return [xor(1000), mlp(32, 120), mlp(128, 60), lenet5(64, 20), mnist_cnn(128, 4)]
