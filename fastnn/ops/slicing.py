"""Parts of an array, arrays inside larger ones, turned and repeated arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.attributes import Choice
from fastnn.ops.elementwise import readers, sum_to
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, broadcast_index, grid

Whole = tuple[int, ...]


# ---------------------------------------------------------------- strided_slice


def parts(x: Shape, begin: Whole, end: Whole, strides: Whole) -> tuple[slice, ...]:
    """Python's slices for every axis of x; raises ShapeError where there are too many or a stride is 0."""
    if max(len(begin), len(end), len(strides)) > len(x):
        raise ShapeError(f"expected at most {len(x)} axes, received begin {begin}, end {end}, strides {strides}.")
    if 0 in strides:
        raise ShapeError(f"expected strides other than 0, received {strides}.")
    rest = (None,) * len(x)
    return tuple(
        slice(b, e, s) for b, e, s, _ in zip((*begin, *rest), (*end, *rest), (*strides, *rest), x, strict=False)
    )


def taken(x: Shape, begin: Whole, end: Whole, strides: Whole) -> list[range]:
    """The positions along every axis of x that a slice takes."""
    return [range(size)[part] for size, part in zip(x, parts(x, begin, end, strides), strict=True)]


def dropped(x: Shape, drop: Whole) -> set[int]:
    """The axes to drop, counted from the front."""
    if any(not -len(x) <= a < len(x) for a in drop):
        raise ShapeError(f"expected axes of rank {len(x)} to drop, received {drop}.")
    return {a % len(x) for a in drop}


def slice_shape(
    x: Shape, begin: Whole = (), end: Whole = (), strides: Whole = (), drop: Whole = (), **_: Any
) -> tuple[Shape, ...]:
    full = tuple(len(r) for r in taken(x, begin, end, strides))
    axes = dropped(x, drop)
    if any(full[a] != 1 for a in axes):
        raise ShapeError(f"expected axes {drop} to be of extent 1 after slicing, received {full}.")
    return (tuple(size for d, size in enumerate(full) if d not in axes),)


def slice_forward(x: Any, begin: Whole, end: Whole, strides: Whole, drop: Whole, **_: Any) -> Any:
    (shape,) = slice_shape(x.shape, begin, end, strides, drop)
    return x[parts(x.shape, begin, end, strides)].reshape(shape).copy()


def slice_backward(
    dy: Any, shapes: Any, begin: Whole, end: Whole, strides: Whole, drop: Whole, **_: Any
) -> tuple[Any, ...]:
    dx = np.zeros(shapes[0], dy.dtype)
    part = parts(shapes[0], begin, end, strides)
    dx[part] = dy.reshape(dx[part].shape)
    return (dx,)


def slice_explain(
    target: str, index: Index, shapes: Any, begin: Whole, end: Whole, strides: Whole, drop: Whole
) -> Formula:
    ranges, axes = taken(shapes[0], begin, end, strides), dropped(shapes[0], drop)
    if target == "y":
        at = iter(index)
        return Formula("x", {"x": ("x", tuple(r[0] if d in axes else r[next(at)] for d, r in enumerate(ranges)))})
    if any(i not in r for i, r in zip(index, ranges, strict=True)):
        return Formula("0", {}, "this cell is not part of the slice")
    cell = tuple(r.index(i) for d, (i, r) in enumerate(zip(index, ranges, strict=True)) if d not in axes)
    return Formula("dy", {"dy": ("dy", cell)})


strided_slice = define(
    "strided_slice",
    "rearrangement",
    "x",
    attrs={"begin": (), "end": (), "strides": (), "drop": ()},
    forward=slice_forward,
    backward=slice_backward,
    shape=slice_shape,
    formula="y = x[begin:end:strides] along every axis; axes in drop, of extent 1 then, are left out",
    grad_formula="dx = dy in the cells taken, otherwise 0",
    explain=slice_explain,
    integer=True,
    cases=(
        Case(((5, 7),), {"begin": (1, 2), "end": (4, 6), "strides": (1, 1)}),
        Case(((3, 8),), {"begin": (0, 1), "end": (3, 8), "strides": (2, 3)}),
        Case(((4, 5, 2),), {"begin": (-1, 4), "end": (-5, 0), "strides": (-1, -2)}),
        Case(((6, 3),), {"begin": (-2,), "end": (6,)}),
        Case(((3, 4, 5),), {"begin": (0, 2, 0), "end": (3, 3, 5), "drop": (1,)}),
        Case(((4,),), {"begin": (-1,), "end": (4,), "drop": (0,)}),
        Case(((4, 3),), {"begin": (3,), "end": (1,)}),
        Case(((2, 3),)),
        Case(((),)),
        Case(((0, 3),), {"begin": (0, 1), "end": (0, 3)}),
        Case(((2, 2, 40),), {"begin": (0, 0, 1), "end": (2, 1, 39)}),
    ),
)


