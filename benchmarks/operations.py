"""Every operation's kernel against its NumPy reference, on large shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fastnn  # noqa: F401 - fills the register
from benchmarks.contest import Contest, Contestant
from benchmarks.large_cases import large_cases
from benchmarks.report import FMA, MEMORY, Result
from fastnn.ops.table import OPS, Case, Op, find
from fastnn.ops.work import backward_bytes, backward_flops, forward_bytes, forward_flops

CONTESTANTS = (Contestant("fastnn", "kernels"), Contestant("NumPy", "references"))
MULTIPLYING = ("contraction", "convolution", "recurrence")


@dataclass(frozen=True)
class Task:
    """One pass of one operation on one case."""

    op: Op
    case: Case
    backward: bool

    @property
    def name(self) -> str:
        """Operation and pass."""
        return f"{self.op.name} {'backward' if self.backward else 'forward'}"

    @property
    def detail(self) -> str:
        """Shapes, then attributes that are not defaults."""
        shapes = ", ".join("-" if s is None else "x".join(map(str, s)) or "1" for s in self.case.shapes)
        return " ".join([shapes, *(f"{k}={v}" for k, v in self.case.attrs.items())])

    @property
    def flops(self) -> int:
        """Floating-point operations of the pass."""
        return (backward_flops if self.backward else forward_flops)(self.op, self.case.shapes, self.case.attrs)

    @property
    def bytes(self) -> int:
        """Bytes that the pass reads and writes at least."""
        return (backward_bytes if self.backward else forward_bytes)(self.op, self.case.shapes, self.case.attrs)

    @property
    def bound(self) -> str:
        """The peak that the pass is held against: of multiply-adds, or of memory."""
        return FMA if self.op.kind in MULTIPLYING else MEMORY

    def request(self) -> dict[str, Any]:
        """The task as a worker reads it."""
        case = self.case
        return {
            "name": self.name,
            "op": self.op.name,
            "shapes": case.shapes,
            "attrs": dict(case.attrs),
            "draw": case.draw,
            "backward": self.backward,
        }


def tasks(names: Sequence[str], quick: bool) -> Iterator[Task]:
    """What is to be timed; all operations if none are named."""
    for op in [find(name) for name in names] or list(OPS.values()):
        for case in large_cases(op, quick):
            yield Task(op, case, False)
            if op.backward is not None:
                yield Task(op, case, True)


def run(names: Sequence[str], threads: int, quick: bool, rounds: int, seconds: float) -> tuple[list[Result], Contest]:
    """Time operations; returns results, and the contest with versions, peaks and failures."""
    results = []
    with Contest(CONTESTANTS, threads) as contest:
        contest.measure_peaks()
        for task in tasks(names, quick):
            times = contest.race(task.request(), rounds, seconds)
            results.append(Result(task.name, task.detail, times, task.flops, task.bytes, bound=task.bound))
        contest.measure_peaks()
    return results, contest
