"""Models that write their own `train_step`: it is written down as a step list too, and run batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.graph import SymbolicTensor, Trace
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.peek import Peek
from fastnn.engine.plan import Plan, StepList, finish
from fastnn.engine.tensor import Tensor
from fastnn.models import data
from fastnn.models.rows import name_leaves

HOOKS: dict[bool | None, tuple[str, ...]] = {
    True: ("train_step", "compute_loss", "compute_metrics"),
    False: ("test_step", "compute_loss", "compute_metrics"),
}
Feeds = dict[str, Any]


def overrides(model: Any, training: bool | None, base: type) -> bool:
    """Whether the model's class writes a training step (or test step, if False), or a part of it, of its own."""
    return any(getattr(type(model), name) is not getattr(base, name) for name in HOOKS.get(training, ()))


# ---------------------------------------------------------------- data


class Batch:
    """The nest of data that a step is called with, and the values that stand for its leaves.

    Args:
        names: Names of the leaves of x, y and sample weights, None for parts that are not given.
    """

    def __init__(self, names: tuple[Any, Any, Any]) -> None:
        self.names = names

    @classmethod
    def of(cls, x: Any, y: Any, sample_weight: Any, dtype: str) -> tuple[Batch, Feeds]:
        """The nest of given data, and the data by value name."""
        nests, feeds = [], {}
        for given, name, part in ((x, "x", None), (y, "y_true", "y"), (sample_weight, "sample_weight", "weight")):
            nest = None if given is None else leaf_names(given, name, part)
            nests.append(nest)
            leaves = [] if nest is None else [given] if nest == name else flatten(given)
            for leaf, leaf_name in zip(leaves, flatten(nest), strict=False):
                feeds[leaf_name] = as_fed(data.to_array(leaf, leaf_name), dtype, leaf_name)
        data.check_lengths(feeds)
        return cls((nests[0], nests[1], nests[2])), feeds

    def packed(self, values: Mapping[str, Any]) -> Any:
        """What the step receives: x alone, (x, y) or (x, y, sample_weight)."""
        parts = [None if n is None else map_structure(lambda leaf: values[leaf], n) for n in self.names]
        if parts[2] is not None:
            return tuple(parts)
        return (parts[0], parts[1]) if parts[1] is not None else parts[0]


def leaf_names(given: Any, name: str, prefix: str | None) -> Any:
    """Names for the leaves of a nest of arrays."""
    nest = name_leaves(given)
    if nest == "x":
        return name
    return nest if prefix is None else map_structure(lambda leaf: f"{prefix}.{leaf}", nest)


def as_fed(array: Any, dtype: str, what: str) -> Any:
    """Floating numbers in the model's type; whole ones stay whole."""
    return data.convert(array, dtype if array.dtype.kind == "f" else "int32", what)


# ---------------------------------------------------------------- writing and running


def write(model: Any, batch: Batch, feeds: Feeds, training: bool, peek: Peek | None = None) -> StepList:
    """The step list of one call of the model's `train_step` or `test_step`.

    Raises:
        ValueNeededError: if Python asks for a tensor's data and there is no peek.
        ValueError: if the step does not return a dict of numbers.
    """
    counter = model.optimizer.iterations if model.optimizer is not None else None
    # as in Keras, a layer called in an own step trains only where the step says training=True
    with Trace(training=False, counter=counter, peek=peek, owner=model) as trace:
        values = {n: trace.add_value(n, a.shape, a.dtype, role_of(n)) for n, a in feeds.items()}
        logs = (model.train_step if training else model.test_step)(batch.packed(values))
        if not isinstance(logs, Mapping):
            step = "train_step" if training else "test_step"
            raise ValueError(f"Expected {step} to return a dict of names and numbers. Received: {type(logs).__name__}")
        watch = {str(k): as_value(trace, k, v) for k, v in logs.items()}
        trace.write_assignments()
        if training and counter is not None and not any(s.op is ops.increment for s in trace.steps):
            ops.increment(trace.place(counter))  # random operations count by it
        inputs, targets, weights = (
            [v for n, v in values.items() if role_of(n) == role] for role in ("input", "target", "weight")
        )
        return finish(trace, inputs, targets, weights, loss=watch.get("loss"), watch=watch)


def role_of(name: str) -> str:
    """What a value is in the list, by its name."""
    if name == "sample_weight" or name.startswith("weight."):
        return "weight"
    return "target" if name == "y_true" or name.startswith("y.") else "input"


def as_value(trace: Trace, name: str, value: Any) -> SymbolicTensor:
    """A log as a value of the list."""
    if isinstance(value, SymbolicTensor):
        return value
    if isinstance(value, (int, float, np.ndarray, np.generic, Tensor)):
        return trace.constant(np.asarray(value, np.float32), np.float32, str(name))
    raise ValueError(f"Expected a number for '{name}' in what the step returns. Received: {type(value).__name__}")


class OwnRunner:
    """Runs batches through a model's own step; its logs are those of the last batch, as the step returned them.

    Args:
        model: The model.
        training: Whether to run `train_step` or `test_step`.
    """

    def __init__(self, model: Any, training: bool) -> None:
        self.model, self.training = model, training
        self.latest: dict[str, Any] = {}

    def start(self) -> None:
        """Begin an epoch."""
        self.model.reset_metrics()
        self.latest = {}

    def run(self, feeds: Feeds) -> None:
        """Run one batch."""
        self.ran: Plan = self.model._plan_for(feeds, self.training)
        plan = self.ran
        with plan.lock:
            for name, array in feeds.items():
                plan.load(name, array)
            plan.run()
            self.latest = {k: plan.array(n).copy() for k, n in plan.listing.watch.items()}

    def logs(self) -> dict[str, Any]:
        """What the step returned for the last batch."""
        return {k: float(v) if v.size == 1 else v for k, v in self.latest.items()}
