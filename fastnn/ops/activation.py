"""Activation functions: one number in, one number out; and softmax, which looks along the last axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Shape

UNARY_CASES = (Case(((3, 5),), draw=("distinct",)), Case(((2, 3, 1, 7),)), Case(((1,),)), Case(((),)), Case(((0, 4),)))


def same_shape(x: Shape, **_: Any) -> tuple[Shape, ...]:
    """Shape rule of everything that works cell by cell on one input."""
    return (x,)


def cell_by_cell(y: str, dx: str, note: str = "", local: str = "x") -> Callable[..., Formula]:
    """Explanation of a unary operation from its two formulas; `local` is the saved value that `dx` reads."""

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        text = (y if target == "y" else dx).format(**attrs)
        operands = {"x": ("x", index)} if target == "y" else {"dy": ("dy", index), local: (local, index)}
        return Formula(text, {k: v for k, v in operands.items() if k in text}, note)

    return explain


def sigmoid_forward(x: Any, **_: Any) -> Any:
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))).astype(x.dtype)


relu = define(
    "relu",
    "elementwise",
    "x",
    forward=lambda x, **_: np.maximum(x, 0),
    backward=lambda dy, y, **_: (dy * (y > 0),),
    shape=same_shape,
    saves="y",
    formula="y = max(x, 0)",
    grad_formula="dx = dy where y > 0, otherwise 0; 0 at the kink",
    explain=cell_by_cell("max(x, 0)", "dy * float(y > 0)", "the slope at x = 0 is taken as 0", local="y"),
    cases=UNARY_CASES,
    source="Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, 2010",
)
sigmoid = define(
    "sigmoid",
    "elementwise",
    "x",
    forward=sigmoid_forward,
    backward=lambda dy, y, **_: (dy * y * (1 - y),),
    shape=same_shape,
    saves="y",
    formula="y = 1 / (1 + exp(-x))",
    grad_formula="dx = dy y (1 - y)",
    explain=cell_by_cell("1 / (1 + exp(-x))", "dy * y * (1 - y)", local="y"),
    cases=UNARY_CASES,
)
tanh = define(
    "tanh",
    "elementwise",
    "x",
    forward=lambda x, **_: np.tanh(x),
    backward=lambda dy, y, **_: (dy * (1 - y * y),),
    shape=same_shape,
    saves="y",
    formula="y = tanh(x)",
    grad_formula="dx = dy (1 - y^2)",
    explain=cell_by_cell("tanh(x)", "dy * (1 - y * y)", local="y"),
    cases=UNARY_CASES,
)
heaviside = define(
    "heaviside",
    "elementwise",
    "x",
    forward=lambda x, **_: (x >= 0).astype(x.dtype),
    backward=lambda dy, **_: (np.zeros_like(dy),),
    shape=same_shape,
    formula="y = 1 if x >= 0 else 0",
    grad_formula="dx = 0: a step has no slope to learn by",
    explain=cell_by_cell("float(x >= 0)", "0 * dy"),
    cases=UNARY_CASES,
)
sign = define(
    "sign",
    "elementwise",
    "x",
    forward=lambda x, **_: np.sign(x),
    backward=lambda dy, **_: (np.zeros_like(dy),),
    shape=same_shape,
    formula="y = -1, 0 or +1, as x is below, at or above 0",
    grad_formula="dx = 0: a step has no slope to learn by",
    explain=cell_by_cell("sign(x)", "0 * dy"),
    cases=UNARY_CASES,
)
saturating_linear = define(
    "saturating_linear",
    "elementwise",
    "x",
    forward=lambda x, **_: np.clip(x, 0, 1),
    backward=lambda dy, y, **_: (dy * ((y > 0) & (y < 1)),),
    shape=same_shape,
    saves="y",
    formula="y = min(max(x, 0), 1)",
    grad_formula="dx = dy where 0 < y < 1, otherwise 0",
    explain=cell_by_cell(
        "min(max(x, 0), 1)", "dy * float(0 < y < 1)", "the slope at both kinks is taken as 0", local="y"
    ),
    cases=UNARY_CASES,
)


def softmax_forward(x: Any, **_: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_backward(dy: Any, y: Any, **_: Any) -> tuple[Any, ...]:
    return (y * (dy - (dy * y).sum(-1, keepdims=True)),)


def softmax_shape(x: Shape, **_: Any) -> tuple[Shape, ...]:
    if not x or x[-1] == 0:
        raise ShapeError(f"expected at least one class along the last axis, received shape {x}.")
    return (x,)


def row_names(letter: str, role: str, index: Index, size: int) -> dict[str, tuple[str, Index]]:
    """Names `x0, x1, …` for the cells of one row."""
    return {f"{letter}{k}": (role, (*index[:-1], k)) for k in range(size)}


def softmax_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    size, j = shapes[0][-1], index[-1]
    if target == "y":
        top = f"max({', '.join(f'x{k}' for k in range(size))})" if size > 1 else "x0"
        total = " + ".join(f"exp(x{k} - {top})" for k in range(size)) if size <= 3 else None
        if total is None:
            total = " + ".join(f"exp(x{k} - x{j})" for k in range(size))
            return Formula(f"1 / ({total})", row_names("x", "x", index, size), "exp(x) / sum of exp, divided by exp(x)")
        return Formula(f"exp(x{j} - {top}) / ({total})", row_names("x", "x", index, size))
    mixed = " + ".join(f"dy{k} * y{k}" for k in range(size))
    names = {**row_names("dy", "dy", index, size), **row_names("y", "y", index, size)}
    return Formula(f"y{j} * (dy{j} - ({mixed}))", names, "row of the Jacobian times the upstream gradient")


softmax = define(
    "softmax",
    "normalization",
    "x",
    forward=softmax_forward,
    backward=softmax_backward,
    shape=softmax_shape,
    saves="y",
    formula="y_j = exp(x_j) / sum_k exp(x_k)",
    grad_formula="dx_j = y_j (dy_j - sum_k dy_k y_k)",
    explain=softmax_explain,
    cases=(Case(((3, 5),)), Case(((2, 3, 4),)), Case(((2, 1),)), Case(((7,),)), Case(((0, 4),)), Case(((33, 10),))),
    source="Bridle, Training stochastic model recognition algorithms as networks, 1990",
)
