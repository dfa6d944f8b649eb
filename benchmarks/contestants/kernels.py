"""fastnn's kernels, one operation at a time, over buffers bound once as plans bind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contestants.fastnn_training import peaks, versions
from benchmarks.contestants.operation import Array, Pass, read_pass
from fastnn.engine import execute

__all__ = ["peaks", "prepare", "versions"]


def outputs_of(task: Pass) -> list[Array | None]:
    """Where the kernel writes: gradients, or results, in place where the record says so."""
    if task.backward:
        shapes = task.op.gradient_shapes(task.shapes, task.attrs)
        return [None if s is None else execute.aligned(s, np.float32) for s in shapes]
    roles = (*task.op.outputs, *task.op.extra)
    over = [task.op.in_place.get(r) for r in roles]
    return [
        execute.aligned(y.shape, y.dtype) if o is None else task.inputs[task.op.inputs.index(o)]
        for o, y in zip(over, task.results, strict=True)
    ]


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    work = read_pass(task)
    row = (work.op.name, work.backward, work.reads, outputs_of(work), execute.packed(work.op, work.attrs))
    plan = execute.Plan([row])
    return lambda: plan.run(0, 1), 1
