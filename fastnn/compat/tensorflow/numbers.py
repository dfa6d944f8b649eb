"""`tf.math` and the tensor functions of the top level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.compat.tensorflow.renaming import renamed, same
from fastnn.engine.tensor import Tensor, as_array

ELEMENTWISE = same(
    "abs add subtract multiply divide square sqrt exp log sin cos tan tanh sigmoid sign floor ceil round maximum "
    "minimum greater less equal not_equal greater_equal less_equal logical_and logical_or logical_not logical_xor "
    "softplus rsqrt erf log1p expm1 isnan isinf isfinite reciprocal sinh cosh negative mod floor_divide divide_no_nan "
    "arctan2 power"
)
ELEMENTWISE |= {
    theirs: ELEMENTWISE[ours]
    for theirs, ours in [
        ("pow", "power"), ("truediv", "divide"), ("floordiv", "floor_divide"), ("floormod", "mod"),
        ("atan2", "arctan2"),
        ("is_nan", "isnan"), ("is_inf", "isinf"), ("is_finite", "isfinite"),
    ]
}  # fmt: skip
ELEMENTWISE |= {
    "asin": ops.arcsin, "acos": ops.arccos, "atan": ops.arctan, "log_sigmoid": ops.log_sigmoid,
    "squared_difference": lambda x, y, name=None: ops.square(ops.subtract(x, y)),
}  # fmt: skip
REDUCTIONS = {
    f"reduce_{theirs}": renamed(getattr(ops, ours), "input_tensor axis keepdims")
    for theirs, ours in [
        ("mean", "mean"), ("sum", "sum"), ("max", "max"), ("min", "min"), ("prod", "prod"), ("any", "any"),
        ("all", "all"), ("std", "std"), ("variance", "var"), ("logsumexp", "logsumexp"),
    ]
}  # fmt: skip


def position(of: Any) -> Any:
    """`tf.argmax` or `tf.argmin`: along the first axis unless another is named."""

    def call(input: Any, axis: int | None = None, output_type: Any = "int64", name: str | None = None) -> Any:
        return ops.cast(of(input, axis=0 if axis is None else axis), output_type)

    return call


def matmul(
    a: Any, b: Any, transpose_a: Any = False, transpose_b: Any = False, name: str | None = None, **_: Any
) -> Any:
    """The product of matrices, each turned over first if wanted."""
    return ops.matmul(ops.swapaxes(a, -1, -2) if transpose_a else a, ops.swapaxes(b, -1, -2) if transpose_b else b)


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None, name: str | None = None) -> Any:
    """A tensor in so many equal parts, or in parts of given extents."""
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis=axis)
    extents = as_array(num_or_size_splits).tolist()
    if -1 in extents:
        extents[extents.index(-1)] = value.shape[axis] - sum(e for e in extents if e != -1)
    if sum(extents) != value.shape[axis]:
        raise ValueError(f"Expected extents that sum to {value.shape[axis]}. Received: num_or_size_splits={extents}")
    return ops.split(value, np.cumsum(extents)[:-1].tolist(), axis=axis)


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Class numbers as rows, with ones and zeros or two other values."""
    hot = ops.one_hot(indices, int(depth), axis=-1 if axis is None else axis, dtype=dtype or "float32")
    if on_value is None and off_value is None:
        return hot
    return ops.where(hot > 0, 1 if on_value is None else on_value, 0 if off_value is None else off_value)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """One value or another by a condition; with the condition alone, the positions where it holds, one per row."""
    if x is None and y is None:
        return ops.stack(ops.nonzero(condition), axis=1)
    return ops.where(condition, x, y)


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str | None = None) -> Any:
    """The parts of a tensor where a mask holds."""
    return ops.take(tensor, ops.nonzero(mask)[0], axis=0 if axis is None else axis)


