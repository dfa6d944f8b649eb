"""Convolutions of other kinds: every channel by itself, and the one that goes the other way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.convolution import (
    PADDED,
    PADDING,
    Pair,
    axes_of,
    check_dilation,
    check_images,
    check_strides,
    check_windows,
    crop,
    pad_images,
    products_of,
    reach,
    shifted,
    window_counts,
)
from fastnn.ops.linear import OptionalShape, check_bias
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Index, Shape, Sum, grid

# ---------------------------------------------------------------- every channel by itself


def depthwise_shape(
    x: Shape, w: Shape, b: OptionalShape, *, strides: Pair, padding: str, dilation_rate: Pair, **_: Any
) -> tuple[Shape, ...]:
    check_images("x", x)
    if len(w) != 4:
        raise ShapeError(f"expected w with four axes (height, width, channels, multiple), received rank {len(w)}.")
    if x[3] != w[2]:
        raise ShapeError(f"expected {w[2]} input channels, received {x[3]}.")
    check_bias(b, w[2] * w[3], "output channel")
    size = reach(w, dilation_rate)
    check_windows((x[1], x[2]), size, strides, padding)
    check_dilation(strides, dilation_rate)
    return ((x[0], *window_counts((x[1], x[2]), size, strides, padding), w[2] * w[3]),)


def depthwise_forward(
    x: Any, w: Any, b: Any, *, strides: Pair, padding: str, dilation_rate: Pair = (1, 1), **_: Any
) -> Any:
    size = reach(w.shape, dilation_rate)
    counts = window_counts(x.shape[1:3], size, strides, padding)
    padded = pad_images(x, size, strides, padding)
    y = np.zeros((x.shape[0], *counts, *w.shape[2:]), x.dtype)
    for i, j in np.ndindex(*w.shape[:2]):
        y += padded[shifted(i * dilation_rate[0], j * dilation_rate[1], counts, strides)][..., None] * w[i, j]
    y = y.reshape(*y.shape[:3], w.shape[2] * w.shape[3])
    return y if b is None else y + b


def depthwise_backward(
    dy: Any, x: Any, w: Any, shapes: Any, *, strides: Pair, padding: str, dilation_rate: Pair = (1, 1), **_: Any
) -> tuple[Any, ...]:
    size, counts = reach(w.shape, dilation_rate), dy.shape[1:3]
    padded = pad_images(x, size, strides, padding)
    dpadded, dw = np.zeros_like(padded), np.empty_like(w)
    each = dy.reshape(*dy.shape[:3], *w.shape[2:])
    for i, j in np.ndindex(*w.shape[:2]):
        at = shifted(i * dilation_rate[0], j * dilation_rate[1], counts, strides)
        dpadded[at] += (each * w[i, j]).sum(-1)
        dw[i, j] = (padded[at][..., None] * each).sum((0, 1, 2))
    return crop(dpadded, x.shape, size, strides, padding), dw, None if shapes[2] is None else dy.sum((0, 1, 2))


def depthwise_flops(x: Shape, w: Shape, b: OptionalShape, **attrs: Any) -> dict[str, int]:
    made = math.prod(depthwise_shape(x, w, b, **attrs)[0])
    return products_of(made, math.prod(w[:2]), made)


def depthwise_explain(
    target: str, index: Index, shapes: Any, *, strides: Pair, padding: str, dilation_rate: Pair = (1, 1), **_: Any
) -> Sum:
    x, w, b = shapes
    rows, cols = axes_of(x[1:3], w[:2], strides, padding, dilation_rate)
    if target == "y":
        n, p, q, k = index
        (i, r), (j, c) = rows.of_window(p), cols.of_window(q)
        note = PADDED if len(i) < w[0] or len(j) < w[1] else ""
        factors = (("x", grid(n, r, c, k // w[3])), ("w", grid(i, j, k // w[3], k % w[3])))
        return Sum(factors, () if b is None else (("b", (k,)),), note=note)
    if target == "dx":
        n, r, c, k = index
        (i, p), (j, q) = rows.of_cell(r), cols.of_cell(c)
        return Sum((("dy", grid(n, p, q, range(k * w[3], (k + 1) * w[3]))), ("w", grid(i, j, k, range(w[3])))))
    if target == "dw":
        i, j, k, m = index
        (p, r), (q, c) = rows.of_offset(i), cols.of_offset(j)
        return Sum((("x", grid(range(x[0]), r, c, k)), ("dy", grid(range(x[0]), p, q, k * w[3] + m))))
    return Sum((("dy", grid(range(x[0]), range(rows.windows), range(cols.windows), index[0])),))


depthwise_conv2d = define(
    "depthwise_conv2d",
    "convolution",
    "x w b",
    optional="b",
    attrs={"strides": (1, 1), "padding": PADDING, "dilation_rate": (1, 1)},
    forward=depthwise_forward,
    backward=depthwise_backward,
    shape=depthwise_shape,
    saves="x w",
    formula="y[n, p, q, c, m] = sum over i, j of x[n, p s + i d, q s + j d, c] w[i, j, c, m] + b[c, m]",
    grad_formula="dx = dy spread back through w; dw = x times dy, summed over images and positions; db = sum of dy",
    explain=depthwise_explain,
    flops=depthwise_flops,
    cases=(
        Case(((2, 6, 5, 3), (3, 2, 3, 2), (6,))),
        Case(((2, 7, 8, 5), (3, 3, 5, 1), (5,)), {"padding": "same"}),
        Case(((1, 8, 7, 18), (4, 3, 18, 1), None), {"strides": (3, 2), "padding": "same"}),
        Case(((3, 8, 7, 2), (2, 3, 2, 3), (6,)), {"strides": (2, 3)}),
        Case(((1, 9, 7, 2), (3, 2, 2, 2), None), {"dilation_rate": (2, 3), "padding": "same"}),
        Case(((1, 7, 9, 3), (2, 3, 3, 1), (3,)), {"dilation_rate": (3, 2)}),
        Case(((1, 1, 1, 1), (1, 1, 1, 1), (1,))),
        Case(((0, 4, 4, 2), (3, 3, 2, 1), (2,))),
    ),
    bench=(
        Case(((32, 28, 28, 64), (3, 3, 64, 1), (64,)), {"padding": "same"}),
        Case(((32, 28, 28, 32), (3, 3, 32, 1), None), {"strides": (2, 2), "padding": "same"}),
        Case(((32, 56, 56, 64), (3, 3, 64, 1), (64,)), {"padding": "same"}),
        Case(((32, 56, 56, 64), (3, 3, 64, 1), (64,)), {"strides": (2, 2), "padding": "same"}),
    ),
    source="Sifre and Mallat, Rotation, scaling and deformation invariant scattering, 2013; Chollet, Xception, 2017",
)


# ---------------------------------------------------------------- the other way


def transposed_axis(size: int, kernel: int, stride: int, padding: str, extra: int | None, dilation: int) -> Pair:
    """Length of the result along an axis, and how many cells are cut off before it."""
    reached = (kernel - 1) * dilation + 1
    if padding == "valid":
        return (size - 1) * stride + (max(reached, stride) if extra is None else reached + extra), 0
    border = stride + reached - 2 if extra is None else reached + reached % 2 - 2 + extra
    length = size * stride if extra is None else (size - 1) * stride + reached % 2 + extra
    return length, reached - 1 - min(border // 2 + border % 2, reached - 1)


Layout = tuple[tuple[Pair, Pair], Pair]


def transposed(x: Shape, w: Shape, strides: Pair, padding: str, output_padding: Any, dilation_rate: Pair) -> Layout:
    """(length, cells cut off before) for height and width, and the cells before cutting."""
    if output_padding is not None and (len(output_padding) != 2 or min(output_padding) < 0):
        raise ShapeError(f"expected an output padding of two numbers from 0, received {output_padding}.")
    extra = (None, None) if output_padding is None else output_padding
    reached = reach(w, dilation_rate)
    rows, cols = (transposed_axis(x[1 + d], w[d], strides[d], padding, extra[d], dilation_rate[d]) for d in (0, 1))
    whole = [max((x[1 + d] - 1) * strides[d] + reached[d], (rows, cols)[d][0] + (rows, cols)[d][1]) for d in (0, 1)]
    return (rows, cols), (whole[0], whole[1])


def transpose_shape(
    x: Shape, w: Shape, b: OptionalShape, *, strides: Pair, padding: str, output_padding: Any, dilation_rate: Pair
) -> tuple[Shape, ...]:
    check_images("x", x)
    if len(w) != 4 or min(w[:2]) < 1:
        raise ShapeError(f"expected w with four axes (height, width, outputs, inputs), received shape {w}.")
    if x[3] != w[3]:
        raise ShapeError(f"expected {w[3]} input channels, received {x[3]}.")
    check_bias(b, w[2], "output channel")
    check_strides(strides)
    check_dilation(strides, dilation_rate)
    if min(x[1:3]) < 1:
        raise ShapeError(f"expected an image of at least 1 x 1, received {x[1]} x {x[2]}.")
    (rows, cols), _ = transposed(x, w, strides, padding, output_padding, dilation_rate)
    if min(rows[0], cols[0]) < 1:
        raise ShapeError(f"expected a result of at least 1 x 1, received one of {rows[0]} x {cols[0]}.")
    return ((x[0], rows[0], cols[0], w[2]),)


def transpose_forward(
    x: Any, w: Any, b: Any, *, strides: Pair, padding: str, output_padding: Any, dilation_rate: Pair
) -> Any:
    (rows, cols), whole = transposed(x.shape, w.shape, strides, padding, output_padding, dilation_rate)
    y = np.zeros((x.shape[0], *whole, w.shape[2]), x.dtype)
    for i, j in np.ndindex(*w.shape[:2]):
        y[shifted(i * dilation_rate[0], j * dilation_rate[1], x.shape[1:3], strides)] += x @ w[i, j].T
    y = y[:, rows[1] : rows[1] + rows[0], cols[1] : cols[1] + cols[0]]
    return y.copy() if b is None else y + b


def transpose_backward(
    dy: Any, x: Any, w: Any, shapes: Any, *, strides: Pair, padding: str, output_padding: Any, dilation_rate: Pair
) -> tuple[Any, ...]:
    (rows, cols), whole = transposed(x.shape, w.shape, strides, padding, output_padding, dilation_rate)
    full = np.zeros((x.shape[0], *whole, w.shape[2]), dy.dtype)
    full[:, rows[1] : rows[1] + rows[0], cols[1] : cols[1] + cols[0]] = dy
    dx, dw = np.zeros_like(x), np.empty_like(w)
    for i, j in np.ndindex(*w.shape[:2]):
        met = full[shifted(i * dilation_rate[0], j * dilation_rate[1], x.shape[1:3], strides)]
        dx += met @ w[i, j]
        dw[i, j] = np.tensordot(met, x, ((0, 1, 2), (0, 1, 2)))
    return dx, dw, None if shapes[2] is None else dy.sum((0, 1, 2))


def met_by_result(at: int, axis: Pair, size: int, kernel: int, stride: int, dilation: int) -> tuple[Any, Any]:
    """Kernel positions and the cells of x that make the result's cell, along an axis."""
    offsets = np.arange(kernel)
    cells, rest = np.divmod(at + axis[1] - offsets * dilation, stride)
    meets = (rest == 0) & (cells >= 0) & (cells < size)
    return offsets[meets], cells[meets]


