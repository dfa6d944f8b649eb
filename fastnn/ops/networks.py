"""What networks are made of, by Keras' names: pooling, convolutions, losses of cells, statistics, attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import config
from fastnn.errors import ShapeError
from fastnn.ops.arrangement import moveaxis, repeat
from fastnn.ops.conversion import as_type
from fastnn.ops.creation import tri
from fastnn.ops.elementwise import add, divide, maximum, minimum, multiply, subtract
from fastnn.ops.exchange import all_reduce
from fastnn.ops.loss import categorical_crossentropy as categorical_rows
from fastnn.ops.products import einsum
from fastnn.ops.reduction import mean
from fastnn.ops.reduction import sum as sum_of
from fastnn.ops.shaping import expand_dims, reshape, squeeze, transpose
from fastnn.ops.table import composed, find, tensor
from fastnn.ops.unary import absolute, exp, log, negative

Extent = int | Sequence[int]


# ---------------------------------------------------------------- windows


def along(name: str, value: Extent, count: int) -> tuple[int, ...]:
    """One number for each of `count` axes; raises ValueError naming the argument."""
    values = (value,) * count if hasattr(value, "__index__") else tuple(value)
    if len(values) != count or not all(hasattr(v, "__index__") and v.__index__() > 0 for v in values):
        raise ValueError(f"Expected {name} to be {count} positive whole numbers. Received: {name}={value}")
    return tuple(int(v) for v in values)


def checked_layout(data_format: str | None) -> bool:
    """Whether channels come first; raises ValueError for another word."""
    layout = data_format or config.image_data_format()
    if layout not in ("channels_last", "channels_first"):
        raise ValueError(
            f"Expected data_format to be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}"
        )
    return layout == "channels_first"


def as_images(x: Any, data_format: str | None, operation: str) -> tuple[Any, int, bool]:
    """X as channels-last images, the number of its spatial axes, and whether its channels came first."""
    x, first = tensor(x), checked_layout(data_format)
    spatial = len(x.shape) - 2
    if spatial not in (1, 2):
        raise ShapeError(f"expected one or two spatial axes, received shape {tuple(x.shape)}.", operation=operation)
    x = moveaxis(x, 1, -1) if first else x
    return (expand_dims(x, axis=1) if spatial == 1 else x), spatial, first


def as_given(y: Any, spatial: int, first: bool) -> Any:
    """The result with the axes that the caller's input had."""
    y = squeeze(y, axis=1) if spatial == 1 else y
    return moveaxis(y, -1, 1) if first else y


def flat_pair(values: tuple[int, ...]) -> tuple[int, int]:
    """Numbers for one or two spatial axes as numbers for two."""
    return (1, values[0]) if len(values) == 1 else (values[0], values[1])


def checked_padding(padding: str) -> str:
    """The padding in lower case; raises ValueError for another word."""
    if str(padding).lower() not in ("valid", "same"):
        raise ValueError(f"Expected padding to be 'valid' or 'same'. Received: padding={padding!r}")
    return str(padding).lower()


def pooled(
    name: str, inputs: Any, pool_size: Extent, strides: Extent | None, padding: str, data_format: str | None
) -> Any:
    """A pooling record on inputs with one or two spatial axes."""
    x, spatial, first = as_images(inputs, data_format, name)
    size = along("pool_size", pool_size, spatial)
    steps = size if strides is None else along("strides", strides, spatial)
    y = find(name)(x, pool_size=flat_pair(size), strides=flat_pair(steps), padding=checked_padding(padding))
    return as_given(y, spatial, first)


@composed
def max_pool(
    inputs: Any,
    pool_size: Extent,
    strides: Extent | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The largest number of every window.

    Args:
        inputs: Shape (batch, length, channels) or (batch, height, width, channels).
        pool_size: Extent of the window, for all spatial axes or each.
        strides: Distance of the windows; the window's extent by default.
        padding: "valid" (windows inside only) or "same".
        data_format: "channels_last" or "channels_first"; that of `fastnn.backend` by default.

    Example:
        >>> from fastnn import ops
        >>> ops.max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).numpy().ravel()
        array([3., 2.], dtype=float32)
    """
    return pooled("max_pool2d", inputs, pool_size, strides, padding, data_format)


@composed
def average_pool(
    inputs: Any,
    pool_size: Extent,
    strides: Extent | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The mean of every window; of the cells inside only, where a window reaches over the edge.

    Args:
        inputs: Shape (batch, length, channels) or (batch, height, width, channels).
        pool_size: Extent of the window, for all spatial axes or each.
        strides: Distance of the windows; the window's extent by default.
        padding: "valid" (windows inside only) or "same".
        data_format: "channels_last" or "channels_first"; that of `fastnn.backend` by default.
    """
    return pooled("average_pool2d", inputs, pool_size, strides, padding, data_format)


