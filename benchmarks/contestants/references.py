"""The records' NumPy references on float32 arrays; what a NumPy programmer would write, where a record carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contestants.operation import read_pass


def versions() -> dict[str, str]:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"numpy": np.__version__, blas["name"]: blas["version"]}


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    work = read_pass(task)
    if work.backward:
        assert work.op.backward is not None
        backward = work.op.backward
        return lambda: backward(*work.reads, shapes=work.shapes, **work.attrs), 1
    forward = work.op.numpy_fast or work.op.forward
    return lambda: forward(*work.reads, **work.attrs), 1
