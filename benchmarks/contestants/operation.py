"""What both contestants of `ops` share: the values that one pass of one operation reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute
from fastnn.ops.cases import inputs_for
from fastnn.ops.table import Case, Op, find

Array = NDArray[Any]


@dataclass(frozen=True)
class Pass:
    """Forward or backward of an operation on drawn float32 values.

    Args:
        op: The operation.
        backward: Which pass.
        attrs: Complete attributes.
        inputs: The operation's inputs.
        reads: What the pass reads: the inputs; or outputs' gradients and saved values.
        results: Forward's outputs and extras.
    """

    op: Op
    backward: bool
    attrs: dict[str, Any]
    inputs: list[Array | None]
    reads: list[Array | None]
    results: list[Array]

    @property
    def shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        """Shapes of the inputs."""
        return tuple(None if x is None else x.shape for x in self.inputs)


def case_of(task: dict[str, Any]) -> Case:
    """A task's case; JSON has turned tuples into lists."""
    shapes = tuple(None if s is None else tuple(s) for s in task["shapes"])
    attrs = {k: tuple(v) if isinstance(v, list) else v for k, v in task["attrs"].items()}
    return Case(shapes, attrs, tuple(task["draw"]))


def read_pass(task: dict[str, Any]) -> Pass:
    """Draw the inputs of a task, and for backward run forward once."""
    op, case = find(task["op"]), case_of(task)
    attrs = op.complete(case.attrs)
    inputs, results = execute.forward(op, [well_placed(x) for x in inputs_for(op, case, "float32")], attrs)
    if not task["backward"]:
        return Pass(op, False, attrs, inputs, inputs, results)
    values = dict(zip((*op.roles(len(inputs)), *op.outputs, *op.extra), (*inputs, *results), strict=True))
    rng = np.random.default_rng(1)
    d_outputs = [rng.normal(size=y.shape).astype(np.float32) for y in results[: len(op.outputs)]]
    reads = [well_placed(a) for a in (*d_outputs, *(values[r] for r in op.saved_roles(len(inputs))))]
    return Pass(op, True, attrs, inputs, reads, results)


def well_placed(array: Array | None) -> Array | None:
    """A copy that starts at a multiple of 64 bytes, as buffers of plans do."""
    if array is None:
        return None
    copy = execute.aligned(array.shape, array.dtype)
    copy[...] = array
    return copy
