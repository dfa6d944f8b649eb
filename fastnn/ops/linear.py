"""Products of matrices: the fully connected layer, the matrix product, and adding a bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.elementwise import sum_to
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Shape, Sum, broadcast_index, grid

OptionalShape = Shape | None


def check_bias(b: OptionalShape, size: int, what: str) -> None:
    """Raise ShapeError unless `b` is left out or holds one number for each of `size` columns."""
    if b is not None and b != (size,):
        raise ShapeError(f"expected a bias of shape ({size},), one number for each {what}, received {b}.")


def check_rank(name: str, shape: Shape, least: int, meaning: str) -> None:
    """Raise ShapeError if `shape` has fewer than `least` axes."""
    if len(shape) < least:
        raise ShapeError(f"expected {name} {meaning}, received rank {len(shape)}.")


def flat(a: Any) -> Any:
    """The array as a matrix whose rows are all positions along the leading axes."""
    return a.reshape(int(np.prod(a.shape[:-1])), a.shape[-1])


def positions(lead: Shape, last: int) -> np.ndarray:
    """Indices of all leading positions with a fixed last index."""
    return grid(*map(range, lead), last)


# ---------------------------------------------------------------- dense


def dense_shape(x: Shape, w: Shape, b: OptionalShape, **_: Any) -> tuple[Shape, ...]:
    check_rank("x", x, 1, "with at least one axis")
    if len(w) != 2:
        raise ShapeError(f"expected w with two axes (inputs, units), received rank {len(w)}.")
    if x[-1] != w[0]:
        raise ShapeError(f"expected {w[0]} input features, received {x[-1]}.")
    check_bias(b, w[1], "unit")
    return ((*x[:-1], w[1]),)


def dense_forward(x: Any, w: Any, b: Any, **_: Any) -> Any:
    return x @ w if b is None else x @ w + b


def dense_backward(dy: Any, x: Any, w: Any, shapes: Any, **_: Any) -> tuple[Any, ...]:
    db = None if shapes[2] is None else flat(dy).sum(0)
    return dy @ w.T, flat(x).T @ flat(dy), db


def dense_flops(x: Shape, w: Shape, *_: OptionalShape, **__: Any) -> dict[str, int]:
    products = 2 * math.prod(x) * w[1]
    return {"y": products, "dx": products, "dw": products, "db": math.prod(x[:-1]) * w[1]}


def dense_explain(target: str, index: Index, shapes: Any, **_: Any) -> Sum:
    (*_rest, k), (_, n), b = shapes
    lead = shapes[0][:-1]
    if target == "y":
        *at, j = index
        plus = () if b is None else (("b", (j,)),)
        return Sum((("x", grid(*at, range(k))), ("w", grid(range(k), j))), plus)
    if target == "dx":
        *at, i = index
        return Sum((("dy", grid(*at, range(n))), ("w", grid(i, range(n)))))
    if target == "dw":
        return Sum((("x", positions(lead, index[0])), ("dy", positions(lead, index[1]))))
    return Sum((("dy", positions(lead, index[0])),))


dense = define(
    "dense",
    "contraction",
    "x w b",
    optional="b",
    forward=dense_forward,
    backward=dense_backward,
    shape=dense_shape,
    saves="x w",
    formula="y = x w + b",
    grad_formula="dx = dy w^T; dw = x^T dy, summed over all positions; db = sum of dy over all positions",
    explain=dense_explain,
    flops=dense_flops,
    cases=(
        Case(((3, 5), (5, 4), (4,))),
        Case(((2, 3, 7), (7, 2), None)),
        Case(((6,), (6, 3), (3,))),
        Case(((1, 1), (1, 1), (1,))),
        Case(((1, 2), (2, 8), (8,))),
        Case(((17, 33), (33, 35), (35,))),
        Case(((0, 3), (3, 2), (2,))),
        Case(((2, 0), (0, 3), (3,))),
    ),
    bench=(
        Case(((32, 784), (784, 300), (300,))),
        Case(((32, 300), (300, 100), (100,))),
        Case(((32, 100), (100, 10), (10,))),
        Case(((128, 784), (784, 300), (300,))),
        Case(((128, 300), (300, 100), (100,))),
        Case(((128, 9216), (9216, 128), (128,))),
    ),
    source="Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986",
)


# ---------------------------------------------------------------- matrix product


def as_matrices(a: Shape, b: Shape) -> tuple[Shape, Shape]:
    """Both shapes with at least two axes: a vector is a row on the left and a column on the right."""
    check_rank("a", a, 1, "with at least one axis")
    check_rank("b", b, 1, "with at least one axis")
    return a if len(a) > 1 else (1, *a), b if len(b) > 1 else (*b, 1)


def matmul_lead(a: Shape, b: Shape) -> Shape:
    """The leading axes of the product of two stacks of matrices, broadcast as in NumPy."""
    try:
        return np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise ShapeError(f"expected leading axes that broadcast, equal or 1, received {a[:-2]} and {b[:-2]}.") from None


def matmul_shape(a: Shape, b: Shape, **_: Any) -> tuple[Shape, ...]:
    left, right = as_matrices(a, b)
    if left[-1] != right[-2]:
        raise ShapeError(f"expected b with {left[-1]} rows, as many as a has columns, received {right[-2]}.")
    rows = left[-2:-1] if len(a) > 1 else ()
    columns = right[-1:] if len(b) > 1 else ()
    return ((*matmul_lead(left, right), *rows, *columns),)


def matmul_forward(a: Any, b: Any, **_: Any) -> Any:
    return np.asarray(a @ b)


def matmul_backward(dy: Any, a: Any, b: Any, shapes: Any, **_: Any) -> tuple[Any, ...]:
    left, right = as_matrices(*shapes)
    full = (*matmul_lead(left, right), left[-2], right[-1])
    dy, a, b = dy.reshape(full), a.reshape(left), b.reshape(right)
    da = sum_to(dy @ np.swapaxes(b, -1, -2), left)
    db = sum_to(np.swapaxes(a, -1, -2) @ dy, right)
    return da.reshape(shapes[0]), db.reshape(shapes[1])


def matmul_flops(a: Shape, b: Shape, **_: Any) -> dict[str, int]:
    left, right = as_matrices(a, b)
    products = 2 * math.prod(matmul_lead(left, right)) * left[-2] * math.prod(right[-2:])
    return {"y": products, "da": products, "db": products}


def matmul_explain(target: str, index: Index, shapes: Any, **_: Any) -> Sum:
    left, right = as_matrices(*shapes)
    lead = matmul_lead(left, right)
    full = (*lead, left[-2], right[-1])
    if target == "y":
        last = iter(index[len(lead) :])
        i, j = next(last) if len(shapes[0]) > 1 else 0, next(last) if len(shapes[1]) > 1 else 0
        row = grid(*broadcast_index(index[: len(lead)], left[:-2]), i, range(left[-1]))
        column = grid(*broadcast_index(index[: len(lead)], right[:-2]), range(right[-2]), j)
        return Sum((("a", of_rank(row, shapes[0], 0)), ("b", of_rank(column, shapes[1], -1))))
    if target == "da":
        *at, i, k = index if len(shapes[0]) > 1 else (0, *index)
        cells = all_copies(at, left[:-2], lead, (i, range(right[-1])))
        others = np.column_stack([own_lead(cells, lead, right), np.full(len(cells), k), cells[:, -1]])
        return Sum((("dy", of_product(cells, shapes, full)), ("b", of_rank(others, shapes[1], -1))))
    *at, k, j = index if len(shapes[1]) > 1 else (*index, 0)
    cells = all_copies(at, right[:-2], lead, (range(left[-2]), j))
    others = np.column_stack([own_lead(cells, lead, left), cells[:, -2], np.full(len(cells), k)])
    return Sum((("a", of_rank(others, shapes[0], 0)), ("dy", of_product(cells, shapes, full))))


def all_copies(at: Sequence[int], own: Shape, lead: Shape, last: tuple[Any, ...]) -> np.ndarray:
    """Cells of the product whose leading axes show position `at` of an operand with leading axes `own`."""
    missing = len(lead) - len(own)
    axes: list[Any] = [range(n) for n in lead[:missing]]
    axes += [range(n) if size == 1 else i for i, size, n in zip(at, own, lead[missing:], strict=True)]
    return grid(*axes, *last)


def own_lead(cells: np.ndarray, lead: Shape, operand: Shape) -> np.ndarray:
    """The leading positions in an operand that belong to the product's cells."""
    own = operand[:-2]
    return cells[:, len(lead) - len(own) : len(lead)] * (np.asarray(own, np.int64) != 1)