@composed
def conv(
    inputs: Any,
    kernel: Any,
    strides: Extent = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Extent = 1,
) -> Any:
    """Convolution of sequences or images with a kernel.

    Args:
        inputs: Shape (batch, length, channels) or (batch, height, width, channels).
        kernel: Shape (length, channels, filters) or (height, width, channels, filters).
        strides: Distance of the windows.
        padding: "valid" (windows inside only) or "same".
        data_format: "channels_last" or "channels_first"; that of `fastnn.backend` by default.
        dilation_rate: Distance of the cells of a window.
    """
    x, spatial, first = as_images(inputs, data_format, "conv")
    w = as_kernel(kernel, spatial, "conv")
    windows = windows_of(strides, padding, dilation_rate, spatial)
    groups = max(1, x.shape[-1] // max(1, w.shape[-2]))
    return as_given(find("conv2d")(x, w, None, groups=groups, **windows), spatial, first)


def windows_of(strides: Extent, padding: str, dilation_rate: Extent, spatial: int) -> dict[str, Any]:
    """The attributes of a convolution for one or two spatial axes."""
    return {
        "strides": flat_pair(along("strides", strides, spatial)),
        "padding": checked_padding(padding),
        "dilation_rate": flat_pair(along("dilation_rate", dilation_rate, spatial)),
    }


def as_kernel(kernel: Any, spatial: int, operation: str) -> Any:
    """A kernel for two spatial axes."""
    w = tensor(kernel)
    if len(w.shape) != spatial + 2:
        raise ShapeError(
            f"expected a kernel of rank {spatial + 2}, received shape {tuple(w.shape)}.", operation=operation
        )
    return expand_dims(w, axis=0) if spatial == 1 else w


@composed
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Extent = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Extent = 1,
) -> Any:
    """Convolution of every channel on its own.

    Args:
        inputs: Shape (batch, length, channels) or (batch, height, width, channels).
        kernel: Shape (length, channels, multiplier) or (height, width, channels, multiplier).
        strides: Distance of the windows.
        padding: "valid" (windows inside only) or "same".
        data_format: "channels_last" or "channels_first"; that of `fastnn.backend` by default.
        dilation_rate: Distance of the cells of a window.
    """
    x, spatial, first = as_images(inputs, data_format, "depthwise_conv")
    w = as_kernel(kernel, spatial, "depthwise_conv")
    windows = windows_of(strides, padding, dilation_rate, spatial)
    return as_given(find("depthwise_conv2d")(x, w, None, **windows), spatial, first)


@composed
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Extent = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Extent = 1,
) -> Any:
    """Convolution of every channel on its own, then of the channels at every place; see `depthwise_conv`."""
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(y, pointwise_kernel, 1, "valid", data_format)


@composed
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Extent = 1,
    padding: str = "valid",
    output_padding: Extent | None = None,
    data_format: str | None = None,
    dilation_rate: Extent = 1,
) -> Any:
    """The gradient of a convolution with respect to its input, as an operation of its own.

    Args:
        inputs: Shape (batch, length, channels) or (batch, height, width, channels).
        kernel: Shape (length, filters, channels) or (height, width, filters, channels).
        strides: How far apart the inputs come to lie.
        padding: "valid" or "same".
        output_padding: Cells added at the end of the result.
        data_format: "channels_last" or "channels_first"; that of `fastnn.backend` by default.
        dilation_rate: Distance of the cells of a window.
    """
    x, spatial, first = as_images(inputs, data_format, "conv_transpose")
    w = as_kernel(kernel, spatial, "conv_transpose")
    windows = windows_of(strides, padding, dilation_rate, spatial)
    extra = None
    if output_padding is not None:
        each = (output_padding,) * spatial if hasattr(output_padding, "__index__") else tuple(output_padding)
        extra = (0, int(each[0])) if spatial == 1 else (int(each[0]), int(each[1]))
    return as_given(find("conv2d_transpose")(x, w, None, output_padding=extra, **windows), spatial, first)


# ---------------------------------------------------------------- statistics


