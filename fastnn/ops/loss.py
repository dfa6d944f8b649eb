"""Losses: how far predictions are from the truth, one number per sample; the gradient is for the prediction.

Cross-entropies on probabilities are here, as Keras clips them; `cross_entropy.py` has the fused ones on logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.errors import KernelError, ShapeError
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Formula, Index, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAIR_SHAPES = ((3, 5), (2, 3, 7), (4, 1), (6,), (0, 3), (5, 37))
PAIR_CASES = tuple(Case((s, s)) for s in PAIR_SHAPES)
NO_TIE_CASES = tuple(Case((s, s), draw=("binary", "normal")) for s in PAIR_SHAPES)
BINARY_CASES = tuple(Case((s, s), draw=("binary", "unit")) for s in PAIR_SHAPES)
CLASS_SHAPES = ((3, 5), (2, 3, 4), (4, 2), (6,), (0, 3), (5, 37), (2, 1))
SOFT_CASE = Case(((4, 3), (4, 3)), draw=("unit", "unit"))
ONE_HOT_CASES = (*(Case((s, s), draw=("one_hot", "probability")) for s in CLASS_SHAPES), SOFT_CASE)
LABEL_CASES = (
    *(Case((s[:-1], s), draw=(f"labels:{s[-1]}", "probability")) for s in CLASS_SHAPES),
    Case(((4,), (4, 3)), draw=("labels:3", "unit")),
)


# ---------------------------------------------------------------- shapes and labels


def per_sample(y_true: Shape, y_pred: Shape, **_: Any) -> tuple[Shape, ...]:
    """Shape rule: both alike, and the last axis is summed or averaged away."""
    if y_true != y_pred:
        raise ShapeError(f"expected y_true of the prediction's shape {y_pred}, received {y_true}.")
    if not y_pred or y_pred[-1] == 0:
        raise ShapeError(f"expected at least one value along the last axis, received shape {y_pred}.")
    return (y_pred[:-1],)


def per_label(labels: Shape, y_pred: Shape, **_: Any) -> tuple[Shape, ...]:
    """Shape rule: one label per row of predictions."""
    if not y_pred or y_pred[-1] == 0:
        raise ShapeError(f"expected at least one class along the last axis, received shape {y_pred}.")
    if labels != y_pred[:-1]:
        raise ShapeError(f"expected one label per row, shape {y_pred[:-1]}, received {labels}.")
    return (y_pred[:-1],)


def one_hot(labels: NDArray[Any], like: NDArray[Any], operation: str) -> NDArray[Any]:
    """Rows with a 1 at the label; raises KernelError that names a label out of range and its row."""
    classes, flat = like.shape[-1], np.ravel(labels)
    wrong = np.flatnonzero((flat < 0) | (flat >= classes))
    if wrong.size:
        raise KernelError(
            f"expected labels from 0 to {classes - 1}, received {flat[wrong[0]]} in row {wrong[0]}.",
            operation=operation,
            shapes=(np.shape(labels), like.shape),
        )
    return (np.expand_dims(labels, -1) == np.arange(classes)).astype(like.dtype)


# ---------------------------------------------------------------- words for explanations


def added(terms: Sequence[str]) -> str:
    """The terms with plus signs; as a call of `sum` where they are too many to read anyway."""
    return " + ".join(terms) if len(terms) <= 64 else f"sum([{', '.join(terms)}])"


def names(letter: str, size: int) -> list[str]:
    """`x0, x1, …`."""
    return [f"{letter}{k}" for k in range(size)]


def row(letter: str, role: str, index: Index, size: int) -> dict[str, tuple[str, Index]]:
    """Names `t0, t1, …` for the cells of the row `index` of an operand."""
    return {name: (role, (*index, k)) for k, name in enumerate(names(letter, size))}


def explain_pairs(mean: bool, term: str, slope: str, note: str, inputs: Sequence[str]) -> Callable[..., Formula]:
    """Explanation of a sum or mean over pairs (t, o): one `term` per pair, and its `slope` towards o."""

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        size = shapes[1][-1]
        divide = f" / {size}" if mean and size > 1 else ""
        if target == "y":
            text = added([term.format(t=f"t{k}", o=f"o{k}", **attrs) for k in range(size)])
            cells = {**row("t", inputs[0], index, size), **row("o", inputs[1], index, size)}
            return Formula(f"({text}){divide}" if divide else text, cells, note)
        cells = {"dy": ("dy", index[:-1]), "t": (inputs[0], index), "o": (inputs[1], index)}
        return Formula(slope.format(t="t", o="o", n=divide, **attrs), cells, note)

    return explain


def define_pairs(name: str, mean: bool, term: str, slope: str, **fields: Any) -> Op:
    """A loss that sums or averages one term per pair of target and output."""
    inputs, note = fields.pop("inputs", "y_true y_pred"), fields.pop("note", "")
    return define(
        name,
        "loss",
        inputs,
        gradients=inputs.split()[1],
        saves=inputs,
        shape=per_sample,
        explain=explain_pairs(mean, term, slope, note, inputs.split()),
        **{"cases": PAIR_CASES, **fields},
    )


# ---------------------------------------------------------------- distances

half_squared_error = define_pairs(
    "half_squared_error",
    False,
    "({t} - {o})**2 / 2",
    "dy * ({o} - {t})",
    forward=lambda t, o, **_: (0.5 * (t - o) ** 2).sum(-1),
    backward=lambda dy, t, o, **_: (dy[..., None] * (o - t),),
    formula="y = sum 1/2 (t - o)^2",
    grad_formula="do = dy (o - t)",
    source="Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986",
)
squared_error = define_pairs(
    "squared_error",
    False,
    "({o} - {t})**2",
    "dy * 2 * ({o} - {t})",
    forward=lambda t, o, **_: ((o - t) ** 2).sum(-1),
    backward=lambda dy, t, o, **_: (dy[..., None] * 2 * (o - t),),
    formula="y = sum (o - t)^2",
    grad_formula="do = dy 2 (o - t)",
)
mean_squared_error = define_pairs(
    "mean_squared_error",
    True,
    "({t} - {o})**2",
    "dy * 2 * ({o} - {t}){n}",
    forward=lambda t, o, **_: ((t - o) ** 2).mean(-1),
    backward=lambda dy, t, o, **_: (dy[..., None] * 2 * (o - t) / o.shape[-1],),
    formula="y = 1/n sum (t - o)^2",
    grad_formula="do = dy 2 (o - t) / n",
)
mean_absolute_error = define_pairs(
    "mean_absolute_error",
    True,
    "abs({t} - {o})",
    "dy * sign({o} - {t}){n}",
    note="the slope where t = o is taken as 0",
    forward=lambda t, o, **_: np.abs(t - o).mean(-1),
    backward=lambda dy, t, o, **_: (dy[..., None] * np.sign(o - t) / o.shape[-1],),
    formula="y = 1/n sum |t - o|",
    grad_formula="do = dy sign(o - t) / n",
    cases=NO_TIE_CASES,
)


# ---------------------------------------------------------------- cross-entropy of probabilities


def outside(p: Any, epsilon: float) -> Any:
    """Where clipping changes a probability; false for NaN, so that NaN gets through."""
    return (p < epsilon) | (p > 1 - epsilon)


def binary_forward(t: Any, o: Any, epsilon: float) -> Any:
    p = np.clip(o, epsilon, 1 - epsilon)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(-1)


def binary_backward(dy: Any, t: Any, o: Any, epsilon: float, **_: Any) -> tuple[Any, ...]:
    p = np.clip(o, epsilon, 1 - epsilon)
    slope = np.where(outside(o, epsilon), 0, (1 - t) / (1 - p) - t / p)
    return (dy[..., None] * slope / o.shape[-1],)


binary_crossentropy = define_pairs(
    "binary_crossentropy",
    True,
    "-{t} * log(min(max({o}, {epsilon}), 1 - {epsilon}))"
    " - (1 - {t}) * log(1 - min(max({o}, {epsilon}), 1 - {epsilon}))",
    "0 * dy if {o} < {epsilon} or {o} > 1 - {epsilon} else dy * ((1 - {t}) / (1 - {o}) - {t} / {o}){n}",
    note="probabilities are clipped so that log(0) does not occur; no slope beyond",
    attrs={"epsilon": 1e-7},
    forward=binary_forward,
    backward=binary_backward,
    formula="y = -1/n sum (t log o + (1 - t) log(1 - o))",
    grad_formula="do = dy ((1 - t) / (1 - o) - t / o) / n; 0 where o was clipped",
    cases=BINARY_CASES,
    source="Good, Rational decisions, 1952",
)


def shares(p: Any) -> Any:
    """Rows divided by their sums."""
    return p / p.sum(-1, keepdims=True)


def categorical_forward(t: Any, p: Any, epsilon: float) -> Any:
    return -(t * np.log(np.clip(shares(p), epsilon, 1 - epsilon))).sum(-1)


def categorical_backward(dy: Any, t: Any, p: Any, epsilon: float, **_: Any) -> tuple[Any, ...]:
    q = shares(p)
    counted = np.where(outside(q, epsilon), 0, t)
    slope = counted.sum(-1, keepdims=True) - counted / np.clip(q, epsilon, 1 - epsilon)
    return (dy[..., None] * slope / p.sum(-1, keepdims=True),)


def total_of(letter: str, size: int) -> tuple[str, str]:
    """How to write a row's sum the first time and again: short ones in full, long ones by the name `s`."""
    text = f"({added(names(letter, size))})"
    return (text, text) if size <= 3 else (f"(s := {text[1:-1]})", "s")


