"""Update rules that adapt the step of every weight to its past gradients, and decay of weights.

The formulas are those of Keras 3's optimizers of the same names.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.ops.terms import FUNCTIONS
from fastnn.ops.update import DRAWS, adam_means, define_update

DRAWS.update(accumulator="positive", v_hat="positive", u="positive", delta="positive")


decay = define_update(
    "decay",
    "w learning_rate",
    "w",
    lambda rate: {"w_new": f"w - w * {rate} * learning_rate"},
    attrs={"rate": 0.004},
    forward=lambda w, learning_rate, rate: w - w * rate * learning_rate,
    formula="w_new = w - w rate learning_rate",
    variants=({}, {"rate": 0.5}),
    source="Loshchilov and Hutter, Decoupled weight decay regularization, 2019",
)


def adam_amsgrad_forward(
    w: Any, g: Any, m: Any, v: Any, v_hat: Any, learning_rate: Any, step: Any, beta_1: float, beta_2: float,
    epsilon: float,
) -> Any:  # fmt: skip
    t = int(step) + 1
    alpha = float(learning_rate) * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    m = m + (g - m) * (1 - beta_1)
    v = v + (g * g - v) * (1 - beta_2)
    v_hat = np.maximum(v_hat, v)
    return w - m * alpha / (np.sqrt(v_hat) + epsilon), m, v, v_hat


def adam_amsgrad_texts(beta_1: float, beta_2: float, epsilon: float) -> dict[str, str]:
    m, v = adam_means(beta_1, beta_2)
    v_hat = f"max(v_hat, (v_new := {v}))"
    alpha = f"(alpha := learning_rate * sqrt(1 - {beta_2}**(t := step + 1)) / (1 - {beta_1}**t))"
    change = f"(m_new := {m}) * {alpha} / (sqrt((v_hat_new := {v_hat})) + {epsilon})"
    return {"w_new": f"w - (change := {change})", "m_new": m, "v_new": v, "v_hat_new": v_hat}


adam_amsgrad = define_update(
    "adam_amsgrad",
    "w g m v v_hat learning_rate step",
    "w m v v_hat",
    adam_amsgrad_texts,
    note="v_hat never shrinks, so steps do not grow again",
    attrs={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    forward=adam_amsgrad_forward,
    formula="as Adam, divided by sqrt(v_hat_new) + epsilon, v_hat_new = max(v_hat, v_new)",
    variants=({}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}),
    source="Reddi, Kale and Kumar, On the convergence of Adam and beyond, 2018",
)


def adagrad_forward(w: Any, g: Any, accumulator: Any, learning_rate: Any, epsilon: float) -> Any:
    accumulator = accumulator + g * g
    return w - learning_rate * g / np.sqrt(accumulator + epsilon), accumulator


def adagrad_texts(epsilon: float) -> dict[str, str]:
    accumulator = "accumulator + g**2"
    change = f"learning_rate * g / sqrt((accumulator_new := {accumulator}) + {epsilon})"
    return {"w_new": f"w - (change := {change})", "accumulator_new": accumulator}


adagrad = define_update(
    "adagrad",
    "w g accumulator learning_rate",
    "w accumulator",
    adagrad_texts,
    attrs={"epsilon": 1e-7},
    forward=adagrad_forward,
    formula="accumulator_new = accumulator + g^2; w_new = w - learning_rate g / sqrt(accumulator_new + epsilon)",
    variants=({}, {"epsilon": 0.01}),
    source="Duchi, Hazan and Singer, Adaptive subgradient methods, 2011",
)


def adadelta_forward(
    w: Any, g: Any, accumulator: Any, delta: Any, learning_rate: Any, rho: float, epsilon: float
) -> Any:
    accumulator = rho * accumulator + (1 - rho) * g * g
    change = -np.sqrt(delta + epsilon) / np.sqrt(accumulator + epsilon) * g
    return w + learning_rate * change, accumulator, rho * delta + (1 - rho) * change * change


def adadelta_texts(rho: float, epsilon: float) -> dict[str, str]:
    accumulator = f"{rho} * accumulator + (1 - {rho}) * g**2"
    change = f"(change := -sqrt(delta + {epsilon}) / sqrt((accumulator_new := {accumulator}) + {epsilon}) * g)"
    return {
        "w_new": f"w + learning_rate * {change}",
        "accumulator_new": accumulator,
        "delta_new": f"{rho} * delta + (1 - {rho}) * {change}**2",
    }


adadelta = define_update(
    "adadelta",
    "w g accumulator delta learning_rate",
    "w accumulator delta",
    adadelta_texts,
    note="delta is the mean of squared changes: steps have the units of the weights",
    attrs={"rho": 0.95, "epsilon": 1e-7},
    forward=adadelta_forward,
    formula="accumulator_new = rho accumulator + (1 - rho) g^2; c = -sqrt(delta + epsilon) g / "
    "sqrt(accumulator_new + epsilon); delta_new = rho delta + (1 - rho) c^2; w_new = w + learning_rate c",
    variants=({"epsilon": 0.01}, {"rho": 0.5, "epsilon": 0.1}),
    source="Zeiler, Adadelta: an adaptive learning rate method, 2012",
)


def adamax_forward(
    w: Any, g: Any, m: Any, u: Any, learning_rate: Any, step: Any, beta_1: float, beta_2: float, epsilon: float
) -> Any:
    m = m + (g - m) * (1 - beta_1)
    u = np.maximum(beta_2 * u, np.abs(g))
    alpha = float(learning_rate) / (1 - beta_1 ** (int(step) + 1))
    return w - alpha * m / (u + epsilon), m, u


def adamax_texts(beta_1: float, beta_2: float, epsilon: float) -> dict[str, str]:
    m, u = f"m + (g - m) * (1 - {beta_1})", f"max({beta_2} * u, abs(g))"
    m_hat = f"(m_hat := (m_new := {m}) / (1 - {beta_1}**(t := step + 1)))"
    change = f"learning_rate * {m_hat} / ((u_new := {u}) + {epsilon})"
    return {"w_new": f"w - (change := {change})", "m_new": m, "u_new": u}


adamax = define_update(
    "adamax",
    "w g m u learning_rate step",
    "w m u",
    adamax_texts,
    attrs={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    forward=adamax_forward,
    formula="m_new = m + (g - m)(1 - beta_1); u_new = max(beta_2 u, |g|); "
    "w_new = w - learning_rate m_new / ((1 - beta_1^t)(u_new + epsilon)), t = step + 1",
    variants=({}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}),
    source="Kingma and Ba, Adam: a method for stochastic optimization, 2015, section 7.1",
)


def nadam_schedule(step: int, beta_1: float) -> tuple[float, float, float]:
    """The momentum of this step and the next, and the product of all up to this one."""
    product = 1.0
    for t in range(1, step + 1):
        product *= beta_1 * (1 - 0.5 * 0.96**t)
        if product < 1e-300:
            break
    return beta_1 * (1 - 0.5 * 0.96**step), beta_1 * (1 - 0.5 * 0.96 ** (step + 1)), product


def nadam_m(step: float, beta_1: float) -> float:
    """The share of the mean of gradients in a step."""
    _, following, product = nadam_schedule(int(step), beta_1)
    return following / (1 - product * following)


def nadam_g(step: float, beta_1: float) -> float:
    """The share of the gradient itself in a step."""
    now, _, product = nadam_schedule(int(step), beta_1)
    return (1 - now) / (1 - product)


FUNCTIONS.update(nadam_m=nadam_m, nadam_g=nadam_g)


def nadam_forward(
    w: Any, g: Any, m: Any, v: Any, learning_rate: Any, step: Any, beta_1: float, beta_2: float, epsilon: float
) -> Any:
    t = int(step) + 1
    m = m + (g - m) * (1 - beta_1)
    v = v + (g * g - v) * (1 - beta_2)
    ahead = nadam_m(t, beta_1) * m + nadam_g(t, beta_1) * g
    return w - float(learning_rate) * ahead / (np.sqrt(v / (1 - beta_2**t)) + epsilon), m, v


def nadam_texts(beta_1: float, beta_2: float, epsilon: float) -> dict[str, str]:
    m, v = adam_means(beta_1, beta_2)
    ahead = f"(ahead := nadam_m((t := step + 1), {beta_1}) * (m_new := {m}) + nadam_g(t, {beta_1}) * g)"
    v_hat = f"(v_hat := (v_new := {v}) / (1 - {beta_2}**t))"
    return {"w_new": f"w - (change := learning_rate * {ahead} / (sqrt({v_hat}) + {epsilon}))", "m_new": m, "v_new": v}


nadam = define_update(
    "nadam",
    "w g m v learning_rate step",
    "w m v",
    nadam_texts,
    note="nadam_m and nadam_g are the shares of the momentum ahead and of the gradient",
    attrs={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    forward=nadam_forward,
    formula="as Adam, with Nesterov's momentum: m is looked at one step ahead",
    variants=({}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}),
    source="Dozat, Incorporating Nesterov momentum into Adam, 2016",
)


lion = define_update(
    "lion",
    "w g m learning_rate",
    "w m",
    lambda beta_1, beta_2: {
        "w_new": f"w - learning_rate * sign((ahead := {beta_1} * m + (1 - {beta_1}) * g))",
        "m_new": f"{beta_2} * m + (1 - {beta_2}) * g",
    },
    attrs={"beta_1": 0.9, "beta_2": 0.99},
    forward=lambda w, g, m, learning_rate, beta_1, beta_2: (
        w - learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g),
        beta_2 * m + (1 - beta_2) * g,
    ),
    formula="w_new = w - learning_rate sign(beta_1 m + (1 - beta_1) g); m_new = beta_2 m + (1 - beta_2) g",
    variants=({}, {"beta_1": 0.5, "beta_2": 0.7}),
    source="Chen and others, Symbolic discovery of optimization algorithms, 2023",
)
