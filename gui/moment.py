"""Where a run stands, and which position a move of some grain leads to. No Qt, no arrays of a running engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.explain import Explanation
from fastnn.engine.graph import Step
from fastnn.engine.steplist import StepList

INNER = ("term", "element")  # moves inside an operation: made by `gui.grains`
GRAINS = (*INNER, "op", "layer", "phase", "batch", "epoch")


@dataclass(frozen=True)
class Moment:
    """A position of the run; while training also copies of what the window shows.

    Args:
        listing: Step list of the training step shown.
        position: Steps done since the start of the run.
        shown: The training step whose values are shown, from 0.
        epoch: Its epoch, from 0.
        batch: Its place within the epoch, from 0.
        batches: Training steps of one epoch.
        rows: Row numbers of its batch.
        start: The position at which it starts.
        start_of: Gives the position at which a training step starts.
        step_at: Gives the training step that begins at a position, or lies around it.
        alike: Whether all training steps have the same list.
        arrays: Copies by name; None while nothing trains and the stepper itself can be read.
        explanation: Of the selected cell, made with the copies.
    """

    listing: StepList = field(repr=False)
    position: int
    shown: int
    epoch: int
    batch: int
    batches: int
    rows: NDArray[np.int64] = field(repr=False)
    start: int
    start_of: Callable[[int], int] = field(repr=False)
    step_at: Callable[[int], int] = field(repr=False)
    alike: bool = True
    arrays: Mapping[str, NDArray[Any]] | None = field(default=None, repr=False)
    explanation: Explanation | None = field(default=None, repr=False)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of one training step."""
        return self.listing.steps

    @property
    def done(self) -> int:
        """Steps done of the training step shown, from 0 to all of them."""
        return self.position - self.start


def boundaries(steps: Sequence[Step], grain: str) -> list[int]:
    """Numbers of steps done at which a layer (or phase) is complete: the start, every change, the end."""

    def group(step: Step) -> tuple[str, ...]:
        return (step.phase, step.layer) if grain == "layer" else (step.phase,)

    changes = [i for i in range(1, len(steps)) if group(steps[i]) != group(steps[i - 1])]
    return [0, *changes, len(steps)]


def ahead(moment: Moment, grain: str) -> int:
    """The position that one move forward of some grain leads to.

    Where training steps have lists of their own, a move never goes beyond what is known of the next one: its first
    operation.
    """
    done, length, position = moment.done, len(moment.steps), moment.position
    if grain in ("op", *INNER):
        return position + 1
    if done == length and not moment.alike:
        return position + 1
    if grain == "epoch" and moment.alike:
        return ((moment.step_at(position) // moment.batches) + 1) * moment.batches * length
    if grain in ("batch", "epoch"):
        return position + length - done % length
    return position - done % length + min(b for b in boundaries(moment.steps, grain) if b > done % length)


def behind(moment: Moment, grain: str) -> int:
    """The position that one move back of some grain leads to; never before the start."""
    position = moment.position
    if position == 0:
        return 0
    if grain in ("op", *INNER):
        return position - 1
    step = moment.step_at(position - 1)
    if grain == "epoch":
        return moment.start_of(step // moment.batches * moment.batches)
    start = moment.start_of(step)
    if grain == "batch" or (step != moment.shown and not moment.alike):
        return start
    return start + max(b for b in boundaries(moment.steps, grain) if b < position - start)
