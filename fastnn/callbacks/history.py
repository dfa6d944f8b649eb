"""History: what fit returns."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.base import Callback, Logs
from fastnn.compat.spellings import LogBook
from fastnn.utils.extras import need


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

    def plot(self, *names: str) -> Any:
        """Draw losses and metrics over the epochs, those of validation data in the same axes.

        Args:
            *names: Which to draw, such as 'loss'; all by default.

        Returns:
            The Matplotlib figure; `figure.savefig(path)` writes it.

        Raises:
            ImportError: without Matplotlib.
            ValueError: for names that are not in the history, or an empty history.
        """
        known = [key for key in self.history if not key.startswith("val_")]
        for name in names:
            if name not in known:
                raise ValueError(f"Expected names out of {known}. Received: {name!r}")
        if not known:
            raise ValueError("Expected a history with at least one epoch. Received: an empty one")
        pyplot = need("matplotlib.pyplot", "plot", "History.plot")
        shown = names or known
        figure, rows = pyplot.subplots(len(shown), 1, sharex=True, squeeze=False)
        for (axes,), name in zip(rows, shown, strict=True):
            self._draw(axes, name)
        rows[-1][0].set_xlabel("epoch")
        return figure

    def _draw(self, axes: Any, name: str) -> None:
        values = self.history[name]
        axes.plot(self._epochs(len(values)), values, label="training")
        held_out = self.history.get(f"val_{name}")
        if held_out:
            axes.plot(self._epochs(len(held_out), len(values)), held_out, label="validation")
        axes.set_ylabel(name)
        axes.legend()

    def _epochs(self, count: int, of: int | None = None) -> list[int]:
        """Epoch numbers from 1 on, spread out where there are values for some of the epochs only."""
        step = max(1, (of or count) // count)
        return [step * (k + 1) for k in range(count)]
