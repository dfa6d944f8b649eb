"""LambdaCallback, TerminateOnNaN and LearningRateScheduler."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastnn.callbacks.base import HOOKS, Callback, Logs


class LambdaCallback(Callback):
    """Functions as a callback.

    Args:
        **hooks: Functions by hook name, such as on_epoch_end=lambda epoch, logs: ….

    Raises:
        ValueError: for an unknown hook.

    Example:
        >>> shown = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))
        >>> shown.on_epoch_end(0, {})
        0
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        super().__init__()
        for name, function in hooks.items():
            if name not in HOOKS:
                raise ValueError(f"Expected hooks out of {HOOKS}. Received: {name!r}")
            if function is not None:
                setattr(self, name, function)


class TerminateOnNaN(Callback):
    """Stops training after an epoch whose loss is not a finite number."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self.model.stop_training = True


class LearningRateScheduler(Callback):
    """Sets the learning rate before every epoch.

    Args:
        schedule: Function of (epoch, learning rate) that returns the new learning rate; of the epoch alone will do.
        verbose: Whether to print it.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        try:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:
            rate = self.schedule(epoch)
        optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate}.")