def ordered(of: Any) -> Any:
    """`tf.sort` or `tf.argsort`, upwards or downwards."""

    def call(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: Any = False, name: Any = None) -> Any:
        if direction not in ("ASCENDING", "DESCENDING"):
            raise ValueError(f"Expected direction to be 'ASCENDING' or 'DESCENDING'. Received: {direction!r}")
        up = of(values, axis=axis)
        return up if direction == "ASCENDING" else ops.flip(up, axis=axis)

    return call


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor of given numbers.

    Example:
        >>> constant([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    array = as_array(value, dtype)
    if shape is None:
        return Tensor(array)
    return Tensor(np.broadcast_to(array, shape).copy() if array.size == 1 else array.reshape(shape))


def sized(operation: Any) -> Any:
    """`tf.zeros` or `tf.ones`, of a shape that may itself be a tensor."""

    def call(shape: Any, dtype: Any = "float32", name: str | None = None) -> Any:
        return operation(extents(shape), dtype=dtype)

    return call


def extents(shape: Any) -> Any:
    """A shape as a tuple, from a tuple, a number or a tensor of whole numbers."""
    if isinstance(shape, Tensor):
        shape = shape.numpy().tolist()
    return tuple(shape) if isinstance(shape, Sequence) else (shape,)


def arange(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None) -> Any:
    """Numbers from start up to limit, or from 0 up to the only number given."""
    start, limit = (0, start) if limit is None else (start, limit)
    return ops.arange(start, limit, delta, dtype=dtype)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0, name: Any = None) -> Any:
    """A tensor with more before and after along every axis."""
    values = {"constant_values": constant_values} if mode.lower() == "constant" else {}
    return ops.pad(tensor, as_array(paddings).tolist(), mode.lower(), **values)


def add_n(inputs: Sequence[Any], name: str | None = None) -> Any:
    """The sum of tensors."""
    total = inputs[0]
    for x in inputs[1:]:
        total = ops.add(total, x)
    return total


def confusion_matrix(labels: Any, predictions: Any, num_classes: int | None = None, **_: Any) -> Tensor:
    """How often each class (row) was given each label (column)."""
    labels, predictions = (as_array(v).astype("int64").reshape(-1) for v in (labels, predictions))
    size = num_classes or int(max(labels.max(), predictions.max())) + 1
    return Tensor(np.bincount(labels * size + predictions, minlength=size**2).reshape(size, size).astype("int32"))


l2_normalize = renamed(ops.normalize, "x axis epsilon", axis=-1)
cumsum = renamed(ops.cumsum, "x axis", axis=0)
argmax, argmin = position(ops.argmax), position(ops.argmin)
ARRANGING = {
    "reshape": renamed(ops.reshape, "tensor shape=newshape"),
    "transpose": renamed(ops.transpose, "a perm=axes"),
    "squeeze": renamed(ops.squeeze, "input axis"),
    "expand_dims": renamed(ops.expand_dims, "input axis"),
    "concat": renamed(ops.concatenate, "values axis"),
    "stack": renamed(ops.stack, "values axis"),
    "unstack": renamed(ops.unstack, "value num axis"),
    "tile": renamed(ops.tile, "input multiples=repeats"),
    "repeat": renamed(ops.repeat, "input repeats axis"),
    "gather": renamed(ops.take, "params indices axis", axis=0),
    "gather_nd": renamed(ops.gather_nd, "params indices"),
    "pad": pad,
    "reverse": renamed(ops.flip, "tensor axis"),
    "roll": renamed(ops.roll, "input shift axis"),
    "broadcast_to": renamed(ops.broadcast_to, "input shape"),
    "clip_by_value": renamed(ops.clip, "t clip_value_min=x_min clip_value_max=x_max"),
    "cast": renamed(ops.cast, "x dtype"),
    "norm": renamed(ops.norm, "tensor ord axis keepdims"),
    "tensordot": renamed(ops.tensordot, "a b=x2 axes"),
    "linspace": renamed(ops.linspace, "start stop num"),
    "eye": renamed(ops.eye, "num_rows=N num_columns=M dtype"),
    "fill": renamed(ops.full, "dims value=fill_value"),
    "zeros_like": renamed(ops.zeros_like, "input dtype"),
    "ones_like": renamed(ops.ones_like, "input dtype"),
    "convert_to_tensor": renamed(ops.convert_to_tensor, "value dtype"),
    "stop_gradient": renamed(ops.stop_gradient, "input"),
    "shape": renamed(ops.shape, "input"),
    "size": renamed(ops.size, "input"),
    "rank": renamed(ops.ndim, "input"),
    "identity": renamed(ops.copy, "input"),
    "meshgrid": ops.meshgrid, "einsum": ops.einsum, "is_tensor": ops.is_tensor,
    "split": split, "one_hot": one_hot, "where": where, "boolean_mask": boolean_mask, "range": arange,
    "sort": ordered(ops.sort), "argsort": ordered(ops.argsort), "argmax": argmax, "argmin": argmin,
    "zeros": sized(ops.zeros), "ones": sized(ops.ones), "add_n": add_n, "cumsum": cumsum, "matmul": matmul,
    "cond": renamed(ops.cond, "pred true_fn false_fn"),
    "while_loop": renamed(ops.while_loop, "cond body loop_vars maximum_iterations"),
    "map_fn": renamed(lambda fn, elems: ops.map(fn, elems), "fn elems"),
}  # fmt: skip
MATH = {
    **ELEMENTWISE, **REDUCTIONS, "argmax": argmax, "argmin": argmin, "cumsum": cumsum, "add_n": add_n,
    "l2_normalize": l2_normalize, "confusion_matrix": confusion_matrix, "top_k": renamed(ops.top_k, "input k sorted"),
    "in_top_k": renamed(ops.in_top_k, "targets predictions k"),
    "bincount": renamed(ops.bincount, "arr=x weights minlength"),
    "count_nonzero": renamed(ops.count_nonzero, "input axis"), "softmax": renamed(ops.softmax, "logits axis"),
}  # fmt: skip
