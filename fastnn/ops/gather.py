"""Cells chosen by whole numbers: rows of a table, cells of an array, sums over rows of one number, and order.

Indices are int32; negative ones count from the end.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.errors import KernelError, ShapeError
from fastnn.ops.shaping import moved
from fastnn.ops.table import Case, define
from fastnn.ops.terms import FUNCTIONS, Expression, Formula, Index, Shape, Sum, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

INDEX = {"indices": "int32"}


def checked_indices(indices: NDArray[Any], extent: int, operation: str) -> NDArray[Any]:
    """The indices counted from the front; raises KernelError that names the first one out of range."""
    wrong = np.flatnonzero((indices < -extent) | (indices >= extent))
    if wrong.size:
        raise KernelError(
            f"expected indices from {-extent} to {extent - 1}, received {np.ravel(indices)[wrong[0]]} "
            f"at position {wrong[0]}.",
            operation=operation,
        )
    return np.where(indices < 0, indices + extent, indices)


def axis_of(x: Shape, axis: int) -> int:
    """The axis counted from the front; raises ShapeError for one that x does not have."""
    if not -len(x) <= axis < len(x):
        raise ShapeError(f"expected an axis of an array of rank {len(x)}, received {axis}.")
    return axis % len(x)


# ---------------------------------------------------------------- take


def take_shape(x: Shape, indices: Shape, axis: int | None = None, **_: Any) -> tuple[Shape, ...]:
    if axis is None:
        return (indices,)
    at = axis_of(x, axis)
    return ((*x[:at], *indices, *x[at + 1 :]),)


def take_forward(x: Any, indices: Any, axis: int | None, **_: Any) -> Any:
    extent = x.size if axis is None else x.shape[axis]
    return np.asarray(np.take(x, checked_indices(indices, extent, "take"), axis))


def take_backward(dy: Any, indices: Any, shapes: Any, axis: int | None, **_: Any) -> tuple[Any, ...]:
    shape = (math.prod(shapes[0]),) if axis is None else shapes[0]
    at = 0 if axis is None else axis_of(shape, axis)
    dx = np.zeros(shape, dy.dtype)
    rows = dy.reshape(*shape[:at], indices.size, *shape[at + 1 :])
    np.add.at(np.moveaxis(dx, at, 0), np.ravel(indices), np.moveaxis(rows, at, 0))
    return (dx.reshape(shapes[0]),)


def chosen_by(cells: NDArray[np.int64], index: NDArray[np.int64], extent: int) -> Expression:
    """One of the cells of x, one per position of an axis: the one whose position the index names."""
    if extent == 1:
        return Formula("x", {"x": ("x", tuple(int(i) for i in cells[0]))})
    return Sum(
        (("x", cells), ("indices", np.broadcast_to(index, (extent, index.shape[-1])))),
        term=f"where(indices % {extent} == position, x, 0)",
        numbers=(("position", np.arange(extent)),),
        note="the index says which one; the others count as 0",
    )


def take_explain(target: str, index: Index, shapes: Any, axis: int | None = None) -> Expression:
    x, indices = shapes
    at, rank = (0, len(x)) if axis is None else (axis_of(x, axis), 1)
    extent = math.prod(x[at : at + rank])
    if target == "y":
        lead, which, tail = index[:at], index[at : at + len(indices)], index[at + len(indices) :]
        along = grid(*map(range, x)) if axis is None else grid(*lead, range(extent), *tail)
        return chosen_by(along, np.asarray([which], np.int64), extent)
    position = np.ravel_multi_index(index[at : at + rank], x[at : at + rank]) if x else 0
    cells = grid(*index[:at], *map(range, indices), *index[at + rank :])
    naming = cells[:, at : at + len(indices)]
    return Sum((("dy", cells), ("indices", naming)), term=f"where(indices % {extent} == {position}, dy, 0)")


take = define(
    "take",
    "gather",
    "x indices",
    attrs={"axis": None},
    dtypes=INDEX,
    gradients="x",
    saves="indices",
    shape=take_shape,
    forward=take_forward,
    backward=take_backward,
    explain=take_explain,
    formula="y = the cells of x, or what lies along the axis, that the indices name",
    grad_formula="dx = sum of dy over the places that took this cell",
    integer=True,
    boolean=True,
    cases=(
        Case(((5, 3), (4,)), {"axis": 0}, ("normal", "labels:5")),
        Case(((2, 3, 4), (2, 5)), {"axis": 1}, ("normal", "labels:3")),
        Case(((3, 7), (6,)), {"axis": -1}, ("normal", "labels:7")),
        Case(((3, 4), (2, 3)), {}, ("normal", "labels:12")),
        Case(((3, 4), ()), {"axis": 0}, ("normal", "labels:3")),
        Case(((1, 5), (3, 1)), {"axis": 0}, ("normal", "labels:1")),
        Case(((4, 2), (0,)), {"axis": 0}, ("normal", "labels:4")),
        Case(((0, 2), (0,)), {"axis": 0}, ("normal", "labels:1")),
        Case(((37, 33), (50,)), {"axis": 0}, ("normal", "labels:37")),
    ),
    bench=(Case(((10000, 128), (32, 100)), {"axis": 0}, ("normal", "labels:10000")),),
)


# ---------------------------------------------------------------- take_along_axis


def along_shape(x: Shape, indices: Shape, axis: int | None = None, **_: Any) -> tuple[Shape, ...]:
    if axis is None:
        return ((math.prod(indices),),)
    at = axis_of(x, axis)
    if len(x) != len(indices) or any(i != j for d, (i, j) in enumerate(zip(x, indices, strict=True)) if d != at):
        raise ShapeError(f"expected indices with the axes of x, except along axis {axis}.")
    return (indices,)


def along(array: Any, axis: int | None) -> tuple[Any, int]:
    """The array, flat if the axis is None, and the axis."""
    return (array.reshape(-1), 0) if axis is None else (array, axis % array.ndim)


def along_forward(x: Any, indices: Any, axis: int | None, **_: Any) -> Any:
    source, at = along(x, axis)
    where = checked_indices(along(indices, axis)[0], source.shape[at], "take_along_axis")
    return np.take_along_axis(source, where, at)


def along_backward(dy: Any, indices: Any, shapes: Any, axis: int | None, **_: Any) -> tuple[Any, ...]:
    dx = np.zeros(shapes[0], dy.dtype)
    flat, at = along(dx, axis)
    where = along(indices, axis)[0]
    cells: list[Any] = list(np.indices(where.shape))
    cells[at] = where
    np.add.at(flat, tuple(cells), dy)
    return (dx,)


def along_explain(target: str, index: Index, shapes: Any, axis: int | None = None) -> Expression:
    x, indices = shapes
    if axis is None and target == "y":
        return take_explain(target, moved(index, (math.prod(indices),), indices), shapes)
    if axis is None:
        naming = grid(*map(range, indices))
        text = f"where(indices % {math.prod(x)} == {np.ravel_multi_index(index, x)}, dy, 0)"
        return Sum((("dy", np.arange(len(naming)).reshape(-1, 1)), ("indices", naming)), term=text)
    at = axis_of(x, axis)
    if target == "y":
        cells = grid(*index[:at], range(x[at]), *index[at + 1 :])
        return chosen_by(cells, np.asarray([index], np.int64), x[at])
    cells = grid(*index[:at], range(indices[at]), *index[at + 1 :])
    return Sum((("dy", cells), ("indices", cells)), term=f"where(indices % {x[at]} == {index[at]}, dy, 0)")


take_along_axis = define(
    "take_along_axis",
    "gather",
    "x indices",
    attrs={"axis": None},
    dtypes=INDEX,
    gradients="x",
    saves="indices",
    shape=along_shape,
    forward=along_forward,
    backward=along_backward,
    explain=along_explain,
    formula="y = the cells of x that the indices name along the axis, one index for every cell",
    grad_formula="dx = sum of dy over the places that took this cell",
    integer=True,
    boolean=True,
    cases=(
        Case(((5, 3), (2, 3)), {"axis": 0}, ("normal", "labels:5")),
        Case(((2, 4, 3), (2, 6, 3)), {"axis": 1}, ("normal", "labels:4")),
        Case(((3, 7), (3, 1)), {"axis": -1}, ("normal", "labels:7")),
        Case(((2, 3), (4,)), {}, ("normal", "labels:6")),
        Case(((4, 1), (4, 3)), {"axis": 1}, ("normal", "labels:1")),
        Case(((0, 2), (0, 5)), {"axis": 1}, ("normal", "labels:2")),
    ),
)


# ---------------------------------------------------------------- gather_nd


def depth_of(indices: Shape, table: Shape) -> int:
    """How many axes of the table an index names."""
    if not indices or indices[-1] > len(table):
        raise ShapeError(f"expected at most {len(table)} numbers along the indices' last axis, received {indices}.")
    return indices[-1]


def places(indices: NDArray[Any], table: Shape, operation: str) -> tuple[NDArray[Any], ...]:
    """The indices as NumPy takes them: one array for every axis named; all axes checked."""
    depth = depth_of(indices.shape, table)
    return tuple(checked_indices(indices[..., d], table[d], operation) for d in range(depth))


def gather_nd_shape(x: Shape, indices: Shape, **_: Any) -> tuple[Shape, ...]:
    return ((*indices[:-1], *x[depth_of(indices, x) :]),)


def gather_nd_forward(x: Any, indices: Any, **_: Any) -> Any:
    named = places(indices, x.shape, "gather_nd")
    return x[named].copy() if named else np.broadcast_to(x, gather_nd_shape(x.shape, indices.shape)[0]).copy()


def added_at(table: Any, indices: Any, rows: Any, operation: str) -> Any:
    """The table with rows added where the indices say."""
    named = places(indices, table.shape, operation)
    if named:
        np.add.at(table, named, rows)
    else:
        table += rows.sum(tuple(range(indices.ndim - 1)))
    return table


def named_text(indices: Shape, cell: Index) -> str:
    """The test whether an index, its numbers called i0, i1, …, names a cell."""
    return " * ".join(f"(i{d} % {size} == {at})" for d, (size, at) in enumerate(zip(indices, cell, strict=True)))


def one_named(value: str, table: Shape, which: Index, tail: Index, depth: int) -> Expression:
    """The cell of the table that the index `which` names."""
    names = {f"i{d}": ("indices", (*which, d)) for d in range(depth)}
    cells = grid(*map(range, table[:depth]))
    text = " + ".join(
        f"where({named_text(table[:depth], tuple(c)) or 'True'}, c{k}, 0)" for k, c in enumerate(cells.tolist())
    )
    names.update({f"c{k}": (value, (*c, *tail)) for k, c in enumerate(cells.tolist())})
    return Formula(text or "0", names, "the index says which one; the others count as 0")


def all_named(value: str, table: Shape, index: Index, indices: Shape) -> Expression:
    """The sum of the rows whose index names the table's cell `index`."""
    depth = indices[-1]
    names, addends = {}, []
    for k, which in enumerate(grid(*map(range, indices[:-1])).tolist()):
        names.update({f"i{d}_{k}": ("indices", (*which, d)) for d in range(depth)})
        names[f"c{k}"] = (value, (*which, *index[depth:]))
        test = " * ".join(f"(i{d}_{k} % {table[d]} == {index[d]})" for d in range(depth))
        addends.append(f"where({test or 'True'}, c{k}, 0)")
    return Formula(" + ".join(addends) or "0", names)


