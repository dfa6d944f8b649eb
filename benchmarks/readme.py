"""The README's table of whole training steps, made from the file of a measurement."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.contest import ROOT
from benchmarks.peers import Row
from benchmarks.report import OURS, Report, aligned, busy, milliseconds, percent, read, reservations, times

MEASURED, README = ROOT / "benchmarks" / "results" / "peers.json", ROOT / "README.md"
BEGIN, END = "<!-- begin: python -m benchmarks table -->\n", "<!-- end -->\n"
NAMES = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX", "tensorflow": "TensorFlow"}
WIDTH = 120


def section(runs: Sequence[Report]) -> str:
    """Machine, versions, table, and who was faster, in Markdown."""
    found, everybody = peers.rows(runs), peers.labels(runs)
    last = conclusion(found, runs)
    head = ["network", *everybody, "fastest peer / fastnn", "of FMA peak", "MB", "MB, leanest peer"]
    body = [
        [row.name, *(milliseconds(row.seconds(label)) for label in everybody)]
        + [times(row.ratio), percent(row.share), peers.megabytes(row.memory(OURS)), leanest(row, everybody)]
        for row in found
    ]
    first = [textwrap.fill(warning, WIDTH) for warning in warnings(runs)]
    paragraphs = [*first, textwrap.fill(origin(runs), WIDTH), aligned([head, *body], {0}), textwrap.fill(last, WIDTH)]
    return "\n\n".join(paragraphs) + "\n"


def leanest(row: Row, everybody: Sequence[str]) -> str:
    """The least memory that another framework took."""
    sizes = [size for label in everybody if label != OURS and (size := row.memory(label)) is not None]
    return peers.megabytes(min(sizes, default=None))


def warnings(runs: Sequence[Report]) -> list[str]:
    """Why the figures are not to be relied on, ahead of them; nothing where they are."""
    said = [run.settings["provisional"] for run in runs if "provisional" in run.settings]
    said += ["others were at work on the machine"] if any(busy(run) for run in runs) else []
    return [f"**Provisional, to be measured again: {'; '.join(dict.fromkeys(said))}.**"] if said else []


def origin(runs: Sequence[Report]) -> str:
    """When, where, with what, and how often was measured."""
    first = runs[0]
    machine, versions, settings = first.machine, first.versions, first.settings
    theirs = ", ".join(f"{name} {versions[key]}" for key, name in NAMES.items() if key in versions)
    rounds = f"best of {settings['rounds']} interleaved rounds, "
    rounds += f"medians of {len(runs)} whole runs" if len(runs) > 1 else "one run"
    return (
        f"Milliseconds of a training step on {machine['date']}: {machine['processor']}, {place(machine, versions)}; "
        f"{machine['system']}, Python {machine['python']}; {theirs}; {rounds}."
    )


def place(machine: dict[str, Any], versions: dict[str, str]) -> str:
    """Threads, processors, and the instruction set of our kernels."""
    share = f"{machine['threads']} threads on {machine['processors']} processors"
    return f"{share}, kernels for {versions.get('fastnn kernels', 'an unknown instruction set')}"


def conclusion(found: Sequence[Row], runs: Sequence[Report]) -> str:
    """Who was faster, and whatever else a reader should know."""
    slower = [f"{row.name} ({row.fastest_peer}: {times(row.ratio)})" for row in found if row.misses(1)]
    words = [f"Slower than a peer: {', '.join(slower) or 'none'}."]
    peaks = {bound: max(run.peaks.get(bound, 0) for run in runs) for bound in runs[0].peaks}
    words += reservations(replace(runs[0], peaks=peaks))  # the best of the runs: a busy moment only ever takes away
    return " ".join(dict.fromkeys([*words, *(line for run in runs for line in reservations(replace(run, peaks={})))]))


def replaced(text: str, made: str) -> str:
    """A text with what stands between the marks replaced.

    Raises:
        ValueError: if the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(
            f"Expected the lines {BEGIN.strip()!r} and {END.strip()!r} in the text. Received: neither or one"
        )
    return f"{before}{begin}{made}{end}{after}"


def runs_of_peers(path: Path) -> list[Report]:
    """The whole runs in a result file.

    Raises:
        ValueError: if there are none.
    """
    runs = [report for report in read(path) if report.kind == "peers"]
    if not runs:
        raise ValueError(f"Expected results of `python -m benchmarks peers`. Received: {path}")
    return runs


def update(measured: Path = MEASURED, readme: Path = README) -> None:
    """Write the table into the README; it stays whole until the new one is."""
    text = replaced(readme.read_text(encoding="utf-8"), section(runs_of_peers(measured)))
    aside = readme.with_name(readme.name + ".part")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, readme)
