"""What fit and evaluate print: a moving line on a terminal, one line per epoch anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping


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
        return f"{passed:.0f}s {unit}/step"