@composed
def moments(x: Any, axes: Extent, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and variance along axes.

    Args:
        x: Tensor of any shape.
        axes: The axis or axes.
        keepdims: Whether they stay with extent 1.
        synchronized: Whether the axes, the batch's among them, go on through the parts of other processes.
    """
    x = tensor(x)
    axis = axes if isinstance(axes, int) else tuple(axes)
    average = mean_of_all if synchronized else mean
    centre = average(x, axis=axis, keepdims=True)
    spread = average(find("square")(subtract(x, centre)), axis=axis, keepdims=keepdims)
    return (centre if keepdims else squeeze(centre, axis=axis)), spread


def mean_of_all(x: Any, axis: Extent, keepdims: bool = False) -> Any:
    """Mean along axes, the batch's among them, over the parts of all processes that train together."""
    own = mean(x, axis=axis, keepdims=keepdims)
    part = own.trace.part if getattr(own, "trace", None) is not None else None
    return own if part is None else all_reduce(own, share=part.share)


def shaped(values: Any, axes: Sequence[int], rank: int) -> Any:
    """Numbers for some axes as a tensor that broadcasts against one of that rank."""
    values = tensor(values)
    if len(values.shape) != len(axes):
        return values
    return reshape(values, shape=tuple(values.shape[axes.index(d)] if d in axes else 1 for d in range(rank)))


@composed
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) scale + offset, one number of each per position of the axis."""
    parts = [None if part is None else tensor(part) for part in (mean, variance, scale, offset)]
    flat = [part if part is None or len(part.shape) == 1 else reshape(part, shape=(-1,)) for part in parts]
    return find("standardize_with")(tensor(x), *flat, axis=axis, epsilon=epsilon)


@composed
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Extent = -1, epsilon: float | None = None
) -> Any:
    """X with mean 0 and variance 1 along axes, times gamma plus beta."""
    x = tensor(x)
    rank = len(x.shape)
    places = [a % rank for a in ([axis] if isinstance(axis, int) else axis)]
    least = config.epsilon() if epsilon is None else epsilon
    y = find("standardize")(x, axis=tuple(places), epsilon=least)[0]
    y = y if gamma is None else multiply(y, shaped(gamma, places, rank))
    return y if beta is None else add(y, shaped(beta, places, rank))


@composed
def rms_normalization(x: Any, scale: Any = None, axis: Extent = -1, epsilon: float | None = None) -> Any:
    """X divided by the root of its mean square along axes, times scale."""
    x = tensor(x)
    rank = len(x.shape)
    places = [a % rank for a in ([axis] if isinstance(axis, int) else axis)]
    least = config.epsilon() if epsilon is None else epsilon
    power = mean(find("square")(x), axis=tuple(places), keepdims=True)
    y = divide(x, find("sqrt")(add(power, np.asarray(least, x.dtype))))
    return y if scale is None else multiply(y, shaped(scale, places, rank))


# ---------------------------------------------------------------- losses, cell by cell


def clipped(p: Any) -> Any:
    """Probabilities kept away from 0 and 1."""
    least = config.epsilon()
    return minimum(maximum(p, np.asarray(least, p.dtype)), np.asarray(1 - least, p.dtype))


def alike(target: Any, output: Any, operation: str) -> tuple[Any, Any]:
    """Both as tensors of the output's type; raises ShapeError unless their shapes are equal."""
    output = tensor(output)
    target = as_type(target, output.dtype)
    if tuple(target.shape) != tuple(output.shape):
        raise ShapeError(
            f"expected target and output of equal shapes, received {target.shape} and {output.shape}.",
            operation=operation,
        )
    return target, output


@composed
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(t log o + (1 - t) log(1 - o)) of every cell.

    Args:
        target: Truth from 0 to 1.
        output: Probabilities, or what sigmoid makes them of.
        from_logits: Whether the output has not been through sigmoid.
    """
    t, o = alike(target, output, "binary_crossentropy")
    one = np.asarray(1, o.dtype)
    if from_logits:
        tail = log(add(exp(negative(absolute(o))), one))
        return add(subtract(find("relu")(o), multiply(o, t)), tail)
    o = clipped(o)
    return negative(add(multiply(t, log(o)), multiply(subtract(one, t), log(subtract(one, o)))))


@composed
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum over the classes of t log o, one number for every row.

    Args:
        target: Probabilities of the classes, such as one-hot rows.
        output: Probabilities, or what softmax makes them of.
        from_logits: Whether the output has not been through softmax.
        axis: The axis of the classes.
    """
    t, o = alike(target, output, "categorical_crossentropy")
    if axis not in (-1, len(o.shape) - 1):
        t, o = moveaxis(t, axis, -1), moveaxis(o, axis, -1)
    return find("softmax_cross_entropy")(t, o) if from_logits else categorical_rows(t, o)


