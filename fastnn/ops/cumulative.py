"""Sums and products of all cells up to each, along one axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.cases import WHOLE
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum


def cumulative_shape(x: Shape, axis: int | None = None, **_: Any) -> tuple[Shape, ...]:
    if axis is None:
        return ((math.prod(x),),)
    if isinstance(axis, tuple) or not -len(x) <= axis < len(x):
        raise ShapeError(f"expected an axis of an array of rank {len(x)}, or None, received {axis}.")
    return (x,)


def line(index: Index, x: Shape, axis: int | None) -> tuple[list[Index], int]:
    """The cells of x on the line through a cell (of the result, if flat), and the number of that one."""
    if axis is None:
        return [tuple(int(i) for i in cell) for cell in np.ndindex(*x)], 0
    axis %= len(x)
    return [(*index[:axis], k, *index[axis + 1 :]) for k in range(x[axis])], index[axis]


def places(target: str, index: Index, x: Shape, axis: int | None) -> tuple[list[Index], list[Index], int]:
    """Cells of x and of the result on the line, and the number of the cell that is asked for."""
    cells, me = line(index, x, axis)
    if axis is not None:
        return cells, cells, me
    return cells, [(k,) for k in range(len(cells))], index[0] if target == "y" else cells.index(tuple(index))


def cells_array(cells: list[Index]) -> Any:
    return np.array(cells, np.int64).reshape(len(cells), -1)


def cumsum_backward(dy: Any, shapes: Any, axis: int | None = None, **_: Any) -> tuple[Any, ...]:
    at = 0 if axis is None else axis
    return (np.flip(np.cumsum(np.flip(dy, at), at, dy.dtype), at).reshape(shapes[0]),)


def cumsum_explain(target: str, index: Index, shapes: Any, axis: int | None = None, **_: Any) -> Expression:
    cells, results, me = places(target, index, shapes[0], axis)
    if target == "y":
        return Sum((("x", cells_array(cells[: me + 1])),))
    return Sum((("dy", cells_array(results[me:])),), note="this and all later ones")


def cumprod_backward(dy: Any, x: Any, shapes: Any, axis: int | None = None, **_: Any) -> tuple[Any, ...]:
    flat = x.ravel() if axis is None else np.moveaxis(x, axis, -1)
    upstream = dy if axis is None else np.moveaxis(dy, axis, -1)
    gradient = np.zeros_like(flat)
    for i in range(flat.shape[-1]):
        without = flat.copy()
        without[..., i] = 1
        gradient[..., i] = (upstream * np.cumprod(without, -1))[..., i:].sum(-1)
    return (gradient.reshape(x.shape) if axis is None else np.moveaxis(gradient, -1, axis),)


def cumprod_explain(target: str, index: Index, shapes: Any, axis: int | None = None, **_: Any) -> Formula:
    cells, results, me = places(target, index, shapes[0], axis)
    if target == "y":
        names = {f"x{k}": ("x", c) for k, c in enumerate(cells[: me + 1])}
        return Formula(" * ".join(names), names)
    names = {f"x{k}": ("x", c) for k, c in enumerate(cells) if k != me}
    later = {f"dy{k}": ("dy", results[k]) for k in range(me, len(cells))}
    terms = (" * ".join([dy, *(f"x{j}" for j in range(int(dy[2:]) + 1) if j != me)]) for dy in later)
    return Formula(" + ".join(terms), {**later, **names}, "every later product without this factor")


def cases(draw: str = "normal") -> tuple[Case, ...]:
    """Cases along every kind of axis, and with whole numbers."""
    floats: tuple[tuple[Shape, int | None], ...] = (
        ((3, 5), None),
        ((3, 5), 0),
        ((2, 3, 4), -2),
        ((7,), -1),
        ((4, 1), 1),
        ((0, 3), 0),
        ((), None),
    )
    whole = tuple(Case(((3, 4),), {"axis": axis}, (d,)) for d in WHOLE for axis in (None, 0))
    return (*(Case((shape,), {"axis": axis}, (draw,)) for shape, axis in floats), *whole)


def define_cumulative(name: str, **fields: Any) -> Op:
    """A record whose kernel walks along the axis."""
    return define(
        name,
        "reduction",
        "x",
        attrs={"axis": None},
        forward=lambda x, axis, **_: getattr(np, name)(x, axis, x.dtype),
        shape=cumulative_shape,
        integer=True,
        widen=True,
        **fields,
    )


cumsum = define_cumulative(
    "cumsum",
    backward=cumsum_backward,
    formula="y_k = x_0 + … + x_k along the axis; of all x in order, if axis is None",
    grad_formula="dx_k = dy_k + … + dy_n",
    explain=cumsum_explain,
    cases=cases(),
)
cumprod = define_cumulative(
    "cumprod",
    backward=cumprod_backward,
    saves="x",
    formula="y_k = x_0 * … * x_k along the axis; of all x in order, if axis is None",
    grad_formula="dx_i = sum over k >= i of dy_k times the product of x_0 … x_k without x_i",
    explain=cumprod_explain,
    cases=(*cases(), Case(((3, 5),), {"axis": 1}, ("binary",))),
)
