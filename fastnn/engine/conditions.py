"""What a run stops at: conditions on the values of a training step, each a record that finds the operation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import measures
from fastnn.engine.measures import Read
from fastnn.engine.steplist import StepList

Found = tuple[int, str]  # steps done when it was found, and what was found


@dataclass(frozen=True)
class Seen:
    """A stretch of a training step that has just been run.

    Args:
        listing: The step list.
        read: Gives the value of a name, as it is at the end of the stretch.
        begin: First step of the stretch.
        end: One past its last step.
        rows: Row numbers of the batch.
        before: Loss of the training step before; NaN in the first.
    """

    listing: StepList
    read: Read
    begin: int
    end: int
    rows: NDArray[np.int64]
    before: float = math.nan

    def has_run(self, index: int) -> bool:
        """Whether a step of the list belongs to the stretch."""
        return self.begin <= index < self.end


@dataclass(frozen=True)
class Hit:
    """Where a run has stopped.

    Args:
        condition: What held.
        training_step: In which training step.
        done: How many of its steps were done then.
        message: What was found, in words.
        name: Value that the last of them wrote.
        index: Cell to look at.
    """

    condition: Condition
    training_step: int
    done: int
    message: str
    name: str = ""
    index: tuple[int, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Base of conditions: fields are their settings, `label` says them in words."""

    title: ClassVar[str] = ""

    def find(self, seen: Seen) -> Found | None:
        """The first step of a stretch after which the condition holds, and a sentence; None if it does not."""
        raise NotImplementedError

    def starts(self, training_step: int, batches: int) -> bool:
        """Whether a run stops before this training step."""
        return False

    def missing(self, listing: StepList) -> str:
        """What a network lacks for this condition; empty if nothing."""
        return ""

    @property
    def label(self) -> str:
        """The condition in words."""
        return self.title

    def to_json(self) -> dict[str, Any]:
        """Kind and settings, as `from_json` reads them; JSON has no infinity, so null stands for it."""
        return {"kind": type(self).__name__, **{k: None if v == math.inf else v for k, v in asdict(self).items()}}


@dataclass(frozen=True)
class NonFinite(Condition):
    """An operation has written NaN or infinity."""

    title: ClassVar[str] = "NaN or infinity"

    def find(self, seen: Seen) -> Found | None:
        for i in range(seen.begin, seen.end):
            for name in seen.listing.steps[i].outputs:
                array = seen.read(name)
                if measures.has_nonfinite(array):
                    bad = array[measures.first_nonfinite(array)]
                    return i + 1, f"{seen.listing.steps[i].op.name} wrote {bad} into {name}"
        return None


@dataclass(frozen=True)
class GradientNorm(Condition):
    """The norm of all weight gradients together has left a range: exploding above it, vanishing below.

    Args:
        above: Largest norm that is let pass.
        below: Smallest norm that is let pass.
        layer: Only the weights of this layer; all by default.
    """

    above: float = 100.0
    below: float = 0.0
    layer: str = ""
    title: ClassVar[str] = "Gradient norm"

    def find(self, seen: Seen) -> Found | None:
        pairs = measures.weight_gradients(seen.listing, self.layer)
        last = max((seen.listing.written_by[g] for _, g in pairs), default=-1)
        if last < 0 or not seen.has_run(last):
            return None
        norm = measures.gradient_norm(seen.listing, seen.read, self.layer)
        if not (norm > self.above or norm < self.below):
            return None
        return last + 1, f"the gradient norm is {norm:.6g}"

    @property
    def label(self) -> str:
        parts = [f"> {self.above:g}"] if self.above < math.inf else []
        parts += [f"< {self.below:g}"] if self.below > 0 else []
        return f"Gradient norm {' or '.join(parts)}{f' in {self.layer}' if self.layer else ''}"


@dataclass(frozen=True)
class ZeroShare(Condition):
    """More than a share of an activation's results are 0, as those of dead ReLU units.

    Args:
        above: Largest share that is let pass, from 0 to 1.
    """

    above: float = 0.9
    title: ClassVar[str] = "Share of zeros"

    def find(self, seen: Seen) -> Found | None:
        for i, step in measures.silencing(seen.listing):
            if seen.has_run(i):
                share = measures.zero_share(seen.read(step.outputs[0]))
                if share > self.above:
                    return i + 1, f"{share:.1%} of {step.outputs[0]} are 0"
        return None

    def missing(self, listing: StepList) -> str:
        return "" if any(measures.silencing(listing)) else "an activation such as relu"

    @property
    def label(self) -> str:
        return f"Zeros in an activation > {self.above:.0%}"


