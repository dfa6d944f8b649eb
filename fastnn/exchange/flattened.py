"""Weights behind flattened pictures: their rows are in the order of the pictures' cells, which has channels last here.

Found in the steps of a prediction: a Flatten of pictures, then nothing but work on single numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step, Value
from fastnn.engine.steplist import StepList
from fastnn.exchange.exporting import any_list

EACH = ("elementwise", "normalization", "random", "reduction")  # kinds between a Flatten and the weights behind it
WEIGHTS = ("parameter", "state", "constant")
PICTURES = ("convolution", "window")
ROWS = {"dense": ("w",), "standardize_with": ("mean", "variance", "gamma", "beta")}  # weights with a row for each cell


def channels_first_orders(model: Any, required: bool = False) -> dict[int, NDArray[np.int64]]:
    """For weights, by identity, the order that their first axis has where channels come first.

    Args:
        model: A built model.
        required: Whether a model without a graph is an error.

    Raises:
        ValueError: if the graph is required and there is none.
    """
    if model.network is None:
        if required:
            raise ValueError(
                f"Expected flatten='channels_last' for '{model.name}', which has no graph. Received: first"
            )
        return {}
    listing = any_list(model)
    makers = {name: step for step in listing.steps for name in step.outputs}
    found = {}
    for step in listing.steps:
        weights = weights_by_row(listing, step)
        shape = flattened(listing, makers, data_of(listing, step)) if weights else None
        if shape is not None:
            found.update({id(w.source): order_of(shape) for w in weights if w.shape[0] == math.prod(shape)})
    return found


def weights_by_row(listing: StepList, step: Step) -> list[Value]:
    """The weights of a step that have a row for each cell of a sample."""
    names = [n for role, n in step.operands if n is not None and role in ROWS.get(step.op.name, (role,))]
    weights = [listing.values[n] for n in names if listing.values[n].role in WEIGHTS]
    return [w for w in weights if w.shape] if step.op.name in ROWS or step.op.kind == "elementwise" else []


def data_of(listing: StepList, step: Step) -> str:
    """The first value that a step reads and that is no weight."""
    return next((n for n in step.inputs if listing.values[n].role not in WEIGHTS), step.inputs[0])


def order_of(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """For every cell of a picture, channels last, its place where channels come first."""
    cells = np.arange(math.prod(shape)).reshape(shape[-1], *shape[:-1])
    return np.moveaxis(cells, 0, -1).ravel()


def flattened(listing: StepList, makers: dict[str, Step], name: str) -> tuple[int, ...] | None:
    """The shape of the picture that a value's cells come from, one after the other; None if they do not."""
    while name in makers:
        step = makers[name]
        source = data_of(listing, step)
        before, after = listing.values[source].shape, listing.values[name].shape
        if len(after) == 2 and len(before) > 2 and before[0] == after[0]:
            return before[1:] if len(before) == 4 or is_picture(listing, makers, source) else None
        if step.op.kind not in EACH or before != after:
            return None
        name = source
    return None


def is_picture(listing: StepList, makers: dict[str, Step], name: str) -> bool:
    """Whether a value with one axis between rows and channels comes from convolution or pooling."""
    while name in makers:
        if makers[name].op.kind in PICTURES:
            return True
        if makers[name].op.kind not in (*EACH, "rearrangement"):
            return False
        name = data_of(listing, makers[name])
    return False
