"""`keras.backend`, as older code imports it: settings, values of variables, and operations by their old names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn import ops, random
from fastnn.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from fastnn.engine import functional, nested
from fastnn.engine.graph import SymbolicTensor, current_trace
from fastnn.engine.tensor import Tensor, Variable
from fastnn.utils.naming import clear_session

__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "get_uid", "image_data_format", "is_float_dtype", "is_int_dtype",
    "is_keras_tensor", "result_type", "set_epsilon", "set_floatx", "set_image_data_format", "standardize_dtype",
]  # fmt: skip

Axis = int | Sequence[int] | None
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")


_numbers: Counter[str] = Counter()


def get_uid(prefix: str = "") -> int:
    """How often this has been asked for the prefix: 1, 2, 3, … ."""
    _numbers[prefix] += 1
    return _numbers[prefix]


def is_keras_tensor(x: Any) -> bool:
    """Whether x is a symbolic tensor."""
    return isinstance(x, SymbolicTensor)


def standardize_dtype(dtype: Any) -> str:
    """The name of a type; the default floating type for None.

    Raises:
        ValueError: for a type that tensors cannot have.

    Example:
        >>> standardize_dtype(float)
        'float32'
    """
    if dtype is None or dtype is float:
        return floatx()
    try:
        name = "int32" if dtype is int else str(np.dtype(getattr(dtype, "name", dtype)))
    except TypeError:
        name = str(dtype)
    if name not in DTYPES:
        raise ValueError(f"Expected dtype to be one of {DTYPES}. Received: dtype={dtype!r}")
    return name


def is_float_dtype(dtype: Any) -> bool:
    """Whether a type is floating."""
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: Any) -> bool:
    """Whether a type is of whole numbers."""
    return standardize_dtype(dtype) in ("int32", "int64", "uint8")


def result_type(*dtypes: Any) -> str:
    """The type that numbers of these types have together."""
    names = [standardize_dtype(d) for d in dtypes] or [floatx()]
    if any(n.startswith("float") for n in names):
        return str(np.result_type(*(n for n in names if n.startswith("float"))))
    return str(np.result_type(*names))


# ---------------------------------------------------------------- values and variables


def variable(value: Any, dtype: Any = None, name: str = "variable", constraint: Any = None) -> Variable:
    """A variable."""
    return Variable(ops.convert_to_numpy(value), dtype=dtype or floatx(), name=name)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that does not change, filled up to a shape if one is given."""
    array = np.asarray(value, dtype or floatx())
    return Tensor(array if shape is None else np.broadcast_to(array, shape).copy())


def get_value(x: Any) -> Any:
    """The value of a variable or tensor as an array, a number as a number of NumPy.

    Example:
        >>> float(get_value(Variable(3.0)))
        3.0
    """
    return ops.convert_to_numpy(x)[()]


def set_value(x: Variable, value: Any) -> None:
    """Overwrite a variable.

    Raises:
        ValueError: if x is no variable or the shape differs.
    """
    if not isinstance(x, Variable):
        raise ValueError(f"Expected a variable. Received: {type(x).__name__}")
    x.assign(value)


def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """The values of several variables."""
    return [get_value(x) for x in tensors]


def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """Overwrite several variables: pairs of variable and value."""
    for x, value in tuples:
        set_value(x, value)


def eval(x: Any) -> Any:
    """The value of a variable or tensor."""
    return get_value(x)


def update(x: Variable, new_x: Any) -> Variable:
    """Overwrite a variable; gives the variable."""
    return x.assign(new_x)


def update_add(x: Variable, increment: Any) -> Variable:
    """Add to a variable; gives the variable."""
    return x.assign_add(increment)


def update_sub(x: Variable, decrement: Any) -> Variable:
    """Subtract from a variable; gives the variable."""
    return x.assign_sub(decrement)


def int_shape(x: Any) -> tuple[int | None, ...]:
    """Length along every axis, None where open."""
    return ops.shape(x)


def count_params(x: Any) -> int:
    """The number of cells."""
    return int(np.prod(x.shape))


def learning_phase() -> int:
    """1 while a training step is being written down, otherwise 0."""
    trace = current_trace()
    return int(trace is not None and trace.training)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """X in training, else `alt`; functions are called."""
    chosen = x if (learning_phase() if training is None else training) else alt
    return chosen() if callable(chosen) and not isinstance(chosen, (Tensor, SymbolicTensor)) else chosen


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """X outside of training, else `alt`; functions are called."""
    return in_train_phase(alt, x, training)


