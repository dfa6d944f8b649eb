"""How long the operations of a training step take: what is measured, and what is said of it. No Qt."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn.engine.peak import Peak, measure
from fastnn.engine.profiling import Profile, Timing, copy_of, profile
from fastnn.engine.steplist import StepList

SECONDS = 1.0  # of passes
FEWEST, MOST = 3, 200  # passes
Arrays = Mapping[Any, Any]


class Measurement:
    """One measurement: prepared where the window lives, carried out in another thread.

    Args:
        session: Whose training step is measured, on the batch shown; copies are made at once.
        machine: What the machine can do, if it is known already.
    """

    def __init__(self, session: Any, machine: Peak | None = None) -> None:
        stepper, rows = session.stepper, session.moment.rows
        self.listing: StepList = session.listing
        self.machine = machine
        self._storage = {variable: array.copy() for variable, array in stepper.storage.items()}
        self._feeds = {name: np.take(stepper.data[name], rows, 0) for name in self.listing.feeds}
        self._stop = threading.Event()

    def stop(self) -> None:
        """Give up after this pass."""
        self._stop.set()

    def run(self) -> Profile | str:
        """Measure; the reason if it cannot be done."""
        try:
            begun = time.monotonic()

            def told(passes: int) -> bool:
                enough = passes >= FEWEST and time.monotonic() - begun > SECONDS
                return not (enough or self._stop.is_set())

            plan = copy_of(self.listing, self._storage)
            return profile(plan, self._feeds, MOST, self.machine or measure(), told)
        except Exception as error:  # whatever is wrong with the step must not close the window
            return f"{type(error).__name__}: {error}"


# ---------------------------------------------------------------- words


def duration(seconds: float) -> str:
    """A time with three digits.

    Example:
        >>> duration(0.0123456), duration(8.829e-4), duration(2.5e-7), duration(3.0)
        ('12.3 ms', '883 µs', '0.25 µs', '3.00 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.9995 * size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds * 1e6)} µs"


def digits(number: float) -> str:
    """Three digits of a positive number, at most two of them behind the point."""
    return f"{number:.0f}" if number >= 99.5 else f"{number:.1f}" if number >= 9.95 else f"{number:.2f}"


def title(timing: Timing) -> str:
    """What a row does, without its layer."""
    return timing.line.work


def rates(timing: Timing) -> str:
    """How fast a row is, and how near to what the machine can do."""
    parts = [f"{billions(timing.flops)} GFLOP/s"] if timing.line.flops else []
    parts.append(f"{billions(timing.bandwidth)} GB/s")
    return " · ".join([*parts, f"{timing.peak:.0%} of peak"])


def billions(rate: float) -> str:
    """A rate in thousands of millions."""
    return digits(rate / 1e9) if rate >= 1e7 or not rate else "< 0.01"


def tip(timing: Timing) -> str:
    """Everything about a row."""
    line = timing.line
    shapes = [f"{', '.join(map(str, shapes))}" for shapes in line.shapes]
    steps = ", ".join(str(i + 1) for i in line.steps)
    return (
        f"{line.layer or line.phase}: {line.work} (step {steps})\n"
        f"reads {shapes[0]}\nwrites {shapes[1]}\n"
        f"best {duration(timing.best)}, median {duration(timing.median)}, {timing.share:.1%} of the training step\n"
        f"{line.flops:,} operations, {line.bytes:,} bytes: {rates(timing)}"
    )


def summary(found: Profile) -> str:
    """The whole training step in a few lines."""
    totals, best = found.description.totals, float(found.whole.min())
    rate = totals["flops"] / best if best else 0.0
    runs = "" if found.description.plan.in_c else " by the NumPy references, in float64"
    return (
        f"A training step takes <b>{duration(best)}</b>{runs}: {totals['steps']} steps in {totals['rows']} rows, "
        f"{billions(rate)} GFLOP/s, {rate / found.machine.flops:.0%} of peak.<br>"
        f"{found.machine}, best of {len(found.whole)} passes."
    )