def gather_nd_explain(target: str, index: Index, shapes: Any, **_: Any) -> Expression:
    x, indices = shapes
    lead = len(indices) - 1
    if target == "y":
        return one_named("x", x, index[:lead], index[lead:], indices[-1])
    return all_named("dy", x, index, indices)


gather_nd = define(
    "gather_nd",
    "gather",
    "x indices",
    dtypes=INDEX,
    gradients="x",
    saves="indices",
    shape=gather_nd_shape,
    forward=gather_nd_forward,
    backward=lambda dy, indices, shapes, **_: (added_at(np.zeros(shapes[0], dy.dtype), indices, dy, "gather_nd"),),
    explain=gather_nd_explain,
    formula="y = the cells of x (or what lies behind them) that the numbers along the indices' last axis name",
    grad_formula="dx = sum of dy over the places that took this cell",
    integer=True,
    boolean=True,
    cases=(
        Case(((3, 4), (5, 2)), {}, ("normal", "labels:3")),
        Case(((4, 3, 2), (2, 3, 1)), {}, ("normal", "labels:4")),
        Case(((2, 3, 2), (2,)), {}, ("normal", "labels:2")),
        Case(((3,), (0, 1)), {}, ("normal", "labels:3")),
        Case(((2, 2), (3, 0)), {}, ("normal", "labels:1")),
    ),
)


