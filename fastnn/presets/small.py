"""Small classics: exclusive or, and Rosenblatt's perceptron on iris flowers."""

from __future__ import annotations

from typing import Any

from fastnn import datasets, layers, models, optimizers
from fastnn.presets.table import Data, Preset, register


def xor_network() -> Any:
    """2-8-1, tanh and sigmoid, one sample at a time."""
    model = models.Sequential(
        [
            layers.Input((2,), name="x"),
            layers.Dense(8, activation="tanh", name="hidden"),
            layers.Dense(1, activation="sigmoid", name="output"),
        ]
    )
    model.compile(optimizer=optimizers.SGD(learning_rate=0.5), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def iris_perceptron() -> Any:
    """One threshold unit on petal length and width."""
    model = models.Sequential(
        [layers.Input((2,), name="petal"), layers.Dense(1, activation="heaviside", name="perceptron")]
    )
    model.compile(optimizer=optimizers.SGD(learning_rate=0.1), loss="perceptron", metrics=["binary_accuracy"])
    return model


def iris_data() -> Data:
    """Petal length and width in cm; 1 for setosa."""
    x, y = datasets.iris.load_data()
    return x[:, 2:4], (y == 0).astype("float32").reshape(-1, 1)


register(
    Preset(
        name="xor",
        title="Exclusive or: 2-8-1, tanh and sigmoid",
        description="The smallest problem that one layer cannot solve. Batches of one sample, gradient descent.",
        network=xor_network,
        data=datasets.xor.load_data,
        batch_size=1,
        epochs=500,
        goal=0.05,
    )
)
register(
    Preset(
        name="iris-perceptron",
        title="Rosenblatt's perceptron: 2-1, threshold",
        description="Setosa or not, from petal length and width. The perceptron rule w += eta (y - yhat) x is gradient "
        "descent on the perceptron criterion.",
        network=iris_perceptron,
        data=iris_data,
        batch_size=1,
        epochs=10,
        goal=1e-6,
    )
)