def categorical_explain(target: str, index: Index, shapes: Any, epsilon: float) -> Formula:
    size = shapes[1][-1]
    lead = index if target == "y" else index[:-1]
    first, again = total_of("p", size)
    q = [f"p{k} / {again if k else first}" for k in range(size)]
    cells = {**row("t", "y_true", lead, size), **row("p", "y_pred", lead, size)}
    if target == "y":
        text = added([f"t{k} * log(min(max({q[k]}, {epsilon}), 1 - {epsilon}))" for k in range(size)])
        return Formula(f"-({text})", cells, "the row is divided by its sum and clipped")
    counted = [f"t{k} * float({epsilon} <= {q[k]} <= 1 - {epsilon})" for k in range(size)]
    own = f"({q[index[-1]]})" if index[-1] else f"(p0 / {again})"
    mine = f"(t{index[-1]} / {own} if {epsilon} <= {own} <= 1 - {epsilon} else 0)"
    text = f"dy * ({added(counted)} - {mine}) / {again}"
    return Formula(text, {"dy": ("dy", lead), **cells}, "classes whose share was clipped do not count")


categorical_crossentropy = define(
    "categorical_crossentropy",
    "loss",
    "y_true y_pred",
    attrs={"epsilon": 1e-7},
    gradients="y_pred",
    saves="y_true y_pred",
    shape=per_sample,
    forward=categorical_forward,
    backward=categorical_backward,
    explain=categorical_explain,
    formula="y = -sum_k t_k log(p_k / sum p)",
    grad_formula="dp_j = dy (sum_k t_k - t_j / q_j) / sum p, with q = p / sum p; clipped classes do not count",
    cases=ONE_HOT_CASES,
)