def met_by_cell(at: Any, offset: Any, axis: Pair, stride: int, dilation: int) -> tuple[Any, Any]:
    """Which of the pairs (cell of x, kernel position) reach the result, and where, along an axis."""
    places = at * stride + offset * dilation - axis[1]
    return (places >= 0) & (places < axis[0]), places


def transpose_flops(x: Shape, w: Shape, b: OptionalShape, **attrs: Any) -> dict[str, int]:
    return products_of(math.prod(x), math.prod(w[:3]), math.prod(transpose_shape(x, w, b, **attrs)[0]))


def transpose_explain(
    target: str, index: Index, shapes: Any, *, strides: Pair, padding: str, output_padding: Any, dilation_rate: Pair
) -> Sum:
    x, w, b = shapes
    axes, _ = transposed(x, w, strides, padding, output_padding, dilation_rate)
    if target == "y":
        n, p, q, k = index
        (i, r), (j, c) = (
            met_by_result(at, axes[d], x[1 + d], w[d], strides[d], dilation_rate[d]) for d, at in ((0, p), (1, q))
        )
        factors = (("x", grid(n, r, c, range(x[3]))), ("w", grid(i, j, k, range(w[3]))))
        return Sum(factors, () if b is None else (("b", (k,)),))
    if target == "dx":
        found = []
        for d in (0, 1):
            inside, places = met_by_cell(index[1 + d], np.arange(w[d]), axes[d], strides[d], dilation_rate[d])
            found.append((np.arange(w[d])[inside], places[inside]))
        (i, p), (j, q) = found
        return Sum((("dy", grid(index[0], p, q, range(w[2]))), ("w", grid(i, j, range(w[2]), index[3]))))
    if target == "dw":
        found = []
        for d in (0, 1):
            inside, places = met_by_cell(np.arange(x[1 + d]), index[d], axes[d], strides[d], dilation_rate[d])
            found.append((np.arange(x[1 + d])[inside], places[inside]))
        (r, p), (c, q) = found
        return Sum((("x", grid(range(x[0]), r, c, index[3])), ("dy", grid(range(x[0]), p, q, index[2]))))
    return Sum((("dy", grid(range(x[0]), range(axes[0][0]), range(axes[1][0]), index[0])),))


