"""Update rules: how weights and the optimizer's memory change; each output may overwrite its input.

The formulas are those of Keras 3's optimizers of the same names.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Formula, Index, Shape

SCALARS = ("learning_rate", "step")
WEIGHT_SHAPES: tuple[Shape, ...] = ((3, 5), (7,), (), (2, 3, 1, 4), (0, 2), (1031,))
DRAWS = {"step": "step", "learning_rate": "unit", "velocity": "positive", "v": "positive", "average": "unit"}


def alike(inputs: str, outputs: str) -> Callable[..., tuple[Shape, ...]]:
    """Shape rule: weights, gradient and memory of one shape, scalars of shape ()."""

    def shape(w: Shape, *others: Shape, **_: Any) -> tuple[Shape, ...]:
        for role, given in zip(inputs.split()[1:], others, strict=True):
            expected = () if role in SCALARS else w
            if given != expected:
                raise ShapeError(f"expected {role} of shape {expected}, received {given}.")
        return (w,) * len(outputs.split())

    return shape


def explain_cells(inputs: str, formula: Callable[..., dict[str, str]], note: str) -> Callable[..., Formula]:
    """Explanation from `formula(**attrs)`: one text per output, whose names are input roles."""

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        text = formula(**attrs)[target]
        words = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
        cells = {role: (role, () if role in SCALARS else index) for role in inputs.split() if role in words}
        return Formula(text, cells, note)

    return explain


def define_update(name: str, inputs: str, state: str, texts: Callable[..., dict[str, str]], **fields: Any) -> Op:
    """An update of the roles in `state`, each overwritten by its `_new`, with one case per shape and attribute set."""
    outputs = " ".join(f"{role}_new" for role in state.split())
    variants = fields.pop("variants", ({},))
    draw = tuple(DRAWS.get(role, "normal") for role in inputs.split())
    cases = [
        Case(tuple(() if r in SCALARS else s for r in inputs.split()), variant, draw)
        for s in WEIGHT_SHAPES
        for variant in variants
    ]
    return define(
        name,
        "update",
        inputs,
        outputs=outputs,
        in_place={f"{role}_new": role for role in state.split()},
        shape=alike(inputs, outputs),
        explain=explain_cells(inputs, texts, fields.pop("note", "")),
        cases=tuple(cases),
        **{"dtypes": {"step": "int64"} if "step" in inputs.split() else {}, **fields},
    )


def assign_shape(variable: Shape, value: Shape) -> tuple[Shape, ...]:
    if variable != value:
        raise ShapeError(f"expected a value of shape {variable}, received {value}.")
    return (variable,)


assign = define(
    "assign",
    "update",
    "variable value",
    outputs="variable_new",
    in_place={"variable_new": "variable"},
    shape=assign_shape,
    forward=lambda variable, value: value,
    formula="variable = value",
    explain=lambda target, index, shapes: Formula("value", {"value": ("value", index)}),
    integer=True,
    cases=tuple(Case((s, s)) for s in WEIGHT_SHAPES),
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
sgd = define_update(
    "sgd",
    "w g learning_rate",
    "w",
    lambda **_: {"w_new": "w - learning_rate * g"},
    forward=lambda w, g, learning_rate, **_: w - learning_rate * g,
    formula="w_new = w - learning_rate g",
    source="Robbins and Monro, A stochastic approximation method, 1951",
)


def momentum_forward(w: Any, g: Any, velocity: Any, learning_rate: Any, momentum: float, nesterov: bool) -> Any:
    velocity = momentum * velocity - learning_rate * g
    return w + (momentum * velocity - learning_rate * g if nesterov else velocity), velocity


def momentum_texts(momentum: float, nesterov: bool) -> dict[str, str]:
    velocity = f"{momentum} * velocity - learning_rate * g"
    ahead = f"{momentum} * (velocity_new := {velocity}) - learning_rate * g"
    return {"w_new": f"w + {ahead if nesterov else f'(velocity_new := {velocity})'}", "velocity_new": velocity}


momentum = define_update(
    "momentum",
    "w g velocity learning_rate",
    "w velocity",
    momentum_texts,
    attrs={"momentum": 0.9, "nesterov": False},
    forward=momentum_forward,
    formula="velocity_new = momentum velocity - learning_rate g; w_new = w + velocity_new, "
    "with Nesterov w + momentum velocity_new - learning_rate g",
    variants=({}, {"momentum": 0.5, "nesterov": True}),
    source="Polyak, Some methods of speeding up the convergence of iteration methods, 1964; Sutskever and others, 2013",
)


def adam_forward(
    w: Any, g: Any, m: Any, v: Any, learning_rate: Any, step: Any, beta_1: float, beta_2: float, epsilon: float
) -> Any:
    t = int(step) + 1
    alpha = float(learning_rate) * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    m = m + (g - m) * (1 - beta_1)
    v = v + (g * g - v) * (1 - beta_2)
    return w - m * alpha / (np.sqrt(v) + epsilon), m, v


def adam_means(beta_1: float, beta_2: float) -> tuple[str, str]:
    """What becomes of the running means of the gradient and of its square."""
    return f"m + (g - m) * (1 - {beta_1})", f"v + (g**2 - v) * (1 - {beta_2})"


def adam_texts(beta_1: float, beta_2: float, epsilon: float) -> dict[str, str]:
    m, v = adam_means(beta_1, beta_2)
    m_hat = f"(m_hat := (m_new := {m}) / (1 - {beta_1}**(t := step + 1)))"
    v_hat = f"(v_hat := (v_new := {v}) / (correction := 1 - {beta_2}**t))"
    change = f"learning_rate * {m_hat} / (sqrt({v_hat}) + {epsilon} / sqrt(correction))"
    return {"w_new": f"w - (change := {change})", "m_new": m, "v_new": v}


adam = define_update(
    "adam",
    "w g m v learning_rate step",
    "w m v",
    adam_texts,
    note="m_hat and v_hat make up for m and v having started at 0; epsilon is that of Keras, behind the correction",
    attrs={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    forward=adam_forward,
    formula="m_new = m + (g - m)(1 - beta_1); v_new = v + (g^2 - v)(1 - beta_2); "
    "w_new = w - learning_rate m_hat / (sqrt(v_hat) + epsilon / sqrt(1 - beta_2^t)), "
    "m_hat = m_new / (1 - beta_1^t), v_hat = v_new / (1 - beta_2^t), t = step + 1",
    variants=({}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}),
    source="Kingma and Ba, Adam: a method for stochastic optimization, 2015",
)


def rms_velocity(g: Any, velocity: Any, rho: float) -> Any:
    return rho * velocity + (1 - rho) * g * g


def rmsprop_forward(w: Any, g: Any, velocity: Any, learning_rate: Any, rho: float, epsilon: float) -> Any:
    velocity = rms_velocity(g, velocity, rho)
    return w - learning_rate * g / np.sqrt(velocity + epsilon), velocity


def rmsprop_texts(rho: float, epsilon: float, **_: Any) -> dict[str, str]:
    velocity = f"{rho} * velocity + (1 - {rho}) * g**2"
    change = f"learning_rate * g / sqrt((velocity_new := {velocity}) + {epsilon})"
    return {"w_new": f"w - (change := {change})", "velocity_new": velocity}


rmsprop = define_update(
    "rmsprop",
    "w g velocity learning_rate",
    "w velocity",
    rmsprop_texts,
    attrs={"rho": 0.9, "epsilon": 1e-7},
    forward=rmsprop_forward,
    formula="velocity_new = rho velocity + (1 - rho) g^2; w_new = w - learning_rate g / sqrt(velocity_new + epsilon)",
    variants=({}, {"rho": 0.5, "epsilon": 0.01}),
    source="Hinton, Neural networks for machine learning, lecture 6, 2012",
)


def rmsprop_momentum_forward(
    w: Any, g: Any, velocity: Any, moment: Any, learning_rate: Any, rho: float, epsilon: float, momentum: float
) -> Any:
    velocity = rms_velocity(g, velocity, rho)
    moment = momentum * moment + learning_rate * g / np.sqrt(velocity + epsilon)
    return w - moment, velocity, moment


def rmsprop_momentum_texts(rho: float, epsilon: float, momentum: float) -> dict[str, str]:
    velocity = f"{rho} * velocity + (1 - {rho}) * g**2"
    moment = f"{momentum} * moment + learning_rate * g / sqrt((velocity_new := {velocity}) + {epsilon})"
    return {"w_new": f"w - (moment_new := {moment})", "velocity_new": velocity, "moment_new": moment}


rmsprop_momentum = define_update(
    "rmsprop_momentum",
    "w g velocity moment learning_rate",
    "w velocity moment",
    rmsprop_momentum_texts,
    attrs={"rho": 0.9, "epsilon": 1e-7, "momentum": 0.9},
    forward=rmsprop_momentum_forward,
    formula="velocity_new = rho velocity + (1 - rho) g^2; w_new = w - moment_new, "
    "moment_new = momentum moment + learning_rate g / sqrt(velocity_new + epsilon)",
    variants=({}, {"rho": 0.5, "epsilon": 0.01, "momentum": 0.0}),
    source="Hinton, Neural networks for machine learning, lecture 6, 2012",
)


def rmsprop_centered_forward(
    w: Any,
    g: Any,
    velocity: Any,
    average: Any,
    moment: Any,
    learning_rate: Any,
    rho: float,
    epsilon: float,
    momentum: float,
) -> Any:
    velocity = rms_velocity(g, velocity, rho)
    average = rho * average + (1 - rho) * g
    moment = momentum * moment + learning_rate * g / np.sqrt(velocity - average * average + epsilon)
    return w - moment, velocity, average, moment


def rmsprop_centered_texts(rho: float, epsilon: float, momentum: float) -> dict[str, str]:
    velocity, average = f"{rho} * velocity + (1 - {rho}) * g**2", f"{rho} * average + (1 - {rho}) * g"
    root = f"sqrt((velocity_new := {velocity}) - (average_new := {average})**2 + {epsilon})"
    moment = f"{momentum} * moment + learning_rate * g / {root}"
    return {
        "w_new": f"w - (moment_new := {moment})",
        "velocity_new": velocity,
        "average_new": average,
        "moment_new": moment,
    }


rmsprop_centered = define_update(
    "rmsprop_centered",
    "w g velocity average moment learning_rate",
    "w velocity average moment",
    rmsprop_centered_texts,
    note="velocity - average**2 is the gradient's variance",
    attrs={"rho": 0.9, "epsilon": 1e-7, "momentum": 0.0},
    forward=rmsprop_centered_forward,
    formula="velocity_new = rho velocity + (1 - rho) g^2; average_new = rho average + (1 - rho) g; "
    "w_new = w - moment_new, "
    "moment_new = momentum moment + learning_rate g / sqrt(velocity_new - average_new^2 + epsilon)",
    variants=({"epsilon": 1.0}, {"rho": 0.5, "epsilon": 2.0, "momentum": 0.9}),
    source="Graves, Generating sequences with recurrent neural networks, 2013",
)
