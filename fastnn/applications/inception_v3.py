"""Inception v3: blocks of branches with windows of several sizes, side by side."""

from __future__ import annotations

from typing import Any

from fastnn import layers
from fastnn.applications.assembling import Options, Shape, assemble, documented, tf_kernels
from fastnn.applications.imagenet_utils import decode_predictions
from fastnn.applications.imagenet_utils import preprocess_input_tf as preprocess_input
from fastnn.models import Model

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]
FILES = tf_kernels(
    "inception_v3", "inception_v3", "9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"
)


@documented(usual=299, smallest=75)
def InceptionV3(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Shape = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "inception_v3",
) -> Model:
    """Inception v3 of Szegedy and others (Rethinking the Inception architecture, 2015): 24 million weights.

    Example:
        >>> model = InceptionV3(weights=None, include_top=False, input_shape=(75, 75, 3))
        >>> model.output_shape, model.get_layer("mixed7").output.shape
        ((None, 1, 1, 2048), (None, 3, 3, 768))
    """

    def top(x: Any) -> Any:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        return layers.Dense(classes, activation=classifier_activation, name="predictions")(x)

    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return assemble(options, trunk, top, FILES, usual=299, smallest=75)


def trunk(x: Any) -> Any:
    """Five convolutions with two poolings, and eleven blocks."""
    x = conv(x, 32, 3, strides=2, padding="valid")
    x = conv(x, 32, 3, padding="valid")
    x = conv(x, 64, 3)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = conv(x, 80, 1, padding="valid")
    x = conv(x, 192, 3, padding="valid")
    x = layers.MaxPooling2D(3, strides=2)(x)
    for k, pooled in enumerate((32, 64, 64)):
        x = block_of_5x5(x, pooled, f"mixed{k}")
    x = first_halving(x, "mixed3")
    for k, inner in enumerate((128, 160, 160, 192), 4):
        x = block_of_7x7(x, inner, f"mixed{k}")
    x = second_halving(x, "mixed8")
    for k in range(2):
        x = forked_block(x, f"mixed9_{k}", f"mixed{9 + k}")
    return x


def block_of_5x5(x: Any, pooled: int, name: str) -> Any:
    """Branches of 1 x 1, 5 x 5, twice 3 x 3, and an average."""
    one = conv(x, 64, 1)
    five = conv(conv(x, 48, 1), 64, 5)
    twice = conv(conv(conv(x, 64, 1), 96, 3), 96, 3)
    return joined([one, five, twice, averaged(x, pooled)], name)


def first_halving(x: Any, name: str) -> Any:
    """To half of height and width: by 3 x 3, by twice 3 x 3, and by pooling."""
    three = conv(x, 384, 3, strides=2, padding="valid")
    twice = conv(conv(conv(x, 64, 1), 96, 3), 96, 3, strides=2, padding="valid")
    return joined([three, twice, layers.MaxPooling2D(3, strides=2)(x)], name)


def block_of_7x7(x: Any, inner: int, name: str) -> Any:
    """Branches of 1 x 1, 7 x 7, twice 7 x 7, and an average; 7 x 7 is done by 1 x 7 and 7 x 1."""
    one = conv(x, 192, 1)
    seven = conv(conv(conv(x, inner, 1), inner, 1, 7), 192, 7, 1)
    twice = conv(x, inner, 1)
    for filters, rows, columns in ((inner, 7, 1), (inner, 1, 7), (inner, 7, 1), (192, 1, 7)):
        twice = conv(twice, filters, rows, columns)
    return joined([one, seven, twice, averaged(x, 192)], name)


def second_halving(x: Any, name: str) -> Any:
    """To half of height and width: by 3 x 3, by 7 x 7 and 3 x 3, and by pooling."""
    three = conv(conv(x, 192, 1), 320, 3, strides=2, padding="valid")
    seven = conv(conv(conv(x, 192, 1), 192, 1, 7), 192, 7, 1)
    seven = conv(seven, 192, 3, strides=2, padding="valid")
    return joined([three, seven, layers.MaxPooling2D(3, strides=2)(x)], name)


def forked_block(x: Any, fork: str, name: str) -> Any:
    """Branches of 1 x 1, 3 x 3, twice 3 x 3, and an average; the last 3 x 3 forks into 1 x 3 and 3 x 1."""
    one = conv(x, 320, 1)
    three = conv(x, 384, 1)
    three = joined([conv(three, 384, 1, 3), conv(three, 384, 3, 1)], fork)
    twice = conv(conv(x, 448, 1), 384, 3)
    twice = joined([conv(twice, 384, 1, 3), conv(twice, 384, 3, 1)])
    return joined([one, three, twice, averaged(x, 192)], name)


def averaged(x: Any, filters: int) -> Any:
    """The average around each place, and a convolution of 1 x 1."""
    return conv(layers.AveragePooling2D(3, strides=1, padding="same")(x), filters, 1)


def joined(branches: list[Any], name: str | None = None) -> Any:
    """The channels of all branches."""
    return layers.Concatenate(name=name)(branches)


def conv(x: Any, filters: int, rows: int, columns: int | None = None, strides: int = 1, padding: str = "same") -> Any:
    """A convolution, batch normalization without scale, and relu."""
    size = (rows, rows if columns is None else columns)
    x = layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization(scale=False)(x))
