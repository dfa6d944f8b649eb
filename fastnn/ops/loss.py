"""Losses: how far predictions are from the truth, one number per sample; the gradient is for the prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.errors import ShapeError
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Formula, Index, Shape

PAIR_CASES = (
    Case(((3, 5), (3, 5))),
    Case(((2, 3, 7), (2, 3, 7))),
    Case(((4, 1), (4, 1))),
    Case(((6,), (6,))),
    Case(((0, 3), (0, 3))),
    Case(((5, 37), (5, 37))),
)


def per_sample(y_true: Shape, y_pred: Shape, **_: Any) -> tuple[Shape, ...]:
    """Shape rule: both alike, and the last axis is summed or averaged away."""
    if y_true != y_pred:
        raise ShapeError(f"expected y_true of y_pred's shape {y_pred}, received {y_true}.")
    if not y_pred or y_pred[-1] == 0:
        raise ShapeError(f"expected at least one value along the last axis, received shape {y_pred}.")
    return (y_pred[:-1],)


def added(terms: list[str]) -> str:
    """The terms with plus signs; as a call of `sum` where they are too many to read anyway."""
    return " + ".join(terms) if len(terms) <= 64 else f"sum([{', '.join(terms)}])"


def row(letter: str, role: str, index: Index, size: int) -> dict[str, tuple[str, Index]]:
    """Names `t0, t1, …` for the cells of the row `index` of an operand."""
    return {f"{letter}{k}": (role, (*index, k)) for k in range(size)}


def explain_pairs(mean: bool, term: str, slope: str, note: str = "") -> Callable[..., Formula]:
    """Explanation of a sum or mean over pairs (t, o): one `term` per pair, and its `slope` towards o."""

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        size = shapes[1][-1]
        divide = f" / {size}" if mean and size > 1 else ""
        if target == "y":
            text = added([term.format(t=f"t{k}", o=f"o{k}", **attrs) for k in range(size)])
            names = {**row("t", "y_true", index, size), **row("o", "y_pred", index, size)}
            return Formula(f"({text}){divide}" if divide else text, names, note)
        names = {"dy": ("dy", index[:-1]), "t": ("y_true", index), "o": ("y_pred", index)}
        return Formula(f"dy * {slope.format(t='t', o='o', **attrs)}{divide}", names, note)

    return explain


def define_pairs(name: str, mean: bool, term: str, slope: str, note: str = "", **fields: Any) -> Op:
    """A loss that sums or averages one term per pair of target and output."""
    return define(
        name,
        "loss",
        "y_true y_pred",
        gradients="y_pred",
        saves="y_true y_pred",
        shape=per_sample,
        explain=explain_pairs(mean, term, slope, note),
        **{"cases": PAIR_CASES, **fields},
    )


half_squared_error = define_pairs(
    "half_squared_error",
    False,
    "({t} - {o})**2 / 2",
    "({o} - {t})",
    forward=lambda t, o, **_: (0.5 * (t - o) ** 2).sum(-1),
    backward=lambda dy, t, o, **_: (dy[..., None] * (o - t),),
    formula="y = sum 1/2 (t - o)^2",
    grad_formula="do = dy (o - t)",
    source="Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986",
)
mean_squared_error = define_pairs(
    "mean_squared_error",
    True,
    "({t} - {o})**2",
    "2 * ({o} - {t})",
    forward=lambda t, o, **_: ((t - o) ** 2).mean(-1),
    backward=lambda dy, t, o, **_: (dy[..., None] * (2 / o.shape[-1]) * (o - t),),
    formula="y = 1/n sum (t - o)^2",
    grad_formula="do = dy 2 (o - t) / n",
)