conv2d_transpose = define(
    "conv2d_transpose",
    "convolution",
    "x w b",
    optional="b",
    attrs={"strides": (1, 1), "padding": PADDING, "output_padding": None, "dilation_rate": (1, 1)},
    forward=transpose_forward,
    backward=transpose_backward,
    shape=transpose_shape,
    saves="x w",
    formula="y[n, p s + i d, q s + j d, k] += sum over c of x[n, p, q, c] w[i, j, k, c], then + b[k]",
    grad_formula="dx = dy convolved with w; dw = dy times x, summed over images and positions; db = sum of dy",
    explain=transpose_explain,
    flops=transpose_flops,
    cases=(
        Case(((2, 3, 4, 3), (3, 2, 4, 3), (4,))),
        Case(((2, 3, 4, 2), (3, 3, 5, 2), (5,)), {"strides": (2, 3), "padding": "same"}),
        Case(((1, 4, 3, 3), (2, 3, 2, 3), None), {"strides": (3, 2)}),
        Case(((1, 4, 3, 2), (4, 3, 3, 2), (3,)), {"strides": (2, 2), "output_padding": (1, 0)}),
        Case(((1, 3, 5, 2), (3, 4, 2, 2), (2,)), {"strides": (2, 3), "padding": "same", "output_padding": (1, 2)}),
        Case(((2, 4, 5, 2), (3, 2, 3, 2), None), {"padding": "same", "dilation_rate": (2, 3)}),
        Case(((1, 3, 4, 2), (2, 3, 2, 2), (2,)), {"dilation_rate": (3, 2)}),
        Case(((1, 1, 1, 1), (1, 1, 1, 1), (1,))),
        Case(((0, 3, 3, 2), (3, 3, 2, 2), (2,))),
    ),
    bench=(
        Case(((64, 7, 7, 32), (3, 3, 16, 32), (16,)), {"strides": (2, 2), "padding": "same"}),
        Case(((64, 14, 14, 16), (5, 5, 8, 16), None), {"strides": (2, 2), "padding": "same"}),
        Case(((64, 14, 14, 64), (3, 3, 32, 64), (32,)), {"strides": (2, 2), "padding": "same"}),
    ),
    source="Zeiler, Krishnan, Taylor and Fergus, Deconvolutional networks, 2010",
)
