"""How much work an operation is: floating-point operations and bytes to move, from shapes and attributes alone.

Work is counted by the definition of an operation, not by the algorithm that a kernel happens to use: a multiply-add is
two, a number of the padding is multiplied like any other, and Winograd's convolution is as much work as the direct one.
Where a record gives no count of its own, every cell is worth one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.ops.table import Op
from fastnn.ops.terms import Shape

OptionalShapes = Sequence[Shape | None]
MOVING = ("rearrangement", "gather")  # kinds that compute nothing: they copy some numbers of an operand


def forward_flops(op: Op, shapes: OptionalShapes, attrs: Mapping[str, Any] | None = None) -> int:
    """Floating-point operations of an operation.

    Args:
        op: The operation.
        shapes: Shapes of its inputs; None for one left out.
        attrs: Attributes that differ from their defaults.

    Example:
        >>> from fastnn.ops.linear import dense
        >>> forward_flops(dense, [(32, 784), (784, 300), (300,)])
        15052800
    """
    attrs = op.complete(attrs or {})
    if op.flops is not None:
        return sum(n for role, n in op.flops(*shapes, **attrs).items() if role in (*op.outputs, *op.extra))
    return _largest(op, shapes, attrs) * _passes(op, len(shapes))


def backward_flops(
    op: Op, shapes: OptionalShapes, attrs: Mapping[str, Any] | None = None, wanted: Collection[str] | None = None
) -> int:
    """Floating-point operations of an operation's backward.

    Args:
        op: The operation.
        shapes: Shapes of its forward inputs; None for one left out.
        attrs: Attributes that differ from their defaults.
        wanted: Inputs whose gradient is wanted; all that have one by default.

    Example:
        >>> from fastnn.ops.linear import dense
        >>> backward_flops(dense, [(32, 784), (784, 300), (300,)], wanted=["w"])
        15052800
    """
    attrs = op.complete(attrs or {})
    wanted = _wanted(op, shapes, wanted)
    if op.flops is None:
        return _largest(op, shapes, attrs) * len(wanted) * (op.kind not in MOVING)
    optional = {f"d{role}" for role in op.gradient_roles(len(shapes))}
    made = {f"d{role}" for role in wanted}
    counts = op.flops(*shapes, **attrs)
    inner = [n for role, n in counts.items() if role in op.backward_extra]
    return sum(inner) + sum(n for role, n in counts.items() if role in optional & made)


def forward_bytes(
    op: Op, shapes: OptionalShapes, attrs: Mapping[str, Any] | None = None, dtype: str = "float32"
) -> int:
    """Bytes of an operation's operands and results; of a table that rows are taken from, what is taken.

    Args:
        op: The operation.
        shapes: Shapes of its inputs; None for one left out.
        attrs: Attributes that differ from their defaults.
        dtype: The type that it computes in.

    Example:
        >>> from fastnn.ops.activation import relu
        >>> forward_bytes(relu, [(1000,)])
        8000
    """
    attrs = op.complete(attrs or {})
    read = _sizes(op, op.roles(len(shapes)), shapes, attrs, dtype)
    written = sum(_sizes(op, (*op.outputs, *op.extra), op.infer(shapes, attrs), attrs, dtype))
    return moved(op, False, read, written)


def backward_bytes(
    op: Op,
    shapes: OptionalShapes,
    attrs: Mapping[str, Any] | None = None,
    wanted: Collection[str] | None = None,
    dtype: str = "float32",
) -> int:
    """Bytes of what an operation's backward reads and writes.

    Args:
        op: The operation.
        shapes: Shapes of its forward inputs; None for one left out.
        attrs: Attributes that differ from their defaults.
        wanted: Inputs whose gradient is wanted; all that have one by default.
        dtype: The type that it computes in.

    Example:
        >>> from fastnn.ops.activation import relu
        >>> backward_bytes(relu, [(1000,)])
        12000
    """
    attrs, count = op.complete(attrs or {}), len(shapes)
    wanted = _wanted(op, shapes, wanted)
    results = op.infer(shapes, attrs)
    by_role = dict(zip((*op.roles(count), *op.outputs, *op.extra), (*shapes, *results), strict=True))
    upstream = _sizes(op, op.outputs, results[: len(op.outputs)], attrs, dtype)
    saved = op.saved_roles(count)
    read = [*upstream, *_sizes(op, saved, [by_role[role] for role in saved], attrs, dtype)]
    inner = op.inner_gradients(shapes, attrs).values()
    made = [by_role[role] for role in wanted]
    written = sum(math.prod(shape or ()) for shape in (*made, *inner)) * np.dtype(dtype).itemsize
    return moved(op, True, read, written)


def moved(op: Op, backward: bool, read: Sequence[int], written: int) -> int:
    """Bytes that move, given those of every operand and of all results."""
    if op.kind in MOVING and not backward:
        return sum(min(size, written) for size in read) + written
    return sum(read) + written


def _wanted(op: Op, shapes: OptionalShapes, wanted: Collection[str] | None) -> list[str]:
    """The inputs that are there, have a gradient, and whose gradient is asked for."""
    count = len(shapes)
    there = {role for role, shape in zip(op.roles(count), shapes, strict=True) if shape is not None}
    return [r for r in op.gradient_roles(count) if r in there and (wanted is None or r in wanted)]


def _largest(op: Op, shapes: OptionalShapes, attrs: Mapping[str, Any]) -> int:
    """Cells of the largest result, or operand where results do not have them all."""
    results = op.infer(shapes, attrs)
    looked_at = results if op.kind == "elementwise" else (*shapes, *results)
    return max(math.prod(shape) for shape in looked_at if shape is not None)


def _passes(op: Op, count: int) -> int:
    """How often every cell is worked on."""
    if op.kind in MOVING:
        return 0
    return count - 1 if op.kind == "accumulate" else 1


def _sizes(op: Op, roles: Sequence[str], shapes: OptionalShapes, attrs: Mapping[str, Any], dtype: str) -> list[int]:
    pairs = [(role, shape) for role, shape in zip(roles, shapes, strict=True) if shape is not None]
    return [math.prod(shape) * np.dtype(op.dtype_of(role, dtype, attrs)).itemsize for role, shape in pairs]