@dataclass(frozen=True)
class LossJump(Condition):
    """The loss is many times that of the training step before.

    Args:
        factor: Largest factor that is let pass.
    """

    factor: float = 2.0
    title: ClassVar[str] = "Loss jumps"

    def find(self, seen: Seen) -> Found | None:
        made = seen.listing.written_by.get(seen.listing.loss or "")
        if made is None or not seen.has_run(made):
            return None
        loss = float(seen.read(str(seen.listing.loss)))
        if not loss > self.factor * seen.before:
            return None
        return made + 1, f"the loss rose from {seen.before:.6g} to {loss:.6g}"

    @property
    def label(self) -> str:
        return f"Loss up by a factor of {self.factor:g}"


@dataclass(frozen=True)
class Accuracy(Condition):
    """The share of a batch that is predicted right has reached a goal.

    Args:
        least: The goal, from 0 to 1.
    """

    least: float = 0.95
    title: ClassVar[str] = "Accuracy"

    def find(self, seen: Seen) -> Found | None:
        found = measures.rightness(seen.listing)
        if found is None or not seen.has_run(found[0]):
            return None
        share = measures.accuracy(seen.listing, seen.read)
        return (found[0] + 1, f"{share:.1%} of the batch are predicted right") if share >= self.least else None

    def missing(self, listing: StepList) -> str:
        return "" if measures.rightness(listing) else "an accuracy among the metrics"

    @property
    def label(self) -> str:
        return f"Accuracy of the batch ≥ {self.least:.0%}"


@dataclass(frozen=True)
class SampleWrong(Condition):
    """A sample is in the batch and is predicted wrong.

    Args:
        row: Its row in the data.
    """

    row: int = 0
    title: ClassVar[str] = "A sample is wrong"

    def find(self, seen: Seen) -> Found | None:
        found = measures.rightness(seen.listing)
        places = np.flatnonzero(seen.rows == self.row)
        if found is None or not seen.has_run(found[0]) or not len(places):
            return None
        right = seen.read(found[1])[places[0]]
        return None if np.all(right == 1) else (found[0] + 1, f"sample {self.row} is predicted wrong")

    def missing(self, listing: StepList) -> str:
        return "" if measures.rightness(listing) else "an accuracy among the metrics"

    @property
    def label(self) -> str:
        return f"Sample {self.row} is predicted wrong"


@dataclass(frozen=True)
class Epoch(Condition):
    """An epoch is about to begin.

    Args:
        number: The epoch, counted from 1.
    """

    number: int = 2
    title: ClassVar[str] = "Epoch"

    def find(self, seen: Seen) -> Found | None:
        return None

    def starts(self, training_step: int, batches: int) -> bool:
        return training_step == (self.number - 1) * batches

    @property
    def label(self) -> str:
        return f"Epoch {self.number} begins"


KINDS: Mapping[str, type[Condition]] = {
    kind.__name__: kind for kind in (NonFinite, GradientNorm, ZeroShare, LossJump, Accuracy, SampleWrong, Epoch)
}


def from_json(record: Any) -> Condition:
    """The condition that `to_json` wrote.

    Raises:
        ValueError: for another kind, or settings that are not numbers.

    Example:
        >>> from_json(LossJump(3.0).to_json())
        LossJump(factor=3.0)
    """
    kind = KINDS.get(str(record.get("kind"))) if isinstance(record, dict) else None
    if kind is None:
        raise ValueError(f"Expected a condition of {sorted(KINDS)}. Received: {record!r}")
    settings = {k: math.inf if v is None else v for k, v in record.items() if k != "kind"}
    known = {f.name: type(f.default) for f in fields(kind)}
    for name, value in settings.items():
        wanted = (int, float) if known.get(name) is float else known.get(name, ())
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise ValueError(f"Expected settings {known} of {kind.__name__}. Received: {name}={value!r}")
    return kind(**settings)
