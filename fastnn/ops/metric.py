"""Accuracies: 1 for a sample that was predicted right, 0 for one that was not."""

from __future__ import annotations

from typing import Any

from fastnn.ops.loss import BINARY_CASES, CLASS_SHAPES, LABEL_CASES, added, names, per_label, per_sample, row
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index


def first_largest(letter: str, size: int) -> str:
    """How to write the position of a row's maximum, the first one on ties."""
    cells = ", ".join(names(letter, size))
    return f"[{cells}].index(max({cells}))" if size > 1 else "0"


def binary_explain(target: str, index: Index, shapes: Any, threshold: float) -> Formula:
    size = shapes[1][-1]
    text = added([f"float(t{k} == float(p{k} > {threshold}))" for k in range(size)])
    cells = {**row("t", "y_true", index, size), **row("p", "y_pred", index, size)}
    return Formula(f"({text}) / {size}" if size > 1 else text, cells)


def categorical_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    size = shapes[1][-1]
    cells = {**row("t", "y_true", index, size), **row("p", "y_pred", index, size)}
    return Formula(f"float({first_largest('t', size)} == {first_largest('p', size)})", cells, "first one on ties")


def sparse_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    size = shapes[1][-1]
    cells = {"label": ("labels", index), **row("p", "y_pred", index, size)}
    return Formula(f"float(label == {first_largest('p', size)})", cells, "first one on ties")


binary_accuracy = define(
    "binary_accuracy",
    "metric",
    "y_true y_pred",
    attrs={"threshold": 0.5},
    shape=per_sample,
    forward=lambda t, p, threshold: (t == (p > threshold)).mean(-1, dtype=p.dtype),
    explain=binary_explain,
    formula="y = share of places where t = [p > threshold]",
    cases=(*BINARY_CASES, Case(((3, 5), (3, 5)), {"threshold": 0.2}, ("binary", "unit"))),
)
categorical_accuracy = define(
    "categorical_accuracy",
    "metric",
    "y_true y_pred",
    shape=per_sample,
    forward=lambda t, p, **_: (t.argmax(-1) == p.argmax(-1)).astype(p.dtype),
    explain=categorical_explain,
    formula="y = [argmax t = argmax p]",
    cases=tuple(Case((s, s), draw=("one_hot", "distinct")) for s in CLASS_SHAPES),
)
sparse_categorical_accuracy = define(
    "sparse_categorical_accuracy",
    "metric",
    "labels y_pred",
    dtypes={"labels": "int32"},
    shape=per_label,
    forward=lambda labels, p, **_: (labels == p.argmax(-1)).astype(p.dtype),
    explain=sparse_explain,
    formula="y = [label = argmax p]",
    cases=LABEL_CASES,
)
