"""What fit and evaluate print: a moving line on a terminal, one line per epoch anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from fastnn.callbacks.base import Callback, Logs


def number(value: float) -> str:
    """A loss or metric for people.

    Example:
        >>> number(0.25), number(0.00012)
        ('0.2500', '1.2000e-04')
    """
    return f"{value:.4f}" if abs(value) > 1e-3 or value != value else f"{value:.4e}"


def entries(logs: Mapping[str, float]) -> str:
    """Logs in one line."""
    return "".join(f" - {key}: {number(value)}" for key, value in logs.items())


class Progress:
    """Prints the progress of epochs.

    Args:
        verbose: 0 nothing, 1 a line that moves on a terminal, 2 one line per epoch.
        steps: Batches of an epoch.
        epochs: Epochs altogether; 0 prints no epoch numbers.
    """

    def __init__(self, verbose: int, steps: int, epochs: int = 0) -> None:
        self.verbose, self.steps, self.epochs = verbose, steps, epochs
        self.moving = verbose == 1 and sys.stdout.isatty()
        self.seconds = 0.1 if self.moving else 3600.0
        self.began = 0.0

    def begin(self, epoch: int) -> None:
        """An epoch begins, counted from 0."""
        if self.verbose:
            self.began = time.perf_counter()
            if self.epochs:
                print(f"Epoch {epoch + 1}/{self.epochs}")

    def tell(self, done: int, logs: Mapping[str, float]) -> None:
        """Some batches are done."""
        if self.moving:
            filled = 20 * done // max(self.steps, 1)
            bar = "━" * filled + "─" * (20 - filled)
            print(f"\r\x1b[K{done}/{self.steps} {bar} {self.time(done)}{entries(logs)}", end="", flush=True)

    def end(self, logs: Mapping[str, float]) -> None:
        """An epoch is done."""
        if self.verbose:
            start = "\r\x1b[K" if self.moving else ""
            print(f"{start}{self.steps}/{self.steps} - {self.time(self.steps)}{entries(logs)}", flush=True)

    def time(self, done: int) -> str:
        """Time since the epoch began, and per batch."""
        passed = time.perf_counter() - self.began
        each = passed / max(done, 1)
        unit = f"{each:.0f}s" if each >= 1 else f"{each * 1e3:.0f}ms" if each >= 1e-3 else f"{each * 1e6:.0f}us"
        return f"{passed:.0f}s{' -' * (self.verbose == 2)} {unit}/step"


class ProgbarLogger(Callback):
    """Prints the progress of fit, evaluate and predict, in place of what they print themselves.

    Example:
        >>> bar = ProgbarLogger()
        >>> bar.set_params({"verbose": 2, "epochs": 1, "steps": 3})
        >>> bar.on_epoch_begin(0)
        >>> bar.on_epoch_end(0, {"loss": 0.5})
        3/3 - 0s ... - loss: 0.5000
    """

    first_process_only = True

    def __init__(self) -> None:
        super().__init__()
        self._within_fit = False
        self._progress = Progress(1, 0)

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params.get("verbose", 1)
        epochs = params.get("epochs") or 0
        self._progress = Progress(1 if verbose == "auto" else verbose, params.get("steps") or 0, epochs * (epochs > 1))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._within_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._within_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._progress.begin(epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._progress.end(logs or {})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._progress.tell(batch + 1, logs or {})

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._within_fit:
            self._progress.begin(0)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._within_fit:
            self._progress.end(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._progress.begin(0)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._progress.end(logs or {})
