"""Activation functions by name; they are operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import ops
from fastnn.ops import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh
from fastnn.ops.table import Op
from fastnn.utils.naming import did_you_mean
from fastnn.utils.registry import deserialize
from fastnn.utils.registry import serialize as serialize_any

__all__ = [
    "deserialize",
    "get",
    "heaviside",
    "linear",
    "relu",
    "saturating_linear",
    "serialize",
    "sigmoid",
    "sign",
    "softmax",
    "tanh",
]
LATER = (
    "elu",
    "exp",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "log_softmax",
    "relu6",
    "selu",
    "silu",
    "softplus",
    "softsign",
)


def linear(x: Any) -> Any:
    """The value itself.

    Example:
        >>> linear(3)
        3
    """
    return x


KNOWN: dict[str, Callable[..., Any]] = {
    "linear": linear,
    **{f.name: f for f in (heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh)},
    **{name: getattr(ops, name) for name in LATER if hasattr(ops, name)},
}
ALIASES = {"step": "heaviside", "swish": "silu", "exponential": "exp"}


def get(identifier: Any) -> Callable[..., Any]:
    """An activation by name, configuration, or as it is; None is `linear`.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("relu") is relu, get(None) is linear
        (True, True)
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
        >>> serialize(relu)
        'relu'
    """
    if isinstance(activation, Op):
        return activation.name
    return "linear" if activation is linear else serialize_any(activation)