def of_rank(cells: np.ndarray, shape: Shape, added: int) -> np.ndarray:
    """Cells of a matrix as cells of what the caller gave: a vector lacks the axis that was added."""
    return cells if len(shape) > 1 else np.delete(cells, added, axis=1)


def of_product(cells: np.ndarray, shapes: Any, full: Shape) -> np.ndarray:
    """Cells of the full product as cells of the result, which lacks the axes of vectors."""
    left_out = [len(full) - 2] * (len(shapes[0]) == 1) + [len(full) - 1] * (len(shapes[1]) == 1)
    return np.delete(cells, left_out, axis=1)


matmul = define(
    "matmul",
    "contraction",
    "a b",
    forward=matmul_forward,
    backward=matmul_backward,
    shape=matmul_shape,
    saves="a b",
    formula="y = a b, for every position along the leading axes, which are broadcast; a vector is a row or a column",
    grad_formula="da = dy b^T; db = a^T dy, each summed over repeated leading axes",
    integer=True,
    explain=matmul_explain,
    flops=matmul_flops,
    cases=(
        Case(((3, 5), (5, 4))),
        Case(((2, 3, 5), (5, 4))),
        Case(((2, 3, 4, 5), (2, 3, 5, 2))),
        Case(((1, 1), (1, 1))),
        Case(((3, 1, 7), (3, 7, 1))),
        Case(((0, 2, 3), (0, 3, 4))),
        Case(((2, 0), (0, 3))),
        Case(((5,), (5,))),
        Case(((2, 3, 4), (4,))),
        Case(((4,), (2, 4, 3))),
        Case(((3, 5), (2, 5, 4))),
        Case(((2, 1, 3, 5), (4, 5, 2))),
        Case(((1, 3, 2), (4, 2, 3))),
        Case(((2, 3, 2, 4), (3, 4, 5))),
        Case(((3, 0), (2, 0, 2))),
    ),
    bench=(*(Case(((n, n), (n, n))) for n in (128, 256, 512, 1024)), Case(((64, 128, 64), (64, 64, 128)))),
)


