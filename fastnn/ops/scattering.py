"""Rows put, or added, to the places that whole numbers name: the other way round than `gather`; kernels in gather.c."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.gather import INDEX, added_at, all_named, depth_of, gather_nd_forward, one_named, places
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, grid

# ---------------------------------------------------------------- scatter_nd


def scatter_nd_shape(indices: Shape, values: Shape, shape: Shape = (), **_: Any) -> tuple[Shape, ...]:
    expected = (*indices[:-1], *shape[depth_of(indices, shape) :])
    if values != expected:
        raise ShapeError(f"expected values of shape {expected}, received {values}.")
    return (shape,)


def scatter_nd_explain(target: str, index: Index, shapes: Any, shape: Shape = ()) -> Expression:
    indices, _ = shapes
    lead = len(indices) - 1
    if target == "y":
        return all_named("values", shape, index, indices)
    return one_named("dy", shape, index[:lead], index[lead:], indices[-1])


scatter_nd = define(
    "scatter_nd",
    "gather",
    "indices values",
    attrs={"shape": ()},
    dtypes=INDEX,
    gradients="values",
    saves="indices",
    shape=scatter_nd_shape,
    forward=lambda indices, values, shape, **_: added_at(np.zeros(shape, values.dtype), indices, values, "scatter_nd"),
    backward=lambda dy, indices, shapes, **_: (gather_nd_forward(dy, indices),),
    explain=scatter_nd_explain,
    formula="y = 0, with every value added to the cell that its index names",
    grad_formula="dvalues = dy of the cell that the index names",
    integer=True,
    cases=(
        Case(((5, 2), (5,)), {"shape": (3, 4)}, ("labels:3", "normal")),
        Case(((2, 3, 1), (2, 3, 2)), {"shape": (4, 2)}, ("labels:4", "normal")),
        Case(((4, 1), (4,)), {"shape": (6,)}, ("labels:6", "normal")),
        Case(((0, 1), (0, 2)), {"shape": (2, 2)}, ("labels:2", "normal")),
    ),
)


# ---------------------------------------------------------------- scatter_update


def update_shape(x: Shape, indices: Shape, updates: Shape, **_: Any) -> tuple[Shape, ...]:
    expected = (*indices[:-1], *x[depth_of(indices, x) :])
    if updates != expected:
        raise ShapeError(f"expected updates of shape {expected}, received {updates}.")
    return (x,)


def update_forward(x: Any, indices: Any, updates: Any, **_: Any) -> Any:
    y = x.copy()
    named = places(indices.reshape(-1, indices.shape[-1]), x.shape, "scatter_update")
    rows = updates.reshape(-1, *x.shape[indices.shape[-1] :])
    for k, row in enumerate(rows):
        y[tuple(int(n[k]) for n in named)] = row
    return y


def update_backward(dy: Any, indices: Any, shapes: Any, **_: Any) -> tuple[Any, ...]:
    named = places(indices.reshape(-1, indices.shape[-1]), shapes[0], "scatter_update")
    dx, last = dy.copy(), {}
    cells = [tuple(int(n[k]) for n in named) for k in range(math.prod(shapes[1][:-1]))]
    for k, cell in enumerate(cells):
        dx[cell] = 0
        last[cell] = k
    rows = np.zeros((len(cells), *shapes[0][shapes[1][-1] :]), dy.dtype)
    for cell, k in last.items():
        rows[k] = dy[cell]
    return dx, rows.reshape(shapes[2])


def matches(depth: int, k: int, cell: Index, x: Shape) -> str:
    """The test whether index number `k`, called i0_k, i1_k, …, names a cell."""
    return " * ".join(f"(i{d}_{k} % {x[d]} == {cell[d]})" for d in range(depth)) or "True"


def update_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    x, indices, _updates = shapes
    depth, rows = indices[-1], grid(*map(range, indices[:-1])).tolist()
    names = {f"i{d}_{k}": ("indices", (*row, d)) for k, row in enumerate(rows) for d in range(depth)}
    if target == "dupdates":
        lead = len(indices) - 1
        mine = rows.index(list(index[:lead]))
        cells = grid(*map(range, x[:depth])).tolist()
        names.update({f"dy{c}": ("dy", (*cell, *index[lead:])) for c, cell in enumerate(cells)})
        text = " + ".join(f"where({matches(depth, mine, tuple(cell), x)}, dy{c}, 0)" for c, cell in enumerate(cells))
        for k in range(mine + 1, len(rows)):
            same = " * ".join(f"(i{d}_{k} % {x[d]} == i{d}_{mine} % {x[d]})" for d in range(depth))
            text = f"where({same or 'True'}, 0, {text})"
        return Formula(text, names, "only the last update of a cell counts")
    text = "x" if target == "y" else "dy"
    names[text] = (text, index)
    for k, row in enumerate(rows):
        if target == "y":
            names[f"u{k}"] = ("updates", (*row, *index[depth:]))
        text = f"where({matches(depth, k, index, x)}, {f'u{k}' if target == 'y' else 0}, {text})"
    return Formula(text, names, "the last update of a cell counts")


scatter_update = define(
    "scatter_update",
    "gather",
    "x indices updates",
    dtypes=INDEX,
    gradients="x updates",
    saves="indices",
    shape=update_shape,
    forward=update_forward,
    backward=update_backward,
    explain=update_explain,
    formula="y = x, with the cells that the indices name replaced by updates; the last one counts",
    grad_formula="dx = dy, 0 in the cells replaced; dupdates = dy of the cell, 0 where a later update replaced it",
    integer=True,
    boolean=True,
    cases=(
        Case(((3, 4), (5, 2), (5,)), {}, ("normal", "labels:3")),
        Case(((4, 2), (3, 1), (3, 2)), {}, ("normal", "labels:4")),
        Case(((2, 3), (0, 1), (0, 3)), {}, ("normal", "labels:2")),
        Case(((5,), (2, 2, 1), (2, 2)), {}, ("normal", "labels:5")),
    ),
    bench=(Case(((1000, 300), (500, 1), (500, 300)), {}, ("normal", "labels:1000")),),
)


# ---------------------------------------------------------------- segment_sum


def segment_shape(data: Shape, segment_ids: Shape, num_segments: int = 1, **_: Any) -> tuple[Shape, ...]:
    if not data or segment_ids != data[:1]:
        raise ShapeError(f"expected one segment id for every row of data, shape {data[:1]}, received {segment_ids}.")
    if num_segments < 0:
        raise ShapeError(f"expected a number of segments from 0, received {num_segments}.")
    return ((num_segments, *data[1:]),)


def segment_forward(data: Any, segment_ids: Any, num_segments: int, **_: Any) -> Any:
    y = np.zeros((num_segments, *data.shape[1:]), data.dtype)
    inside = (segment_ids >= 0) & (segment_ids < num_segments)
    np.add.at(y, segment_ids[inside], data[inside])
    return y


def segment_backward(dy: Any, segment_ids: Any, shapes: Any, num_segments: int, **_: Any) -> tuple[Any, ...]:
    inside = (segment_ids >= 0) & (segment_ids < num_segments)
    dx = np.zeros(shapes[0], dy.dtype)
    dx[inside] = dy[segment_ids[inside]]
    return (dx,)


def segment_explain(target: str, index: Index, shapes: Any, num_segments: int = 1) -> Expression:
    data, _ = shapes
    if target == "y":
        cells = grid(range(data[0]), *index[1:])
        return Sum((("data", cells), ("segment_ids", cells[:, :1])), term=f"where(segment_ids == {index[0]}, data, 0)")
    cells = grid(range(num_segments), *index[1:])
    mine = np.full((num_segments, 1), index[0])
    return Sum(
        (("dy", cells), ("segment_ids", mine)),
        term="where(segment_ids == position, dy, 0)",
        numbers=(("position", np.arange(num_segments)),),
    )


segment_sum = define(
    "segment_sum",
    "gather",
    "data segment_ids",
    attrs={"num_segments": 1},
    dtypes={"segment_ids": "int32"},
    gradients="data",
    saves="segment_ids",
    shape=segment_shape,
    forward=segment_forward,
    backward=segment_backward,
    explain=segment_explain,
    formula="y[s] = sum of the rows of data whose segment id is s; ids out of range are left out",
    grad_formula="ddata = dy of the row's segment, 0 for an id out of range",
    integer=True,
    cases=(
        Case(((6, 3), (6,)), {"num_segments": 4}, ("normal", "labels:4")),
        Case(((5,), (5,)), {"num_segments": 3}, ("normal", "labels:5")),
        Case(((4, 2, 3), (4,)), {"num_segments": 1}, ("normal", "labels:2")),
        Case(((0, 2), (0,)), {"num_segments": 2}, ("normal", "labels:2")),
        Case(((3, 2), (3,)), {"num_segments": 0}, ("normal", "labels:2")),
    ),
)
