"""LambdaCallback, TerminateOnNaN and LearningRateScheduler."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

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
    """Stops training after a batch since which the loss is not a finite number.

    Args:
        raise_error: Whether to raise an error in place of ending fit as usual.

    Raises:
        RuntimeError: from fit, with raise_error.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"Expected a finite loss. Received: {loss} at batch {batch}")
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True


class LearningRateScheduler(Callback):
    """Sets the learning rate before every epoch, and adds it to the logs.

    Args:
        schedule: Function of (epoch, learning rate) that returns the new learning rate; of the epoch alone will do.
        verbose: Whether to print it.

    Raises:
        ValueError: if schedule is no function; from fit, if it does not return a floating number.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
        >>> model.compile(fastnn.optimizers.SGD(0.5), "mse")
        >>> halving = LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> model.fit([[1.0]], [[1.0]], epochs=2, verbose=0, callbacks=[halving]).history["learning_rate"]
        [0.25, 0.125]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise ValueError(f"Expected schedule to be a function of the epoch. Received: schedule={schedule!r}")
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        try:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:
            rate = self.schedule(epoch)
        if isinstance(rate, (bool, int, str)) or not (isinstance(rate, numbers.Real) or hasattr(rate, "__float__")):
            raise ValueError(f"Expected schedule to return a floating number. Received: {rate!r}")
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
