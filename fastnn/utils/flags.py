"""Arguments that are switches: True or False and nothing else."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


@functools.cache
def switches(function: Callable[..., Any]) -> dict[str, int]:
    """Names and places of the parameters that are annotated as bool, without the first (self)."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {p.name: k for k, p in enumerate(parameters) if p.annotation in ("bool", bool)}


def check_switches(owner: type, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Check the switches among the arguments of a class; 0 and 1 pass as well.

    Raises:
        ValueError: naming argument and class, for anything else: 'False' would count as true.

    Example:
        >>> class Layer:
        ...     def __init__(self, units: int, use_bias: bool = True): ...
        >>> check_switches(Layer, (3,), {"use_bias": "no"})
        Traceback (most recent call last):
        ...
        ValueError: Expected use_bias of Layer to be True or False. Received: use_bias='no'
    """
    for name, place in switches(owner.__init__).items():  # type: ignore[misc]
        value = kwargs.get(name, args[place] if place < len(args) else False)
        if not (isinstance(value, (bool, np.bool_)) or (type(value) is int and value in (0, 1))):
            raise ValueError(f"Expected {name} of {owner.__name__} to be True or False. Received: {name}={value!r}")
