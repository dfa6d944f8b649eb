"""ReduceLROnPlateau."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.callbacks.base import Logs
from fastnn.callbacks.monitor import Monitoring, check_count, check_number
from fastnn.compat.spellings import old_arguments


class ReduceLROnPlateau(Monitoring):
    """Makes the learning rate smaller when a value has not improved for some epochs.

    Args:
        monitor: Name in logs, such as 'val_loss'.
        factor: The new rate as a part of the old one; from 0 to below 1.
        patience: Epochs without improvement before the rate becomes smaller.
        verbose: Whether to say so.
        mode: 'min', 'max', or 'auto': the direction is known for losses and for most metrics.
        min_delta: Smaller changes are no improvement.
        cooldown: Epochs to wait after a change before counting again.
        min_lr: The rate stays at least this.

    Raises:
        ValueError: for values out of these ranges.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
        >>> model.compile(fastnn.optimizers.SGD(0.5), "mse")
        >>> smaller = ReduceLROnPlateau("loss", factor=0.5, patience=1)
        >>> smaller.set_model(model)
        >>> for epoch, loss in enumerate([1.0, 1.0]):
        ...     smaller.on_epoch_end(epoch, {"loss": loss})
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    @old_arguments("callback")
    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if not 0 <= check_number("factor", factor) < 1:
            raise ValueError(f"Expected factor to be from 0 to below 1. Received: factor={factor!r}")
        if check_number("min_lr", min_lr) < 0:
            raise ValueError(f"Expected min_lr to be 0 or larger. Received: min_lr={min_lr!r}")
        self.factor, self.min_lr, self.verbose = factor, min_lr, verbose
        self.patience, self.cooldown = check_count("patience", patience), check_count("cooldown", cooldown)
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best: Any = None
        self.cooldown_counter = self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether it waits after a change."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        value = self.watched(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = float(self.model.optimizer.learning_rate)
        if old <= np.float32(self.min_lr):
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
