"""`tf.nn`: activations, losses and layers as functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fastnn as keras
from fastnn import ops
from fastnn.compat.tensorflow.numbers import l2_normalize
from fastnn.compat.tensorflow.renaming import renamed, same


def pair(given: Any) -> tuple[int, int]:
    """Rows and columns of strides or window sides: one number, two, or four for every axis.

    Raises:
        ValueError: for four numbers that step over samples or channels, and for other counts.
    """
    numbers = list(given) if isinstance(given, Sequence) else [given]
    if len(numbers) == 4 and numbers[0] == numbers[3] == 1:
        numbers = numbers[1:3]
    if len(numbers) not in (1, 2):
        raise ValueError(f"Expected one number, two, or four like [1, rows, columns, 1]. Received: {given}")
    return int(numbers[0]), int(numbers[-1])


def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    dilations: Any = 1,
    name: Any = None,
) -> Any:
    """A two-dimensional convolution of images with filters (rows, columns, channels in, channels out)."""
    order = channels(data_format)
    return ops.conv(input, filters, pair(strides), padding.lower(), order, pair(1 if dilations is None else dilations))


def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: str, data_format: str = "NHWC", dilations: Any = 1, name: Any = None
) -> Any:
    """A convolution of every channel with filters of its own (rows, columns, channels, filters of each)."""
    order = channels(data_format)
    return ops.depthwise_conv(input, filter, pair(strides), padding.lower(), order, pair(dilations or 1))


def channels(data_format: str | None) -> str:
    """Where channels stand, as operations call it."""
    orders = {"NHWC": "channels_last", None: "channels_last", "NCHW": "channels_first"}
    if data_format not in orders:
        raise ValueError(f"Expected data_format to be 'NHWC' or 'NCHW'. Received: {data_format!r}")
    return orders[data_format]


def pooled(operation: Any) -> Any:
    """`tf.nn.max_pool2d` or `tf.nn.avg_pool2d`."""

    def call(input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", name: Any = None) -> Any:
        return operation(input, pair(ksize), pair(strides), padding.lower(), channels(data_format))

    return call


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Any:
    """Numbers set to 0 at random, the others scaled so that the mean stays."""
    return keras.random.dropout(x, rate, noise_shape=noise_shape, seed=seed)


def softmax_cross_entropy(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """Cross-entropy of one-hot rows and logits, one number per row."""
    return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)


def sparse_softmax_cross_entropy(labels: Any, logits: Any, name: str | None = None) -> Any:
    """Cross-entropy of class numbers and logits, one number per row."""
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def sigmoid_cross_entropy(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Cross-entropy of targets from 0 to 1 and logits, number by number."""
    return ops.binary_crossentropy(labels, logits, from_logits=True)


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Half the sum of squares."""
    return ops.sum(ops.square(t)) / 2


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Any:
    """A tensor made standard by mean and variance along its last axis, scaled and moved."""
    return ops.batch_normalization(x, mean, variance, -1, offset, scale, variance_epsilon)


NN = {
    **same("relu sigmoid tanh elu selu gelu silu softplus relu6 softsign log_sigmoid bias_add"),
    "swish": ops.silu, "leaky_relu": renamed(ops.leaky_relu, "features alpha=negative_slope"),
    "softmax": renamed(ops.softmax, "logits axis"), "log_softmax": renamed(ops.log_softmax, "logits axis"),
    "conv2d": conv2d, "depthwise_conv2d": depthwise_conv2d, "max_pool": pooled(ops.max_pool),
    "max_pool2d": pooled(ops.max_pool), "avg_pool": pooled(ops.average_pool), "avg_pool2d": pooled(ops.average_pool),
    "dropout": dropout, "softmax_cross_entropy_with_logits": softmax_cross_entropy,
    "sparse_softmax_cross_entropy_with_logits": sparse_softmax_cross_entropy,
    "sigmoid_cross_entropy_with_logits": sigmoid_cross_entropy, "l2_loss": l2_loss, "l2_normalize": l2_normalize,
    "embedding_lookup": renamed(ops.take, "params ids=indices axis", axis=0),
    "moments": renamed(ops.moments, "x axes keepdims"),
    "batch_normalization": batch_normalization, "top_k": renamed(ops.top_k, "input k sorted"),
    "in_top_k": renamed(ops.in_top_k, "targets predictions k"),
    "local_response_normalization": renamed(ops.local_response_normalization, "input depth_radius bias alpha beta"),
}  # fmt: skip
