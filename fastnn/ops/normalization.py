"""Numbers brought to mean 0 and variance 1 over groups of cells; responses damped by their neighbours."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fastnn.errors import GraphError, ShapeError
from fastnn.ops.reduction import count_of, group, reduced_shape, result_cell, some_shape
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, grid

Axis = int | tuple[int, ...] | None


def beside(values: Any, x: Shape, axis: Axis) -> Any:
    """One number per group, shaped so that it broadcasts against x."""
    return values.reshape(reduced_shape(x, axis, keepdims=True))


def standardize_shape(x: Shape, axis: Axis, epsilon: float) -> tuple[Shape, ...]:
    if epsilon < 0:
        raise GraphError(f"expected epsilon to be 0 or larger, received {epsilon}.", operation="standardize")
    return (x, *some_shape(x, axis) * 3)


def standardize_forward(x: Any, axis: Axis, epsilon: float) -> tuple[Any, ...]:
    mean = np.asarray(x.mean(axis), x.dtype)
    variance = np.asarray(np.square(x - beside(mean, x.shape, axis)).mean(axis), x.dtype)
    inverse = np.asarray(1 / np.sqrt(variance + epsilon), x.dtype)
    y = (x - beside(mean, x.shape, axis)) * beside(inverse, x.shape, axis)
    return np.asarray(y, x.dtype), mean, variance, inverse


def standardize_backward(
    dy: Any, dmean: Any, dvariance: Any, y: Any, inverse: Any, shapes: Any, axis: Axis, **_: Any
) -> tuple[Any, ...]:
    shape, count = shapes[0], count_of(shapes[0], axis)
    level, tilt = np.asarray(dy.mean(axis)), np.asarray((dy * y).mean(axis))
    inverse, dm, dv, a, b = (beside(v, shape, axis) for v in (inverse, dmean, dvariance, level, tilt))
    dx = inverse * (dy - a - y * b) + (dm + 2 * dv * y / inverse) / count
    return np.asarray(dx, dy.dtype), level, tilt


def standardize_explain(target: str, index: Index, shapes: Any, axis: Axis, epsilon: float) -> Expression:
    x = shapes[0]
    count = count_of(x, axis)
    if target in ("y", "dx"):
        cell = result_cell(index, x, axis, keepdims=False)
        inner = {"inverse_deviation": ("inverse_deviation", cell)}
        if target == "y":
            return Formula("(x - mean) * inverse_deviation", {"x": ("x", index), "mean": ("mean", cell), **inner})
        return Formula(
            "inverse_deviation * (dy - dy_mean - (slope := y * dyy_mean))"
            f" + (through := (dmean + 2 * dvariance * y / inverse_deviation) / {count})",
            {
                **{role: (role, index) for role in ("dy", "y")},
                **{role: (role, cell) for role in ("dy_mean", "dyy_mean", "dmean", "dvariance")},
                **inner,
            },
            "the mean and the slope that the statistics take away, and what came back through them",
        )
    if target == "inverse_deviation":
        return Formula(f"1 / sqrt(variance + {epsilon})", {"variance": ("variance", index)})
    cells = group(index, x, axis, keepdims=False)
    if target == "variance":
        means = np.broadcast_to(np.asarray([index], np.int64), (len(cells), len(index)))
        return Sum((("x", cells), ("mean", means)), scale=1 / count, term="(x - mean) ** 2")
    factors: dict[str, tuple[tuple[str, Any], ...]] = {
        "mean": (("x", cells),),
        "dy_mean": (("dy", cells),),
        "dyy_mean": (("dy", cells), ("y", cells)),
    }
    return Sum(factors[target], scale=1 / count)


standardize = define(
    "standardize",
    "normalization",
    "x",
    attrs={"axis": None, "epsilon": 1e-3},
    outputs="y mean variance",
    extra="inverse_deviation",
    intermediates="inverse_deviation",
    saves="y inverse_deviation",
    backward_extra="dy_mean dyy_mean",
    backward_shape=lambda x, axis, **_: some_shape(x, axis) * 2,
    shape=standardize_shape,
    forward=standardize_forward,
    backward=standardize_backward,
    explain=standardize_explain,
    formula="y = (x - mean) / sqrt(variance + epsilon), mean and variance of x along the axes",
    grad_formula="dx = (dy - mean of dy - y mean of dy y) / deviation + (dmean + 2 dvariance (x - mean)) / n",
    cases=(
        Case(((5, 3),), {"axis": 0}),
        Case(((4, 7),), {"axis": -1, "epsilon": 1e-5}),
        Case(((3, 2, 5, 4),), {"axis": (0, 1, 2)}),
        Case(((3, 4, 2, 5),), {"axis": (0, 2, 3)}),
        Case(((2, 3, 4, 5),), {"axis": (1, 3), "epsilon": 0.1}),
        Case(((2, 3, 4, 5),), {"axis": (0, 2)}),
        Case(((3, 37),), {"axis": 0}),
        Case(((2, 2, 17),), {"axis": (1, 2)}),
        Case(((1, 4),), {"axis": 0}),
        Case(((3, 2),)),
        Case(((3, 0, 2),), {"axis": 0}),
    ),
    bench=(Case(((64, 28, 28, 32),), {"axis": (0, 1, 2)}), Case(((4096, 512),), {"axis": -1})),
    source="Ioffe and Szegedy, Batch normalization, 2015; Ba, Kiros and Hinton, Layer normalization, 2016",
)


# ---------------------------------------------------------------- with statistics that are known


def channel_shape(x: Shape, axis: int) -> Shape:
    """The shape of one number per place of the axis that lines up with x."""
    return tuple(n if d == axis % len(x) else 1 for d, n in enumerate(x))


def known_shape(x: Shape, *parts: Shape | None, axis: int, epsilon: float) -> tuple[Shape, ...]:
    if not -len(x) <= axis < len(x):
        raise ShapeError(f"expected an axis of an array of rank {len(x)}, received {axis}.")
    if any(part is not None and part != (x[axis],) for part in parts):
        raise ShapeError(f"expected {x[axis]} numbers of each kind, as many as x has along axis {axis}.")
    return (x,)


def known_forward(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, axis: int, epsilon: float) -> Any:
    shape = channel_shape(x.shape, axis)
    factor = 1 / np.sqrt(variance + epsilon) * (1 if gamma is None else gamma)
    y = (x - mean.reshape(shape)) * factor.reshape(shape)
    return np.asarray(y if beta is None else y + beta.reshape(shape), x.dtype)


def known_backward(
    dy: Any, x: Any, mean: Any, variance: Any, gamma: Any, shapes: Any, axis: int, epsilon: float
) -> tuple[Any, ...]:
    shape = channel_shape(shapes[0], axis)
    rest = tuple(d for d, n in enumerate(shapes[0]) if d != axis % len(shape))
    inverse, scale = 1 / np.sqrt(variance + epsilon), 1 if gamma is None else gamma
    level, tilt = dy.sum(rest), (dy * (x - mean.reshape(shape))).sum(rest)
    factor = inverse * scale
    found = (dy * factor.reshape(shape), -factor * level, -0.5 * scale * inverse**3 * tilt, inverse * tilt, level)
    return tuple(None if shapes[k] is None else np.asarray(d, dy.dtype) for k, d in enumerate(found))


def known_explain(target: str, index: Index, shapes: Any, axis: int, epsilon: float) -> Expression:
    scaled, centred = shapes[3] is not None, shapes[4] is not None
    deviation = f"sqrt(variance + {epsilon!r})"
    if target in ("y", "dx"):
        cell = (index[axis],)
        roles = ["variance"] + ["gamma"] * scaled + (["mean"] + ["beta"] * centred if target == "y" else [])
        numbers = {role: (role, cell) for role in roles}
        if target == "dx":
            return Formula(f"dy / {deviation}{' * gamma' * scaled}", {"dy": ("dy", index), **numbers})
        return Formula(
            f"(x - mean) / {deviation}{' * gamma' * scaled}{' + beta' * centred}", {"x": ("x", index), **numbers}
        )
    place = axis % len(shapes[0])
    cells = grid(*(index[0] if d == place else range(n) for d, n in enumerate(shapes[0])))
    term = {
        "dmean": f"-dy / {deviation}{' * gamma' * scaled}",
        "dvariance": f"-dy * (x - mean) / (2 * {deviation} ** 3){' * gamma' * scaled}",
        "dgamma": f"dy * (x - mean) / {deviation}",
        "dbeta": "dy",
    }[target]
    used = [role for role in ("dy", "x", "mean", "variance", "gamma") if re.search(rf"\b{role}\b", term)]
    channel = np.full((len(cells), 1), index[0], np.int64)
    return Sum(tuple((role, cells if role in ("dy", "x") else channel) for role in used), term=term)


standardize_with = define(
    "standardize_with",
    "normalization",
    "x mean variance gamma beta",
    attrs={"axis": -1, "epsilon": 1e-3},
    optional="gamma beta",
    saves="x mean variance gamma",
    shape=known_shape,
    forward=known_forward,
    backward=known_backward,
    explain=known_explain,
    formula="y = (x - mean) / sqrt(variance + epsilon) gamma + beta, one number of each per place of the axis",
    grad_formula="dx = dy gamma / deviation; dmean = -sum of dx; dvariance = -sum of dx (x - mean) / (2 deviation^2); "
    "dgamma = sum of dy (x - mean) / deviation; dbeta = sum of dy",
    cases=tuple(
        Case((x, c, c, gamma, beta), {"axis": axis, "epsilon": 0.01}, ("normal", "normal", "positive"))
        for x, c, gamma, beta, axis in (
            ((5, 3), (3,), (3,), (3,), -1),
            ((2, 3, 5, 4), (4,), (4,), None, 3),
            ((3, 4, 2, 5), (4,), None, (4,), 1),
            ((4, 33), (33,), None, None, -1),
            ((3, 2, 2), (3,), (3,), (3,), 0),
            ((7,), (7,), (7,), (7,), 0),
            ((0, 3), (3,), (3,), (3,), 1),
        )
    ),
    bench=(
        Case(((64, 28, 28, 32), (32,), (32,), (32,), (32,)), draw=("normal", "normal", "positive", "normal", "normal")),
    ),
    source="Ioffe and Szegedy, Batch normalization, 2015",
)


# ---------------------------------------------------------------- statistics that move on


def moving_average_shape(average: Shape, value: Shape, momentum: float) -> tuple[Shape, ...]:
    if average != value:
        raise ShapeError("expected average and value of equal shapes.")
    return (average,)


def moving_average_explain(target: str, index: Index, shapes: Any, momentum: float) -> Formula:
    if target == "y":
        cells = {"average": ("average", index), "value": ("value", index)}
        return Formula(f"average * {momentum!r} + value * (1 - {momentum!r})", cells)
    part = f"{momentum!r}" if target == "daverage" else f"(1 - {momentum!r})"
    return Formula(f"dy * {part}", {"dy": ("dy", index)})


moving_average = define(
    "moving_average",
    "elementwise",
    "average value",
    attrs={"momentum": 0.99},
    shape=moving_average_shape,
    forward=lambda average, value, momentum: np.asarray(average * momentum + value * (1 - momentum), average.dtype),
    backward=lambda dy, momentum, **_: (
        np.asarray(dy * momentum, dy.dtype),
        np.asarray(dy * (1 - momentum), dy.dtype),
    ),
    explain=moving_average_explain,
    formula="y = average momentum + value (1 - momentum)",
    grad_formula="daverage = dy momentum; dvalue = dy (1 - momentum)",
    cases=(
        Case(((5,), (5,))),
        Case(((2, 3), (2, 3)), {"momentum": 0.5}),
        Case(((), ()), {"momentum": 0.0}),
        Case(((33,), (33,)), {"momentum": 1.0}),
        Case(((0,), (0,))),
    ),
)


# ---------------------------------------------------------------- neighbouring channels


def neighbours(x: Any, radius: int) -> Any:
    """Of every cell the sum over the cells at most `radius` away along the last axis."""
    if x.shape[-1] == 0:
        return x
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(radius, radius)])
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, -1).sum(-1)


def damped_shape(x: Shape, depth_radius: int, **_: Any) -> tuple[Shape, ...]:
    if not x:
        raise ShapeError("expected an axis of channels.")
    if depth_radius < 0:
        raise GraphError(
            f"expected depth_radius to be 0 or larger, received {depth_radius}.",
            operation="local_response_normalization",
        )
    return (x, x)


def damped_forward(x: Any, depth_radius: int, bias: float, alpha: float, beta: float) -> tuple[Any, ...]:
    base = bias + alpha * neighbours(np.square(x), min(depth_radius, x.shape[-1]))
    return np.asarray(x * base**-beta, x.dtype), np.asarray(base, x.dtype)


def damped_backward(
    dy: Any, x: Any, base: Any, shapes: Any, depth_radius: int, alpha: float, beta: float, **_: Any
) -> tuple[Any, ...]:
    mixed = neighbours(dy * x * base ** (-beta - 1), min(depth_radius, x.shape[-1]))
    return (np.asarray(dy * base**-beta - 2 * alpha * beta * x * mixed, dy.dtype),)


def damped_explain(
    target: str, index: Index, shapes: Any, depth_radius: int, bias: float, alpha: float, beta: float
) -> Formula:
    place = index[-1]
    near = range(max(place - depth_radius, 0), min(place + depth_radius + 1, shapes[0][-1]))

    def cells(role: str) -> dict[str, tuple[str, Index]]:
        return {f"{role}{k}": (role, (*index[:-1], k)) for k in near}

    if target == "base":
        return Formula(f"{bias!r} + {alpha!r} * ({' + '.join(f'x{k} ** 2' for k in near)})", cells("x"))
    if target == "y":
        return Formula(f"x * base ** -{beta!r}", {"x": ("x", index), "base": ("base", index)})
    mixed = " + ".join(f"dy{k} * x{k} * base{k} ** -{beta + 1!r}" for k in near)
    text = f"dy{place} * base{place} ** -{beta!r} - {2 * alpha * beta!r} * x{place} * ({mixed})"
    return Formula(text, {**cells("dy"), **cells("x"), **cells("base")})


local_response_normalization = define(
    "local_response_normalization",
    "normalization",
    "x",
    attrs={"depth_radius": 5, "bias": 1.0, "alpha": 1.0, "beta": 0.5},
    extra="base",
    intermediates="base",
    saves="x base",
    shape=damped_shape,
    forward=damped_forward,
    backward=damped_backward,
    explain=damped_explain,
    formula="y = x / base^beta, base = bias + alpha (sum of x^2 over the channels at most depth_radius away)",
    grad_formula="dx = dy / base^beta - 2 alpha beta x (sum over the neighbours of dy x / base^(beta + 1))",
    cases=(
        Case(((2, 3, 2, 7),), {"depth_radius": 2, "bias": 2.0, "alpha": 1e-2, "beta": 0.75}),
        Case(((3, 20),)),
        Case(((4,),), {"depth_radius": 1}),
        Case(((2, 1),), {"depth_radius": 0, "beta": 1.0}),
        Case(((2, 3),), {"depth_radius": 9}),
        Case(((0, 4),)),
        Case(((3, 0),)),
    ),
    source="Krizhevsky, Sutskever and Hinton, ImageNet classification with deep neural networks, 2012",
)
