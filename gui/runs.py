"""Two runs side by side: run A is pinned with all it knows, run B goes on; and how their tensors differ. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.edits import Edit
from fastnn.errors import FastnnError
from gui.history import History
from gui.source import Source

FARTHEST = 200  # training steps that run A is moved by for a comparison


@dataclass(frozen=True)
class Pin:
    """Run A, as it was when it was pinned.

    Args:
        source: Its network and data.
        seed: Its seed.
        losses: Its losses.
        history: What was measured of it.
        stepper: A cursor of its own.
    """

    source: Source
    seed: int
    losses: NDArray[np.float64] = field(repr=False)
    history: History = field(repr=False)
    stepper: Any = field(repr=False)

    def follow(self, position: int) -> bool:
        """Bring run A to a position; False if that is too far away to wait for."""
        if self.stepper.distance(position) > FARTHEST:
            return False
        self.stepper.goto(position)
        return True


@dataclass(frozen=True)
class Difference:
    """How a value of run B differs from that of run A at the same position.

    Args:
        name: The value's name.
        array: B - A.
        largest: Largest magnitude in it; NaN where one run has a number and the other none.
        relative: The same, divided by the largest magnitude in A; 0 where both are 0.
    """

    name: str
    array: NDArray[Any] = field(repr=False)
    largest: float
    relative: float


def difference(a: NDArray[Any], b: NDArray[Any], name: str) -> Difference:
    """B - A; cells that are the same number, or infinite or NaN alike, differ by 0.

    Example:
        >>> difference(np.array([1.0, 2.0]), np.array([1.0, 2.5]), "w").largest
        0.5
    """
    with np.errstate(invalid="ignore", over="ignore"):
        same = (a == b) | ((a != a) & (b != b))
        array = np.where(same, 0.0, np.asarray(b, np.float64) - np.asarray(a, np.float64))
        largest = float(np.abs(array).max(initial=0.0))
        scale = float(np.abs(np.asarray(a, np.float64)).max(initial=0.0))
        return Difference(name, array, largest, largest / scale if scale else (0.0 if largest == 0 else np.inf))


def changes(pin: Pin, session: Any) -> str:
    """What run B does otherwise than run A, in words.

    Raises:
        FastnnError: if there is nothing to compare.
    """
    if session.source is None:
        raise FastnnError("expected a network to compare, received none.")
    found = [] if session.source.title == pin.source.title else [f"network {session.source.title}"]
    found += [] if session.seed == pin.seed else [f"seed {session.seed} for {pin.seed}"]
    old = pin.stepper.edits
    found += [said(e) for e in session.stepper.edits if not any(e is o for o in old)]
    found += [f"without {said(e)}" for e in old if not any(e is o for o in session.stepper.edits)]
    return ", ".join(found) or "the same settings"


def said(edit: Edit) -> str:
    """An edit in words."""
    cell = f"[{', '.join(map(str, edit.index))}]" if edit.index else ""
    value = f"{float(edit.value):g}" if np.ndim(edit.value) == 0 else "other values"
    return f"{edit.name}{cell} = {value} from step {edit.step + 1:,}"
