"""The gradients of a training step, checked one number at a time against the loss's slope in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastnn.engine.gradcheck import STEP, as_float64, sampled
from fastnn.engine.plan import Plan
from fastnn.engine.steplist import in_float64
from fastnn.errors import GraphError

TOLERANCE = 1e-4  # of the largest gradient of the tensor
KINK = 1e-3  # by which the slopes to the left and to the right may differ, relative to the same


@dataclass(frozen=True)
class Slope:
    """A derivative of the loss, as backward gives it and as the loss's slope.

    Args:
        name: The value that the loss is differentiated by.
        index: Its cell.
        analytic: The engine's gradient.
        left: The loss's slope towards smaller numbers, in float64.
        right: The same towards larger ones.
        scale: The largest gradient of the tensor: what errors are compared with.
    """

    name: str
    index: tuple[int, ...]
    analytic: float
    left: float
    right: float
    scale: float

    @property
    def numeric(self) -> float:
        """The central difference."""
        return (self.left + self.right) / 2

    @property
    def error(self) -> float:
        """Difference of the two, relative to the tensor's largest gradient."""
        difference = abs(self.analytic - self.numeric)
        return difference / self.scale if self.scale else difference

    @property
    def kink(self) -> bool:
        """Whether the loss has different slopes to both sides: near relu's 0, or a tie."""
        return abs(self.right - self.left) > KINK * max(self.scale, 1e-12)

    @property
    def holds(self) -> bool:
        """Whether the gradient is right, as far as a difference can tell; at a kink either side's slope is."""
        if self.kink:
            slack = TOLERANCE * self.scale
            return min(self.left, self.right) - slack <= self.analytic <= max(self.left, self.right) + slack
        return self.error <= TOLERANCE


class Slopes:
    """Checks gradients at a stepper's training step: its batch and its weights, its steps in float64.

    Args:
        stepper: The stepper; it stays where it is.

    Raises:
        GraphError: if the training step has no loss or no backward pass.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((2,)), fastnn.layers.Dense(1, name="fc")])
        >>> model.compile("sgd", "mse")
        >>> slopes = Slopes(fastnn.Stepper(model, [[1.0, 2.0]], [[3.0]]))
        >>> slopes.of("fc.kernel", (1, 0)).holds
        True
    """

    def __init__(self, stepper: Any) -> None:
        listing = stepper.listing
        self.end = next((i for i, s in enumerate(listing.steps) if s.phase == "backward"), None)
        if listing.loss is None or self.end is None:
            raise GraphError("expected a training step with a loss and a backward pass, received one without.")
        self.stepper = stepper
        self.plan = Plan(
            in_float64(listing), keep=True, storage={v: as_float64(a.copy()) for v, a in stepper.at_start().items()}
        )
        for name in listing.feeds:
            self.plan.load(name, as_float64(np.array(stepper.view(name))))
        self.plan.run(0, self.end)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters with a gradient."""
        listing = self.stepper.listing
        return tuple(n for n, v in listing.values.items() if v.role == "parameter" and listing.gradient_of(n))

    def of(self, name: str, index: tuple[int, ...]) -> Slope:
        """Check one number: the loss is computed anew with the cell a little smaller, and a little larger.

        Args:
            name: A value with a gradient: a parameter, or a result of a forward step.
            index: Its cell.

        Raises:
            GraphError: for a value without a gradient.
        """
        gradient = self._gradient(name)
        array, cell = self.plan.array(name), tuple(index)
        made = self.stepper.listing.written_by.get(name)
        kept = self.stepper.listing.values[name].role in ("parameter", "state")
        start = 0 if made is None or kept else made + 1
        old = float(array[cell])
        step = STEP * max(1.0, abs(old))
        low, middle, high = (self._loss(array, cell, value, start) for value in (old - step, old, old + step))
        scale = float(np.abs(gradient).max())
        return Slope(name, cell, float(gradient[cell]), (middle - low) / step, (high - middle) / step, scale)

    def _loss(self, array: Any, cell: tuple[int, ...], value: float, start: int) -> float:
        old = array[cell]
        array[cell] = value
        self.plan.run(start, self.end)
        array[cell] = old
        return float(self.plan.array(self.stepper.listing.loss))

    def _gradient(self, name: str) -> Any:
        found = self.stepper.gradient_of(name)
        if found is None:
            raise GraphError(f"expected a value with a gradient, received '{name}'.")
        if not self.stepper.computed(found):
            self.stepper = self.stepper.fork()
            self.stepper.run_on(self.stepper.listing.updates)
        return self.stepper.view(found)

    def sample(self, most: int = 4, seed: int = 0) -> Iterator[Slope]:
        """Check some cells of every parameter, the one with the largest gradient first.

        Args:
            most: Cells of each parameter.
            seed: For the choice of the others.
        """
        rng = np.random.default_rng(seed)
        for name in self.names:
            gradient = self._gradient(name)
            if not gradient.size:
                continue
            largest = int(np.abs(gradient).argmax())
            others = [int(c) for c in sampled(gradient.size, most, rng) if c != largest][: most - 1]
            for place in (largest, *others):
                yield self.of(name, tuple(int(i) for i in np.unravel_index(place, gradient.shape)))
