"""Functions that look along one axis: softmax, its logarithm, its sparse sister, and the gated linear unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Formula, Index, Rows, Shape, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

AXIS = {"axis": -1}
AXIS_CASES = (
    Case(((3, 5),)),
    Case(((2, 3, 4),)),
    Case(((2, 1),)),
    Case(((7,),)),
    Case(((0, 4),)),
    Case(((33, 10),)),
    Case(((5, 3),), {"axis": 0}),
    Case(((2, 4, 3, 2),), {"axis": 1}),
    Case(((2, 3, 70),), {"axis": -2}),
)


def axis_number(x: Shape, axis: int) -> int:
    """The axis counted from the front; raises ShapeError for one that x does not have."""
    if not -len(x) <= axis < len(x):
        raise ShapeError(f"expected an axis of an array of rank {len(x)}, received {axis}.")
    return axis % len(x)


def axis_shape(x: Shape, axis: int = -1, **_: Any) -> tuple[Shape, ...]:
    """Shape rule of what needs at least one number along the axis."""
    if x[axis_number(x, axis)] == 0:
        raise ShapeError(f"expected at least one class along axis {axis}, received shape {x}.")
    return (x,)


def line_names(letter: str, role: str, index: Index, size: int, axis: int) -> dict[str, tuple[str, Index]]:
    """Names `x0, x1, …` for the cells of the line along the axis that goes through the cell."""
    axis %= len(index)
    return {f"{letter}{k}": (role, (*index[:axis], k, *index[axis + 1 :])) for k in range(size)}


def line_cells(index: Index, size: int, axis: int) -> NDArray[np.int64]:
    """The cells of that line, (size, rank)."""
    axis %= len(index)
    return grid(*index[:axis], range(size), *index[axis + 1 :])


def define_along(name: str, **fields: Any) -> Op:
    """An operation along one axis that keeps the shape and whose backward reads its result."""
    return define(
        name, "normalization", "x", **{"attrs": AXIS, "shape": axis_shape, "saves": "y", "cases": AXIS_CASES, **fields}
    )


def softmax_forward(x: Any, axis: int = -1, **_: Any) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def softmax_backward(dy: Any, y: Any, axis: int = -1, **_: Any) -> tuple[Any, ...]:
    return (y * (dy - (dy * y).sum(axis, keepdims=True)),)


def softmax_explain(target: str, index: Index, shapes: Any, axis: int = -1, **_: Any) -> Formula:
    size, j = shapes[0][axis], index[axis]
    if target == "y":
        names = line_names("x", "x", index, size, axis)
        top = f"(m := max({', '.join(names)}))" if size > 1 else "(m := x0)"
        total = f"(s := {' + '.join(f'exp({x} - m)' for x in names)})"
        columns = (("x", "x"), ("x - max", "x - m"), ("exp", "exp(x - m)"), ("y", "exp(x - m) / s"))
        rows = Rows("class", {"x": ("x", line_cells(index, size, axis))}, columns, ("exp", "y"), "softmax by class")
        note = "m, the largest, is taken off so that exp cannot overflow"
        return Formula(f"exp(x{j} - {top}) / {total}", names, note, rows)
    mixed = " + ".join(f"dy{k} * y{k}" for k in range(size))
    names = {**line_names("dy", "dy", index, size, axis), **line_names("y", "y", index, size, axis)}
    own = f"where(k == {j}, 1, 0) - y{j}"
    columns = (("y", "y"), ("dy", "dy"), (f"dy/dx{j}", f"y * ({own})"), ("product", f"dy * y * ({own})"))
    lines = {role: (role, line_cells(index, size, axis)) for role in ("y", "dy")}
    rows = Rows("class", lines, columns, ("product",), f"row {j} of the Jacobian times the upstream gradient")
    return Formula(f"y{j} * (dy{j} - (d := {mixed}))", names, "row of the Jacobian times the upstream gradient", rows)


softmax = define_along(
    "softmax",
    forward=softmax_forward,
    backward=softmax_backward,
    formula="y_j = exp(x_j) / sum_k exp(x_k)",
    grad_formula="dx_j = y_j (dy_j - sum_k dy_k y_k)",
    explain=softmax_explain,
    source="Bridle, Training stochastic model recognition algorithms as networks, 1990",
)


def log_softmax_forward(x: Any, axis: int = -1, **_: Any) -> Any:
    less = x - x.max(axis, keepdims=True)
    return less - np.log(np.exp(less).sum(axis, keepdims=True))


def log_softmax_explain(target: str, index: Index, shapes: Any, axis: int = -1, **_: Any) -> Formula:
    size, j = shapes[0][axis], index[axis]
    if target == "y":
        total = " + ".join(f"exp(x{k} - x{j})" for k in range(size))
        return Formula(f"-log({total})", line_names("x", "x", index, size, axis), "the logarithm of softmax")
    names = {**line_names("dy", "dy", index, size, axis), "y": ("y", index)}
    return Formula(f"dy{j} - exp(y) * ({' + '.join(f'dy{k}' for k in range(size))})", names)


log_softmax = define_along(
    "log_softmax",
    forward=log_softmax_forward,
    backward=lambda dy, y, axis=-1, **_: (dy - np.exp(y) * dy.sum(axis, keepdims=True),),
    formula="y_j = x_j - log(sum_k exp(x_k))",
    grad_formula="dx_j = dy_j - exp(y_j) sum_k dy_k",
    explain=log_softmax_explain,
)


def sparsemax_forward(x: Any, axis: int = -1, **_: Any) -> Any:
    falling = -np.sort(-x, axis)
    count = np.arange(1, x.shape[axis] + 1).reshape([-1 if d == axis % x.ndim else 1 for d in range(x.ndim)])
    threshold = (np.cumsum(falling, axis) - 1) / count
    kept = (falling > threshold).sum(axis, keepdims=True)
    if np.isnan(x).any():
        kept = np.where(np.isnan(x).any(axis, keepdims=True), x.shape[axis], kept)
    return np.maximum(x - np.take_along_axis(threshold, kept - 1, axis), 0).astype(x.dtype)


def sparsemax_backward(dy: Any, y: Any, axis: int = -1, **_: Any) -> tuple[Any, ...]:
    kept = y > 0
    mean = (dy * kept).sum(axis, keepdims=True) / kept.sum(axis, keepdims=True)
    return (np.where(kept, dy - mean, 0).astype(dy.dtype),)


def sparsemax_explain(target: str, index: Index, shapes: Any, axis: int = -1, **_: Any) -> Formula:
    size, j = shapes[0][axis], index[axis]
    if target == "y":
        names = line_names("x", "x", index, size, axis)
        return Formula(f"sparsemax({j}, {', '.join(names)})", names, "cells less a threshold, so that they sum to 1")
    names = {**line_names("dy", "dy", index, size, axis), **line_names("y", "y", index, size, axis)}
    taken = " + ".join(f"dy{k} * float(y{k} > 0)" for k in range(size))
    count = " + ".join(f"float(y{k} > 0)" for k in range(size))
    return Formula(f"float(y{j} > 0) * (dy{j} - ({taken}) / ({count}))", names, "less the mean of dy where y is not 0")


sparsemax = define_along(
    "sparsemax",
    forward=sparsemax_forward,
    backward=sparsemax_backward,
    formula="y_j = max(x_j - t, 0), t such that the y sum to 1",
    grad_formula="dx_j = dy_j less the mean of dy over all y_k > 0, where y_j > 0; otherwise 0",
    explain=sparsemax_explain,
    source="Martins and Astudillo, From softmax to sparsemax, 2016",
)


# ---------------------------------------------------------------- gated linear unit


def halves(x: Any, axis: int) -> tuple[Any, Any]:
    """The first and the second half along the axis."""
    first, second = np.split(x, 2, axis)
    return first, second


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def glu_shape(x: Shape, axis: int = -1, **_: Any) -> tuple[Shape, ...]:
    at = axis_number(x, axis)
    if x[at] % 2:
        raise ShapeError(f"expected an even number of cells along axis {axis}, received {x[at]}.")
    return ((*x[:at], x[at] // 2, *x[at + 1 :]),)


def glu_forward(x: Any, axis: int = -1, **_: Any) -> Any:
    value, gate = halves(x, axis)
    return value * logistic(gate)


def glu_backward(dy: Any, x: Any, axis: int = -1, **_: Any) -> tuple[Any, ...]:
    value, gate = halves(x, axis)
    open_ = logistic(gate)
    return (np.concatenate([dy * open_, dy * value * open_ * (1 - open_)], axis),)


def glu_explain(target: str, index: Index, shapes: Any, axis: int = -1, **_: Any) -> Formula:
    axis %= len(index)
    half, j = shapes[0][axis] // 2, index[axis]

    def at(k: int) -> Index:
        return (*index[:axis], k, *index[axis + 1 :])

    names = {"a": ("x", at(j % half)), "b": ("x", at(j % half + half))}
    if target == "y":
        return Formula("a * sigmoid(b)", names, "b is the gate")
    dy = {"dy": ("dy", at(j % half))}
    if j < half:
        return Formula("dy * sigmoid(b)", {**dy, "b": names["b"]})
    return Formula("dy * a * sigmoid(b) * (1 - sigmoid(b))", {**dy, **names})


def without_odd(cases: tuple[Case, ...], axis_of: Callable[[Case], int]) -> tuple[Case, ...]:
    """Cases with an even number of cells along their axis."""
    return tuple(case for case in cases if (case.shapes[0] or (1,))[axis_of(case)] % 2 == 0)


glu = define(
    "glu",
    "reduction",
    "x",
    attrs=AXIS,
    forward=glu_forward,
    backward=glu_backward,
    shape=glu_shape,
    saves="x",
    formula="y = a sigmoid(b), x being a and b one behind the other",
    grad_formula="da = dy sigmoid(b), db = dy a sigmoid(b) (1 - sigmoid(b))",
    explain=glu_explain,
    cases=(*without_odd(AXIS_CASES, lambda case: case.attrs.get("axis", -1)), Case(((2, 6, 65),), {"axis": 1})),
    source="Dauphin et al., Language modeling with gated convolutional networks, 2017",
)
