"""Losses: functions that give one number per sample, and classes that reduce them to one number per batch."""

from __future__ import annotations

from typing import Any

from fastnn.losses import margin, overlap, probability, regression  # noqa: F401  each registers its losses
from fastnn.losses.base import ALIASES, CLASSES, FUNCTIONS, FunctionLoss, Loss
from fastnn.utils.absent import ABSENT, missing
from fastnn.utils.naming import did_you_mean
from fastnn.utils.registry import deserializer

__all__ = ["Loss", "deserialize", "get", "serialize"]
__all__.extend((*FUNCTIONS, *CLASSES))

globals().update(FUNCTIONS)
globals().update(CLASSES)


def __getattr__(name: str) -> Any:
    raise missing("losses", name, __all__)


deserialize = deserializer("keras.losses")


def get(identifier: Any) -> Any:
    """A loss by name, configuration, or as it is; None stays None.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("mse").__name__
        'mean_squared_error'
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    known: dict[str, Any] = {**FUNCTIONS, **ALIASES, **CLASSES}
    if not isinstance(identifier, str):
        raise ValueError(f"Expected a loss, its name or a function. Received: {identifier!r}")
    if identifier not in known:
        hint = ABSENT["losses"].get(identifier) or did_you_mean(identifier, known)
        raise ValueError(f"Expected the name of a loss. Received: {identifier!r}; {hint}")
    found = known[identifier]
    return found() if isinstance(found, type) else found


def serialize(loss: Any) -> Any:
    """A loss as JSON: the name of a known function, or the configuration of an object.

    Example:
        >>> serialize(get("mse"))
        'mean_squared_error'
    """
    from fastnn.utils.registry import serialize as serialize_any

    return loss.__name__ if loss in FUNCTIONS.values() else serialize_any(loss)


def as_loss(identifier: Any) -> Loss:
    """A loss object: functions and names are wrapped."""
    found = get(identifier)
    return found if isinstance(found, Loss) else FunctionLoss(found)
