"""Runs a stepper until a condition holds, and stops it behind the operation that made it hold."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from fastnn.engine import measures
from fastnn.engine.conditions import Condition, Hit, NonFinite, Seen
from fastnn.engine.steplist import StepList


def stretches(listing: StepList, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Steps [begin, end) cut before every step that would overwrite what an earlier step of the stretch has written."""
    written: set[str] = set()
    for i in range(begin, end):
        outputs = listing.steps[i].outputs
        if written.intersection(outputs):
            yield begin, i
            begin, written = i, set()
        written.update(outputs)
    if begin < end:
        yield begin, end


def first_hit(conditions: Sequence[Condition], seen: Seen) -> tuple[Condition, int, str] | None:
    """The condition that held first in a stretch, the steps done then, and what was found."""
    found = [(c, *f) for c in conditions if (f := c.find(seen)) is not None]
    return min(found, key=lambda entry: entry[1], default=None)


def run_until(
    stepper: Any,
    conditions: Sequence[Condition],
    steps: int | None = None,
    seconds: float = math.inf,
    position: int | None = None,
) -> Hit | None:
    """Run on until a condition holds, and stop right behind the operation that made it hold.

    Args:
        stepper: The cursor that moves.
        conditions: What to stop at; of several the one that held first.
        steps: Stop after finishing as many training steps.
        seconds: Stop after this time, between training steps.
        position: Stop at this position of the run.

    Returns:
        What held, or None if the run stopped for another reason.

    Raises:
        ValueError: without any condition or limit.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
        >>> model.compile(fastnn.optimizers.SGD(1e6), "mse")
        >>> stepper = fastnn.Stepper(model, [[1.0]], [[3.0]])
        >>> hit = run_until(stepper, [NonFinite()], steps=20)
        >>> "wrote" in hit.message, stepper.done == hit.done
        (True, True)
    """
    if steps is None and math.isinf(seconds) and position is None and not conditions:
        raise ValueError("Expected conditions, or a number of steps or of seconds. Received: none")
    finished, stop = 0, time.monotonic() + seconds
    while position is None or stepper.position < position:
        if stepper.at_end:
            stepper.begin_next()
        hit = _run_training_step(stepper, conditions, position)
        if hit is not None or not stepper.at_end:
            return hit
        finished += 1
        hit = _at_start(stepper, conditions)
        if hit is not None or finished == steps or time.monotonic() >= stop:
            return hit
    return None


def _run_training_step(stepper: Any, conditions: Sequence[Condition], position: int | None) -> Hit | None:
    """Run the rest of the training step shown, or up to a position."""
    listing, begin = stepper.listing, stepper.done
    left = len(listing.steps) - begin
    end = begin + (left if position is None else min(left, position - stepper.position))
    for first, last in stretches(listing, begin, end) if conditions else [(begin, end)]:
        stepper.run_on(last)
        seen = Seen(listing, stepper.view, first, last, stepper.sample_indices, stepper.loss_before)
        hit = first_hit(conditions, seen)
        if hit is not None:
            return _stop(stepper, *hit)
    return None


def _stop(stepper: Any, condition: Condition, done: int, message: str) -> Hit:
    """Go back to right behind the operation, and find the cell to look at."""
    step = stepper.listing.steps[done - 1]
    name = step.outputs[0] if step.outputs else ""
    index: tuple[int, ...] = ()
    stepper.goto(stepper.position - stepper.done + done)
    for name_written in step.outputs if isinstance(condition, NonFinite) else ():
        array = stepper.view(name_written)
        if measures.has_nonfinite(array):
            name, index = name_written, measures.first_nonfinite(array)
            break
    return Hit(condition, stepper.shown_training_step, done, f"{condition.label}: {message}", name, index)


def _at_start(stepper: Any, conditions: Sequence[Condition]) -> Hit | None:
    """Conditions that hold before the next training step."""
    step, batches = stepper.training_step, stepper.schedule.batches
    for condition in conditions:
        if condition.starts(step, batches):
            return Hit(condition, stepper.shown_training_step, stepper.done, condition.label)
    return None
