"""What optimizers may do over several training steps: sum up gradients before an update, and average the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.graph import Trace
from fastnn.engine.tensor import Variable


def beside(variable: Variable, name: str, first: float = 0.0) -> Variable:
    """A variable of the shape and type of a weight, for what an optimizer remembers of it."""
    made = Variable(np.full(variable.shape, first, variable.dtype), trainable=False, name=name)
    made.path = f"{variable.path}/{name}"
    return made


def every(count: Any, steps: int) -> Any:
    """Whether a training step, counted from 0, is the last of its `steps`."""
    return ops.equal(ops.mod(count + 1, steps), 0)


def mean_so_far(held: Any, gradient: Any, due: Any, steps: int) -> Any:
    """Add a gradient to the sum held; the mean, of use when the update is due, when the sum begins anew.

    Args:
        held: The sum of the gradients since the last update.
        gradient: The gradient of this training step.
        due: Whether the weights change in this training step.
        steps: Training steps of an update.
    """
    total = held + gradient
    ops.assign(held, ops.where(due, ops.zeros_like(total), total))
    return total / float(steps)


@contextmanager
def only_if(due: Any, trace: Trace, changed: Sequence[Variable]) -> Iterator[None]:
    """Inside, steps change variables only in training steps where `due` is true; None is always."""
    before = [] if due is None else [(trace.place(v), trace.place(v) * 1.0) for v in changed]
    yield
    for place, old in before:
        ops.assign(place, ops.where(due, place, old))


def average_towards(average: Any, w: Any, step: Any, momentum: float) -> None:
    """Take the new value of a weight into its average, which begins with the first.

    Args:
        average: The average so far.
        w: The weight.
        step: The number of the update, from 0.
        momentum: Share of the average that stays.
    """
    stays = ops.cast(ops.not_equal(step, 0), dtype=w.dtype) * momentum
    ops.assign(average, stays * average + (1.0 - stays) * w)
