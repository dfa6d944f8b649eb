"""A bar that scripts move on by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastnn.utils.meter import Meter


class Progbar:
    """Shows how far a loop of one's own has come, with averages of what it tells.

    Args:
        target: Steps in all; None if that is not known.
        width: Ignored.
        verbose: 0 for silence, 1 for a bar on a terminal or in a notebook, 2 for a line at the end.
        interval: Least seconds between changes of the bar.
        stateful_metrics: Names of values that are shown as they are, not averaged.
        unit_name: What a step is called.

    Example:
        >>> bar = Progbar(3, verbose=2)
        >>> for step in range(1, 4):
        ...     bar.update(step, values=[("loss", 1 / step)])
        3/3 - 0s ... - loss: 0.6111
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target, self.stateful_metrics = target, set(stateful_metrics or ())
        self._seen = 0
        self._sums: dict[str, list[float]] = {}
        self._meter = Meter(verbose, target or 0, unit_name, interval)

    def update(self, current: int, values: Iterable[tuple[str, float]] | None = None, finalize: Any = None) -> None:
        """Tell how many steps are done, and what the latest ones gave.

        Args:
            current: Steps done.
            values: Pairs of name and number; averaged over the steps since the last call.
            finalize: Whether this was the last step; by default if the target is reached.
        """
        steps = max(current - self._seen, 0)
        for name, value in values or ():
            if name in self.stateful_metrics:
                self._sums[name] = [float(value), 1.0]
            else:
                total = self._sums.setdefault(name, [0.0, 0.0])
                total[0] += float(value) * steps
                total[1] += steps
        self._seen = current
        done = finalize if finalize is not None else self.target is not None and current >= self.target
        if done:
            self._meter.end(self.averages(), current)
        else:
            self._meter.tell(current, self.averages)

    def add(self, n: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """Tell that `n` more steps are done."""
        self.update(self._seen + n, values)

    def averages(self) -> dict[str, float]:
        """The averages so far."""
        return {name: total / max(count, 1) for name, (total, count) in self._sums.items()}