# ---------------------------------------------------------------- flip


def flipped_axes(rank: int, axis: int | Whole | None) -> set[int]:
    """The axes to turn round, counted from the front; None means all."""
    if axis is None:
        return set(range(rank))
    named = (axis,) if isinstance(axis, int) else axis
    if any(not -rank <= a < rank for a in named):
        raise ShapeError(f"expected axes of an array of rank {rank}, received {axis}.")
    return {a % rank for a in named}


def flip_shape(x: Shape, axis: int | Whole | None = None, **_: Any) -> tuple[Shape, ...]:
    flipped_axes(len(x), axis)
    return (x,)


def flipped(x: Any, axis: int | Whole | None) -> Any:
    return np.flip(x, tuple(flipped_axes(x.ndim, axis))).copy()


def flip_explain(target: str, index: Index, shapes: Any, axis: int | Whole | None = None) -> Formula:
    axes, x = flipped_axes(len(shapes[0]), axis), shapes[0]
    cell = tuple(x[d] - 1 - i if d in axes else i for d, i in enumerate(index))
    return Formula("x", {"x": ("x", cell)}) if target == "y" else Formula("dy", {"dy": ("dy", cell)})


flip = define(
    "flip",
    "rearrangement",
    "x",
    attrs={"axis": None},
    forward=lambda x, axis, **_: flipped(x, axis),
    backward=lambda dy, shapes, axis, **_: (flipped(dy, axis),),
    shape=flip_shape,
    formula="y = x with the order along the axes turned round; along all axes, if axis is None",
    grad_formula="dx = dy turned round in the same way",
    explain=flip_explain,
    integer=True,
    cases=(
        Case(((3, 5),)),
        Case(((3, 5),), {"axis": 0}),
        Case(((2, 3, 4),), {"axis": -2}),
        Case(((2, 3, 4),), {"axis": (0, 2)}),
        Case(((4, 1),), {"axis": (1,)}),
        Case(((),)),
        Case(((0, 3),)),
    ),
)


# ---------------------------------------------------------------- broadcast_to


def broadcast_to_shape(x: Shape, shape: Shape = (), **_: Any) -> tuple[Shape, ...]:
    try:
        fits = np.broadcast_shapes(x, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"expected a shape that x broadcasts to, equal from the last axis on or 1, received {shape}.")
    return (shape,)


def broadcast_to_explain(target: str, index: Index, shapes: Any, shape: Shape = ()) -> Expression:
    if target == "y":
        return Formula("x", {"x": ("x", broadcast_index(index, shapes[0]))})
    cells = readers(index, shapes[0], shape)
    if len(cells) == 1:
        return Formula("dy", {"dy": ("dy", tuple(int(i) for i in cells[0]))})
    return Sum((("dy", cells),))


broadcast_to = define(
    "broadcast_to",
    "rearrangement",
    "x",
    attrs={"shape": ()},
    forward=lambda x, shape, **_: np.broadcast_to(x, shape).copy(),
    backward=lambda dy, shapes, **_: (sum_to(dy, shapes[0]),),
    shape=broadcast_to_shape,
    formula="y = x, repeated along new axes and those of extent 1",
    grad_formula="dx = sum of dy over the copies",
    explain=broadcast_to_explain,
    integer=True,
    cases=(
        Case(((5,),), {"shape": (3, 5)}),
        Case(((3, 1),), {"shape": (2, 3, 4)}),
        Case(((2, 1, 3, 1),), {"shape": (2, 4, 3, 5)}),
        Case(((1, 1),), {"shape": (3, 1)}),
        Case(((),), {"shape": (2, 3)}),
        Case(((4, 2),), {"shape": (4, 2)}),
        Case(((),)),
        Case(((1, 3),), {"shape": (0, 3)}),
    ),
    bench=(Case(((300, 1, 64),), {"shape": (300, 40, 64)}),),
)


# ---------------------------------------------------------------- pad