# ---------------------------------------------------------------- one_hot


def one_hot_shape(indices: Shape, num_classes: int = 1, axis: int = -1, **_: Any) -> tuple[Shape, ...]:
    rank = len(indices) + 1
    if not -rank <= axis < rank:
        raise ShapeError(f"expected a place for an axis in rank {len(indices)}, received {axis}.")
    if num_classes < 0:
        raise ShapeError(f"expected a number of classes from 0, received {num_classes}.")
    at = axis % rank
    return ((*indices[:at], num_classes, *indices[at:]),)


def one_hot_forward(indices: Any, num_classes: int, axis: int, **_: Any) -> Any:
    hot = np.expand_dims(indices, -1) == np.arange(num_classes)
    return np.moveaxis(hot, -1, axis % (indices.ndim + 1)).astype(np.uint8)


def one_hot_explain(target: str, index: Index, shapes: Any, num_classes: int = 1, axis: int = -1) -> Formula:
    at = axis % len(index)
    label = (*index[:at], *index[at + 1 :])
    return Formula(f"float(label == {index[at]})", {"label": ("indices", label)})


one_hot = define(
    "one_hot",
    "gather",
    "indices",
    attrs={"num_classes": 1, "axis": -1},
    dtypes={"indices": "int32", "y": "uint8"},
    shape=one_hot_shape,
    forward=one_hot_forward,
    explain=one_hot_explain,
    formula="y = 1 where the position along the new axis is the index, otherwise 0; all 0 for an index out of range",
    cases=(
        Case(((3,),), {"num_classes": 4}, ("labels:5",)),
        Case(((2, 3),), {"num_classes": 5, "axis": 1}, ("labels:5",)),
        Case(((2, 2),), {"num_classes": 3, "axis": 0}, ("labels:3",)),
        Case(((),), {"num_classes": 2}, ("labels:2",)),
        Case(((0,),), {"num_classes": 3}, ("labels:3",)),
        Case(((4, 1),), {}, ("labels:2",)),
    ),
)


