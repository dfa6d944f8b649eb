"""The 8x8 digits: a dense and a convolutional network on real, small pictures."""

from __future__ import annotations

from typing import Any

from fastnn import datasets, layers, models, optimizers
from fastnn.presets.table import Data, Preset, register


def digits_mlp() -> Any:
    """64-64-10, relu and softmax."""
    model = models.Sequential(
        [
            layers.Input((8, 8, 1), name="image"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    return _compiled(model)


def digits_cnn() -> Any:
    """Two convolutions, pooling, dropout, and a dense softmax."""
    model = models.Sequential(
        [
            layers.Input((8, 8, 1), name="image"),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="conv1"),
            layers.Conv2D(32, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Dropout(0.25, name="dropout"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    return _compiled(model)


def _compiled(model: Any) -> Any:
    model.compile(
        optimizer=optimizers.Adam(learning_rate=0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train_data() -> Data:
    """Pictures scaled to 0..1 and their labels."""
    return _scaled(datasets.digits.load_data()[0])


def test_data() -> Data:
    """Pictures kept aside."""
    return _scaled(datasets.digits.load_data()[1])


def _scaled(data: Data) -> Data:
    x, y = data
    return (x.astype("float32") / 16).reshape(-1, 8, 8, 1), y


register(
    Preset(
        name="digits-mlp",
        subject="Pictures",
        title="Digits 8x8: 64-64-10, relu and softmax",
        description="1,797 handwritten digits of 8 by 8 pixels; a hidden layer of 64 units; Adam.",
        network=digits_mlp,
        data=train_data,
        test_data=test_data,
        batch_size=32,
        epochs=15,
        goal=0.1,
        shuffle=True,
    )
)
register(
    Preset(
        name="digits-cnn",
        subject="Pictures",
        title="Digits 8x8: conv 16, conv 32, pool, dropout, softmax",
        description="Handwritten digits of 8 by 8 pixels through two convolutions, max pooling and dropout; Adam.",
        network=digits_cnn,
        data=train_data,
        test_data=test_data,
        batch_size=32,
        epochs=10,
        goal=0.1,
        shuffle=True,
    )
)
