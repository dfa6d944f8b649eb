"""Results, the table that people read, and the JSON file that programs read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

OURS, BASELINE = "fastnn", "NumPy"
FMA, MEMORY = "FMA", "memory"  # what a machine can do at most: multiply-adds, and bytes to and from memory
FORMAT = 1
NUMBERS = re.compile(r"\[[-+.\de,\s]+\]")
BUSY = 0.25  # load per processor before the start above which times mean little


@dataclass(frozen=True)
class Result:
    """One row: the seconds that every contestant needed in every round.

    Args:
        name: What was timed.
        detail: Shapes or sizes.
        times: Seconds per contestant and round.
        flops: Floating-point operations, by definition of what was timed; 0 if they were not counted.
        bytes: Bytes read and written at least; 0 if they were not counted.
        bound: The peak that limits it, FMA or MEMORY.
        memory: Bytes that a contestant's process took at most, beyond what it had before.
    """

    name: str
    detail: str
    times: dict[str, list[float]]
    flops: int = 0
    bytes: int = 0
    bound: str = FMA
    memory: dict[str, int] = field(default_factory=dict)

    def best(self, label: str) -> float | None:
        """A contestant's best round, in seconds; None if it took no part."""
        return min(self.times[label], default=None) if label in self.times else None

    @property
    def fastest_peer(self) -> str | None:
        """The fastest contestant other than fastnn and NumPy."""
        peers = {k: min(v) for k, v in self.times.items() if k not in (OURS, BASELINE) and v}
        return min(peers, key=lambda label: peers[label]) if peers else None

    def ratio(self, label: str | None) -> float | None:
        """How many times faster than `label` fastnn is; None if one of them took no part."""
        ours, theirs = self.best(OURS), self.best(label) if label else None
        return theirs / ours if ours and theirs else None

    @property
    def rate(self) -> float | None:
        """Floating-point operations, or bytes where memory is the limit, per second; None if not known."""
        work, ours = self.flops if self.bound == FMA else self.bytes, self.best(OURS)
        return work / ours if work and ours else None

    def share(self, peaks: Mapping[str, float]) -> float | None:
        """What part of a machine's peak fastnn reaches; None if one of both is not known."""
        return self.rate / peaks[self.bound] if self.rate and peaks.get(self.bound) else None

    @property
    def verdict(self) -> str:
        """Who was faster than fastnn, in words."""
        lost = [label for label in (BASELINE, self.fastest_peer) if (self.ratio(label) or 1) < 1]
        return f"slower than {' and '.join(map(str, lost))}" if lost else ""


