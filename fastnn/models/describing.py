"""What a training step of a model runs, in rows with their memory and work, before any data is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.engine.description import Description
from fastnn.engine.plan import Plan
from fastnn.errors import ValueNeededError
from fastnn.models.compiling import Aim
from fastnn.models.planning import Array, Feeds
from fastnn.models.training import Training, checked_size

if TYPE_CHECKING:
    from fastnn.engine.peak import Peak
    from fastnn.engine.profiling import Profile


class ModelPlan(Description):
    """The plan of one batch of a model.

    Args:
        plan: The plan.
        model: The model.
        feeds: Data that the plan was made with, if any was given.
    """

    def __init__(self, plan: Plan, model: Any, feeds: Feeds | None) -> None:
        super().__init__(plan)
        self.model, self.feeds = model, feeds

    def profile(
        self, x: Any = None, y: Any = None, sample_weight: Any = None, repeats: int = 20, machine: Peak | None = None
    ) -> Profile:
        """Time every row on a batch of data; the model stays as it is.

        Args:
            x: Inputs as `fit` takes them, at least a batch; what the plan was made with by default.
            y: Targets, likewise.
            sample_weight: Not for a plan without weights.
            repeats: How many passes are timed.
            machine: What the machine can do, from an earlier profile; measured if left out.

        Returns:
            Best and median time of every row, GFLOP/s, GB/s and share of the machine's peak; printed as a table, in the
            order of running or, by `text(by="time")`, the slowest first.

        Raises:
            ValueError: for data that do not fit, or are not given.

        Example:
            >>> import fastnn, numpy as np
            >>> model = fastnn.Sequential([fastnn.layers.Input((4,)), fastnn.layers.Dense(3, "relu")])
            >>> model.compile("sgd", "mse")
            >>> found = model.plan(batch_size=8).profile(np.ones((8, 4)), np.ones((8, 3)), repeats=3)
            >>> slowest = found.ordered(by="time")[0]
            >>> slowest.best <= slowest.median
            True
        """
        from fastnn.engine.profiling import copy_of, profile

        feeds = self.feeds if x is None else self.model.prepare_data(x, y, sample_weight)
        if feeds is None:
            raise ValueError(f"Expected x to run the plan of model '{self.model.name}' on. Received: None")
        missing = [name for name in self.plan.listing.feeds if name not in feeds]
        if missing:
            raise ValueError(f"Expected data for {missing}. Received: none")
        return profile(copy_of(self.plan.listing), feeds, repeats, machine)


class Describing(Training):
    """Mixin of models: their plans for people."""

    def plan(
        self, batch_size: int | None = None, training: bool | None = True, x: Any = None, y: Any = None
    ) -> ModelPlan:
        """The plan of one batch: what kernels run, which steps they do the work of, in which memory.

        Args:
            batch_size: Rows of a batch; 32 by default, or all of x if that has less.
            training: True for a training step of `fit`, False for a batch of `evaluate`, None for one of `predict`.
            x: Inputs as `fit` takes them, for a model whose shapes follow from data; otherwise not needed.
            y: Targets, likewise.

        Returns:
            The rows of the plan, printed as a table; its `profile` tells how long each takes.

        Raises:
            ValueError: if the model needs data to know its shapes, or was not compiled.

        Example:
            >>> import fastnn
            >>> model = fastnn.Sequential([fastnn.layers.Input((4,)), fastnn.layers.Dense(3, "relu", name="hidden")])
            >>> plan = model.plan(batch_size=8, training=None)
            >>> for row in plan.table():
            ...     print(row[1:6])
            ('layer', 'kernel', 'reads', 'writes', 'memory')
            ('hidden', 'dense + relu', '8x4 4x3 3', '8x3', '#0')
            >>> plan.hidden, plan.totals["buffer_bytes"]
            (('hidden.dense',), 96)
        """
        plan, feeds = self._plan_of(batch_size, training, x, y)
        return ModelPlan(plan, self, None if x is None else feeds)

    def _plan_of(self, batch_size: int | None, training: bool | None, x: Any, y: Any) -> tuple[Plan, Feeds]:
        """The plan for a batch, and the data it was made with."""
        if training is not None:
            self._require_compiled()
        rows, given = checked_size(batch_size), x is not None
        feeds = self.prepare_data(x, y) if given else self._empty_rows(training)
        if given:
            rows = min(rows, len(next(iter(feeds.values()))))
        try:
            return self._plan(rows, feeds, training), feeds
        except ValueNeededError as error:
            if not given:
                raise ValueError(
                    f"Expected x for model '{self.name}', which decides on values of tensors. Received: no data"
                ) from error
            self._note_decisions(error)
        batch = {name: array[:rows] for name, array in feeds.items()}
        return Plan(self.step_list_for(batch, training)), feeds

    def _empty_rows(self, training: bool | None) -> Feeds:
        """A row of zeros for every input and target."""
        if self.network is None:
            raise ValueError(
                f"Expected x for model '{self.name}', whose shapes follow from data. Received: no data; "
                "build it with an Input, or pass x (and y) to plan"
            )
        x = [zeros(t.shape, t.dtype, f"input '{t.name}'", self.name) for t in self.network.inputs]
        aims = [] if training is None else self._aims()
        y: Any = [self._empty_target(aim) if aim.compared else None for aim in aims]
        alone = y[0] if len(y) == 1 else y or None
        return self.prepare_data(x[0] if len(x) == 1 else x, alone, training=bool(training))

    def _empty_target(self, aim: Aim) -> Array:
        shape = aim.shape[:-1] if aim.labels else aim.shape
        return zeros(shape, "int32" if aim.labels else self.dtype, f"targets of output '{aim.name}'", self.name)


def zeros(shape: tuple[int | None, ...], dtype: str, what: str, model: str) -> Array:
    """One row of zeros; raises ValueError where a length is not known."""
    if None in shape[1:]:
        raise ValueError(f"Expected x and y for model '{model}': {what} has the open shape {shape}. Received: no data")
    return np.zeros((1, *(n or 0 for n in shape[1:])), dtype)
