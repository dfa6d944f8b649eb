"""What a stepper's network says, with the weights of this position, to inputs of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.engine.plan import Plan
from fastnn.engine.stepper import Stepper
from fastnn.errors import GraphError

Array = NDArray[Any]


class Asking:
    """Predictions by the stepper's weights: nothing of the run changes, dropout is off.

    Args:
        stepper: Whose weights to use, wherever it stands when asked.
        rows: How many inputs are asked about at once.

    Raises:
        GraphError: for a model that decides on values, so that no step list holds for all inputs.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((1,), name="x"), fastnn.layers.Dense(1, name="fc")])
        >>> model.compile("sgd", "mse")
        >>> stepper = Stepper(model, [[1.0]], [[3.0]])
        >>> stepper.change("fc.kernel", 2.0, (0, 0))
        >>> Asking(stepper, 2)({"x": [[1.0], [5.0]]})["fc.dense"].ravel()
        array([ 2., 10.], dtype=float32)
    """

    def __init__(self, stepper: Stepper, rows: int) -> None:
        model = stepper.model
        if getattr(model, "decides_on_values", False):
            raise GraphError("expected a model with one step list for all inputs, received one that decides on values.")
        self.rows = rows
        feeds = {name: stepper.data[name] for name in model.feed_names()}
        self.plan = Plan(model.step_list(rows, feeds, None), keep=True, storage=stepper.storage)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(self.plan.listing.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(self.plan.listing.outputs)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that a prediction takes."""
        return self.plan.listing.steps

    def __call__(self, inputs: Mapping[str, Any]) -> Mapping[str, Array]:
        """All values of one prediction by name, read-only and valid until the next one.

        Args:
            inputs: An array of `rows` rows for every input.

        Raises:
            ShapeError: for an array of another shape.
        """
        with self.plan.lock:
            for name in self.inputs:
                self.plan.load(name, np.asarray(inputs[name]))
            self.plan.run()
        return {name: _read_only(self.plan.array(name)) for name in self.plan.listing.values}


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
