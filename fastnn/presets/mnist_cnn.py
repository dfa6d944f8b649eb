"""MNIST digits through the classic small convolutional network; offered where the data is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastnn import datasets, layers, models, optimizers
from fastnn.datasets import local
from fastnn.presets.table import Data, Preset, register


def mnist_cnn() -> Any:
    """Convolutions of 32 and 64 kernels, pooling, dropout, dense 128, dropout, softmax."""
    model = models.Sequential(
        [
            layers.Input((28, 28, 1), name="image"),
            layers.Conv2D(32, 3, activation="relu", name="conv1"),
            layers.Conv2D(64, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Dropout(0.25, name="dropout1"),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="relu", name="hidden"),
            layers.Dropout(0.5, name="dropout2"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    model.compile(
        optimizer=optimizers.Adam(learning_rate=0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data_path() -> Path | None:
    """The file mnist.npz in FASTNN_DATA or in the cache, if there is one."""
    return local.find(datasets.mnist.NAME)


def _load(part: int) -> Data:
    x, y = datasets.mnist.load_data(path=data_path())[part]
    return (x.astype("float32") / 255)[..., None], y


register(
    Preset(
        name="mnist-cnn",
        subject="Pictures",
        title="MNIST 28x28: conv 32, conv 64, pool, dense 128, softmax",
        description="60,000 handwritten digits through two convolutions, max pooling, dropout and a dense layer; Adam.",
        network=mnist_cnn,
        data=lambda: _load(0),
        test_data=lambda: _load(1),
        batch_size=128,
        epochs=2,
        goal=0.15,
        shuffle=True,
        available=lambda: data_path() is not None,
    )
)
