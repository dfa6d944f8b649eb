"""Attributes of operations: each is a word, a flag, a number or whole numbers, as its default in the record shows."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

LARGEST = 2**63 - 1  # kernels count in 64 bits


@dataclass(frozen=True)
class Choice:
    """An attribute that is one of a few words; the kernel receives the word's position. The first is the default."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)


def checked(default: Any, value: Any) -> Any:
    """The value in the form of its default: NumPy's numbers as Python's, lists as tuples, one number for a pair as two.

    Raises:
        TypeError: saying what was expected.
    """
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(default, Choice):
        return word(default, value)
    if isinstance(default, bool):
        return flag(value)
    if isinstance(default, float):
        return number(value)
    if isinstance(default, int):
        return whole(value)
    if default is None and (value is None or hasattr(value, "__index__")):
        return None if value is None else whole(value)
    return wholes(default, value)


def word(default: Choice, value: Any) -> str:
    if isinstance(value, Choice):
        return value.words[0]
    if not isinstance(value, str):  # NumPy's types stand for their names
        value = getattr(value, "name", getattr(value, "__name__", value))
    if not isinstance(value, str) or value not in default.words:
        raise TypeError(f"one of {default.words}")
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, int) or value not in (0, 1):
        raise TypeError("True or False")
    return bool(value)


def number(value: Any) -> float:
    try:
        found = float(value) if isinstance(value, (int, float)) else math.nan
    except OverflowError:
        found = math.nan
    if math.isnan(found):
        raise TypeError("a number")
    return found


def whole(value: Any) -> int:
    if not hasattr(value, "__index__") or abs(operator.index(value)) > LARGEST:
        raise TypeError("a whole number of at most 64 bits")
    return operator.index(value)


def wholes(default: tuple[int, ...] | None, value: Any) -> tuple[int, ...]:
    """Whole numbers, as many as in the default if that has several."""
    if default is not None and hasattr(value, "__index__"):
        return (whole(value),) * len(default)
    count = len(default) if default is not None and len(default) > 1 else None
    if not isinstance(value, (list, tuple)) or (count is not None and len(value) != count):
        raise TypeError(f"{count or 'several'} whole numbers")
    return tuple(whole(v) for v in value)
