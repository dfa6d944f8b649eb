"""Activation functions: one number in, one number out; and softmax, which looks along the last axis."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.cases import TYPED
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Formula, Index, Shape, in_arrays

UNARY_CASES = (Case(((3, 5),), draw=("distinct",)), Case(((2, 3, 1, 7),)), Case(((1,),)), Case(((),)), Case(((0, 4),)))


def same_shape(x: Shape, **_: Any) -> tuple[Shape, ...]:
    """Shape rule of everything that works cell by cell on one input."""
    return (x,)


def in_cases(*draws: str) -> tuple[Case, ...]:
    """Cases of a unary operation with the inputs drawn in these ways."""
    shapes = [case.shapes for case in UNARY_CASES]
    return tuple(Case(s, draw=(draw,)) for draw in draws for s in (shapes[:2] if draw in TYPED else shapes))


@lru_cache(maxsize=1024)
def computed(text: str) -> Callable[..., Any]:
    """The formula as a function of arrays."""
    return in_arrays(text)


def filled(text: str, attrs: Mapping[str, Any]) -> str:
    """The formula with the attributes' values in it; negative ones in brackets."""
    return text.format(**{k: f"({v!r})" if str(v).startswith("-") else repr(v) for k, v in attrs.items()})


def define_map(name: str, y: str, dx: str, note: str = "", **fields: Any) -> Op:
    """An operation on one number, from its formula in x and its gradient's in dy and x or y: both say it all.

    Args:
        name: Its name.
        y: Formula; `{name}` stands for an attribute.
        dx: Formula of the gradient.
        note: A remark for the reader.
        **fields: Further fields of the record.
    """
    saves = tuple(role for role in ("x", "y") if re.search(rf"\b{role}\b", dx))

    def forward(x: Any, **attrs: Any) -> Any:
        return computed(filled(y, attrs))(x=x)

    def backward(dy: Any, *saved: Any, shapes: Any = None, **attrs: Any) -> tuple[Any, ...]:
        return (computed(filled(dx, attrs))(dy=dy, **dict(zip(saves, saved, strict=True))),)

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        text, roles = (filled(y, attrs), ("x",)) if target == "y" else (filled(dx, attrs), ("dy", *saves))
        return Formula(text, {role: (role, index) for role in roles if re.search(rf"\b{role}\b", text)}, note)

    plain = str.maketrans("", "", "{}")
    standard = {
        "shape": same_shape,
        "saves": saves,
        "formula": f"y = {y.translate(plain)}",
        "grad_formula": f"dx = {dx.translate(plain)}",
        "cases": UNARY_CASES,
    }
    return define(
        name, "elementwise", "x", forward=forward, backward=backward, explain=explain, **{**standard, **fields}
    )


relu = define_map(
    "relu",
    "max(x, 0)",
    "dy * float(y > 0)",
    "the slope at x = 0 is taken as 0",
    grad_formula="dx = dy where y > 0, otherwise 0; 0 at the kink",
    source="Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, 2010",
)
sigmoid = define_map("sigmoid", "1 / (1 + exp(-x))", "dy * y * (1 - y)")
tanh = define_map("tanh", "tanh(x)", "dy * (1 - y * y)")
heaviside = define_map(
    "heaviside",
    "float(x >= 0)",
    "0 * dy",
    formula="y = 1 if x >= 0 else 0",
    grad_formula="dx = 0: a step has no slope to learn by",
)
saturating_linear = define_map(
    "saturating_linear",
    "min(max(x, 0), 1)",
    "dy * float((y > 0) & (y < 1))",
    "the slope at both kinks is taken as 0",
    grad_formula="dx = dy where 0 < y < 1, otherwise 0",
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