# ---------------------------------------------------------------- bias


def bias_add_shape(x: Shape, b: Shape, **_: Any) -> tuple[Shape, ...]:
    check_rank("x", x, 1, "with at least one axis")
    check_bias(b, x[-1], "channel")
    return (x,)


def bias_add_explain(target: str, index: Index, shapes: Any, **_: Any) -> Sum | Formula:
    if target == "y":
        return Formula("x + b", {"x": ("x", index), "b": ("b", index[-1:])})
    if target == "dx":
        return Formula("dy", {"dy": ("dy", index)})
    return Sum((("dy", positions(shapes[0][:-1], index[0])),))


bias_add = define(
    "bias_add",
    "elementwise",
    "x b",
    forward=lambda x, b, **_: x + b,
    backward=lambda dy, shapes, **_: (dy, flat(dy).sum(0)),
    shape=bias_add_shape,
    formula="y = x + b, the same b for every position",
    grad_formula="dx = dy; db = sum of dy over all positions",
    explain=bias_add_explain,
    cases=(
        Case(((3, 5), (5,))),
        Case(((2, 3, 4, 7), (7,))),
        Case(((4,), (4,))),
        Case(((300, 33), (33,))),
        Case(((2, 1), (1,))),
        Case(((0, 3), (3,))),
        Case(((3, 0), (0,))),
    ),
)
