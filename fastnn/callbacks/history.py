"""History: what fit returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.callbacks.base import Callback, Logs
from fastnn.callbacks.history_plot import curves, numbers
from fastnn.compat.spellings import LogBook


class History(Callback):
    """What fit returns: `history` holds a list of values for every loss and metric, `epoch` the epoch numbers.

    Example:
        >>> history = History()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.on_epoch_end(1, {"loss": 0.25})
        >>> history.epoch, dict(history.history)
        ([0, 1], {'loss': [0.5, 0.25]})
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = LogBook()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)

    def plot(self, *names: str | Sequence[str]) -> Any:
        """Draw losses and metrics over the epochs, those of validation data in the same axes.

        Args:
            *names: Which to draw, such as 'loss', or lists of them; all by default.

        Returns:
            The Matplotlib figure, which notebooks show; `figure.savefig(path)` writes it, `pyplot.show()` shows it if
            pyplot was imported before and has windows.

        Raises:
            ImportError: without Matplotlib.
            ValueError: for names that are not in the history, or an empty history.
        """
        known = [key for key in self.history if not key.startswith("val_")]
        chosen: list[Any] = [
            name for given in names for name in (given if isinstance(given, (list, tuple)) else [given])
        ]
        for name in chosen:
            if name not in known:
                raise ValueError(f"Expected names out of {known}. Received: {name!r}")
        if not known:
            raise ValueError("Expected a history with at least one epoch. Received: an empty one")
        return curves(self.history, chosen or known, self._first())

    def _first(self) -> int:
        """The first epoch, where the values are those of the last call of fit."""
        return self.epoch[0] if self.epoch and len(self.epoch) == max(map(len, self.history.values())) else 0

    def _repr_html_(self) -> str:
        from fastnn.rich.histories import history_page

        first = self._first() if self.history else 0
        return history_page(self.history, lambda count, of: numbers(count, of, first) if count else [])
