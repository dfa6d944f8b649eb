"""The race of whole training steps, told of several runs: medians, share of peak, memory, and what was aimed at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.report import Report, Result, aligned, milliseconds, percent, reservations, times

FLOORS_AND_GOALS = {  # times faster than the fastest peer: never below the first, aimed at the second
    ("xor", 1): (50, 50),
    ("mlp", 32): (2, 3),
    ("mlp", 128): (2, 3),
    ("lenet5", 64): (2, 2.5),
    ("mnist_cnn", 128): (2, 3),
    ("autoenc", 64): (2, 2),
    ("lstm", 32): (1.8, 2.5),
    ("cifar_res", 64): (2, 2.5),
    ("go", 64): (2, 2.5),
}


@dataclass(frozen=True)
class Row:
    """One network: its results in all runs. Every figure is the median over runs.

    Args:
        results: One of each run.
        peaks: The machine's peaks in each run.
    """

    results: list[Result]
    peaks: list[dict[str, float]]

    @property
    def name(self) -> str:
        """Network and batch size."""
        return f"{self.results[0].name}, {self.results[0].detail}"

    def over_runs(self, figure: Callable[[Result], float | None]) -> float | None:
        """The median of a figure over the runs that have it."""
        return middle([figure(result) for result in self.results])

    def seconds(self, label: str) -> float | None:
        """Of a contestant's best round."""
        return self.over_runs(lambda result: result.best(label))

    def memory(self, label: str) -> float | None:
        """Bytes that a contestant took at most."""
        return self.over_runs(lambda result: result.memory.get(label))

    @property
    def ratio(self) -> float | None:
        """How many times faster than each run's fastest peer fastnn is."""
        return self.over_runs(lambda result: result.ratio(result.fastest_peer))

    @property
    def fastest_peer(self) -> str | None:
        """Who that was in the run in the middle."""
        raced = [result for result in self.results if result.ratio(result.fastest_peer)]
        raced.sort(key=lambda result: result.ratio(result.fastest_peer) or 0)
        return raced[(len(raced) - 1) // 2].fastest_peer if raced else None

    @property
    def share(self) -> float | None:
        """Of the machine's peak that fastnn reaches."""
        return middle([result.share(peaks) for result, peaks in zip(self.results, self.peaks, strict=True)])

    @property
    def floor(self) -> float | None:
        """What the ratio must reach."""
        return self.aims[0] if self.aims else None

    @property
    def goal(self) -> float | None:
        """What the ratio is meant to reach."""
        return self.aims[1] if self.aims else None

    @property
    def aims(self) -> tuple[float, float] | None:
        """Floor and goal of a network of this name and batch size."""
        return FLOORS_AND_GOALS.get((self.results[0].name, batch_size(self.results[0])))

    def misses(self, aim: float | None) -> bool:
        """Whether the ratio is known, and below."""
        return self.ratio is not None and aim is not None and self.ratio < aim

    @property
    def verdict(self) -> str:
        """What is not reached, in words."""
        words = [f"slower than {self.fastest_peer}"] if self.misses(1) else []
        if self.misses(self.floor):
            words.append(f"below the floor of {self.floor:g}")
        elif self.misses(self.goal):
            words.append(f"below the goal of {self.goal:g}")
        return ", ".join(words)


def batch_size(result: Result) -> int:
    """Of the network, which the detail begins with."""
    return int(result.detail.split(",")[0].removeprefix("batch "))


def middle(figures: Sequence[float | None]) -> float | None:
    """The median of those that are known."""
    known = [figure for figure in figures if figure is not None]
    return median(known) if known else None


def rows(runs: Sequence[Report]) -> list[Row]:
    """The networks of all runs; a run that was cut short has fewer."""
    names = dict.fromkeys((r.name, r.detail) for run in runs for r in run.results)
    found = {name: [(r, run) for run in runs for r in run.results if (r.name, r.detail) == name] for name in names}
    return [Row([r for r, _ in pairs], [run.peaks for _, run in pairs]) for pairs in found.values()]


def labels(runs: Sequence[Report]) -> list[str]:
    """Contestants in order of appearance."""
    return list(dict.fromkeys(label for run in runs for label in run.labels))


def megabytes(size: float | None) -> str:
    """Bytes in millions."""
    return "-" if size is None else f"{size / 1e6:.1f}" if size < 1e7 else f"{size / 1e6:.0f}"


def table(runs: Sequence[Report]) -> str:
    """Times and verdicts, then memory, then what was lost and who was missing."""
    found, everybody = rows(runs), labels(runs)
    head = ["", *(f"{label} ms" for label in everybody), "fastest peer", "x peer", "of FMA peak", "verdict"]
    lines = [
        [row.name, *(milliseconds(row.seconds(label)) for label in everybody)]
        + [row.fastest_peer or "-", times(row.ratio), percent(row.share), row.verdict]
        for row in found
    ]
    memory = [[row.name, *(megabytes(row.memory(label)) for label in everybody)] for row in found]
    space = aligned([["peak memory, MB", *everybody], *memory], {0})
    return "\n\n".join([aligned([head, *lines], {0, len(head) - 1}), space, "\n".join(remarks(runs))])


def remarks(runs: Sequence[Report]) -> Iterator[str]:
    """Lines below the tables."""
    found = rows(runs)
    if len(runs) > 1:
        yield f"Medians of {len(runs)} whole runs; ratios to the fastest peer of each run."
    yield f"{sum(row.misses(1) for row in found)} of {len(found)} networks slower than a peer."
    for name, missing in shortfalls(found).items():
        yield f"Below the {name}: {', '.join(missing) or 'none'}."
    for k, run in enumerate(runs):
        yield from (f"Run {k + 1}: {line}" if len(runs) > 1 else line for line in reservations(run))


def shortfalls(found: Sequence[Row]) -> dict[str, list[str]]:
    """What falls short of floor and goal, with what it reaches of what it should."""
    return {
        "floor": [f"{row.name} ({times(row.ratio)} of {row.floor:g})" for row in found if row.misses(row.floor)],
        "goal": [f"{row.name} ({times(row.ratio)} of {row.goal:g})" for row in found if row.misses(row.goal)],
    }
