"""What a file may ask for while it is read: a few hundred bytes must not keep the machine busy, or fill its memory.

All limits are far above what networks need, and count only while a file or a configuration is read that nobody has
said to trust.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_CALLS = 50_000
"""Calls of layers and operations in all. InceptionV3, of 311 layers, takes 1,550; within two other models 4,000."""
MOST_NUMBERS = 2**31
"""Numbers that operations work out at once or keep as constants, in all: causal masks of 12 layers of 4,096 words."""
MOST_AT_ONCE = 2**27
LARGEST_SETTING = 10**6
"""An operation's counts: of pieces, powers, classes, segments."""

TRUST = ". If you trust whoever wrote the file, pass safe_mode=False"


class _Reading(threading.local):
    def __init__(self) -> None:
        self.calls: int | None = None  # that are left; None while nothing is read
        self.numbers = 0


_reading = _Reading()


@contextmanager
def reading(trusted: bool = False) -> Iterator[None]:
    """Inside, what is asked for counts, unless the file is trusted; a part of a file counts with the whole."""
    if trusted or _reading.calls is not None:
        yield
        return
    _reading.calls, _reading.numbers = MOST_CALLS, MOST_NUMBERS
    try:
        yield
    finally:
        _reading.calls = None


def take_call(*names: str) -> None:
    """Count a call of a layer or an operation.

    Args:
        *names: The layers that it is in, outermost first, and its own name.

    Raises:
        ValueError: if there have been too many.
    """
    if _reading.calls is None:
        return
    if _reading.calls == 0:
        raise ValueError(
            f"'{'/'.join(names)}': expected a file whose network is put together with at most {MOST_CALLS:,} calls of "
            f"layers and operations, those inside of layers and models too. Received: one that takes more{TRUST}"
        )
    _reading.calls -= 1


def take_numbers(count: int, *names: str) -> None:
    """Count numbers that an operation is about to make.

    Args:
        count: How many.
        *names: As in `take_call`.

    Raises:
        ValueError: if there are too many.
    """
    if _reading.calls is None:
        return
    check_numbers(count, *names)
    if count > _reading.numbers:
        raise ValueError(
            f"'{'/'.join(names)}': expected a file whose operations make at most {MOST_NUMBERS:,} numbers while it is "
            f"read. Received: {count:,} more{TRUST}"
        )
    _reading.numbers -= count


def check_numbers(count: int, *names: str) -> None:
    """The same before an array is made that counts later.

    Args:
        count: How many.
        *names: As in `take_call`.

    Raises:
        ValueError: if there are too many.
    """
    if _reading.calls is not None and count > MOST_AT_ONCE:
        raise ValueError(
            f"'{'/'.join(names)}': expected a file whose operations make at most {MOST_AT_ONCE:,} numbers at once "
            f"while it is read. Received: {count:,}{TRUST}"
        )


def check_setting(operation: str, name: str, value: object) -> None:
    """Check a setting of an operation that counts something.

    Raises:
        ValueError: for a number that no network needs.
    """
    if _reading.calls is None:
        return
    for number in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(number, (list, tuple)):
            check_setting(operation, name, number)
        elif isinstance(number, (int, float)) and abs(number) > LARGEST_SETTING:
            raise ValueError(
                f"Operation '{operation}': expected {name} of at most {LARGEST_SETTING:,} in a file. "
                f"Received: {name}={str(value)[:80]}{TRUST}"
            )
