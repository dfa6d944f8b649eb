"""fastnn, trained by `fit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastnn
from benchmarks.keras_style import trained
from fastnn.engine import execute


def versions() -> dict[str, str]:
    return {"fastnn": fastnn.__version__, "fastnn kernels": execute.isa()}


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    return trained(fastnn, task)