def sparse_forward(labels: Any, p: Any, epsilon: float) -> Any:
    return categorical_forward(one_hot(labels, p, "sparse_categorical_crossentropy"), p, epsilon)


def sparse_backward(dy: Any, labels: Any, p: Any, epsilon: float, **_: Any) -> tuple[Any, ...]:
    return categorical_backward(dy, one_hot(labels, p, "sparse_categorical_crossentropy"), p, epsilon)


def sparse_explain(target: str, index: Index, shapes: Any, epsilon: float) -> Formula:
    size = shapes[1][-1]
    lead = index if target == "y" else index[:-1]
    total = added(names("p", size))
    chosen = f"[{', '.join(names('p', size))}][int(label)]"
    cells = {"label": ("labels", lead), **row("p", "y_pred", lead, size)}
    if target == "y":
        text = f"-log(min(max({chosen} / ({total}), {epsilon}), 1 - {epsilon}))"
        return Formula(text, cells, "the label's share of the row, clipped")
    clipped = f"(q := {chosen} / (s := {total})) < {epsilon} or q > 1 - {epsilon}"
    text = f"0 * dy if {clipped} else dy * (1 - float(label == {index[-1]}) / q) / s"
    return Formula(text, {"dy": ("dy", lead), **cells}, "q is the label's share of the row, s the row's sum")


sparse_categorical_crossentropy = define(
    "sparse_categorical_crossentropy",
    "loss",
    "labels y_pred",
    attrs={"epsilon": 1e-7},
    dtypes={"labels": "int32"},
    gradients="y_pred",
    saves="labels y_pred",
    shape=per_label,
    forward=sparse_forward,
    backward=sparse_backward,
    explain=sparse_explain,
    formula="y = -log(p_label / sum p)",
    grad_formula="dp_j = dy (1 - [j = label] / q) / sum p, with q = p_label / sum p; 0 where q was clipped",
    cases=LABEL_CASES,
)
