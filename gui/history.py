"""What is measured after training steps: one series per name, each value kept with its training step. No Qt."""

from __future__ import annotations

import copy
import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import measures
from fastnn.engine.assessing import assess

LOSS, TEST = "loss", "test"
ACCURACY, RATE, RATIO, DEAD = "accuracy", "learning rate", "gradient / weight", "dead units"
TESTED = 1000  # rows
TESTS = 32  # on the way to twice as many training steps, at most
CHARTS = (ACCURACY, RATIO, DEAD, RATE)  # beside the loss, which is known of every training step


class Series:
    """Values at training steps, in order of time; a thread that trains may add to it while the window reads it."""

    def __init__(self) -> None:
        self._points: list[tuple[int, float]] = []  # one list: step and value come and go together

    def __len__(self) -> int:
        return len(self._points)

    def note(self, step: int, value: float) -> None:
        """Keep a value; a step that is known keeps the one it has, for replay gives the same."""
        if not self.has(step):
            self._points.insert(self._place(step), (step, value))

    def has(self, step: int) -> bool:
        """Whether there is a value of this very training step."""
        place = self._place(step)
        return place < len(self._points) and self._points[place][0] == step

    def forget(self, step: int) -> None:
        """Forget what was measured after `step` training steps."""
        del self._points[self._place(step + 1) :]

    def _place(self, step: float) -> int:
        """Where the first value at or after a training step is."""
        return bisect_left(self._points, (step,))

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Training steps and values."""
        points = self._points.copy()
        return np.array([step for step, _ in points], np.int64), np.array([value for _, value in points], np.float64)

    def near(self, step: float) -> tuple[int, float] | None:
        """The measured training step nearest to a place, and its value."""
        place = self._place(step)
        around = self._points[max(place - 1, 0) : place + 1]
        return min(around, key=lambda point: abs(point[0] - step), default=None)


class History:
    """Series by chart and name, such as `history.of("gradient / weight")["conv1"]`.

    Example:
        >>> history = History()
        >>> history.note(3, {("accuracy", ""): 0.5})
        >>> history.of("accuracy")[""].near(100)
        (3, 0.5)
    """

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], Series] = {}

    def __len__(self) -> int:
        return max((len(s) for s in list(self._series.values())), default=0)

    def note(self, step: int, values: dict[tuple[str, str], float]) -> None:
        """Keep what was measured after so many training steps."""
        for key, value in values.items():
            self._series.setdefault(key, Series()).note(step, value)

    @property
    def names(self) -> list[tuple[str, str]]:
        """Chart and name of every series."""
        return list(self._series)

    def arrays(self) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Training steps and values of every series."""
        return [series.arrays for series in self._series.values()]

    def take(self, key: tuple[str, str], steps: NDArray[Any], values: NDArray[Any]) -> None:
        """Take over a series that was kept."""
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            self._series.setdefault(key, Series()).note(int(step), float(value))

    def copy(self) -> History:
        """A history that goes its own way."""
        return copy.deepcopy(self)

    def of(self, chart: str) -> dict[str, Series]:
        """The series of one chart by name."""
        return {name: series for (kind, name), series in list(self._series.items()) if kind == chart}

    def forget(self, step: int) -> None:
        """Forget what was measured after `step` training steps: the run goes another way from there."""
        for series in self._series.values():
            series.forget(step)


def between_tests(step: int, rows: int, batch: int) -> int:
    """How many training steps lie between two tests: few at first, and enough that testing takes less than learning.

    Args:
        step: Training steps done.
        rows: Rows to test on.
        batch: Rows of a training step.

    Example:
        >>> [between_tests(step, 8, 12) for step in (1, 63, 64, 400)]
        [1, 1, 2, 16]
        >>> between_tests(1, 450, 32)
        4
    """
    least = max(step // TESTS, min(rows, TESTED) // (3 * batch), 1)
    return 1 << (least - 1).bit_length()


class HeldOut:
    """Data that a network is tested on and does not learn from: now and then, and once an epoch.

    Args:
        data: As the model's `prepare_data` gives it; None tests never.
    """

    def __init__(self, data: Mapping[str, NDArray[Any]] | None = None) -> None:
        self.data = data
        self._epochs: set[int] = set()

    def test(self, stepper: Any, history: History) -> None:
        """Test at the end of a training step, if it is time."""
        step, epoch = stepper.training_step, stepper.training_step // stepper.schedule.batches
        if self.data is not None and (epoch not in self._epochs or self._is_due(stepper, history)):
            self._epochs.add(epoch)
            history.note(step, held_out(stepper, self.data))

    def _is_due(self, stepper: Any, history: History) -> bool:
        step, known = stepper.training_step, history.of(LOSS).get(TEST)
        return step % self._stride(stepper, step) == 0 and (known is None or not known.has(step))

    def ahead(self, stepper: Any, step: int) -> int:
        """The training step of the next test that is due after `step`."""
        if self.data is None:
            return 2**62
        stride = self._stride(stepper, step)
        return step - step % stride + stride

    def _stride(self, stepper: Any, step: int) -> int:
        assert self.data is not None
        return between_tests(step, len(next(iter(self.data.values()))), stepper.schedule.batch_size)

    def forget(self, step: int, batches: int) -> None:
        """Forget what was tested after `step` training steps."""
        self._epochs = {epoch for epoch in self._epochs if epoch * batches <= step}


def held_out(stepper: Any, data: Mapping[str, NDArray[Any]]) -> dict[tuple[str, str], float]:
    """Loss and accuracy on data that the network does not learn from: on so many rows of it as are quickly done."""
    found = assess(stepper, np.arange(min(len(next(iter(data.values()))), TESTED)), data)
    values = {(LOSS, TEST): float(found.losses.mean(dtype=np.float64))}
    classes = found.classes()
    if classes is not None:
        values[ACCURACY, TEST] = float((classes[0] == classes[1]).mean())
    return {key: value for key, value in values.items() if not math.isnan(value)}


def measured(stepper: Any) -> dict[tuple[str, str], float]:
    """What charts show of the training step that a stepper has just finished."""
    listing, read = stepper.listing, stepper.view
    found = {(ACCURACY, ""): measures.accuracy(listing, read), (RATE, ""): measures.learning_rate(listing, read)}
    found |= {(RATIO, layer): r for layer, r in measures.update_ratios(listing, read).items()}
    found |= {(DEAD, s.outputs[0]): measures.dead_share(read(s.outputs[0])) for _, s in measures.silencing(listing)}
    return {key: value for key, value in found.items() if not math.isnan(value)}
