"""Eager values: `Tensor` wraps an array, `Variable` is one that can be assigned; both take Python's operators."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.engine import execute
from fastnn.errors import DTypeError, ShapeError
from fastnn.ops.indexing import get_item
from fastnn.ops.table import find
from fastnn.utils.naming import checked_name


def as_array(value: Any, dtype: Any = None) -> NDArray[Any]:
    """A NumPy array of a Tensor, array, number or nested list; Python floats take the default floating type."""
    if isinstance(value, Tensor):
        array = value.value
    elif isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
    else:
        array = _from_python(value) if dtype is None else _nested(value)
    if dtype is not None and array.dtype.kind in "USVMmc":
        raise DTypeError(f"expected numbers, received {array.dtype}.")
    return array if dtype is None else array.astype(dtype, copy=False)


def _nested(value: Any) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError as error:
        kind = type(value).__name__
        raise DTypeError(f"expected numbers in rows of equal length, received {kind}: {error}.") from None


def _from_python(value: Any) -> NDArray[Any]:
    """Python floats take the default floating type, integers that fit become int32."""
    array = _nested(value)
    if array.dtype == np.float64:
        return array.astype(config.floatx())
    if array.dtype == np.int64 and (array.size == 0 or np.abs(array).max() < 2**31):
        return array.astype(np.int32)
    return array


def binary(name: str, swapped: bool = False) -> Callable[[Any, Any], Any]:
    """The method behind an operator of two values; plain numbers take the other value's floating type."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, (bool, int, float)):
            other = np.asarray(other, number_dtype(self, other))
        return find(name)(other, self) if swapped else find(name)(self, other)

    method.__name__ = f"{'r' if swapped else ''}{name}"
    return method


def number_dtype(tensor: Any, number: float) -> Any:
    """A plain number keeps the tensor's type, unless it is a fraction and the tensor is of integers."""
    dtype = np.dtype(tensor.dtype)
    if dtype.kind in "iub" and isinstance(number, float):
        return config.floatx()
    return "int32" if dtype.kind == "b" and not isinstance(number, bool) else tensor.dtype


SHORT_POWERS = {2: "square", 0.5: "sqrt", -1: "reciprocal"}


def is_numeric(value: Any) -> bool:
    """Whether a value can be compared cell by cell."""
    return isinstance(value, (Operators, np.ndarray, np.generic, bool, int, float))


class Operators:
    """Python's operators by operations; shared by eager and symbolic tensors."""

    __array_priority__ = 100
    dtype: str

    __add__, __radd__ = binary("add"), binary("add", swapped=True)
    __sub__, __rsub__ = binary("subtract"), binary("subtract", swapped=True)
    __mul__, __rmul__ = binary("multiply"), binary("multiply", swapped=True)
    __truediv__, __rtruediv__ = binary("divide"), binary("divide", swapped=True)
    __matmul__, __rmatmul__ = binary("matmul"), binary("matmul", swapped=True)
    __floordiv__, __rfloordiv__ = binary("floor_divide"), binary("floor_divide", swapped=True)
    __mod__, __rmod__ = binary("mod"), binary("mod", swapped=True)
    __rpow__ = binary("power", swapped=True)
    __lt__, __le__ = binary("less"), binary("less_equal")
    __gt__, __ge__ = binary("greater"), binary("greater_equal")
    __and__, __rand__ = binary("logical_and"), binary("logical_and", swapped=True)
    __or__, __ror__ = binary("logical_or"), binary("logical_or", swapped=True)
    __xor__, __rxor__ = binary("logical_xor"), binary("logical_xor", swapped=True)

    __hash__ = object.__hash__  # dicts and sets go by identity, whatever == says of the numbers

    def __eq__(self, other: Any) -> Any:
        return binary("equal")(self, other) if is_numeric(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return binary("not_equal")(self, other) if is_numeric(other) else NotImplemented

    def __invert__(self) -> Any:
        return find("logical_not")(self)

    def __getitem__(self, index: Any) -> Any:
        return get_item(self, index)

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])  # type: ignore[arg-type]

    def __neg__(self) -> Any:
        return find("negative")(self)

    def __abs__(self) -> Any:
        return find("absolute")(self)

    def __pow__(self, exponent: Any) -> Any:
        if not isinstance(exponent, (int, float)):
            return find("power")(self, exponent)
        if exponent in SHORT_POWERS:
            return find(SHORT_POWERS[exponent])(self)
        if isinstance(exponent, int) and 1 <= exponent <= 8:
            result = self
            for _ in range(exponent - 1):
                result = result * self
            return result
        return find("power")(self, np.asarray(exponent, number_dtype(self, exponent)))


