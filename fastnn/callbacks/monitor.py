"""What callbacks that watch one value of the logs share."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from fastnn.callbacks.base import Callback, Logs
from fastnn.compat.spellings import LOGS, LogBook


class Monitoring(Callback):
    """Base of callbacks that watch one value of the logs.

    Args:
        monitor: Name in logs, such as 'val_loss'.
        mode: 'min', 'max', or 'auto': the direction is known for losses and for most metrics.
        baseline: Value to improve upon at first, or None.
        min_delta: Smaller changes are no improvement; 0 or larger.

    Raises:
        ValueError: for another mode, or values that are not numbers.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if not isinstance(monitor, str):
            raise ValueError(f"Expected monitor to be a name in logs. Received: monitor={monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"Expected mode to be 'auto', 'min' or 'max'. Received: mode={mode!r}")
        self.monitor, self.mode = monitor, mode
        self.best: Any = None if baseline is None else check_number("baseline", baseline)
        self.min_delta = abs(check_number("min_delta", min_delta))
        self._larger: bool | None = None if mode == "auto" else mode == "max"

    @property
    def larger(self) -> bool:
        """Whether larger values are better.

        Raises:
            ValueError: if mode='auto' and it is not known.
        """
        if self._larger is None:
            name = LOGS.get(self.monitor, self.monitor).removeprefix("val_")
            self._larger = False if name == "loss" or name.endswith("_loss") else self._direction(name)
        return self._larger

    def _direction(self, name: str) -> bool:
        for metric in getattr(self.model, "metrics", None) or ():
            if (name == metric.name or name.endswith(f"_{metric.name}")) and metric.larger_is_better is not None:
                return bool(metric.larger_is_better)
        raise ValueError(
            f"Expected mode='max' or mode='min' for {type(self).__name__}(monitor={self.monitor!r}): whether more is "
            "better is not known of it. Received: mode='auto'"
        )

    def improves(self, value: Any, than: Any) -> bool:
        """Whether a value is better than another by more than min_delta; anything is better than None."""
        if than is None:
            return True
        return bool(value - self.min_delta > than if self.larger else value + self.min_delta < than)

    def watched(self, logs: Logs | None) -> Any:
        """The value in the logs; None, with a warning that names what is there, if it is missing.

        Raises:
            ValueError: if mode='auto' and nobody knows such a value.
        """
        value = LogBook(logs or {}).get(self.monitor)
        if value is None:
            text = f"{type(self).__name__}(monitor={self.monitor!r}) is not in the logs. They have: " + (
                ", ".join(f"'{key}'" for key in logs or {}) or "nothing"
            )
            try:
                _ = self.larger
            except ValueError as error:
                raise ValueError(f"{text}. {error}") from None
            warnings.warn(text, stacklevel=3)
        return value


def check_number(name: str, value: Any) -> Any:
    """A number as it is.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ValueError(f"Expected {name} to be a number. Received: {name}={value!r}")
    return value


def check_count(name: str, value: Any, least: int = 0) -> int:
    """A whole number that is not too small.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"Expected {name} to be a whole number, {least} or larger. Received: {name}={value!r}")
    return int(value)


def check_save_freq(value: Any, words: Iterable[Any] = ("epoch",)) -> Any:
    """'epoch', or every how many batches.

    Raises:
        ValueError: for anything else.
    """
    if any(value is word or (isinstance(word, str) and value == word) for word in words):
        return value
    if isinstance(value, (bool, str)) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"Expected save_freq to be 'epoch' or a positive number. Received: save_freq={value!r}")
    return int(value)


class BatchCounter:
    """Tells when another so many batches have passed.

    Example:
        >>> counter = BatchCounter(3)
        >>> [counter.due() for _ in range(6)]
        [False, False, True, False, False, True]
    """

    def __init__(self, every: int) -> None:
        self.every, self.passed = every, 0

    def due(self) -> bool:
        """Count a batch."""
        self.passed = (self.passed + 1) % self.every
        return self.passed == 0
