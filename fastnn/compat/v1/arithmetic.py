"""Operations of tensors of one type: mixing types without a cast is an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.compat.v1.graphs import GraphTensor, as_graph_tensor, constant, made, operator
from fastnn.errors import DTypeError

Function = Callable[..., Any]


def same_types(name: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Two values of one type; plain numbers take the other's.

    Raises:
        DTypeError: if tensors of different types are mixed.
    """
    if not isinstance(x, GraphTensor) and not isinstance(y, GraphTensor):
        x, y = constant(x), constant(y)
    for one, other in ((x, y), (y, x)):
        if isinstance(one, GraphTensor) and not isinstance(other, GraphTensor):
            array = np.asarray(other)
            if array.dtype.kind == "f" and np.dtype(one.dtype).kind in "iu":
                raise DTypeError(
                    f"expected {one.dtype} like '{one.name}', received {other!r}; cast one.", operation=name
                )
            fitting = constant(array.astype(one.dtype))
            x, y = (x, fitting) if one is x else (fitting, y)
    if x.dtype != y.dtype:
        raise DTypeError(
            f"expected two tensors of one type, received '{x.name}' of {x.dtype} and '{y.name}' of {y.dtype}; "
            "cast one of them.",
            operation=name,
        )
    return x, y


def pairwise(function: Function, title: str, result_dtype: str | None = None) -> Function:
    """An operation of two tensors of one type."""

    def call(x: Any, y: Any, name: str | None = None) -> GraphTensor:
        """A tensor of both."""
        return made(function, *same_types(title, x, y), name=name or title, result_dtype=result_dtype)

    call.__name__ = title
    return call


def each(function: Function, title: str, **fixed: Any) -> Function:
    """An operation of one tensor."""

    def call(x: Any, name: str | None = None) -> GraphTensor:
        """A tensor of one."""
        return made(function, as_graph_tensor(x), name=name or title, **fixed)

    call.__name__ = title
    return call


add, subtract, multiply = (
    pairwise(ops.add, "add"),
    pairwise(ops.subtract, "subtract"),
    pairwise(ops.multiply, "multiply"),
)
maximum, minimum = pairwise(ops.maximum, "maximum"), pairwise(ops.minimum, "minimum")
equal, not_equal = pairwise(ops.equal, "equal", "bool"), pairwise(ops.not_equal, "not_equal", "bool")
greater, less = pairwise(ops.greater, "greater", "bool"), pairwise(ops.less, "less", "bool")
sub, mul = subtract, multiply
square, sqrt, exp, log = (each(getattr(ops, n), n) for n in ("square", "sqrt", "exp", "log"))
negative, abs, sigmoid, tanh, sign = (
    each(getattr(ops, n), n) for n in ("negative", "absolute", "sigmoid", "tanh", "sign")
)
neg = negative


def divide(x: Any, y: Any, name: str | None = None) -> GraphTensor:
    """The quotient; of whole numbers as float64.

    Example:
        >>> from fastnn.compat import v1 as tf
        >>> with tf.Session() as session:
        ...     float(session.run(tf.subtract(tf.divide(10, 2), tf.cast(tf.constant(1), tf.float64))))
        4.0
    """
    x, y = same_types("divide", x, y)
    if np.dtype(x.dtype).kind in "iu":
        x, y = cast(x, "float64"), cast(y, "float64")
    return made(ops.divide, x, y, name=name or "divide")


div = truediv = divide


def power(x: Any, y: Any, name: str | None = None) -> GraphTensor:
    """A power."""
    return made(ops.power, *same_types("pow", x, y), name=name or "pow")


def clip_by_value(t: Any, clip_value_min: float, clip_value_max: float, name: str | None = None) -> GraphTensor:
    """A tensor with its numbers brought between two bounds."""
    x = as_graph_tensor(t)
    return made(ops.clip, x, name=name or "clip_by_value", x_min=clip_value_min, x_max=clip_value_max)


def cast(x: Any, dtype: Any, name: str | None = None) -> GraphTensor:
    """The same numbers in another type."""
    target = str(np.dtype(dtype))
    return made(ops.cast, as_graph_tensor(x), name=name or "cast", dtype=target, result_dtype=target)


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, name: str | None = None
) -> GraphTensor:
    """The matrix product."""
    a, b = same_types("matmul", a, b)
    a, b = (made(ops.transpose, t) if turned else t for t, turned in ((a, transpose_a), (b, transpose_b)))
    return made(ops.matmul, a, b, name=name or "matmul")


def reduction(function: Function, title: str) -> Function:
    """A reduction with the argument names of that time."""

    def call(
        input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, *,
        reduction_indices: Any = None, keep_dims: Any = None,
    ) -> GraphTensor:  # fmt: skip
        """A tensor of fewer numbers."""
        chosen = axis if axis is not None else reduction_indices
        chosen = tuple(chosen) if isinstance(chosen, list) else chosen
        kept = bool(keepdims if keepdims is not None else keep_dims)
        return made(function, as_graph_tensor(input_tensor), name=name or title, axis=chosen, keepdims=kept)

    call.__name__ = title
    return call


reduce_mean, reduce_sum = reduction(ops.mean, "reduce_mean"), reduction(ops.sum, "reduce_sum")
reduce_max, reduce_min = reduction(ops.max, "reduce_max"), reduction(ops.min, "reduce_min")


def argmax(
    input: Any, axis: int | None = None, name: str | None = None, *, dimension: int | None = None
) -> GraphTensor:
    """Where the largest number is, along an axis."""
    chosen = axis if axis is not None else dimension if dimension is not None else 0
    return made(ops.argmax, as_graph_tensor(input), name=name or "argmax", axis=chosen, result_dtype="int64")


def reshape(tensor: Any, shape: Sequence[int], name: str | None = None) -> GraphTensor:
    """The same numbers in another shape."""
    return made(ops.reshape, as_graph_tensor(tensor), tuple(shape), name=name or "reshape")


def transpose(a: Any, perm: Any = None, name: str | None = None) -> GraphTensor:
    """Axes in another order."""
    return made(ops.transpose, as_graph_tensor(a), axes=None if perm is None else tuple(perm), name=name or "transpose")


def concat(values: Sequence[Any], axis: int, name: str | None = None) -> GraphTensor:
    """Tensors one after the other."""
    tensors = [as_graph_tensor(v) for v in values]
    return made(lambda *given: ops.concatenate(list(given), axis=axis), *tensors, name=name or "concat")


def expand_dims(input: Any, axis: int, name: str | None = None) -> GraphTensor:
    """A further axis of length one."""
    return made(ops.expand_dims, as_graph_tensor(input), axis, name=name or "expand_dims")


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> GraphTensor:
    """Without axes of length one."""
    return made(ops.squeeze, as_graph_tensor(input), axis, name=name or "squeeze")


for _name, _function in (
    ("add", add), ("sub", subtract), ("mul", multiply), ("truediv", divide), ("matmul", matmul), ("pow", power),
):  # fmt: skip
    setattr(GraphTensor, f"__{_name}__", operator(_function))
    setattr(GraphTensor, f"__r{_name}__", operator(_function, swapped=True))
