"""Update rules: how weights and the optimizer's memory change; each output may overwrite its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Shape

SCALARS = ("learning_rate", "step")


def alike(*roles: str) -> Callable[..., tuple[Shape, ...]]:
    """Shape rule: w, g and the memory of one shape, scalars of shape (); one output per role that changes."""
    names = roles[0].split(), roles[1].split()

    def shape(*shapes: Shape | None, **_: Any) -> tuple[Shape, ...]:
        w = shapes[0]
        for role, given in zip(names[0], shapes, strict=True):
            expected = () if role in SCALARS else w
            if given is not None and given != expected:
                raise ShapeError(f"expected {role} of shape {expected}, received {given}.")
        assert w is not None
        return (w,) * len(names[1])

    return shape


def cellwise(texts: dict[str, str], note: str = "") -> Callable[..., Formula]:
    """Explanation of an update from one formula per output; a name in the formula is the input of that role."""

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        text, roles = texts[target].format(**attrs), ("w", "g", *SCALARS)
        return Formula(text, {r: (r, () if r in SCALARS else index) for r in roles if r in text.split()}, note)

    return explain


sgd = define(
    "sgd",
    "update",
    "w g learning_rate",
    outputs="w_new",
    in_place={"w_new": "w"},
    shape=alike("w g learning_rate", "w_new"),
    forward=lambda w, g, learning_rate, **_: w - learning_rate * g,
    formula="w_new = w - learning_rate g",
    explain=cellwise({"w_new": "w - learning_rate * g"}),
    cases=(Case(((3, 5), (3, 5), ())), Case(((7,), (7,), ())), Case(((), (), ())), Case(((0, 2), (0, 2), ()))),
    source="Robbins and Monro, A stochastic approximation method, 1951",
)
increment = define(
    "increment",
    "update",
    "step",
    outputs="step_new",
    in_place={"step_new": "step"},
    dtypes={"step": "int64", "step_new": "int64"},
    shape=alike("step", "step_new"),
    forward=lambda step, **_: np.asarray(step + 1),
    formula="step_new = step + 1",
    explain=lambda target, index, shapes, **_: Formula("step + 1", {"step": ("step", index)}),
    cases=(Case(((),), draw=("step",)),),
)
