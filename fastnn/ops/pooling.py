"""Pooling over windows of an image (samples, height, width, channels), and over whole images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fastnn.errors import ShapeError
from fastnn.ops.attributes import Choice
from fastnn.ops.table import LARGEST_SIZE, Case, define
from fastnn.ops.terms import Formula, Index, Shape, Sum, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = np.ndarray[Any, np.dtype[Any]]


# ---------------------------------------------------------------- windows


def pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    """Height and width from a pair or from one number for both."""
    both = (value, value) if isinstance(value, int) else value
    if len(both) != 2:
        raise ShapeError(f"expected one or two numbers, for height and width, received {value}.")
    return both[0], both[1]


@dataclass(frozen=True)
class Axis:
    """Windows along one axis: `count` of them, the k-th from `k * stride - before`, `size` long, cut at the edges."""

    length: int
    size: int
    stride: int
    before: int
    count: int

    def span(self, k: int) -> range:
        """The real positions in window k."""
        start = k * self.stride - self.before
        return range(max(start, 0), min(start + self.size, self.length))

    def covering(self, position: int) -> range:
        """The windows that hold a position."""
        first = (position + self.before - self.size) // self.stride + 1
        return range(max(first, 0), min((position + self.before) // self.stride + 1, self.count))


def axis_windows(length: int, size: int, stride: int, padding: str) -> Axis:
    """The windows along an axis; `same` padding is TensorFlow's: the odd cell goes behind."""
    if padding == "valid":
        return Axis(length, size, stride, 0, (length - size) // stride + 1)
    count = -(-length // stride)
    return Axis(length, size, stride, max((count - 1) * stride + size - length, 0) // 2, count)


def windows(x: Shape, pool_size: Any, strides: Any, padding: str) -> tuple[Axis, Axis]:
    """The windows along height and width; raises ShapeError where they do not fit."""
    size = pair(pool_size)
    stride = size if strides is None else pair(strides)
    if len(x) != 4:
        raise ShapeError(f"expected an image batch (samples, height, width, channels), received shape {x}.")
    if min(*size, *stride) < 1:
        raise ShapeError(f"expected pool_size and strides of at least 1, received {size} and {stride}.")
    if max(*size, *stride) > LARGEST_SIZE:
        raise ShapeError(f"expected pool_size and strides of at most 2**48, received {size} and {stride}.")
    if min(x[1:3]) < 1 or (padding == "valid" and (x[1] < size[0] or x[2] < size[1])):
        raise ShapeError(f"expected an image of at least the window {size} for {padding} padding, received {x[1:3]}.")
    return axis_windows(x[1], size[0], stride[0], padding), axis_windows(x[2], size[1], stride[1], padding)


def each(rows: Axis, cols: Axis) -> Iterator[tuple[int, int, slice, slice]]:
    """Every window: its place in the result and its real cells."""
    for i in range(rows.count):
        for j in range(cols.count):
            h, w = rows.span(i), cols.span(j)
            yield i, j, slice(h.start, h.stop), slice(w.start, w.stop)


def pooled_shape(x: Shape, **attrs: Any) -> tuple[Shape, ...]:
    rows, cols = windows(x, **attrs)
    return ((x[0], rows.count, cols.count, x[3]),)


def pooled_shape_twice(x: Shape, **attrs: Any) -> tuple[Shape, ...]:
    return pooled_shape(x, **attrs) * 2


WINDOW_ATTRS = {"pool_size": (2, 2), "strides": None, "padding": Choice("valid", "same")}


def window_cases(draw: str) -> tuple[Case, ...]:
    return tuple(
        Case((shape,), attrs, (draw,))
        for shape, attrs in (
            ((2, 4, 6, 3), {}),
            ((1, 5, 7, 18), {}),
            ((2, 7, 5, 4), {"pool_size": (3, 2), "strides": (2, 1)}),
            ((1, 5, 4, 3), {"pool_size": (3, 3), "strides": (2, 2), "padding": "same"}),
            ((1, 7, 8, 2), {"pool_size": (2, 3), "strides": (3, 4), "padding": "same"}),
            ((2, 3, 2, 1), {"pool_size": (1, 2), "strides": (1, 1), "padding": "same"}),
            ((1, 9, 9, 1), {"pool_size": (3, 3), "strides": (1, 2)}),
            ((3, 3, 5, 2), {"pool_size": (3, 5)}),
            ((1, 1, 1, 1), {"pool_size": (1, 1)}),
            ((2, 6, 5, 33), {"padding": "same"}),
            ((0, 4, 4, 2), {}),
            ((2, 4, 4, 0), {}),
        )
    )


def large_windows(draw: str) -> tuple[Case, ...]:
    return tuple(
        Case((shape,), attrs, (draw,))
        for shape, attrs in (
            ((64, 28, 28, 6), {}),
            ((128, 24, 24, 64), {}),
            ((64, 32, 32, 32), {"pool_size": (3, 3), "strides": (2, 2), "padding": "same"}),
        )
    )


# ---------------------------------------------------------------- words for explanations


def largest(cells: list[str]) -> str:
    return f"max({', '.join(cells)})" if len(cells) > 1 else cells[0]


def window_cells(index: Index, rows: Axis, cols: Axis) -> NDArray[np.int64]:
    """The cells of x that feed the result's cell, in reading order."""
    return grid(index[0], rows.span(index[1]), cols.span(index[2]), index[3])


def explain_maximum(target: str, cells: NDArray[np.int64], width: int) -> Formula:
    """The largest of some cells of x, or the position of the first of that size in the image plane."""
    names = [f"x{k}" for k in range(len(cells))]
    operands = {name: ("x", tuple(map(int, cell))) for name, cell in zip(names, cells, strict=True)}
    if target == "y":
        return Formula(largest(names), operands)
    places = [str(int(h) * width + int(w)) for _, h, w, _ in cells]
    if len(cells) == 1:
        return Formula(f"{places[0]} + 0 * x0", operands, "row * width + column of the only cell")
    found = f"[{', '.join(names)}].index({largest(names)})"
    return Formula(f"[{', '.join(places)}][{found}]", operands, "row * width + column of the first largest cell")


def explain_routed(places: list[Index], position: int) -> Formula:
    """The gradient of a cell: what flows back through the windows that it won."""
    terms = [f"dy{k} * float(winner{k} == {position})" for k in range(len(places))]
    operands = {f"dy{k}": ("dy", place) for k, place in enumerate(places)}
    operands |= {f"winner{k}": ("winner", place) for k, place in enumerate(places)}
    note = "the first largest cell of a window gets its gradient" if places else "no window holds this cell"
    return Formula(" + ".join(terms) or "0.0", operands, note)


def covering_places(index: Index, rows: Axis, cols: Axis) -> list[Index]:
    """The results that a cell of x feeds, in reading order."""
    n, h, w, c = index
    return [(n, i, j, c) for i in rows.covering(h) for j in cols.covering(w)]


# ---------------------------------------------------------------- the largest of every window


def max_pool_forward(x: Array, **attrs: Any) -> tuple[Array, Array]:
    rows, cols = windows(x.shape, **attrs)
    y = np.empty(pooled_shape(x.shape, **attrs)[0], x.dtype)
    winner = np.empty(y.shape, np.int32)
    plane = np.arange(x.shape[1] * x.shape[2]).reshape(x.shape[1:3])
    for i, j, h, w in each(rows, cols):
        cells = x[:, h, w].reshape(len(x), plane[h, w].size, x.shape[3])
        y[:, i, j] = cells.max(1)
        winner[:, i, j] = plane[h, w].ravel()[cells.argmax(1)]
    return y, winner


def max_pool_backward(dy: Array, winner: Array, shapes: Any, **_: Any) -> tuple[Array, ...]:
    n, height, width, channels = shapes[0]
    dx = np.zeros((n, height * width, channels), dy.dtype)
    samples, channel = np.arange(n)[:, None], np.arange(channels)
    for i in range(dy.shape[1]):
        for j in range(dy.shape[2]):
            dx[samples, winner[:, i, j], channel] += dy[:, i, j]
    return (dx.reshape(shapes[0]),)


def max_pool_explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
    rows, cols = windows(shapes[0], **attrs)
    if target == "dx":
        return explain_routed(covering_places(index, rows, cols), index[1] * shapes[0][2] + index[2])
    return explain_maximum(target, window_cells(index, rows, cols), shapes[0][2])


def all_windows(x: Array, fill: float, pool_size: Any, strides: Any, padding: str) -> Array:
    """A view (samples, rows, columns, channels, height, width) of every window, after filling the border."""
    rows, cols = windows(x.shape, pool_size, strides, padding)
    border = [(a.before, max((a.count - 1) * a.stride + a.size - a.length - a.before, 0)) for a in (rows, cols)]
    padded = np.pad(x, [(0, 0), *border, (0, 0)], constant_values=fill) if np.any(border) else x
    return sliding_window_view(padded, (rows.size, cols.size), axis=(1, 2))[:, :: rows.stride, :: cols.stride]


def tiles(x: Array, pool_size: Any, strides: Any, **_: Any) -> Array | None:
    """A view of the image cut into windows on axes 2 and 4, if they lie side by side and leave nothing over."""
    size = pair(pool_size)
    if (strides is not None and pair(strides) != size) or x.shape[1] % size[0] or x.shape[2] % size[1]:
        return None
    return x.reshape(x.shape[0], x.shape[1] // size[0], size[0], x.shape[2] // size[1], size[1], x.shape[3])


def max_pool_fast(x: Array, **attrs: Any) -> Array:
    cut = tiles(x, **attrs)
    return all_windows(x, -np.inf, **attrs).max((-2, -1)) if cut is None else cut.max((2, 4))


max_pool2d = define(
    "max_pool2d",
    "window",
    "x",
    attrs=WINDOW_ATTRS,
    extra="winner",
    dtypes={"winner": "int32"},
    saves="winner",
    shape=pooled_shape_twice,
    forward=max_pool_forward,
    backward=max_pool_backward,
    explain=max_pool_explain,
    numpy_fast=max_pool_fast,
    formula="y = largest x of the window; padding does not count",
    grad_formula="dx = sum of dy over the windows that the cell won; the first one wins a tie",
    cases=window_cases("distinct"),
    bench=large_windows("distinct"),
    source="Weng, Ahuja and Huang, Cresceptron, 1992",
)


# ---------------------------------------------------------------- the mean of every window


def average_pool_forward(x: Array, **attrs: Any) -> Array:
    rows, cols = windows(x.shape, **attrs)
    y = np.empty(pooled_shape(x.shape, **attrs)[0], x.dtype)
    for i, j, h, w in each(rows, cols):
        y[:, i, j] = x[:, h, w].mean((1, 2))
    return y


def average_pool_backward(dy: Array, shapes: Any, **attrs: Any) -> tuple[Array, ...]:
    rows, cols = windows(shapes[0], **attrs)
    dx = np.zeros(shapes[0], dy.dtype)
    for i, j, h, w in each(rows, cols):
        dx[:, h, w] += dy[:, i : i + 1, j : j + 1] / ((h.stop - h.start) * (w.stop - w.start))
    return (dx,)


def average_pool_explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Sum | Formula:
    rows, cols = windows(shapes[0], **attrs)
    if target == "y":
        cells = window_cells(index, rows, cols)
        return Sum((("x", cells),), scale=1 / len(cells), note="padding does not count")
    places = covering_places(index, rows, cols)
    terms = [f"dy{k} / {len(rows.span(p[1])) * len(cols.span(p[2]))}" for k, p in enumerate(places)]
    operands = {f"dy{k}": ("dy", place) for k, place in enumerate(places)}
    return Formula(" + ".join(terms) or "0.0", operands, "" if places else "no window holds this cell")


def average_pool_fast(x: Array, **attrs: Any) -> Array:
    cut = tiles(x, **attrs)
    if cut is not None:
        return cut.mean((2, 4))
    counted = all_windows(np.ones((1, *x.shape[1:3], 1), x.dtype), 0, **attrs).sum((-2, -1))
    return all_windows(x, 0, **attrs).sum((-2, -1)) / counted


average_pool2d = define(
    "average_pool2d",
    "window",
    "x",
    attrs=WINDOW_ATTRS,
    shape=pooled_shape,
    forward=average_pool_forward,
    backward=average_pool_backward,
    explain=average_pool_explain,
    numpy_fast=average_pool_fast,
    formula="y = mean of the window's x; padding does not count",
    grad_formula="dx = sum over the windows that hold the cell of dy / number of their cells",
    cases=window_cases("normal"),
    bench=large_windows("normal"),
    source="LeCun and others, Gradient-based learning applied to document recognition, 1998",
)


# ---------------------------------------------------------------- whole images

GLOBAL_SHAPES = ((2, 3, 5, 4), (1, 1, 1, 1), (3, 4, 2, 18), (1, 7, 7, 33), (0, 2, 2, 3), (2, 2, 3, 0))


def global_shape(x: Shape, keepdims: bool) -> tuple[Shape, ...]:
    if len(x) != 4 or min(x[1:3]) < 1:
        raise ShapeError(f"expected an image batch (samples, height, width, channels), received shape {x}.")
    return ((x[0], 1, 1, x[3]) if keepdims else (x[0], x[3]),)


def global_cases(draw: str) -> tuple[Case, ...]:
    return tuple(Case((s,), {"keepdims": keep}, (draw,)) for s in GLOBAL_SHAPES for keep in (False, True))


def place(index: Index, keepdims: bool) -> Index:
    """The result's cell for a cell of x."""
    return (index[0], 0, 0, index[3]) if keepdims else (index[0], index[3])


def image_cells(index: Index, x: Shape) -> NDArray[np.int64]:
    """The cells of x behind the result's cell."""
    return grid(index[0], range(x[1]), range(x[2]), index[-1])


def global_average_backward(dy: Array, shapes: Any, **_: Any) -> tuple[Array, ...]:
    n, height, width, channels = shapes[0]
    return (np.broadcast_to(dy.reshape(n, 1, 1, channels) / (height * width), shapes[0]),)


def global_average_explain(target: str, index: Index, shapes: Any, keepdims: bool) -> Sum | Formula:
    count = shapes[0][1] * shapes[0][2]
    if target == "y":
        return Sum((("x", image_cells(index, shapes[0])),), scale=1 / count)
    return Formula(f"dy / {count}", {"dy": ("dy", place(index, keepdims))})


global_average_pool2d = define(
    "global_average_pool2d",
    "window",
    "x",
    attrs={"keepdims": False},
    shape=global_shape,
    forward=lambda x, keepdims: x.mean((1, 2), keepdims=keepdims),
    backward=global_average_backward,
    explain=global_average_explain,
    formula="y = mean of the image's x",
    grad_formula="dx = dy / (height width)",
    cases=global_cases("normal"),
    source="Lin, Chen and Yan, Network in network, 2014",
)


def global_max_forward(x: Array, keepdims: bool) -> tuple[Array, Array]:
    flat = x.reshape(x.shape[0], x.shape[1] * x.shape[2], x.shape[3])
    shape = global_shape(x.shape, keepdims)[0]
    return x.max((1, 2), keepdims=keepdims), flat.argmax(1).astype(np.int32).reshape(shape)


def global_max_backward(dy: Array, winner: Array, shapes: Any, **_: Any) -> tuple[Array, ...]:
    n, height, width, channels = shapes[0]
    places = np.arange(height * width)[:, None]
    won = places == winner.reshape(n, 1, channels)
    return (np.where(won, dy.reshape(n, 1, channels), 0).astype(dy.dtype).reshape(shapes[0]),)


def global_max_explain(target: str, index: Index, shapes: Any, keepdims: bool) -> Formula:
    if target == "dx":
        return explain_routed([place(index, keepdims)], index[1] * shapes[0][2] + index[2])
    return explain_maximum(target, image_cells(index, shapes[0]), shapes[0][2])


global_max_pool2d = define(
    "global_max_pool2d",
    "window",
    "x",
    attrs={"keepdims": False},
    extra="winner",
    dtypes={"winner": "int32"},
    saves="winner",
    shape=lambda x, keepdims: global_shape(x, keepdims) * 2,
    forward=global_max_forward,
    backward=global_max_backward,
    explain=global_max_explain,
    formula="y = largest x of the image",
    grad_formula="dx = dy where the cell is the first largest of its image and channel, otherwise 0",
    cases=global_cases("distinct"),
)
