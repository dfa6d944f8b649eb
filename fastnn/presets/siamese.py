"""A siamese network: one network for two pictures, and the distance of what it makes of them."""

from __future__ import annotations

from typing import Any

from fastnn import layers, models, ops, optimizers
from fastnn.datasets import digits28
from fastnn.datasets.pairs import make_pairs
from fastnn.presets.table import Data, Preset, register
from fastnn.saving import register_keras_serializable

MARGIN = 1.0
SMALLEST = 1e-7  # the root's slope is infinite at 0


@register_keras_serializable("fastnn_presets")
def euclidean_distance(vectors: Any) -> Any:
    """Length of the difference of two vectors, (rows, 1)."""
    first, second = vectors
    squares = ops.sum(ops.square(first - second), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(squares, SMALLEST))


@register_keras_serializable("fastnn_presets")
def contrastive_loss(y_true: Any, y_pred: Any) -> Any:
    """Squared distance of equal ones; squared lack of distance to the margin of unequal ones.

    Hadsell, Chopra and LeCun, Dimensionality reduction by learning an invariant mapping, 2006.
    """
    near = y_true * ops.square(y_pred)
    far = (1.0 - y_true) * ops.square(ops.maximum(MARGIN - y_pred, 0.0))
    return ops.mean(near + far, axis=-1)


def base_network() -> Any:
    """128, dropout 0.1, 128, dropout 0.1, 128, relu."""
    return models.Sequential(
        [
            layers.Input((28, 28), name="picture"),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="relu", name="hidden1"),
            layers.Dropout(0.1, name="dropout1"),
            layers.Dense(128, activation="relu", name="hidden2"),
            layers.Dropout(0.1, name="dropout2"),
            layers.Dense(128, activation="relu", name="hidden3"),
        ],
        name="base",
    )


def siamese_network() -> Any:
    """The same base for both pictures, then the Euclidean distance."""
    base = base_network()
    first, second = layers.Input((28, 28), name="picture_a"), layers.Input((28, 28), name="picture_b")
    distance = layers.Lambda(euclidean_distance, name="distance")([base(first), base(second)])
    model = models.Model([first, second], distance, name="siamese")
    model.compile(optimizer=optimizers.RMSprop(learning_rate=0.001), loss=contrastive_loss)
    return model


def pairs_data() -> Data:
    """Two pairs for each of 400 digits."""
    x, y = digits28.load_data(400)
    first, second, same = make_pairs(x, y)
    return {"picture_a": first, "picture_b": second}, same[:, None]


register(
    Preset(
        name="siamese-digits",
        subject="Composed networks",
        title="Siamese digits: 128-128-128 shared, Euclidean distance",
        description="Are two digits the same? One network reads both; the contrastive loss pulls equal ones together "
        "and pushes others to a distance of 1. Each weight's gradient is the sum of both towers.",
        network=siamese_network,
        data=pairs_data,
        batch_size=32,
        epochs=8,
        goal=0.06,
        shuffle=True,
    )
)
