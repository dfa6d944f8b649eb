"""A search for a learning rate: train a copy with rates that grow from step to step, and see where the loss falls most.

L. N. Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.errors import GraphError

WORST = 4.0  # times the best loss: the search ends there
SMOOTHING = 0.8


def rate_name(steps: Any, values: Any) -> str | None:
    """The state that holds the learning rate of the updates; None if it follows a schedule, or there is none."""
    for step in reversed(steps):
        name = dict(step.operands).get("learning_rate")
        if name is not None and values[name].role == "state":
            return str(name)
    return None


class RateSearch:
    """Trains a copy of a run, one step for each learning rate; the run itself stays as it is.

    Args:
        stepper: The run.
        low: First learning rate.
        high: Last learning rate.
        count: How many.

    Raises:
        GraphError: if the learning rate is no number of its own, or the rates do not grow.

    Example:
        >>> from fastnn import presets
        >>> from fastnn.engine.stepper import Stepper
        >>> preset = presets.get("linear-example")
        >>> search = RateSearch(Stepper(preset.build(0), *preset.data()), count=50)
        >>> while search.step():
        ...     pass
        >>> search.rates[0] < search.suggestion < search.rates[-1]
        True
    """

    def __init__(self, stepper: Any, low: float = 1e-6, high: float = 10.0, count: int = 100) -> None:
        self.name = rate_name(stepper.steps, stepper.listing.values)
        if self.name is None:
            raise GraphError("expected a learning rate that is a number of its own, received none, or a schedule.")
        if not 0 < low < high < math.inf or count < 2:
            raise GraphError(f"expected rates from low to high, received {count} from {low} to {high}.")
        self.stepper = stepper.fork()
        self._variable = stepper.listing.values[self.name].source
        self._planned = np.geomspace(low, high, count).tolist()
        self.rates: list[float] = []
        self.losses: list[float] = []
        self._smooth: list[float] = []

    def step(self) -> bool:
        """Train one step with the next rate; False when the search is over."""
        if len(self.rates) == len(self._planned) or self._is_lost():
            return False
        rate = self._planned[len(self.rates)]
        self.stepper.begin_next()
        self.stepper.storage[self._variable][...] = rate
        self.stepper.finish_step()
        loss = float(self.stepper.view(self.stepper.listing.loss))
        self.rates.append(rate)
        self.losses.append(loss)
        before = self._smooth[-1] if self._smooth else loss
        self._smooth.append(SMOOTHING * before + (1 - SMOOTHING) * loss)
        return True

    def _is_lost(self) -> bool:
        """Whether the loss has gone so far up that larger rates are of no interest."""
        if not self.losses:
            return False
        return not math.isfinite(self.losses[-1]) or self._smooth[-1] > WORST * min(self._smooth)

    @property
    def smooth(self) -> NDArray[np.float64]:
        """The losses as a running average."""
        return np.array(self._smooth)

    @property
    def suggestion(self) -> float | None:
        """The rate at which the loss falls most steeply; None if it never falls."""
        smooth = self.smooth[np.isfinite(self.smooth)]
        if len(smooth) < 3:
            return None
        slope = np.gradient(smooth, np.log(self.rates[: len(smooth)]))
        place = int(slope.argmin())
        return self.rates[place] if slope[place] < 0 else None
