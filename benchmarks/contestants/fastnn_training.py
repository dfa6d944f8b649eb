"""fastnn, trained by `fit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastnn
from benchmarks.keras_style import trained
from benchmarks.report import FMA, MEMORY
from fastnn.engine import execute, peak


def versions() -> dict[str, str]:
    return {"fastnn": fastnn.__version__, "fastnn kernels": execute.isa()}


def peaks() -> dict[str, float]:
    """What this machine can do at most with the threads in use, by the limits that work is held against."""
    reached = peak.measure()
    return {FMA: reached.flops, MEMORY: reached.bandwidth}


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    return trained(fastnn, task)
