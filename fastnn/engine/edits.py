"""Changes that a person makes during a run: kept as a list, so that every replay makes them again at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.steplist import FED, StepList
from fastnn.errors import GraphError

Array = NDArray[Any]
EDITABLE = ("parameter", "state", *FED)


@dataclass(frozen=True, eq=False)
class Edit:
    """One change, in force from the start of a training step on.

    Args:
        step: The training step.
        name: A parameter, a state such as the learning rate, an input, a target or a sample weight.
        index: The cells changed, as NumPy would index them from the left; of inputs and targets the first number is
            the row of the whole data. () is everything, for a parameter or state.
        value: The number or array put there.
    """

    step: int
    name: str
    index: tuple[int, ...]
    value: Any

    def put(self, array: Array) -> None:
        """Write the value into a parameter or state."""
        array[self.index or ...] = self.value

    def put_rows(self, batch: Array, rows: Array) -> None:
        """Write the value into a batch, if the row is in it."""
        for place in np.flatnonzero(rows == self.index[0]):
            cell = (int(place), *self.index[1:])
            batch[cell] = self.value


def checked(edit: Edit, listing: StepList, count: int) -> Edit:
    """The edit with its value as an array of the right type.

    Args:
        edit: What is asked for.
        listing: The step list that names the value.
        count: Rows of the data.

    Raises:
        GraphError: for a value that cannot be changed, an index outside of it, or a shape that does not fit.
    """
    value = listing.values.get(edit.name)
    if value is None or value.role not in EDITABLE:
        raise GraphError(f"expected the name of a {', '.join(EDITABLE)}, received {edit.name!r}.")
    shape = (count, *value.shape[1:]) if value.role in FED else value.shape
    index = tuple(edit.index)
    if len(index) > len(shape) or any(not 0 <= i < n for i, n in zip(index, shape, strict=False)):
        raise GraphError(f"expected an index into '{edit.name}' of shape {shape}, received {index}.")
    if value.role in FED and not index:
        raise GraphError(f"expected an index that begins with a row below {count}, received none for '{edit.name}'.")
    try:
        new = np.array(edit.value).astype(value.dtype, casting="same_kind" if np.ndim(edit.value) else "unsafe")
        return Edit(edit.step, edit.name, index, np.broadcast_to(new, shape[len(index) :]).copy())
    except (TypeError, ValueError) as error:
        raise GraphError(f"expected {shape[len(index) :]} numbers for '{edit.name}', received: {error}") from None


def first_difference(old: Iterable[Edit], new: Iterable[Edit]) -> int | None:
    """The training step from which two lists of edits lead to different runs; None if they are the same."""
    a, b = list(old), list(new)
    same = 0
    while same < min(len(a), len(b)) and a[same] is b[same]:
        same += 1
    return min((e.step for e in a[same:] + b[same:]), default=None)


def put_feeds(edits: Iterable[Edit], step: int, rows: Array, batch: Mapping[str, Array]) -> None:
    """Make the edits of inputs and targets that are in force at a training step, in its batch."""
    for edit in edits:
        if edit.step <= step and edit.name in batch:
            edit.put_rows(batch[edit.name], rows)
