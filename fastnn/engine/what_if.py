"""What a training step's forward pass would give if some of its values were others: an experiment beside the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from fastnn.engine.plan import Plan
from fastnn.errors import GraphError

Array = NDArray[Any]
Cell = tuple[str, tuple[int, ...]]


class WhatIf:
    """The forward pass of a stepper's training step on a copy, with numbers put in by hand; the run stays as it is.

    Args:
        stepper: The stepper; its batch and its weights at the start of the training step are used.

    Example:
        >>> import fastnn
        >>> layers = [fastnn.layers.Input((1,)), fastnn.layers.Dense(1, name="a"), fastnn.layers.Dense(1, name="b")]
        >>> model = fastnn.Sequential(layers)
        >>> model.compile("sgd", "mse")
        >>> stepper = fastnn.Stepper(model, [[1.0]], [[3.0]])
        >>> stepper.change("b.kernel", 2.0, (0, 0))
        >>> what_if = WhatIf(stepper)
        >>> what_if.put({("a.dense", (0, 0)): 5.0})
        >>> what_if.view("b.dense")
        array([[10.]], dtype=float32)
    """

    def __init__(self, stepper: Any) -> None:
        self.listing = stepper.listing
        steps = self.listing.steps
        self._end = next((i for i, s in enumerate(steps) if s.phase not in ("forward", "loss")), len(steps))
        self.plan = Plan(self.listing, keep=True, storage={v: a.copy() for v, a in stepper.at_start().items()})
        for name in self.listing.feeds:
            self.plan.load(name, stepper.view(name))
        self._values: dict[Cell, float] = {}
        self._run(0)

    def put(self, values: Mapping[Cell, float]) -> None:
        """Put these numbers in, and no others, and compute anew what comes behind them.

        Args:
            values: Numbers by value name and index; the values are results of forward steps.

        Raises:
            GraphError: for another value, or an index outside of it.
        """
        for name, index in values:
            self._check(name, index)
        changed = [c for c in {*values, *self._values} if values.get(c) != self._values.get(c)]
        self._values = dict(values)
        if changed:
            self._run(min(self.listing.written_by[name] for name, _ in changed))

    def _check(self, name: str, index: tuple[int, ...]) -> None:
        made = self.listing.written_by.get(name)
        if made is None or made >= self._end:
            raise GraphError(f"expected the result of a forward step, received {name!r}.")
        shape = self.listing.values[name].shape
        if len(index) != len(shape) or any(not 0 <= i < n for i, n in zip(index, shape, strict=True)):
            raise GraphError(f"expected an index into '{name}' of shape {shape}, received {index}.")

    def _run(self, begin: int) -> None:
        """Run from a step on; after every step that made one of the values, put its numbers in."""
        made = sorted({self.listing.written_by[name] + 1 for name, _ in self._values})
        for stop in [*(m for m in made if m > begin), self._end]:
            self.plan.run(begin, stop)
            for (name, index), value in self._values.items():
                if self.listing.written_by[name] + 1 == stop:
                    self.plan.array(name)[index] = value
            begin = stop

    def view(self, name: str) -> Array:
        """A value of the experiment, read-only and valid until the next one.

        Raises:
            GraphError: for a value that the forward pass does not have.
        """
        if self.listing.written_by.get(name, 0) >= self._end:
            raise GraphError(f"expected a value of the forward pass, received {name!r}.")
        array = self.plan.array(name).view()
        array.flags.writeable = False
        return array
