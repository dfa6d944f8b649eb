"""Rows of a table by number: what words, or other things that are counted, become."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.errors import KernelError, ShapeError
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, grid


def embedding_shape(indices: Shape, table: Shape, **_: Any) -> tuple[Shape, ...]:
    if len(table) != 2:
        raise ShapeError(f"expected a table of shape (numbers, features), received rank {len(table)}.")
    return ((*indices, table[1]),)


def check_range(indices: Any, rows: int) -> None:
    """Raise KernelError for a number that the table has no row for."""
    wrong = np.flatnonzero((indices < 0) | (indices >= rows))
    if wrong.size:
        raise KernelError(
            f"expected numbers from 0 to {rows - 1}, received {indices.reshape(-1)[wrong[0]]} at position {wrong[0]}.",
            operation="embedding",
        )


def embedding_forward(indices: Any, table: Any, **_: Any) -> Any:
    check_range(indices, len(table))
    return table[indices]


def embedding_backward(dy: Any, indices: Any, shapes: Any, **_: Any) -> tuple[Any, ...]:
    d_table = np.zeros(shapes[1], dy.dtype)
    np.add.at(d_table, indices.reshape(-1), dy.reshape(indices.size, shapes[1][1]))
    return (d_table,)


def embedding_explain(target: str, index: Index, shapes: Any, **_: Any) -> Expression:
    *at, k = index
    if target == "dtable":
        cells = grid(*map(range, shapes[0]), k)
        return Sum((("dy", cells), ("indices", cells[:, :-1])), term=f"where(indices == {at[0]}, dy, 0)")
    rows = shapes[1][0]
    if rows == 1:
        return Formula("row", {"row": ("table", (0, k))})
    return Sum(
        (("table", grid(range(rows), k)), ("indices", np.broadcast_to(np.asarray([at], np.int64), (rows, len(at))))),
        term="where(indices == number, table, 0)",
        numbers=(("number", np.arange(rows)),),
        note="the row of the table with that number; the others count as 0",
    )


embedding = define(
    "embedding",
    "gather",
    "indices table",
    gradients="table",
    dtypes={"indices": "int32"},
    forward=embedding_forward,
    backward=embedding_backward,
    shape=embedding_shape,
    saves="indices",
    formula="y = table[indices]",
    grad_formula="dtable[n] = sum of dy over all places where the number is n",
    explain=embedding_explain,
    cases=(
        Case(((2, 3), (5, 4)), draw=("labels:5",)),
        Case(((7,), (3, 1)), draw=("labels:3",)),
        Case(((2, 3, 2), (4, 17)), draw=("labels:4",)),
        Case(((), (2, 3)), draw=("labels:2",)),
        Case(((1, 1), (1, 1)), draw=("labels:1",)),
        Case(((0, 3), (5, 4)), draw=("labels:5",)),
    ),
    bench=(Case(((32, 200), (10000, 64)), draw=("labels:10000",)),),
    source="Bengio, Ducharme, Vincent and Jauvin, A neural probabilistic language model, 2003",
)
