"""Losses fused with softmax, sigmoid or a threshold: stable for logits of any size, and p - y as their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.loss import CLASS_SHAPES, PAIR_SHAPES, added, define_pairs, names, one_hot, per_label, per_sample, row
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Rows, Shape, grid

SHIFT_NOTE = "m, the largest logit, is taken off so that exp cannot overflow"


def log_softmax(z: Any) -> Any:
    shifted = z - z.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def with_probabilities(y_true: Shape, logits: Shape, **_: Any) -> tuple[Shape, ...]:
    return (*per_sample(y_true, logits), logits)


def with_label_probabilities(labels: Shape, logits: Shape, **_: Any) -> tuple[Shape, ...]:
    return (*per_label(labels, logits), logits)


def shifted_exponentials(size: int) -> tuple[str, str]:
    """How to write the largest logit (naming it m) and the sum of all exp(x - m) (naming it s)."""
    top = f"max({', '.join(names('x', size))})" if size > 1 else "x0"
    return f"(m := {top})", f"(s := {added([f'exp(x{k} - m)' for k in range(size)])})"


def line(role: str, index: Index, size: int) -> tuple[str, Any]:
    """The cells of a row of classes."""
    return role, grid(*index, range(size))


SOFTMAX_COLUMNS = (("z", "x"), ("z - max", "x - m"), ("exp", "exp(x - m)"), ("p", "exp(x - m) / s"))


def explain_probability(index: Index, size: int) -> Formula:
    top, total = shifted_exponentials(size)
    cells = row("x", "logits", index[:-1], size)
    rows = Rows("class", {"x": line("logits", index[:-1], size)}, SOFTMAX_COLUMNS, ("exp", "p"), "softmax by class")
    return Formula(f"exp(x{index[-1]} - {top}) / {total}", cells, SHIFT_NOTE, rows)


def jacobian_rows(lines: dict[str, tuple[str, Any]], truth: str, j: int) -> Rows:
    """The gradient of a logit by the chain rule: what reaches every probability, times how it moves with the logit."""
    own = f"where(k == {j}, 1, 0)"
    columns = (
        ("t", truth),
        ("p", "p"),
        ("dy/dp", f"-dy * ({truth}) / p"),
        (f"dp/dz{j}", f"p * ({own} - p{j})"),
        ("product", f"-dy * ({truth}) * ({own} - p{j})"),
    )
    return Rows("class", lines, columns, ("product",), f"row {j} of softmax's Jacobian times the upstream gradient")


def softmax_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    size = shapes[1][-1]
    if target == "p":
        return explain_probability(index, size)
    whole = f"(T := {added(names('t', size))})"
    if target == "y":
        top, total = shifted_exponentials(size)
        dot = added([f"t{k} * x{k}" for k in range(size)])
        text = f"{whole} * ({top} + log({total})) - (d := {dot})"
        columns = (*SOFTMAX_COLUMNS, ("t", "t"), ("-t log p", "t * (log(s) - (x - m))"))
        lines = {"x": line("logits", index, size), "t": line("y_true", index, size)}
        rows = Rows("class", lines, columns, ("exp", "p", "t", "-t log p"), "cross-entropy by class")
        return Formula(text, {**row("t", "y_true", index, size), **row("x", "logits", index, size)}, SHIFT_NOTE, rows)
    j, lead = index[-1], index[:-1]
    cells = {"dy": ("dy", lead), f"p{j}": ("p", index), **row("t", "y_true", lead, size)}
    rows = jacobian_rows({"t": line("y_true", lead, size), "p": line("p", lead, size)}, "t", j)
    return Formula(f"dy * (p{j} * {whole} - t{j})", cells, "dy (p - t) where the targets sum to 1", rows)


softmax_cross_entropy = define(
    "softmax_cross_entropy",
    "loss",
    "y_true logits",
    extra="p",
    gradients="logits",
    saves="y_true p",
    shape=with_probabilities,
    forward=lambda t, z, **_: (-(t * log_softmax(z)).sum(-1), softmax(z)),
    backward=lambda dy, t, p, **_: (dy[..., None] * (p * t.sum(-1, keepdims=True) - t),),
    explain=softmax_explain,
    formula="y = -sum_k t_k log p_k, with p = softmax(x)",
    grad_formula="dx_j = dy (p_j sum_k t_k - t_j)",
    cases=(
        *(Case((s, s), draw=("one_hot", "normal")) for s in CLASS_SHAPES),
        Case(((4, 3), (4, 3)), draw=("unit", "normal")),
    ),
    source="Bridle, Training stochastic model recognition algorithms as networks, 1990",
)


def sparse_forward(labels: Any, z: Any, **_: Any) -> tuple[Any, ...]:
    t = one_hot(labels, z, "sparse_softmax_cross_entropy")
    return -np.where(t == 1, log_softmax(z), 0).sum(-1), softmax(z)


def sparse_backward(dy: Any, labels: Any, p: Any, **_: Any) -> tuple[Any, ...]:
    return (dy[..., None] * (p - one_hot(labels, p, "sparse_softmax_cross_entropy")),)


def sparse_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    size = shapes[1][-1]
    if target == "p":
        return explain_probability(index, size)
    truth = "where(k == label, 1, 0)"
    if target == "y":
        top, total = shifted_exponentials(size)
        text = f"{top} + log({total}) - (z := [{', '.join(names('x', size))}][int(label)])"
        columns = (*SOFTMAX_COLUMNS, ("t", truth), ("-log p", "log(s) - (x - m)"))
        rows = Rows("class", {"x": line("logits", index, size)}, columns, ("exp", "p"), "cross-entropy by class")
        return Formula(text, {"label": ("labels", index), **row("x", "logits", index, size)}, SHIFT_NOTE, rows)
    j = index[-1]
    cells = {"dy": ("dy", index[:-1]), f"p{j}": ("p", index), "label": ("labels", index[:-1])}
    rows = jacobian_rows({"p": line("p", index[:-1], size)}, truth, j)
    return Formula(f"dy * (p{j} - float(label == {j}))", cells, "dy (p - t): t is 1 at the label", rows)


sparse_softmax_cross_entropy = define(
    "sparse_softmax_cross_entropy",
    "loss",
    "labels logits",
    extra="p",
    dtypes={"labels": "int32"},
    gradients="logits",
    saves="labels p",
    shape=with_label_probabilities,
    forward=sparse_forward,
    backward=sparse_backward,
    explain=sparse_explain,
    formula="y = -log p_label, with p = softmax(x)",
    grad_formula="dx_j = dy (p_j - [j = label])",
    cases=tuple(Case((s[:-1], s), draw=(f"labels:{s[-1]}", "normal")) for s in CLASS_SHAPES),
)


def sigmoid(z: Any) -> Any:
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


sigmoid_cross_entropy = define_pairs(
    "sigmoid_cross_entropy",
    True,
    "max({o}, 0) - {o} * {t} + log(1 + exp(-abs({o})))",
    "dy * (1 / (1 + exp(-{o})) - {t}){n}",
    note="the same as -t log s - (1 - t) log(1 - s) with s = sigmoid(o), without overflow",
    inputs="y_true logits",
    forward=lambda t, z, **_: (np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))).mean(-1),
    backward=lambda dy, t, z, **_: (dy[..., None] * (sigmoid(z) - t) / z.shape[-1],),
    formula="y = 1/n sum (max(x, 0) - x t + log(1 + exp(-|x|)))",
    grad_formula="dx = dy (sigmoid(x) - t) / n",
    cases=tuple(Case((s, s), draw=("binary", "normal")) for s in PAIR_SHAPES),
)

perceptron_loss = define_pairs(
    "perceptron_loss",
    False,
    "(float({o} >= 0) - {t}) * {o}",
    "dy * (float({o} >= 0) - {t})",
    note="0 where the threshold unit is right; its slope is the perceptron rule's error yhat - y",
    inputs="y_true logits",
    forward=lambda t, z, **_: (((z >= 0) - t) * z).sum(-1),
    backward=lambda dy, t, z, **_: (dy[..., None] * ((z >= 0) - t),),
    formula="y = sum (yhat - t) x, with yhat = 1 where x >= 0, otherwise 0",
    grad_formula="dx = dy (yhat - t)",
    cases=tuple(Case((s, s), draw=("binary", "normal")) for s in PAIR_SHAPES),
    source="Rosenblatt, Principles of neurodynamics, 1962",
)
