"""How well a stepper's weights do on all its data at this position: outputs, classes, the loss of every sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.plan import Plan
from fastnn.engine.steplist import StepList
from fastnn.engine.stepper import Stepper
from fastnn.errors import GraphError

Array = NDArray[Any]
BATCH = 256


@dataclass(frozen=True)
class Assessment:
    """What the network says to its data.

    Args:
        rows: Row numbers of the samples.
        outputs: By name the outputs, a row for every sample.
        targets: By name the targets; the n-th belongs to the n-th output.
        losses: The loss of every sample alone.
    """

    rows: NDArray[np.int64]
    outputs: Mapping[str, Array] = field(repr=False)
    targets: Mapping[str, Array] = field(repr=False)
    losses: Array = field(repr=False)

    def classes(self, output: int = 0) -> tuple[Array, Array] | None:
        """The true and the predicted class of every sample; None if an output is no choice among classes.

        Several numbers choose the largest; a single one from 0 to 1 chooses between two classes at one half.

        Args:
            output: Which output, from 0.
        """
        y = list(self.targets.values())[output]
        p = list(self.outputs.values())[output]
        if p.ndim != 2 or y.size == 0 or np.any(y != np.round(y)) or y.min() < 0:
            return None
        if p.shape[1] > 1:
            return _among(y.reshape(len(y), -1), p)
        if y.size != len(y) or y.max() > 1 or p.min() < 0 or p.max() > 1:
            return None
        return y.ravel().astype(np.int64), (p.ravel() > 0.5).astype(np.int64)

    def confusion(self, output: int = 0) -> NDArray[np.int64] | None:
        """How many samples of a true class (row) were taken for a class (column); None without classes.

        Args:
            output: Which output, from 0.
        """
        found = self.classes(output)
        if found is None:
            return None
        true, predicted = found
        count = max(2, int(max(true.max(), predicted.max())) + 1, list(self.outputs.values())[output].shape[1])
        table = np.zeros((count, count), np.int64)
        np.add.at(table, (true, predicted), 1)
        return table

    def worst(self, count: int) -> Array:
        """Places of the samples of largest loss, the worst first; a loss that is no number is the worst.

        Args:
            count: How many at most.
        """
        order = np.argsort(-np.where(np.isnan(self.losses), np.inf, self.losses), kind="stable")
        return order[:count]


def _among(y: Array, p: Array) -> tuple[Array, Array] | None:
    """True and predicted classes where every class has an output; targets are numbers or one-hot rows."""
    if y.shape[1] == 1 and y.max() < p.shape[1]:
        return y[:, 0].astype(np.int64), p.argmax(1)
    if y.shape == p.shape and np.all(y.sum(1) == 1) and y.max() == 1:
        return y.argmax(1), p.argmax(1)
    return None


def assess(
    stepper: Stepper, rows: Sequence[int] | Array | None = None, data: Mapping[str, Array] | None = None
) -> Assessment:
    """Run the network on samples with the weights that the stepper has now; nothing of the stepper changes.

    Dropout and the like are off, as in `evaluate`.

    Args:
        stepper: The stepper.
        rows: Row numbers of samples; all by default.
        data: Other data than the stepper's, as the model's `prepare_data` gives it.

    Raises:
        GraphError: for no rows, or rows that the data does not have.

    Example:
        >>> from fastnn import presets
        >>> preset = presets.get("xor")
        >>> stepper = Stepper(preset.build(0), *preset.data(), batch_size=1)
        >>> int(assess(stepper).confusion().sum())
        4
    """
    known = stepper.data if data is None else data
    count = len(next(iter(known.values())))
    chosen = np.arange(count) if rows is None else np.asarray(rows, np.int64)
    if not len(chosen) or chosen.min() < 0 or chosen.max() >= count:
        raise GraphError(f"expected row numbers from 0 to {count - 1}, received {rows!r}.")
    run = _Run(stepper, known)
    parts = [run.batch(chosen[at : at + BATCH]) for at in range(0, len(chosen), BATCH)]
    outputs, targets, losses = zip(*parts, strict=True)
    return Assessment(chosen, _joined(outputs), _joined(targets), np.concatenate(losses))


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class _Run:
    """Plans of evaluation by number of rows."""

    def __init__(self, stepper: Stepper, data: Mapping[str, Array]) -> None:
        self.stepper, self.data = stepper, data
        self.plans: dict[int, Plan] = {}

    def batch(self, rows: Array) -> tuple[dict[str, Array], dict[str, Array], Array]:
        plan = self.run(rows)
        listing = plan.listing
        outputs = {name: plan.array(name).copy() for name in listing.outputs}
        targets = {name: plan.array(name).copy() for name in listing.targets}
        value = value_by_sample(listing, len(rows))
        if value is not None:
            return outputs, targets, plan.array(value).reshape(len(rows), -1).mean(1)
        if listing.loss is None:
            return outputs, targets, np.full(len(rows), np.nan)
        return (
            outputs,
            targets,
            np.array([float(self.run(rows[k : k + 1]).array(listing.loss)) for k in range(len(rows))]),
        )

    def run(self, rows: Array) -> Plan:
        feeds = {name: array[rows] for name, array in self.data.items()}
        plan = self.plans.get(len(rows))
        if plan is None:
            model = self.stepper.model
            write = model.step_list_for if model.decides_on_values else model.step_list
            listing = write(feeds, False) if model.decides_on_values else write(len(rows), feeds, False)
            plan = Plan(listing, keep=True, storage=self.stepper.storage)
            if not model.decides_on_values:
                self.plans[len(rows)] = plan
        for name, array in feeds.items():
            if name in plan.buffers:
                plan.load(name, array)
        plan.run()
        return plan


def value_by_sample(listing: StepList, count: int) -> str | None:
    """The value that holds the loss of every sample, if the loss is nothing but its mean."""
    made = listing.written_by.get(listing.loss or "")
    step = listing.steps[made] if made is not None else None
    if step is None or step.op.name != "mean" or len(step.inputs) != 1:
        return None
    shape = listing.values[step.inputs[0]].shape
    return step.inputs[0] if shape and shape[0] == count else None
