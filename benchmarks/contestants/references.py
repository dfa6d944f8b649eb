"""The records' NumPy references on float32 arrays; what a NumPy programmer would write, where a record carries it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contestants.operation import read_pass
from fastnn.engine import execute


def versions() -> dict[str, str]:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"numpy": np.__version__, blas["name"]: blas["version"]}


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    work = read_pass(task)
    if work.backward:
        assert work.op.backward is not None
        reference = partial(work.op.backward, *work.reads, shapes=work.shapes, **work.attrs)
    else:
        reference = partial(work.op.numpy_fast or work.op.forward, *work.reads, **work.attrs)
    results = execute.as_tuple(reference())
    return (lambda: spelled_out(reference())) if any(map(is_repeated, results)) else reference, 1


def is_repeated(result: Any) -> bool:
    """Whether a result shows the same memory several times: such a view promises numbers that nobody wrote."""
    return isinstance(result, np.ndarray) and result.size > 1 and 0 in result.strides


def spelled_out(results: Any) -> list[Any]:
    """Results with all their numbers written."""
    return [r.copy() if is_repeated(r) else r for r in execute.as_tuple(results)]
