"""EarlyStopping."""

from __future__ import annotations

import math
from typing import Any

from fastnn.callbacks.base import Callback, Logs


class EarlyStopping(Callback):
    """Stops training when a value has not improved for some epochs.

    Args:
        monitor: Name in logs, such as 'val_loss'.
        min_delta: Smaller changes are no improvement.
        patience: Epochs without improvement before stopping.
        verbose: Whether to say so.
        mode: 'min', 'max', or 'auto': larger is better for accuracies.
        baseline: Value to improve upon at first.
        restore_best_weights: Whether to go back to the weights of the best epoch.
        start_from_epoch: Epochs to wait before watching.

    Raises:
        ValueError: for another mode.

    Example:
        >>> EarlyStopping(monitor="accuracy").better(0.9, 0.8)
        True
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"Expected mode to be 'auto', 'min' or 'max'. Received: mode={mode!r}")
        self.monitor, self.min_delta, self.patience, self.verbose = monitor, abs(min_delta), patience, verbose
        self.baseline, self.restore_best_weights = baseline, restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.larger = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.endswith("auc")))
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        worst = -math.inf if self.larger else math.inf
        self.best = worst if self.baseline is None else self.baseline
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def better(self, value: float, than: float) -> bool:
        """Whether a value is an improvement."""
        return value - self.min_delta > than if self.larger else value + self.min_delta < than

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self.monitor not in logs:
            raise ValueError(f"Expected monitor to be one of {sorted(logs)}. Received: monitor={self.monitor!r}")
        if epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.better(logs[self.monitor], self.best):
            self.best, self.best_epoch, self.wait = logs[self.monitor], epoch, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)