def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None) -> Callable[[Any], Any]:
    """A function from arrays for symbolic inputs to arrays for symbolic outputs.

    Args:
        inputs: Symbolic tensors, as `Input` and layers give them; a learning phase among them is left out.
        outputs: Symbolic tensors computed from them; for a list the function gives a list.
        updates: Not available; None.
        name: Name for people.

    Raises:
        ValueError: for updates.

    Example:
        >>> from fastnn import Input
        >>> x = Input((2,))
        >>> double = function([x], [x * 2.0])
        >>> double([np.ones((1, 2))])[0]
        array([[2., 2.]], dtype=float32)
    """
    if updates:
        raise ValueError(f"Expected updates to be None. Received: updates={updates!r}")
    several = isinstance(inputs, (list, tuple))
    places = [k for k, x in enumerate(inputs) if isinstance(x, SymbolicTensor)] if several else [0]
    symbols = [inputs[k] for k in places] if several else [inputs]
    nodes = functional.nodes_between(symbols, nested.flatten(outputs))

    def run(given: Any) -> Any:
        arrays = [given[k] for k in places] if several else [given]
        values = [ops.convert_to_tensor(a, x.dtype) for a, x in zip(arrays, symbols, strict=True)]
        return nested.map_structure(ops.convert_to_numpy, functional.replay(nodes, symbols, values, outputs))

    return run


# ---------------------------------------------------------------- operations whose old arguments or names differ


def abs(x: Any) -> Any:
    """|x|."""
    return ops.absolute(x)


def argmax(x: Any, axis: int = -1) -> Any:
    """Position of the largest number along an axis."""
    return ops.argmax(x, axis=axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Position of the smallest number along an axis."""
    return ops.argmin(x, axis=axis)


def batch_dot(x: Any, y: Any, axes: int | Sequence[int] | None = None) -> Any:
    """Sum of products over one axis of each, for every sample."""
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    of_x, of_y = (axes, axes) if isinstance(axes, int) else axes or (len(x.shape) - 1, builtin_max(len(y.shape) - 2, 1))
    letters = "bcdefghijklm"
    left, right = list(letters[: len(x.shape)]), list("b" + "nopqrstuvw"[: len(y.shape) - 1])
    right[of_y] = left[of_x]
    result = [c for c in left if c != left[of_x]] + [c for c in right[1:] if c != left[of_x]]
    return ops.einsum(f"{''.join(left)},{''.join(right)}->{''.join(result)}", x, y)


def builtin_max(a: int, b: int) -> int:
    return a if a > b else b


def batch_flatten(x: Any) -> Any:
    """X as rows: axis 0 stays, the others become one."""
    return ops.flatten(x)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """X + bias along the channels."""
    return ops.bias_add(x, bias)


def clip(x: Any, min_value: float, max_value: float) -> Any:
    """x, not below min_value and not above max_value."""
    return ops.clip(x, min_value, max_value)


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Tensors one after the other along an axis."""
    return ops.concatenate(tensors, axis=axis)


def dot(x: Any, y: Any) -> Any:
    """Product of tensors: the last axis of x with the second to last of y."""
    return ops.dot(x, y)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """X with a new axis of extent 1."""
    return ops.expand_dims(x, axis=axis)


def gather(reference: Any, indices: Any) -> Any:
    """Rows of a tensor by their numbers."""
    return ops.take(reference, indices, axis=0)


def l2_normalize(x: Any, axis: int | None = None) -> Any:
    """X divided by its Euclidean norm along an axis."""
    x = ops.convert_to_tensor(x)
    return ops.normalize(x, axis=tuple(range(len(x.shape))) if axis is None else axis)


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Any:
    """X with its axes in another order."""
    return ops.transpose(x, axes=tuple(pattern))


def pow(x: Any, a: Any) -> Any:
    """X to the power of a."""
    return ops.convert_to_tensor(x) ** a


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a normal distribution."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers spread evenly between two bounds."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Every part along an axis several times."""
    return ops.repeat(x, rep, axis)


def reverse(x: Any, axes: int | Sequence[int]) -> Any:
    """X turned round along axes."""
    return ops.flip(x, axis=axes)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two tensors (or what functions give) by a truth value, or cell by cell."""
    first, second = (e() if callable(e) else e for e in (then_expression, else_expression))
    return ops.where(condition, first, second)


OTHER_NAMES = {"flatten": ops.ravel}


def __getattr__(name: str) -> Any:
    """The operation of the same name, for all that are called today as they were."""
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    if name == "gradients":
        raise AttributeError("fastnn.backend has no 'gradients': compute the loss inside `with fastnn.GradientTape()`.")
    if name.startswith("__") or name not in ops.__all__:
        raise AttributeError(f"module 'fastnn.backend' has no attribute {name!r}")
    return getattr(ops, name)
