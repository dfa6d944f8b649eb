"""Arguments of optimizers: checked, and refused by name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from fastnn.utils.naming import did_you_mean


def rate(value: Any) -> float:
    """A learning rate as a number."""
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) < 2.0**128:  # which float32 does not have
        raise ValueError(f"Expected learning_rate to be a number. Received: learning_rate={value!r}")
    return number


def clipping(name: str, value: Any) -> float | None:
    """A largest size as a number.

    Raises:
        ValueError: unless it is None or a number above 0.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"Expected {name} to be a number above 0. Received: {name}={value!r}")
    return float(value)


def count(name: str, value: Any, least: int) -> int | None:
    """A whole number of steps.

    Raises:
        ValueError: unless it is None or a whole number that is large enough.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise ValueError(f"Expected {name} to be a whole number, {least} or larger. Received: {name}={value!r}")
    return value


def check_settings(*decays: str, **settings: Any) -> None:
    """Refuse decays that are not from 0 to 1 (1 excluded), and other settings that are not numbers from 0 on.

    Raises:
        ValueError: naming the setting.
    """
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value < (1 if name in decays else math.inf):
            wanted = "a number from 0 to less than 1" if name in decays else "a number of 0 or more"
            raise ValueError(f"Expected {name} to be {wanted}. Received: {name}={value!r}")


def check_share(name: str, value: Any) -> float:
    """A number from 0 to 1.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"Expected {name} to be from 0 to 1. Received: {name}={value!r}")
    return float(value)


def refuse_unknown(cls: type, given: Mapping[str, Any]) -> None:
    """Raise ValueError for arguments that no class in the line of a class knows, with what may have been meant."""
    for name in given:
        known = {
            p for parent in cls.__mro__ if "__init__" in vars(parent) for p in inspect.signature(parent).parameters
        }
        hint = did_you_mean(name, sorted(known - {"self", "args", "kwargs", "unknown"}))
        raise ValueError(f"Expected arguments that {cls.__name__} knows. Received: {name}={given[name]!r}; {hint}")
