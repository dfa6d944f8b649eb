"""EarlyStopping."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.base import Logs
from fastnn.callbacks.monitor import Monitoring, check_count, check_number


class EarlyStopping(Monitoring):
    """Stops training when a value has not improved for some epochs.

    Args:
        monitor: Name in logs, such as 'val_loss'.
        min_delta: Smaller changes are no improvement.
        patience: Epochs without improvement before stopping.
        verbose: Whether to say so.
        mode: 'min', 'max', or 'auto': the direction is known for losses and for most metrics.
        baseline: Value to improve upon: until it is passed, patience runs.
        restore_best_weights: Whether to go back to the weights of the best epoch.
        start_from_epoch: Epochs to wait before watching.

    Raises:
        ValueError: for another mode, or a negative patience or start_from_epoch.

    Example:
        >>> EarlyStopping(monitor="accuracy", mode="max").improves(0.9, 0.8)
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
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience, self.verbose = check_count("patience", patience), verbose
        self.baseline = None if baseline is None else check_number("baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = check_count("start_from_epoch", start_from_epoch)
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = None
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.watched(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(epoch)
        self.wait += 1
        if self.improves(value, self.best):
            self.best = value
            self._remember(epoch)
            if self.improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
