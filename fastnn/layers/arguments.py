"""Checks of layer arguments; each says what was expected and what was received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastnn import config


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number, at least `least`.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"Expected {name} to be a whole number, {least} or larger. Received: {name}={value!r}")
    return int(value)


def lengths(name: str, value: Any) -> tuple[int | None, ...]:
    """The lengths of a tensor's axes; None for those that are open.

    Raises:
        ValueError: for anything else.
    """
    found = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else (value, "")
    if not all(n is None or (hasattr(n, "__index__") and not isinstance(n, bool) and n >= 0) for n in found):
        raise ValueError(
            f"Expected {name} to be a tuple of whole numbers and None, such as (28, 28, 1). Received: {name}={value!r}"
        )
    return tuple(None if n is None else int(n) for n in found)


def pair(name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """Two whole numbers; one number stands for both.

    Raises:
        ValueError: for anything else.

    Example:
        >>> pair("kernel_size", 3), pair("strides", (1, 2))
        ((3, 3), (1, 2))
    """
    values = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    if len(values) != 2:
        raise ValueError(f"Expected {name} to be one or two whole numbers. Received: {name}={value!r}")
    return whole(name, values[0], least), whole(name, values[1], least)


def extents(name: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """As many whole numbers as there are spatial axes; one number stands for all.

    Raises:
        ValueError: for anything else.

    Example:
        >>> extents("kernel_size", 3, 1), extents("strides", (1, 2), 2)
        ((3,), (1, 2))
    """
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,) * count
    if len(values) != count:
        wanted = "one whole number" if count == 1 else f"one or {count} whole numbers"
        raise ValueError(f"Expected {name} to be {wanted}. Received: {name}={value!r}")
    return tuple(whole(name, v, least) for v in values)


def borders(name: str, value: Any, count: int) -> tuple[tuple[int, int], ...]:
    """Cells before and after every spatial axis: one number for all, one for each axis, or a pair for each.

    Raises:
        ValueError: for anything else.

    Example:
        >>> borders("padding", (1, 2), 2), borders("padding", ((0, 1), (2, 3)), 2)
        (((1, 1), (2, 2)), ((0, 1), (2, 3)))
    """
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,) * count
    if len(values) != count:
        raise ValueError(f"Expected {name} to have {count} elements. Received: {name}={value!r}")
    before_after = [pair(name, v, 0) for v in values]
    return tuple(before_after)


def one_of(name: str, value: Any, words: tuple[str, ...]) -> str:
    """One of a few words.

    Raises:
        ValueError: for anything else.
    """
    if not isinstance(value, str) or value.lower() not in words:
        raise ValueError(f"Expected {name} to be one of {words}. Received: {name}={value!r}")
    return value.lower()


def only(name: str, value: Any, allowed: Any) -> None:
    """Refuse every value but one of an argument that Keras has and fastnn does not.

    Raises:
        ValueError: for anything else.
    """
    if value != allowed:
        raise ValueError(f"Expected {name}={allowed!r}, the only one available. Received: {name}={value!r}")


def layout(value: Any) -> str:
    """Where images have their channels: 'channels_last' or 'channels_first', by default as `config` says.

    Raises:
        ValueError: for anything else.
    """
    given = config.image_data_format() if value is None else value
    return one_of("data_format", given, ("channels_last", "channels_first"))


def drawn_seed(seed: Any) -> int:
    """The given seed, or one drawn from the sequence that `set_random_seed` begins, of the 31 bits that files hold.

    A layer with random numbers keeps it as its `seed`, so that its configuration makes an equal layer and training
    goes on from a file bit by bit.

    Raises:
        ValueError: if a given seed is no whole number, or negative.

    Example:
        >>> drawn_seed(7), 0 <= drawn_seed(None) < 2**31
        (7, True)
    """
    drawn = config.next_seed() % 2**31
    return drawn if seed is None else config.checked_seed(seed)


def share(name: str, value: Any) -> float:
    """A number from 0 to 1.

    Raises:
        ValueError: for anything else.

    Example:
        >>> share("dropout", 0.5)
        0.5
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"Expected {name} to be a number from 0 to 1. Received: {name}={value!r}")
    return float(value)


def number(name: str, value: Any, least: float | None = None) -> float:
    """A finite number, at least `least` if that is given.

    Raises:
        ValueError: for anything else.

    Example:
        >>> number("alpha", 2)
        2.0
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")
    if not fits or (least is not None and value < least):
        bound = "" if least is None else f", {least} or larger"
        raise ValueError(f"Expected {name} to be a finite number{bound}. Received: {name}={value!r}")
    return float(value)


def axes(name: str, value: Any) -> tuple[int, ...]:
    """One or several whole numbers, as a tuple.

    Raises:
        ValueError: for anything else.

    Example:
        >>> axes("axis", -1), axes("axis", [1, 2])
        ((-1,), (1, 2))
    """
    several = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not several or any(isinstance(a, bool) or not hasattr(a, "__index__") for a in several):
        raise ValueError(f"Expected {name} to be one or several whole numbers. Received: {name}={value!r}")
    return tuple(int(a) for a in several)
