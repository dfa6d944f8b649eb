"""Optimizers: what happens to weights when their gradients are known; they compose update operations."""

from __future__ import annotations

import sys
from typing import Any

from fastnn.optimizers import schedules
from fastnn.optimizers.adaptive import Adadelta, Adagrad, Adam, Adamax, AdamW, Nadam, RMSprop
from fastnn.optimizers.base import CLASSES, Optimizer
from fastnn.optimizers.composed import Ftrl, Lamb
from fastnn.optimizers.gradient import SGD, Lion
from fastnn.utils.absent import missing
from fastnn.utils.naming import did_you_mean
from fastnn.utils.registry import deserializer

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]


def __getattr__(name: str) -> Any:
    if name == "legacy":  # where scripts of Keras 2.11 find the optimizers of before
        return sys.modules[__name__]
    raise missing("optimizers", name, __all__)


deserialize = deserializer("keras.optimizers")


def get(identifier: Any) -> Optimizer:
    """An optimizer by name, configuration, class or as it is.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("sgd").name
        'sgd'
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if not isinstance(identifier, str):
        raise ValueError(f"Expected an optimizer or its name. Received: {identifier!r}")
    if identifier.lower() not in CLASSES:
        raise ValueError(
            f"Expected the name of an optimizer. Received: {identifier!r}; {did_you_mean(identifier, CLASSES)}"
        )
    return CLASSES[identifier.lower()]()


def serialize(optimizer: Optimizer) -> Any:
    """An optimizer as JSON.

    Example:
        >>> serialize(SGD(0.5))["class_name"]
        'SGD'
    """
    from fastnn.utils.registry import serialize as serialize_any

    return serialize_any(optimizer)
