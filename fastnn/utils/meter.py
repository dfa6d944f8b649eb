"""How far a loop has come: a line that changes in place on terminals and in notebooks, elsewhere one at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any
from unicodedata import east_asian_width

import numpy as np

BAR, FEWEST = 20, 5  # most and fewest characters of the bar
TERMINAL, NOTEBOOK, NEVER = 0.1, 0.5, 3600.0  # seconds between changes
UNKNOWN = 80  # columns of a terminal that says 0, as those that mpiexec and containers make do
Logs = Mapping[str, Any]


def number(value: Any) -> str:
    """A loss or metric for people; of several numbers all.

    Example:
        >>> number(0.25), number(0.00012), number(np.array([0.5, 1.0]))
        ('0.2500', '1.2000e-04', '[0.5000 1.0000]')
    """
    if np.ndim(value):
        return f"[{' '.join(map(number, np.ravel(value)))}]"
    return f"{value:.4f}" if abs(value) > 1e-3 or value != value else f"{value:.4e}"


def entries(logs: Logs) -> list[str]:
    """Losses and metrics, each as ' - name: number'."""
    return [f" - {key}: {number(value)}" for key, value in logs.items()]


class Meter:
    """Prints how far a loop has come.

    Args:
        verbose: 0 nothing, 1 a line that changes in place where that is possible, 2 one line at the end.
        steps: Steps in all; 0 if that is not known.
        unit: What a step is called.
        seconds: Least time between changes; by default as fast as the eye needs it.

    Example:
        >>> meter = Meter(2, 3)
        >>> meter.begin()
        >>> meter.end({"loss": 0.5})
        3/3 - 0s ... - loss: 0.5000
    """

    def __init__(self, verbose: int, steps: int, unit: str = "step", seconds: float | None = None) -> None:
        self.verbose, self.steps, self.unit = verbose, steps, unit
        self.moving = verbose == 1 and (in_notebook() or on_terminal())
        usual = NEVER if not self.moving else NOTEBOOK if in_notebook() else TERMINAL
        self.seconds = usual if seconds is None or not self.moving else max(seconds, usual)
        self.began, self._last, self._shown = time.perf_counter(), 0.0, 0

    def begin(self) -> None:
        """The loop begins."""
        self.began, self._last, self._shown = time.perf_counter(), 0.0, 0

    def tell(self, done: int, logs: Callable[[], Logs] = dict) -> None:
        """Some steps are done; `logs` is asked only if something is printed."""
        now = time.perf_counter()
        if self.moving and now - self._last >= self.seconds / 2:
            self._last = now
            self._replace(self.line(done, f" {self.time(done)}{''.join(entries(logs()))}"))

    def line(self, done: int, tail: str) -> str:
        """The line that changes, cut to the width of the terminal; the bar gives way first."""
        head, width = f"{done}/{self.steps or '?'}", line_width()
        room = BAR if width is None else min(BAR, width - columns(head) - columns(tail) - 1)
        bar = f" {drawn(done, self.steps, room)}" if self.steps and room >= FEWEST else ""
        return cut(f"{head}{bar}{tail}", width)

    def end(self, logs: Logs, done: int = 0) -> None:
        """All steps are done."""
        if self.verbose:
            steps = self.steps or done
            parts = [f"{steps}/{steps} - {self.time(steps)}", *entries(logs)]
            first, *rest = folded(parts, line_width() if self.moving else None)
            if self.moving:
                self._replace(first)
            else:
                write(first)
            write("".join(f"\n{line}" for line in rest) + "\n")

    def _replace(self, text: str) -> None:
        """Write over the line; what is longer of the one before is blanked, which every terminal can do."""
        width = columns(text)
        blanks = min(self._shown, line_width() or self._shown) - width
        write(f"\r{text}{' ' * blanks}")
        self._shown = width

    def time(self, done: int) -> str:
        """Time since the loop began, and per step."""
        passed = time.perf_counter() - self.began
        each = passed / max(done, 1)
        took = f"{each:.0f}s" if each >= 1 else f"{each * 1e3:.0f}ms" if each >= 1e-3 else f"{each * 1e6:.0f}us"
        return f"{passed:.0f}s{' -' * (self.verbose == 2)} {took}/{self.unit}"


# ---------------------------------------------------------------- where it is written


def in_notebook() -> bool:
    """Whether standard output is a notebook's cell."""
    return type(sys.stdout).__module__.startswith("ipykernel")


def on_terminal() -> bool:
    """Whether standard output is a terminal that can go back in a line, and a person may be looking at it."""
    able = os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
    return able and sys.stdout is not None and sys.stdout.isatty()


def line_width() -> int | None:
    """Characters of a line now; None for any number. The last column stays free, since some terminals wrap there."""
    if in_notebook():  # whose kernel may have been started on a terminal
        return None
    try:
        return max((os.get_terminal_size(sys.stdout.fileno()).columns or UNKNOWN) - 1, 1)
    except (OSError, ValueError, AttributeError):
        return None


def write(text: str) -> None:
    """Write and flush; what the encoding lacks becomes '?', and without standard output nothing happens."""
    out = sys.stdout
    if out is not None:
        out.write(text.encode(out.encoding, "replace").decode(out.encoding) if out.encoding else text)
        out.flush()


def drawn(done: int, steps: int, room: int) -> str:
    """A bar, in characters that the encoding has."""
    try:
        "━─".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
        full, empty = "━", "─"
    except UnicodeEncodeError:
        full, empty = "=", "."
    filled = min(room * done // steps, room)
    return full * filled + empty * (room - filled)


# ---------------------------------------------------------------- widths


def columns(text: str) -> int:
    """How wide a text is on a terminal.

    Example:
        >>> columns("loss"), columns("損失")
        (4, 4)
    """
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text) if not text.isascii() else len(text)


def cut(text: str, width: int | None) -> str:
    """The beginning of a text that fits."""
    if width is None or columns(text) <= width:
        return text
    return next(text[:end] for end in range(min(len(text), width), -1, -1) if columns(text[:end]) <= width)


def folded(parts: list[str], width: int | None) -> list[str]:
    """Parts in as many lines as needed.

    Example:
        >>> folded(["3/3 - 0s", " - loss: 0.5", " - mae: 0.25"], 24)
        ['3/3 - 0s - loss: 0.5', '    - mae: 0.25']
    """
    lines = [""]
    for part in parts:
        if width is not None and lines[-1] and columns(lines[-1] + part) > width:
            lines.append("   ")
        lines[-1] += part
    return lines
