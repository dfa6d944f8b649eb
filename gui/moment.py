"""Where a run stands, and which position a move of some grain leads to. No Qt, no arrays of a running engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    arrays: Mapping[str, NDArray[Any]] | None = field(default=None, repr=False)
    explanation: Explanation | None = field(default=None, repr=False)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of one training step."""
        return self.listing.steps

    @property
    def done(self) -> int:
        """Steps done of the training step shown, from 0 to all of them."""
        return self.position - self.shown * len(self.steps)


def boundaries(steps: Sequence[Step], grain: str) -> list[int]:
    """Numbers of steps done at which a layer (or phase) is complete: the start, every change, the end."""

    def group(step: Step) -> tuple[str, ...]:
        return (step.phase, step.layer) if grain == "layer" else (step.phase,)

    changes = [i for i in range(1, len(steps)) if group(steps[i]) != group(steps[i - 1])]
    return [0, *changes, len(steps)]


def ahead(moment: Moment, grain: str) -> int:
    """The position that one move forward of some grain leads to."""
    length, position = len(moment.steps), moment.position
    if grain in ("op", *INNER):
        return position + 1
    if grain in ("batch", "epoch"):
        stride = length * (moment.batches if grain == "epoch" else 1)
        return (position // stride + 1) * stride
    start, done = position - position % length, position % length
    return start + min(b for b in boundaries(moment.steps, grain) if b > done)


def behind(moment: Moment, grain: str) -> int:
    """The position that one move back of some grain leads to; never before the start."""
    length, position = len(moment.steps), moment.position
    if position == 0:
        return 0
    if grain in ("op", *INNER):
        return position - 1
    if grain in ("batch", "epoch"):
        stride = length * (moment.batches if grain == "epoch" else 1)
        return (position - 1) // stride * stride
    start = (position - 1) // length * length
    return start + max(b for b in boundaries(moment.steps, grain) if b < position - start)
