"""A model's prediction as a step list for any number of rows: lists are written for two batch sizes and compared.

A number that is the same in both is fixed; one that differs is `fixed + per_row * rows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastnn.engine.graph import Step, Value
from fastnn.engine.steplist import StepList
from fastnn.errors import GraphError

SIZES = (5, 7)  # no length of a layer is likely to be made of both in the same way


@dataclass(frozen=True)
class Rows:
    """A length that follows the number of rows: `fixed + per_row * rows`."""

    fixed: int
    per_row: int

    def __str__(self) -> str:
        if self == Rows(0, 1):
            return "batch"
        return "*".join([str(self.per_row)] * (self.per_row != 1) + ["batch"]) + (
            f"+{self.fixed}" if self.fixed else ""
        )


Length = int | Rows
Lengths = tuple[Length, ...]


@dataclass(frozen=True)
class OpenList:
    """A step list whose numbers may be `Rows`.

    Args:
        steps: The steps of a prediction; in their attributes and shapes every length may be open.
        values: The values by name, as for the smaller batch.
        shapes: Every value's open shape.
        inputs: Names of the model's inputs.
        outputs: Names of the model's outputs.
    """

    steps: tuple[Step, ...]
    values: Mapping[str, Value]
    shapes: Mapping[str, Lengths]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def constant(self, name: str) -> Any:
        """The data of a value that outlives a prediction, for one row where it has a row for each."""
        value, shape = self.values[name], self.shapes[name]
        data = np.asarray(getattr(value.source, "value", value.source))
        axes = [d for d, length in enumerate(shape) if isinstance(length, Rows)]
        if not axes:
            return data
        one = data[tuple(slice(1) if d in axes else slice(None) for d in range(data.ndim))]
        if not np.array_equal(np.broadcast_to(one, data.shape), data):
            raise GraphError(
                f"expected rows that are alike, received '{name}', which differs from row to row.",
                layer=self.values[name].layer or None,
            )
        return one


def open_list(model: Any, rows: Mapping[str, Any]) -> OpenList:
    """The steps of a model's prediction for any number of rows.

    Args:
        model: A built model.
        rows: For every input one row of data, whose shape and type are read; or as many rows as the input has, where
            that is fixed.

    Raises:
        GraphError: if the steps are others for another number of rows.
    """
    fixed = any(batch is not None for batch in fixed_batches(model))
    if fixed:
        (count,) = {len(row) for row in rows.values()}
        return fixed_list(needed(model.step_list(count, rows, training=None)))
    first, second = (needed(model.step_list(n, rows, training=None)) for n in SIZES)
    if [s.op for s in first.steps] != [s.op for s in second.steps] or first.values.keys() != second.values.keys():
        raise GraphError(
            f"expected the same steps for every batch, received others for {SIZES[0]} and {SIZES[1]} rows."
        )
    shapes = {n: compared(v.shape, second.values[n].shape, v.layer, n) for n, v in first.values.items()}
    steps = tuple(map(open_step, first.steps, second.steps))
    found = OpenList(steps, first.values, shapes, first.inputs, first.outputs)
    check_constants(found, OpenList(steps, second.values, shapes, first.inputs, first.outputs))
    return found


def needed(listing: StepList) -> StepList:
    """The list without steps that no output needs, such as a penalty's, and without their values."""
    reached, steps = set(listing.outputs), []
    for step in reversed(listing.steps):
        if step.op.name == "assign" or reached.intersection(step.outputs):
            steps.append(step)
            reached.update(step.inputs)
    kept = reached.union(listing.inputs, *(step.outputs for step in steps))
    values = {name: value for name, value in listing.values.items() if name in kept}
    return replace(listing, steps=tuple(reversed(steps)), values=values)


def check_constants(first: OpenList, second: OpenList) -> None:
    """Raise GraphError for a constant that is another number for another batch."""
    for name, value in first.values.items():
        if value.role == "constant" and not np.array_equal(first.constant(name), second.constant(name)):
            raise GraphError(
                f"expected numbers that are the same for every batch, received '{name}', which follows the number of "
                "rows.",
                layer=value.layer or None,
            )


def fixed_batches(model: Any) -> list[int | None]:
    """The number of rows of every input, None where it is open."""
    return [] if model.network is None else [t.shape[0] for t in model.network.inputs]


def fixed_list(listing: StepList) -> OpenList:
    """The list as it is, for one batch size."""
    shapes = {name: value.shape for name, value in listing.values.items()}
    return OpenList(listing.steps, listing.values, shapes, listing.inputs, listing.outputs)


def open_step(first: Step, second: Step) -> Step:
    """A step whose attributes follow the number of rows."""
    if first.operands != second.operands:
        raise GraphError(
            "expected the same inputs for every batch, received others.", layer=first.layer, operation=first.op.name
        )
    where = f"{first.op.name}'s"
    attrs = {k: compared(v, second.attrs[k], first.layer, f"{where} {k}") for k, v in first.attrs.items()}
    shapes = compared(first.shapes, second.shapes, first.layer, f"{where} shapes")
    return replace(first, attrs=attrs, shapes=shapes)


def compared(first: Any, second: Any, layer: str, what: str) -> Any:
    """What two batch sizes gave, as one value for all sizes."""
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
        return tuple(compared(a, b, layer, what) for a, b in zip(first, second, strict=True))
    if first == second or (first != first and second != second):
        return first
    if isinstance(first, int) and isinstance(second, int):
        per_row, rest = divmod(second - first, SIZES[1] - SIZES[0])
        if not rest:
            return Rows(first - per_row * SIZES[0], per_row)
    raise GraphError(
        f"expected {what} to follow the number of rows, received {first} for {SIZES[0]} and {second} for {SIZES[1]}.",
        layer=layer or None,
    )