# ---------------------------------------------------------------- argsort


def argsort_shape(x: Shape, **_: Any) -> tuple[Shape, ...]:
    if not x:
        raise ShapeError("expected at least one axis, received a single number.")
    return (x,)


def argsort_forward(x: Any, descending: bool, **_: Any) -> Any:
    if not descending:
        return np.argsort(x, -1, kind="stable").astype(np.int32)
    missing = np.isnan(x) if x.dtype.kind == "f" else np.zeros(x.shape, bool)
    rank = np.unique(np.where(missing, 0, x), return_inverse=True)[1].reshape(x.shape).astype(np.int64)
    return np.argsort(np.where(missing, 1, -rank), -1, kind="stable").astype(np.int32)


def argsort_explain(target: str, index: Index, shapes: Any, descending: bool = False) -> Formula:
    size = shapes[0][-1]
    names = {f"x{k}": ("x", (*index[:-1], k)) for k in range(size)}
    return Formula(f"ranked({index[-1]}, {descending}, {', '.join(names)})", names, "equal numbers keep their order")


def ranked(place: int, descending: bool, *row: float) -> float:
    """Position of the number that comes at a place when the row is in order; explanations call it by this name."""
    return float(argsort_forward(np.asarray(row), bool(descending))[int(place)])


FUNCTIONS["ranked"] = ranked

argsort = define(
    "argsort",
    "gather",
    "x",
    attrs={"descending": False},
    dtypes={"y": "int32"},
    shape=argsort_shape,
    forward=argsort_forward,
    explain=argsort_explain,
    formula="y = the positions along the last axis in the order of their numbers; NaN comes last",
    integer=True,
    cases=(
        Case(((3, 5),)),
        Case(((2, 3, 7),), {"descending": True}),
        Case(((4, 6),), {}, ("binary",)),
        Case(((4, 6),), {"descending": True}, ("binary",)),
        Case(((1,),)),
        Case(((2, 0),)),
        Case(((3, 41),)),
    ),
)