@composed
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-log of the probability of each row's class.

    Args:
        target: Class numbers, of the output's shape without the classes (or with extent 1 there).
        output: Probabilities, or what softmax makes them of.
        from_logits: Whether the output has not been through softmax.
        axis: The axis of the classes.
    """
    target, o = tensor(target), tensor(output)
    if len(target.shape) == len(o.shape):
        target = squeeze(target, axis=axis)
    o = o if axis in (-1, len(o.shape) - 1) else moveaxis(o, axis, -1)
    rows = find("sparse_softmax_cross_entropy" if from_logits else "sparse_categorical_crossentropy")
    return rows(as_type(target, "int32"), o)


# ---------------------------------------------------------------- attention and images as cells


@composed
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """Softmax of the scaled products of queries and keys, times the values.

    Args:
        query: Shape (batch, queries, heads, features).
        key: Shape (batch, keys, key heads, features); the key heads divide the heads.
        value: Shape (batch, keys, key heads, features).
        bias: Added to the products, broadcast to (batch, heads, queries, keys).
        mask: Truth values of that shape; False hides a key.
        scale: Factor of the products; 1 / sqrt(features) by default.
        is_causal: Whether a query sees only the keys up to its own position.
        flash_attention: Accepted for Keras' sake; makes no difference.
        attn_logits_soft_cap: Products are squashed to this range by tanh, if given.
    """
    q, k, v = tensor(query), tensor(key), tensor(value)
    if not len(q.shape) == len(k.shape) == len(v.shape) == 4:
        raise ShapeError(
            f"expected query, key and value of rank 4, received {q.shape}, {k.shape}, {v.shape}.",
            operation="dot_product_attention",
        )
    heads, of_keys = q.shape[2], k.shape[2]
    if heads != of_keys:
        k, v = (repeat(x, heads // of_keys, axis=2) for x in (k, v))
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = multiply(einsum("bqhd,bkhd->bhqk", q, k), np.asarray(factor, q.dtype))
    if attn_logits_soft_cap is not None:
        cap = np.asarray(attn_logits_soft_cap, q.dtype)
        scores = multiply(find("tanh")(divide(scores, cap)), cap)
    scores = scores if bias is None else add(scores, bias)
    if is_causal:
        causal = tri(q.shape[1], k.shape[1], dtype="bool")
        mask = causal if mask is None else find("logical_and")(mask, causal)
    if mask is not None:
        scores = find("where")(mask, scores, np.asarray(np.finfo(scores.dtype).min, scores.dtype))
    return einsum("bhqk,bkhd->bqhd", find("softmax")(scores), v)


@composed
def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels as blocks of pixels: (batch, h, w, block * block * c) becomes (batch, h * block, w * block, c)."""
    x, _, first = as_images(x, data_format, "depth_to_space")
    n, h, w, c = x.shape
    if block_size < 1 or c % block_size**2:
        raise ValueError(f"Expected channels that block_size ** 2 divides. Received: {c}, block_size={block_size}")
    depth = c // block_size**2
    y = transpose(reshape(x, shape=(n, h, w, block_size, block_size, depth)), axes=(0, 1, 3, 2, 4, 5))
    return as_given(reshape(y, shape=(n, h * block_size, w * block_size, depth)), 2, first)


@composed
def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Blocks of pixels as channels: the other way round than `depth_to_space`."""
    x, _, first = as_images(x, data_format, "space_to_depth")
    n, h, w, c = x.shape
    if block_size < 1 or h % block_size or w % block_size:
        raise ValueError(f"Expected images that block_size divides. Received: {h} x {w}, block_size={block_size}")
    y = reshape(x, shape=(n, h // block_size, block_size, w // block_size, block_size, c))
    y = transpose(y, axes=(0, 1, 3, 2, 4, 5))
    return as_given(reshape(y, shape=(n, h // block_size, w // block_size, c * block_size**2)), 2, first)


@composed
def cdist(x: Any, y: Any) -> Any:
    """Euclidean distance of every row of x from every row of y."""
    x, y = tensor(x), tensor(y)
    squares = find("square")(subtract(expand_dims(x, axis=-2), expand_dims(y, axis=-3)))
    return find("sqrt")(sum_of(squares, axis=-1))


@composed
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """Peak signal-to-noise ratio of two tensors in decibels."""
    error = mean(find("square")(subtract(x1, x2)))
    return multiply(log(divide(np.asarray(max_val**2, error.dtype), error)), np.asarray(10 / math.log(10), error.dtype))