class Tensor(Operators):
    """A value computed by an operation, or a constant.

    Args:
        value: Array, number or nested list.
        dtype: Type to convert to; by default the array's own, float32 for Python floats.

    Example:
        >>> import fastnn
        >>> (Tensor([1.0, 2.0]) * 3).numpy()
        array([3., 6.], dtype=float32)
    """

    def __init__(self, value: Any, dtype: Any = None) -> None:
        self.value = as_array(value, dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along every axis."""
        return self.value.shape

    @property
    def dtype(self) -> str:  # type: ignore[override]
        """Name of the element type."""
        return str(self.value.dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.value.ndim

    def numpy(self) -> NDArray[Any]:
        """The value as an array that shares no memory with the tensor."""
        return self.value.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False and dtype is not None and np.dtype(dtype) != self.value.dtype:
            raise ValueError("Expected a type that needs no copy.")
        return np.array(self.value, dtype=dtype) if copy is not False else self.value

    def __len__(self) -> int:
        return len(self.value)

    def __index__(self) -> int:
        return operator.index(self.value.item())

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __format__(self, spec: str) -> str:
        if self.value.size == 1 and spec:
            return format(self.value.item(), spec)
        return format(str(self), spec)

    def __repr__(self) -> str:
        shown = np.array2string(self.value, threshold=20)
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype} value={shown}>"

    def _repr_html_(self) -> str:
        from fastnn.rich.arrays import array_page

        return array_page(getattr(self, "path", type(self).__name__), self.value)


class Variable(Tensor):
    """A value that training changes in place.

    Args:
        value: Initial value.
        dtype: Type; the default floating type for Python floats.
        trainable: Whether optimizers change it.
        name: Name for people.

    Example:
        >>> v = Variable([1.0, 2.0], name="v")
        >>> v.assign([3.0, 4.0]).numpy()
        array([3., 4.], dtype=float32)
    """

    counts = False  # whether it is the number of something

    def __init__(self, value: Any, dtype: Any = None, trainable: bool = True, name: str = "variable") -> None:
        super().__init__(value, dtype)
        initial, self.value = self.value, execute.aligned(self.shape, self.dtype)
        self.value[...] = initial
        self.trainable = trainable
        self.constraint: Callable[[Any], Any] | None = None  # what an optimizer puts the value back to
        self.initializer: Any = None  # the rule that its first value was drawn by, if it is one of ours
        self.name = self.path = name and checked_name(name)

    def assign(self, value: Any) -> Variable:
        """Overwrite the value in place; the shape must fit.

        While a trace is being written the assignment is recorded: later reads see the new value, and the list's last
        steps put it into the variable's memory.
        """
        trace = _current_trace()
        if trace is not None:
            trace.assign(self, value)
            return self
        array = as_array(value, self.dtype)
        if array.shape != self.shape:
            raise ShapeError(
                f"expected a value of shape {self.shape} for variable '{self.path}', received {array.shape}."
            )
        self.value[...] = array
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add to the value in place."""
        return self._assign_sum("add", value)

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from the value in place."""
        return self._assign_sum("subtract", value)

    def _assign_sum(self, name: str, value: Any) -> Variable:
        if _current_trace() is not None:
            return self.assign(binary(name)(self, value))
        array = as_array(value)
        return self.assign(self.value + array if name == "add" else self.value - array)

    def __repr__(self) -> str:
        return f"<Variable path={self.path} shape={self.shape} dtype={self.dtype}>"


def _current_trace() -> Any:
    from fastnn.engine import graph  # which needs this file first

    return graph.current_trace()
