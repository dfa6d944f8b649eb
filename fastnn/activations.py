"""Activation functions by name; they are operations, some of them with Keras' arguments in front."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from fastnn import ops
from fastnn.ops import (
    bipolar_sigmoid,
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    heaviside,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu6,
    saturating_linear,
    selu,
    sigmoid,
    sign,
    silu,
    soft_shrink,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from fastnn.ops import exp as exponential
from fastnn.ops.table import Op
from fastnn.utils.naming import did_you_mean
from fastnn.utils.registry import deserialize
from fastnn.utils.registry import serialize as serialize_any

__all__ = [
    "bipolar_sigmoid",
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "heaviside",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "saturating_linear",
    "selu",
    "serialize",
    "sigmoid",
    "sign",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
swish, hard_swish = silu, hard_silu
ALIASES = {"step": "heaviside", "swish": "silu", "hard_swish": "hard_silu"}


def linear(x: Any) -> Any:
    """The value itself.

    Example:
        >>> linear(3)
        3
    """
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """The larger of x and 0; with arguments, with a slope on its left, a ceiling, and a place where it begins.

    Args:
        x: Tensor or array.
        negative_slope: Slope below the threshold; 0 by default.
        max_value: Largest result; none by default.
        threshold: Where x begins to pass; 0 by default.

    Raises:
        ValueError: for arguments that are no numbers.

    Example:
        >>> relu([-2.0, 1.0, 9.0], negative_slope=0.5, max_value=6).numpy()
        array([-1.,  1.,  6.], dtype=float32)
    """
    if not negative_slope and max_value is None and not threshold:
        return ops.relu(x)
    ceiling = math.inf if max_value is None else max_value
    return ops.rectify(x, negative_slope=negative_slope, max_value=ceiling, threshold=threshold)


def gelu(x: Any, approximate: bool = False) -> Any:
    """The number times the probability that a normal one is below it.

    Args:
        x: Tensor or array.
        approximate: Whether to use the formula with tanh; the error function by default.

    Example:
        >>> gelu([-1.0, 0.0, 1.0]).numpy().round(4)
        array([-0.1587,  0.    ,  0.8413], dtype=float32)
    """
    return ops.gelu(x, approximate=approximate)


def softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """Exponentials that sum to 1 along an axis, or over several together.

    Args:
        x: Tensor or array.
        axis: The axis, or several; the last by default.

    Raises:
        ValueError: for an axis that x does not have.

    Example:
        >>> softmax([[2.0, 1.0, 0.1]]).numpy().round(3)
        array([[0.659, 0.242, 0.099]], dtype=float32)
    """
    if isinstance(axis, (list, tuple)):
        return ops.exp(ops.subtract(x, ops.logsumexp(x, axis=tuple(axis), keepdims=True)))
    return ops.softmax(x, axis=axis)


HELPERS = ("deserialize", "get", "serialize")
KNOWN: dict[str, Callable[..., Any]] = {name: globals()[name] for name in __all__ if name not in HELPERS}


def get(identifier: Any) -> Callable[..., Any]:
    """An activation by name, configuration, or as it is; None is `linear`.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("relu") is relu, get(None) is linear, get("swish") is silu
        (True, True, True)
    """
    if identifier is None:
        return linear
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        name = ALIASES.get(identifier, identifier)
        if name not in KNOWN:
            raise ValueError(
                f"Expected the name of an activation. Received: {identifier!r}; {did_you_mean(identifier, KNOWN)}"
            )
        return KNOWN[name]
    if callable(identifier):
        return identifier
    raise ValueError(f"Expected an activation, its name or a function. Received: {identifier!r}")


def serialize(activation: Callable[..., Any]) -> Any:
    """The name of a known activation, or the configuration of another function or layer.

    Example:
        >>> serialize(relu), serialize(exponential)
        ('relu', 'exponential')
    """
    name = next((name for name, known in KNOWN.items() if known is activation), None)
    if name is None and isinstance(activation, Op):
        return activation.name
    return serialize_any(activation) if name is None else name
