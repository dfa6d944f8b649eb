"""Every operation's kernel against its NumPy reference, on large shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fastnn  # noqa: F401 - fills the register
from benchmarks.contest import Contest, Contestant
from benchmarks.large_cases import large_cases
from benchmarks.report import Result
from fastnn.ops.table import OPS, Case, Op, find
from fastnn.ops.terms import Shape, Sum

CONTESTANTS = (Contestant("fastnn", "kernels"), Contestant("NumPy", "references"))
COUNTED = ("contraction", "convolution")


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


def multiply_adds(task: Task) -> int:
    """Products and contractions: terms of one number in the middle, as its explanation lists them, times numbers."""
    if task.op.kind not in COUNTED or task.op.explain is None:
        return 0
    attrs, shapes = task.op.complete(task.case.attrs), task.case.shapes
    if task.backward:
        roles = task.op.roles(len(shapes))
        targets = {f"d{r}": shapes[roles.index(r)] for r in task.op.gradient_roles(len(shapes))}
    else:
        targets = dict(zip(task.op.outputs, task.op.infer(shapes, attrs), strict=False))
    return sum(terms(task.op, t, s, shapes, attrs) * math.prod(s) for t, s in targets.items() if s is not None)


def terms(op: Op, target: str, shape: Shape, shapes: Sequence[Shape | None], attrs: dict[str, Any]) -> int:
    """Products in the sum for the cell in the middle of a target; 0 where nothing is multiplied."""
    assert op.explain is not None
    why = op.explain(target, tuple(n // 2 for n in shape), tuple(shapes), **attrs)
    return len(why) if isinstance(why, Sum) and len(why.factors) > 1 else 0


def run(names: Sequence[str], threads: int, quick: bool, rounds: int, seconds: float) -> tuple[list[Result], Contest]:
    """Time operations; returns results, and the contest with versions and failures."""
    results = []
    with Contest(CONTESTANTS, threads) as contest:
        for task in tasks(names, quick):
            times = contest.race(task.request(), rounds, seconds)
            results.append(Result(task.name, task.detail, times, 2 * multiply_adds(task)))
    return results, contest
