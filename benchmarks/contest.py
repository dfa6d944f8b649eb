"""Contestants as processes, and rounds in which they take turns."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import environment
from benchmarks.report import OURS

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Contestant:
    """Who takes part.

    Args:
        label: Name in tables.
        module: Module of `benchmarks.contestants`.
        needs: Modules that must be installed.
        variables: Environment variables of its own.
        peer: Whether it may live in another environment than fastnn.
    """

    label: str
    module: str
    needs: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    peer: bool = False


class Failed(Exception):
    """A contestant could not do its task."""


class Worker:
    """A contestant's process.

    Args:
        contestant: Who works there.
        python: The interpreter.
        threads: How many threads it may use.
    """

    def __init__(self, contestant: Contestant, python: str, threads: int) -> None:
        self.contestant = contestant
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", contestant.module],
            cwd=ROOT,
            env=environment.for_worker(threads, contestant.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def send(self, do: str, **request: Any) -> None:
        """Ask for something; `receive` gives the answer."""
        assert self.process.stdin is not None
        try:
            print(json.dumps({"do": do, **request}), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return  # it has ended; `receive` says why

    def receive(self) -> Any:
        """The answer to what was asked; raises Failed with the contestant's own words."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Failed(self.last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["value"]

    def ask(self, do: str, **request: Any) -> Any:
        """Ask for something and wait for the answer."""
        self.send(do, **request)
        return self.receive()

    def last_words(self) -> str:
        """The last line that the process wrote before it ended."""
        code = self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return lines[-1] if lines else f"ended with code {code}"

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()


def installed(python: str, modules: Sequence[str]) -> set[str]:
    """Those of `modules` that an interpreter can find."""
    code = "import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if u.find_spec(m)])"
    found = subprocess.run([python, "-c", code, *modules], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(found.stdout.split())


class Contest:
    """Starts contestants together and lets them take turns; a context manager.

    Args:
        contestants: Who takes part; those whose modules are missing are listed in `absent`.
        threads: Threads of each.
        peers_python: Interpreter of peers.
    """

    def __init__(self, contestants: Sequence[Contestant], threads: int, peers_python: str = sys.executable) -> None:
        needs = sorted({module for c in contestants if c.peer for module in c.needs})
        present = installed(peers_python, needs) if needs else set()
        self.absent = [c.label for c in contestants if c.peer and not present.issuperset(c.needs)]
        self.workers = [
            Worker(c, peers_python if c.peer else sys.executable, threads)
            for c in contestants
            if c.label not in self.absent
        ]
        self.versions: dict[str, str] = {}
        self.failed: dict[tuple[str, str], str] = {}
        self.peaks: dict[str, float] = {}

    def __enter__(self) -> Contest:
        for worker in self.workers:
            worker.send("versions")  # all of them start side by side
        for worker in list(self.workers):
            self.versions.update(self.attempt(worker, "start", worker.receive) or {})
        return self

    def __exit__(self, *_: object) -> None:
        print(file=sys.stderr)
        for worker in self.workers:
            worker.close()

    def warm_up(self, task: Mapping[str, Any]) -> None:
        """Let all do a task side by side, unmeasured."""
        for worker in self.workers:
            worker.send("prepare", task=task)
        for worker in list(self.workers):
            self.attempt(worker, task["name"], worker.receive)

    def race(self, task: Mapping[str, Any], rounds: int, seconds: float) -> dict[str, list[float]]:
        """Seconds of one step, for every contestant and round; who goes first changes from round to round."""
        times: dict[str, list[float]] = {}
        print(f"\r{task['name']:60}", end="", file=sys.stderr, flush=True)
        for worker in list(self.workers):
            self.attempt(worker, task["name"], partial(worker.ask, "prepare", task=task))
        ready = [worker for worker in self.workers if (worker.contestant.label, task["name"]) not in self.failed]
        for turn in range(rounds):
            first = turn % max(len(ready), 1)
            for worker in ready[first:] + ready[:first]:
                value = self.attempt(worker, task["name"], partial(worker.ask, "time", seconds=seconds))
                if value is None:
                    ready = [other for other in ready if other is not worker]
                else:
                    times.setdefault(worker.contestant.label, []).append(value)
        return {w.contestant.label: times[w.contestant.label] for w in self.workers if w.contestant.label in times}

    def memory(self, labels: Collection[str]) -> dict[str, int]:
        """Bytes that the last task took at most, its preparation included, of those whose system tells."""
        asked = [worker for worker in self.workers if worker.contestant.label in labels]
        taken = {w.contestant.label: self.attempt(w, "memory", partial(w.ask, "memory")) for w in asked}
        return {label: size for label, size in taken.items() if size is not None}

    def measure_peaks(self) -> None:
        """Let fastnn measure what the machine can do; of several measurements the best counts."""
        for worker in [w for w in self.workers if w.contestant.label == OURS]:
            for bound, reached in (self.attempt(worker, "peaks", partial(worker.ask, "peaks")) or {}).items():
                self.peaks[bound] = max(reached, self.peaks.get(bound, 0))

    def attempt(self, worker: Worker, what: str, ask: Callable[[], Any]) -> Any:
        """The answer, or None from one who fails; whose process ended takes no further part."""
        try:
            return ask()
        except Failed as failure:
            self.failed[worker.contestant.label, what] = str(failure)
            if worker.process.poll() is not None:
                self.workers.remove(worker)
                worker.close()
            return None

    @property
    def failures(self) -> dict[str, str]:
        """Who failed at what, and the contestant's own words."""
        return {", ".join(key): words for key, words in self.failed.items()}
