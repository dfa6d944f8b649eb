"""Numbers about a training step: norms of gradients and weights, shares of zeros, who was predicted right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.engine.steplist import StepList
from fastnn.ops.table import find

BLOCK = 2**13  # short enough for the cache, and for NumPy to see no work for several threads in it
TINY, HUGE = 1e-25, 1e30  # limits of a sum of squares in float32
Read = Callable[[str], NDArray[Any]]  # gives a value's array by its name


def has_nonfinite(array: NDArray[Any]) -> bool:
    """Whether an array holds NaN or infinity; the sum settles nearly all cases without a second array."""
    if array.dtype.kind != "f" or not array.size:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return not np.isfinite(array.sum()) and not bool(np.isfinite(array).all())


def first_nonfinite(array: NDArray[Any]) -> tuple[int, ...]:
    """Index of the first cell that is NaN or infinite."""
    return tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])


def norm(arrays: Iterable[NDArray[Any]]) -> float:
    """Euclidean norm of all cells of some arrays together, summed in float64.

    Example:
        >>> norm([np.array([3.0]), np.array([[4.0]])])
        5.0
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return math.sqrt(sum(_squares(np.asarray(a).reshape(-1)) for a in arrays))


def _squares(cells: NDArray[Any]) -> float:
    """The sum of squares, block by block, so that no second array as large is needed."""
    return sum(_block(cells[k : k + BLOCK]) for k in range(0, len(cells), BLOCK))


def _block(cells: NDArray[Any]) -> float:
    """The sum of squares of a block; in float32 where no square that counts is too large or too small for it."""
    if cells.dtype == np.float32 and TINY < (found := float(np.vdot(cells, cells))) < HUGE:
        return found
    wide = cells.astype(np.float64)
    return float(np.vdot(wide, wide))


def weight_gradients(listing: StepList, layer: str = "") -> list[tuple[str, str]]:
    """Pairs (parameter, gradient) of all layers, or of one."""
    found = ((v.name, listing.gradient_of(v.name)) for v in listing.values.values() if v.role == "parameter")
    return [(name, g) for name, g in found if g and layer in ("", listing.values[name].layer)]


def gradient_norm(listing: StepList, read: Read, layer: str = "") -> float:
    """Norm of the gradients of all weights together, or of those of one layer."""
    return norm(read(gradient) for _, gradient in weight_gradients(listing, layer))


def update_ratios(listing: StepList, read: Read) -> dict[str, float]:
    """For every layer with weights the norm of its gradients divided by the norm of its weights."""
    layers = dict.fromkeys(listing.values[name].layer for name, _ in weight_gradients(listing))
    found = {}
    for layer in layers:
        pairs = weight_gradients(listing, layer)
        weights = norm(read(name) for name, _ in pairs)
        found[layer] = norm(read(g) for _, g in pairs) / weights if weights else math.inf
    return found


def silencing(listing: StepList) -> Iterator[tuple[int, Step]]:
    """Forward steps whose operation gives 0 for a negative number, such as relu, with their indices."""
    for i, step in enumerate(listing.steps):
        alone = step.op.kind == "elementwise" and len(step.op.inputs) == 1
        if step.phase == "forward" and alone and _silences(step.op.name, tuple(step.attrs.items())):
            yield i, step


@lru_cache(maxsize=256)
def _silences(op: str, attrs: tuple[tuple[str, Any], ...]) -> bool:
    try:
        below = find(op).forward(np.array([-1.0, 1.0]), **dict(attrs))
    except (TypeError, ValueError):  # an operation that wants whole numbers, or an array of its own
        return False
    below = np.asarray(below[0] if isinstance(below, tuple) else below)
    return below.shape == (2,) and bool(below[0] == 0) and bool(below[1] > 0)


def zero_share(array: NDArray[Any]) -> float:
    """The share of cells that are 0."""
    return 1.0 - np.count_nonzero(array) / array.size if array.size else 0.0


def dead_share(array: NDArray[Any]) -> float:
    """The share of units (places along the last axis) that are 0 for every sample and place of the batch.

    Example:
        >>> dead_share(np.array([[0.0, 1.0], [0.0, 0.0]]))
        0.5
    """
    return 1.0 - float(np.any(array, axis=tuple(range(array.ndim - 1))).mean()) if array.size else 0.0


def rightness(listing: StepList) -> tuple[int, str] | None:
    """The step that says of every sample whether it was predicted right, and its result; None without an accuracy."""
    for i, step in enumerate(listing.steps):
        if step.op.kind == "metric" and len(step.outputs) == 1 and len(listing.values[step.outputs[0]].shape) >= 1:
            return i, step.outputs[0]
    return None


def accuracy(listing: StepList, read: Read) -> float:
    """The share of the batch that was predicted right; NaN without an accuracy among the model's metrics."""
    found = rightness(listing)
    return float(read(found[1]).mean(dtype=np.float64)) if found else math.nan


def learning_rate(listing: StepList, read: Read) -> float:
    """The learning rate that the updates use; NaN if there are none."""
    for step in reversed(listing.steps):
        name = dict(step.operands).get("learning_rate")
        if step.phase == "update" and name is not None:
            return float(read(name))
    return math.nan
