"""How long every row of a plan takes, and how that compares with what the machine can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.description import Description, Line, aligned_lines
from fastnn.engine.peak import Peak, measure
from fastnn.engine.plan import Plan, StepList
from fastnn.engine.tensor import Variable
from fastnn.errors import ShapeError

ORDERS = ("run", "time")
Array = NDArray[Any]


@dataclass(frozen=True)
class Timing:
    """How long a row takes.

    Args:
        line: The row.
        best: Seconds of the fastest pass.
        median: Seconds of a usual pass.
        share: Share of the sum of all rows, by their fastest passes.
        peak: Share of what the machine can do: of its arithmetic or its memory bandwidth, whichever is larger. It can
            be above 1: values that lie in the cache move faster than memory, and Winograd's convolution multiplies
            less than its definition says.
    """

    line: Line
    best: float
    median: float
    share: float
    peak: float

    @property
    def flops(self) -> float:
        """Floating-point operations per second."""
        return self.line.flops / self.best if self.best else 0.0

    @property
    def bandwidth(self) -> float:
        """Bytes read and written per second."""
        return self.line.bytes / self.best if self.best else 0.0


@dataclass(frozen=True)
class Profile:
    """The time of a plan's rows; printing it gives a table.

    Args:
        description: The plan's rows.
        seconds: Time of each pass (first axis) and row (second).
        whole: Time of each pass that was run in one go.
        machine: What the machine can do.
    """

    description: Description
    seconds: Array
    whole: Array
    machine: Peak

    @cached_property
    def rows(self) -> tuple[Timing, ...]:
        """The time of each row, in the order in which they run."""
        best, median = self.seconds.min(0), np.median(self.seconds, 0)
        total = float(best.sum()) or 1.0
        return tuple(
            Timing(line, float(b), float(m), float(b) / total, self.machine.share(line.flops, line.bytes, float(b)))
            for line, b, m in zip(self.description.rows, best, median, strict=True)
        )

    def ordered(self, by: str = "run") -> tuple[Timing, ...]:
        """The rows as they run, or the slowest first.

        Args:
            by: "run" or "time".

        Raises:
            ValueError: for another order.
        """
        if by not in ORDERS:
            raise ValueError(f"Expected by to be one of {ORDERS}. Received: by={by!r}")
        return self.rows if by == "run" else tuple(sorted(self.rows, key=lambda t: -t.best))

    def table(self, by: str = "run") -> list[tuple[str, ...]]:
        """The cells of the printed table, headings first."""
        head = ("row", "layer", "kernel", "best us", "median us", "share", "GFLOP/s", "GB/s", "of peak")
        return [head, *map(self._cells, self.ordered(by))]

    def _cells(self, t: Timing) -> tuple[str, ...]:
        took = (f"{t.best * 1e6:.1f}", f"{t.median * 1e6:.1f}", f"{t.share:.1%}")
        rates = (f"{t.flops / 1e9:.1f}", f"{t.bandwidth / 1e9:.1f}", f"{t.peak:.0%}")
        return (str(t.line.index), t.line.layer or f"({t.line.phase})", t.line.work, *took, *rates)

    def remarks(self) -> Iterator[str]:
        """The lines below the table."""
        fastest = max(float(self.whole.min()), 1e-9)
        rate = self.description.totals["flops"] / fastest
        usual = float(np.median(self.whole))
        best, median = (sum(getattr(t, name) for t in self.rows) for name in ("best", "median"))
        yield f"Whole pass: best {fastest * 1e6:.1f} us, median {usual * 1e6:.1f} us."
        yield f"Sum of the rows: best {best * 1e6:.1f} us, median {median * 1e6:.1f} us."
        yield f"{rate / 1e9:.1f} GFLOP/s in a whole pass, {rate / self.machine.flops:.0%} of peak."
        yield f"{self.machine}."

    def text(self, by: str = "run") -> str:
        """The table, rows as they run or the slowest first.

        Args:
            by: "run" or "time".
        """
        cells = self.table(by)
        return "\n".join([*aligned_lines(cells, right=("row", *cells[0][3:])), "", *self.remarks()])

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__


def profile(
    plan: Plan,
    feeds: Mapping[str, Array],
    repeats: int = 20,
    machine: Peak | None = None,
    told: Callable[[int], bool] | None = None,
) -> Profile:
    """Time the rows of a plan over whole passes on a batch.

    Args:
        plan: The plan; its variables change as in training, so it is one over copies of a model's (see `copy_of`).
        feeds: Whole arrays by value name; the first rows are the batch.
        repeats: How many passes are timed row by row, and as many in one go.
        machine: What the machine can do; measured if left out.
        told: Hears how many passes are done; False stops.

    Raises:
        ValueError: unless repeats is a positive whole number.
        ShapeError: if there are fewer rows than the plan's batch has.
    """
    if isinstance(repeats, bool) or not isinstance(repeats, (int, np.integer)) or repeats < 1:
        raise ValueError(f"Expected repeats to be a positive integer. Received: repeats={repeats!r}")
    fill(plan, feeds)
    plan.run()  # memory is touched for the first time
    seconds, whole = [], []
    for k in range(repeats):
        seconds.append(plan.run_timed())
        start = time.perf_counter()
        plan.run()
        whole.append(time.perf_counter() - start)
        if told is not None and not told(k + 1):
            break
    return Profile(plan.describe(), np.array(seconds), np.array(whole), measure() if machine is None else machine)


def copy_of(listing: StepList, storage: Mapping[Variable, Array] | None = None) -> Plan:
    """A plan of a list over copies of its variables.

    Args:
        listing: What to run.
        storage: Arrays that hold variables instead of their own.
    """
    sources = {v.source for v in listing.values.values() if isinstance(v.source, Variable)}
    held = storage or {}
    return Plan(listing, storage={source: held.get(source, source.value).copy() for source in sources})


def fill(plan: Plan, feeds: Mapping[str, Array]) -> None:
    """Copy the first rows to the plan's batch."""
    for name in plan.listing.feeds:
        size = len(plan.buffers[name])
        if len(feeds[name]) < size:
            raise ShapeError(f"expected at least {size} rows of '{name}', received {len(feeds[name])}.")
        plan.load(name, feeds[name][:size])
