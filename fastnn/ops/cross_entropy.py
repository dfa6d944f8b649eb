"""Losses fused with softmax, sigmoid or a threshold: stable for logits of any size, and p - y as their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.loss import CLASS_SHAPES, PAIR_SHAPES, added, define_pairs, names, one_hot, per_label, per_sample, row
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Shape

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
    """How to write the largest logit (naming it m) and the sum of all exp(x - m)."""
    top = f"max({', '.join(names('x', size))})" if size > 1 else "x0"
    return f"(m := {top})", added([f"exp(x{k} - m)" for k in range(size)])


def explain_probability(index: Index, size: int) -> Formula:
    top, total = shifted_exponentials(size)
    cells = row("x", "logits", index[:-1], size)
    return Formula(f"exp(x{index[-1]} - {top}) / ({total})", cells, SHIFT_NOTE)


def softmax_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    size = shapes[1][-1]
    if target == "p":
        return explain_probability(index, size)
    if target == "y":
        top, total = shifted_exponentials(size)
        dot = added([f"t{k} * x{k}" for k in range(size)])
        text = f"({added(names('t', size))}) * ({top} + log({total})) - ({dot})"
        return Formula(text, {**row("t", "y_true", index, size), **row("x", "logits", index, size)}, SHIFT_NOTE)
    j = index[-1]
    cells = {"dy": ("dy", index[:-1]), f"p{j}": ("p", index), **row("t", "y_true", index[:-1], size)}
    return Formula(f"dy * (p{j} * ({added(names('t', size))}) - t{j})", cells, "p - t where the targets sum to 1")


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
    if target == "y":
        top, total = shifted_exponentials(size)
        text = f"{top} + log({total}) - [{', '.join(names('x', size))}][int(label)]"
        return Formula(text, {"label": ("labels", index), **row("x", "logits", index, size)}, SHIFT_NOTE)
    cells = {"dy": ("dy", index[:-1]), "p": ("p", index), "label": ("labels", index[:-1])}
    return Formula(f"dy * (p - float(label == {index[-1]}))", cells)


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
