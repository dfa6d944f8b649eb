"""Images (samples, height, width, channels) in another size: every cell is a mean of its neighbours, or a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.attributes import Choice
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Index, Shape, Sum, grid

Taps = tuple[Any, Any, Any]


def taps(length: int, size: int, interpolation: str) -> Taps:
    """For every new position along an axis the two old ones that it lies between, and the second one's share.

    Centres of cells are aligned: position i lies at (i + 1/2) length / size - 1/2; beyond the edges the edge counts.
    """
    at = (np.arange(size) + 0.5) * (length / size)
    if interpolation == "nearest":
        low = np.minimum(np.floor(at).astype(np.int64), length - 1)
        return low, low, np.zeros(size)
    at = np.clip(at - 0.5, 0, length - 1)
    low = np.floor(at).astype(np.int64)
    return low, np.minimum(low + 1, length - 1), at - low


def resize_shape(x: Shape, *, size: tuple[int, int], **_: Any) -> tuple[Shape, ...]:
    if len(x) != 4 or min(x[1:3]) < 1:
        raise ShapeError(f"expected an image batch (samples, height, width, channels), received shape {x}.")
    if len(size) != 2 or min(size) < 1:
        raise ShapeError(f"expected a size of two positive numbers, received {size}.")
    return ((x[0], *size, x[3]),)


def resized_axis(x: Any, axis: int, size: int, interpolation: str) -> Any:
    """The images in a new length along one axis."""
    low, high, share = taps(x.shape[axis], size, interpolation)
    if interpolation == "nearest":
        return np.take(x, low, axis)
    share = share.reshape([-1 if d == axis else 1 for d in range(x.ndim)]).astype(x.dtype)
    return np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share


def resize_forward(x: Any, *, size: tuple[int, int], interpolation: str) -> Any:
    return resized_axis(resized_axis(x, 1, size[0], interpolation), 2, size[1], interpolation)


def spread_axis(dy: Any, axis: int, length: int, interpolation: str) -> Any:
    """The transpose of `resized_axis`."""
    low, high, share = taps(length, dy.shape[axis], interpolation)
    share = share.astype(dy.dtype)
    dx = np.zeros((length, *np.delete(dy.shape, axis)), dy.dtype)
    parts = np.moveaxis(dy, axis, 0)
    for k in range(len(low)):
        dx[low[k]] += parts[k] * (1 - share[k])
        dx[high[k]] += parts[k] * share[k]
    return np.moveaxis(dx, 0, axis)


def resize_backward(dy: Any, shapes: Any, *, size: tuple[int, int], interpolation: str) -> tuple[Any, ...]:
    wide = spread_axis(dy, 2, shapes[0][2], interpolation)
    return (spread_axis(wide, 1, shapes[0][1], interpolation),)


def meetings(axis: Taps, position: int, back: bool) -> tuple[Any, Any]:
    """Old positions of a new one, or with `back` the new ones of an old one, and their shares; those of 0 left out."""
    low, high, share = axis
    if back:
        found = [(k, (low[k] == position) * (1 - share[k]) + (high[k] == position) * share[k]) for k in range(len(low))]
    elif low[position] == high[position]:
        found = [(low[position], 1.0)]
    else:
        found = [(low[position], 1 - share[position]), (high[position], share[position])]
    found = [(k, part) for k, part in found if part > 0]
    return np.array([k for k, _ in found], np.int64), np.array([part for _, part in found], np.float64)


def resize_explain(target: str, index: Index, shapes: Any, *, size: tuple[int, int], interpolation: str) -> Sum:
    back = target == "dx"
    rows = meetings(taps(shapes[0][1], size[0], interpolation), index[1], back)
    cols = meetings(taps(shapes[0][2], size[1], interpolation), index[2], back)
    role, share = "dy" if back else "x", np.outer(rows[1], cols[1]).ravel()
    cells = grid(index[0], rows[0], cols[0], index[3])
    return Sum(((role, cells),), term=f"{role} * share", numbers=(("share", share),))


resize2d = define(
    "resize2d",
    "window",
    "x",
    attrs={"size": (1, 1), "interpolation": Choice("bilinear", "nearest")},
    forward=resize_forward,
    backward=resize_backward,
    shape=resize_shape,
    formula="y = mean of the four nearest x, by their distance, or the nearest one; centres of cells are aligned",
    grad_formula="dx = sum of dy times the share that the cell had in it",
    explain=resize_explain,
    cases=(
        Case(((2, 3, 4, 2),), {"size": (6, 12)}),
        Case(((2, 3, 4, 2),), {"size": (6, 12), "interpolation": "nearest"}),
        Case(((1, 5, 7, 3),), {"size": (8, 3)}),
        Case(((1, 5, 7, 18),), {"size": (3, 10), "interpolation": "nearest"}),
        Case(((2, 4, 3, 1),), {"size": (4, 3)}),
        Case(((1, 1, 1, 2),), {"size": (3, 2)}),
        Case(((0, 2, 2, 3),), {"size": (4, 1)}),
    ),
    bench=(
        Case(((32, 28, 28, 16),), {"size": (56, 56)}),
        Case(((32, 28, 28, 16),), {"size": (56, 56), "interpolation": "nearest"}),
    ),
)
