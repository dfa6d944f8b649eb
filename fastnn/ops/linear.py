"""Products of matrices: the fully connected layer, the matrix product, and adding a bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Shape, Sum, grid

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


def matmul_shape(a: Shape, b: Shape, **_: Any) -> tuple[Shape, ...]:
    check_rank("a", a, 2, "with at least two axes")
    check_rank("b", b, 2, "with at least two axes")
    if a[-1] != b[-2]:
        raise ShapeError(f"expected b with {a[-1]} rows, as many as a has columns, received {b[-2]}.")
    if len(b) > 2 and a[:-2] != b[:-2]:
        raise ShapeError(f"expected b to be one matrix or to have leading axes {a[:-2]}, received {b[:-2]}.")
    return ((*a[:-1], b[-1]),)


def matmul_forward(a: Any, b: Any, **_: Any) -> Any:
    return a @ b


def matmul_backward(dy: Any, a: Any, b: Any, shapes: Any, **_: Any) -> tuple[Any, ...]:
    db = flat(a).T @ flat(dy) if b.ndim == 2 else np.swapaxes(a, -1, -2) @ dy
    return dy @ np.swapaxes(b, -1, -2), db


def matmul_explain(target: str, index: Index, shapes: Any, **_: Any) -> Sum:
    (*lead, m, k), n, single = shapes[0], shapes[1][-1], len(shapes[1]) == 2
    *at, i, j = index
    of_b = () if single else at
    if target == "y":
        return Sum((("a", grid(*at, i, range(k))), ("b", grid(*of_b, range(k), j))))
    if target == "da":
        return Sum((("dy", grid(*at, i, range(n))), ("b", grid(*of_b, j, range(n)))))
    rows: tuple[Any, ...] = (*map(range, lead), range(m)) if single else (*at, range(m))
    return Sum((("a", grid(*rows, i)), ("dy", grid(*rows, j))))


matmul = define(
    "matmul",
    "contraction",
    "a b",
    forward=matmul_forward,
    backward=matmul_backward,
    shape=matmul_shape,
    saves="a b",
    formula="y = a b",
    grad_formula="da = dy b^T; db = a^T dy, summed over the leading axes if b is one matrix",
    explain=matmul_explain,
    cases=(
        Case(((3, 5), (5, 4))),
        Case(((2, 3, 5), (5, 4))),
        Case(((2, 3, 4, 5), (2, 3, 5, 2))),
        Case(((1, 1), (1, 1))),
        Case(((3, 1, 7), (3, 7, 1))),
        Case(((0, 2, 3), (0, 3, 4))),
        Case(((2, 0), (0, 3))),
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