@dataclass(frozen=True)
class Report:
    """What was measured on which machine.

    Args:
        kind: "ops", "models", "peers", "import" or "app".
        machine: Processor, threads, instruction set.
        settings: Rounds, seconds and other choices of the run.
        results: One for each row.
        versions: Of every contestant's libraries.
        absent: Peers that are not installed.
        failures: What went wrong, by contestant.
        peaks: What the machine reached in the same run: FMA in floating-point operations, MEMORY in bytes a second.
    """

    kind: str
    machine: dict[str, Any]
    settings: dict[str, Any]
    results: list[Result]
    versions: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Contestants in order of appearance."""
        return list(dict.fromkeys(label for result in self.results for label in result.times))


def milliseconds(seconds: float | None) -> str:
    """Milliseconds with three digits that count."""
    if seconds is None:
        return "-"
    value = seconds * 1e3
    return f"{value:.4f}" if value < 0.1 else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def times(ratio: float | None) -> str:
    """A ratio as people say it."""
    return "-" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def speed(bound: str, rate: float | None) -> str:
    """A rate with its unit."""
    return "-" if rate is None else f"{rate / 1e9:.3g} {'GFLOP/s' if bound == FMA else 'GB/s'}"


def percent(part: float | None) -> str:
    """A share as people say it."""
    return "-" if part is None else f"{100 * part:.0f} %" if part >= 0.1 else f"{100 * part:.1f} %"


def columns(report: Report) -> list[str]:
    """Head of the table."""
    head = ["", "", *(f"{label} ms" for label in report.labels)]
    if any(result.rate for result in report.results):
        head += ["rate", "of peak"]
    if BASELINE in report.labels:
        head.append(f"x {BASELINE}")
    if any(result.fastest_peer for result in report.results):
        head += ["fastest peer", "x peer"]
    return [*head, "verdict"]


def row(result: Result, report: Report, head: Sequence[str]) -> list[str]:
    """One row of the table."""
    cells = [result.name, result.detail, *(milliseconds(result.best(label)) for label in report.labels)]
    if "rate" in head:
        cells += [speed(result.bound, result.rate), percent(result.share(report.peaks))]
    if f"x {BASELINE}" in head:
        cells.append(times(result.ratio(BASELINE)))
    if "x peer" in head:
        cells += [result.fastest_peer or "-", times(result.ratio(result.fastest_peer))]
    return [*cells, result.verdict]


def aligned(rows: Sequence[Sequence[str]], words: Collection[int]) -> str:
    """The head and rows of a table in Markdown, columns of equal width.

    Args:
        rows: Cells, head first.
        words: Columns that begin at the left, by position from 0; others hold numbers and end at the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for cells in rows:
        padded = [c.ljust(w) if k in words else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))]
        lines.append(f"| {' | '.join(padded)} |")
    rules = ["-" * (w + 2) if k in words else "-" * (w + 1) + ":" for k, w in enumerate(widths)]
    return "\n".join([lines[0], f"|{'|'.join(rules)}|", *lines[1:]])


def table(report: Report) -> str:
    """The results as a table, best of rounds, with what was lost and who was missing below it."""
    head = columns(report)
    body = aligned([head, *(row(result, report, head) for result in report.results)], {0, 1, len(head) - 1})
    return "\n".join([body, "", *remarks(report)])


def remarks(report: Report) -> Iterator[str]:
    """Lines below the table."""
    lost = [result for result in report.results if result.verdict]
    yield f"{len(report.results) - len(lost)} of {len(report.results)} rows ahead of everybody; {len(lost)} slower."
    yield from reservations(report)


def busy(report: Report) -> bool:
    """Whether others were at work when the run began."""
    return (report.machine.get("load before") or 0) > BUSY * report.machine["processors"]


def reservations(report: Report) -> Iterator[str]:
    """What the machine reached at most, who disturbed the run, was missing, or failed."""
    if report.peaks:
        reached = (f"{bound} {speed(bound, peak)}" for bound, peak in report.peaks.items())
        yield f"Peaks measured in the same run, on all threads: {', '.join(reached)}."
        if any((result.share(report.peaks) or 0) > 1 and result.bound == MEMORY for result in report.results):
            yield "More than 100 % of memory's peak: the data were in the processor's caches."
    if busy(report):
        load, processors = report.machine["load before"], report.machine["processors"]
        yield f"Others were at work (load {load} on {processors} processors): to be repeated on a quiet machine."
    if report.absent:
        yield f"Not installed: {', '.join(report.absent)}."
    for who, what in report.failures.items():
        yield f"Failed: {who}: {what}"


def write(path: Path, reports: Sequence[Report]) -> None:
    """Write reports as JSON; an older file stays whole until the new one is."""
    text = json.dumps({"format": FORMAT, "reports": [asdict(report) for report in reports]}, indent=1)
    text = NUMBERS.sub(lambda found: re.sub(r"\s+", " ", found.group()), text)  # a list of numbers is one line
    aside = path.with_name(path.name + ".part")
    aside.write_text(text + "\n", encoding="utf-8")
    os.replace(aside, path)


def read(path: Path) -> list[Report]:
    """Reports from a JSON file.

    Raises:
        ValueError: if the file is something else.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"Expected a file of benchmark results of format {FORMAT}. Received: {path}")
    return [
        Report(**{**report, "results": [Result(**result) for result in report["results"]]})
        for report in content["reports"]
    ]
