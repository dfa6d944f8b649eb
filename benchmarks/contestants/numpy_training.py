"""Training steps in NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.data import draw
from benchmarks.numpy_models import Network


def versions() -> dict[str, str]:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"numpy": np.__version__, blas["name"]: blas["version"]}


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    network, (x, y), batch = Network(task), draw(task), task["batch"]

    def epoch() -> None:
        for start in range(0, len(x), batch):
            network.step(x[start : start + batch], y[start : start + batch])

    return epoch, task["batches"]