def widths(x: Shape, before: Whole, after: Whole) -> tuple[tuple[int, int], ...]:
    """How many cells are added before and after every axis; what is left out is 0."""
    if max(len(before), len(after)) > len(x) or any(n < 0 for n in (*before, *after)):
        raise ShapeError(f"expected numbers from 0 for {len(x)} axes, received before {before} and after {after}.")
    zeros = (0,) * len(x)
    return tuple((b, a) for b, a, _ in zip((*before, *zeros), (*after, *zeros), x, strict=False))


def pad_shape(x: Shape, before: Whole = (), after: Whole = (), mode: str = "constant", **_: Any) -> tuple[Shape, ...]:
    added = widths(x, before, after)
    if mode != "constant" and any(size == 0 and any(pair) for size, pair in zip(x, added, strict=True)):
        raise ShapeError(f"expected at least one cell to mirror along every padded axis, mode is {mode!r}.")
    return (tuple(b + size + a for size, (b, a) in zip(x, added, strict=True)),)


def pad_forward(x: Any, before: Whole, after: Whole, mode: str, value: float) -> Any:
    added = widths(x.shape, before, after)
    if not x.ndim:
        return x.copy()
    if mode == "constant":
        return np.pad(x, added, constant_values=value)
    return np.pad(x, added, "reflect" if mode == "reflect" else "symmetric")


def mirrors(size: int, before: int, after: int, mode: str) -> np.ndarray:
    """For every position along a padded axis the position that it shows; -1 where it shows the constant."""
    at = np.arange(-before, size + after)
    if mode == "constant":
        return np.where((at >= 0) & (at < size), at, -1)
    period = 2 * (size - 1) if mode == "reflect" else 2 * size
    if period == 0:
        return np.zeros_like(at)
    at %= period
    return np.where(at < size, at, period - (mode == "symmetric") - at)


def pad_backward(dy: Any, shapes: Any, before: Whole, after: Whole, mode: str, **_: Any) -> tuple[Any, ...]:
    for d, (size, pair) in enumerate(zip(shapes[0], widths(shapes[0], before, after), strict=True)):
        shown = mirrors(size, *pair, mode)
        dx = np.zeros((*dy.shape[:d], size, *dy.shape[d + 1 :]), dy.dtype)
        moved, source = np.moveaxis(dx, d, 0), np.moveaxis(dy, d, 0)
        np.add.at(moved, shown[shown >= 0], source[shown >= 0])
        dy = dx
    return (dy,)


def pad_explain(
    target: str, index: Index, shapes: Any, before: Whole, after: Whole, mode: str, value: float
) -> Expression:
    added = widths(shapes[0], before, after)
    shown = [mirrors(size, *pair, mode) for size, pair in zip(shapes[0], added, strict=True)]
    if target == "y":
        cell = tuple(int(s[i]) for s, i in zip(shown, index, strict=True))
        return Formula(f"{value}", {}, "this cell is padding") if -1 in cell else Formula("x", {"x": ("x", cell)})
    cells = grid(*(np.flatnonzero(s == i) for s, i in zip(shown, index, strict=True)))
    if len(cells) == 1:
        return Formula("dy", {"dy": ("dy", tuple(int(i) for i in cells[0]))})
    return Sum((("dy", cells),))


pad = define(
    "pad",
    "rearrangement",
    "x",
    attrs={"before": (), "after": (), "mode": Choice("constant", "reflect", "symmetric"), "value": 0.0},
    forward=pad_forward,
    backward=pad_backward,
    shape=pad_shape,
    formula="y = x with cells before and after it along every axis: a constant value, or x mirrored",
    grad_formula="dx = dy of the inner part, and of every cell that mirrors this one",
    explain=pad_explain,
    integer=True,
    cases=(
        Case(((3, 5),), {"before": (1, 0), "after": (2, 3)}),
        Case(((2, 3, 2),), {"before": (0, 2), "after": (0, 1), "value": -1.5}),
        Case(((2, 4, 3),), {"before": (0, 2, 1), "after": (0, 3, 2), "mode": "reflect"}),
        Case(((3, 4),), {"before": (2, 4), "after": (3, 0), "mode": "symmetric"}),
        Case(((1, 2),), {"before": (2, 1), "after": (1, 5), "mode": "reflect"}),
        Case(((2, 1),), {"before": (3, 1), "after": (4, 2), "mode": "symmetric"}),
        Case(((4,),), {"after": (2,)}),
        Case(((2, 3),)),
        Case(((),)),
        Case(((0, 2),), {"before": (1, 1), "value": 2.0}),
        Case(((0, 2),), {"before": (0, 1), "mode": "reflect"}),
    ),
)
