"""Margins in a loss: terms that count only above 0, as in contrastive, triplet and hinge losses, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.engine.steplist import StepList

Array = NDArray[Any]
Read = Callable[[str], "Array | None"]  # gives a value's array by its name, or None if it is not computed


class Margin(Enum):
    """Whether a clipped term has a say in what the network learns from a sample."""

    ACTIVE = "active"  # it is above 0, and a gradient comes back through it
    CLIPPED = "clipped"  # it is 0: the margin is kept
    WEIGHTED_OUT = "weighted out"  # it is above 0, but multiplied by 0, as for equal pairs
    OPEN = "open"  # it is above 0; backward has not come by yet


@dataclass(frozen=True)
class Clip:
    """A step of the loss that gives 0 for what is below 0.

    Args:
        step: Its index.
        before: Name of what is clipped, one row for every sample.
        after: Name of the result.
    """

    step: int
    before: str
    after: str


def clips(listing: StepList) -> tuple[Clip, ...]:
    """The clipped terms of a loss; each operation is asked what it makes of -1 and of 1, whatever its name."""
    found = []
    for i, step in enumerate(listing.steps):
        if step.phase != "loss" or step.op.kind != "elementwise" or not step.outputs:
            continue
        moving = [n for _, n in step.operands if n is not None and listing.values[n].role != "constant"]
        shape = listing.values[step.outputs[0]].shape
        if len(moving) == 1 and shape and _clips(listing, step, moving[0]):
            found.append(Clip(i, moving[0], step.outputs[0]))
    return tuple(found)


def _clips(listing: StepList, step: Step, moving: str) -> bool:
    """Whether a step gives 0 for -1 and more for 1, its constants being what they are."""
    probe = np.array([-1.0, 1.0])
    operands = [probe if n == moving else _constant(listing, n) for _, n in step.operands]
    try:
        with np.errstate(all="ignore"):
            result = step.op.forward(*operands, **step.attrs)
    except (TypeError, ValueError):  # an operation that wants whole numbers, or a shape of its own
        return False
    made = np.asarray(result[0] if isinstance(result, tuple) else result)
    return made.shape == (2,) and bool(made[0] == 0) and bool(made[1] > 0)


def _constant(listing: StepList, name: str | None) -> Any:
    value = None if name is None else np.asarray(listing.values[name].source, np.float64)
    return value.reshape(()) if value is not None and value.size == 1 else value


def margins(clip: Clip, listing: StepList, read: Read) -> list[Margin] | None:
    """What becomes of a clipped term, for every sample; None before it is computed.

    Args:
        clip: The term.
        listing: The step list.
        read: Gives a value's array, or None.
    """
    after = read(clip.after)
    if after is None:
        return None
    gradient = listing.gradient_of(clip.before)
    slopes = read(gradient) if gradient is not None else None
    above = _any(after > 0)
    passed = np.zeros(len(above), bool) if gradient is None else above if slopes is None else _any(slopes != 0)
    unknown = gradient is not None and slopes is None
    return [
        Margin.CLIPPED if not a else Margin.OPEN if unknown else Margin.ACTIVE if p else Margin.WEIGHTED_OUT
        for a, p in zip(above.tolist(), passed.tolist(), strict=True)
    ]


def _any(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """By sample, whether any of its cells is true."""
    return np.asarray(cells.reshape(len(cells), -1).any(axis=1))
