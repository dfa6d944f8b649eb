"""Run one operation on plain numbers: float32 runs the kernel, float64 the NumPy reference."""

import numpy as np

from fastnn.engine import execute
from fastnn.ops.table import OPS

DTYPES = ("float32", "float64")
ROUNDING = {"float32": 2e-6, "float64": 1e-12}


def prepared(op, inputs, dtype):
    """The inputs as arrays; one left out stays None."""
    given = zip(op.inputs, inputs, strict=True)
    return [None if x is None else np.asarray(x, op.dtypes.get(role, dtype)) for role, x in given]


def run(name, *inputs, dtype="float32", **attrs):
    """All results by role."""
    op = OPS[name]
    _, results = execute.forward(op, prepared(op, inputs, dtype), op.complete(attrs))
    return dict(zip((*op.outputs, *op.extra), results, strict=True))


def gradients(name, *inputs, upstream=None, dtype="float32", **attrs):
    """Gradients by input role; the upstream gradient is 1 by default."""
    op, arrays = OPS[name], prepared(OPS[name], inputs, dtype)
    values = {**dict(zip(op.inputs, arrays, strict=True)), **run(name, *inputs, dtype=dtype, **attrs)}
    ones = np.ones_like(values[op.outputs[0]])
    dy = ones if upstream is None else np.asarray(upstream, dtype)
    saved = [values[role] for role in op.saves]
    roles = op.gradient_roles(len(arrays))
    shapes = [None if a is None else a.shape for a in arrays]
    found = execute.backward(op, [dy], saved, shapes, op.complete(attrs), [True] * len(roles))
    return dict(zip(roles, found, strict=True))
