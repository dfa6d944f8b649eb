"""A contestant's process: reads requests, one JSON object a line, and answers each with one.

`python -m benchmarks.worker MODULE`; the answers go to what was standard output, everything that a library
prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import IO, Any

from benchmarks.memory import Meter

BLOCK_SECONDS = 0.01

Work = Callable[[], object]


def duration(work: Work, count: int) -> float:
    """Seconds that `count` calls take."""
    start = time.perf_counter()
    for _ in range(count):
        work()
    return time.perf_counter() - start


def best_time(work: Work, seconds: float) -> float:
    """Seconds of one call: the best block of calls within about `seconds`, and at least one call."""
    end = time.perf_counter() + seconds
    best = duration(work, 1)
    count = max(1, round(BLOCK_SECONDS / max(best, 1e-9)))
    while time.perf_counter() < end:
        best = min(best, duration(work, count) / count)
    return best


class Server:
    """Answers requests with the help of one contestant's module."""

    def __init__(self, contestant: Any) -> None:
        self.contestant = contestant
        self.work: Work | None = None
        self.steps = 1
        self.meter: Meter | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request; an error of any kind becomes a reply as well."""
        try:
            return {"value": getattr(self, request.pop("do"))(**request)}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def versions(self) -> dict[str, str]:
        return self.contestant.versions()

    def peaks(self) -> dict[str, float]:
        return self.contestant.peaks()

    def prepare(self, task: dict[str, Any]) -> None:
        self.work = None  # what went before is freed first
        self.meter = Meter()
        self.work, self.steps = self.contestant.prepare(task)
        self.work()  # compiles, allocates, starts threads: not counted

    def time(self, seconds: float) -> float:
        assert self.work is not None, "nothing was prepared"
        return best_time(self.work, seconds) / self.steps

    def memory(self) -> int | None:
        assert self.meter is not None, "nothing was prepared"
        return self.meter.peak()


def own_output() -> IO[str]:
    """Standard output for answers alone; whatever else is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def main() -> None:
    """Serve requests until the input ends."""
    answers = own_output()
    server = Server(importlib.import_module(f"benchmarks.contestants.{sys.argv[1]}"))
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
