"""Spread, lengths and counts by Keras' names: a few records each; and reductions with the type of the result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn.errors import GraphError, ShapeError
from fastnn.ops.comparison import not_equal
from fastnn.ops.conversion import as_type, floating
from fastnn.ops.cumulative import cumprod as cumulative_product
from fastnn.ops.cumulative import cumsum as cumulative_sum
from fastnn.ops.elementwise import power, subtract
from fastnn.ops.reduction import max as max_of
from fastnn.ops.reduction import mean
from fastnn.ops.reduction import min as min_of
from fastnn.ops.reduction import prod as product
from fastnn.ops.reduction import sum as sum_of
from fastnn.ops.shaping import squeeze
from fastnn.ops.table import composed, tensor
from fastnn.ops.unary import absolute, sqrt, square

Axis = int | Sequence[int] | None


@composed
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean squared distance from the mean, along axes; divided by n, not by n - 1.

    Args:
        x: Tensor or array.
        axis: One axis, several, or None for all.
        keepdims: Whether the axes stay, with extent 1.

    Raises:
        ValueError: for axes that x does not have, or without any number along them.

    Example:
        >>> from fastnn import ops
        >>> float(ops.var([1.0, 3.0, 5.0, 7.0]))
        5.0
    """
    x = floating(x)
    return mean(square(subtract(x, mean(x, axis=axis, keepdims=True))), axis=axis, keepdims=keepdims)


@composed
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The square root of `var`.

    Args:
        x: Tensor or array.
        axis: One axis, several, or None for all.
        keepdims: Whether the axes stay, with extent 1.

    Raises:
        ValueError: for axes that x does not have, or without any number along them.

    Example:
        >>> from fastnn import ops
        >>> float(ops.std([1.0, 5.0]))
        2.0
    """
    return sqrt(var(x, axis=axis, keepdims=keepdims))


@composed
def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """How many numbers along axes are not 0, as int32.

    Args:
        x: Tensor or array.
        axis: One axis, several, or None for all.

    Raises:
        ValueError: for axes that x does not have.

    Example:
        >>> from fastnn import ops
        >>> ops.count_nonzero([[0, 2, 3], [0, 0, 1]], axis=1).numpy()
        array([2, 1], dtype=int32)
    """
    return sum_of(as_type(not_equal(tensor(x), 0), "int32"), axis=axis)


@composed
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product along axes.

    Args:
        x: Tensor or array.
        axis: One axis, several, or None for all.
        keepdims: Whether the axes stay, with extent 1.
        dtype: Type in which it is computed; that of x by default.

    Raises:
        ValueError: for axes that x does not have.

    Example:
        >>> from fastnn import ops
        >>> int(ops.prod([2, 3, 4]))
        24
    """
    return product(as_type(x, dtype), axis=axis, keepdims=keepdims)


@composed
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of all numbers up to each, along an axis.

    Args:
        x: Tensor or array.
        axis: The axis; None takes all numbers in order.
        dtype: Type in which it is computed; that of x by default.

    Raises:
        ValueError: for an axis that x does not have.

    Example:
        >>> from fastnn import ops
        >>> ops.cumsum([1, 2, 3]).numpy()
        array([1, 3, 6], dtype=int32)
    """
    return cumulative_sum(as_type(x, dtype), axis=axis)


@composed
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The products of all numbers up to each, along an axis.

    Args:
        x: Tensor or array.
        axis: The axis; None takes all numbers in order.
        dtype: Type in which it is computed; that of x by default.

    Raises:
        ValueError: for an axis that x does not have.

    Example:
        >>> from fastnn import ops
        >>> ops.cumprod([1, 2, 3]).numpy()
        array([1, 2, 6], dtype=int32)
    """
    return cumulative_product(as_type(x, dtype), axis=axis)


def euclidean(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return sqrt(sum_of(square(x), axis=axes, keepdims=keepdims))


def vector_norm(x: Any, ord: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The norm of every vector along one axis, for a numeric order."""
    if math.isinf(ord):
        return (max_of if ord > 0 else min_of)(absolute(x), axis=axes, keepdims=keepdims)
    if ord == 0:
        return sum_of(as_type(not_equal(x, 0.0), x.dtype), axis=axes, keepdims=keepdims)
    if ord == 1:
        return sum_of(absolute(x), axis=axes, keepdims=keepdims)
    if ord == 2:
        return euclidean(x, axes, keepdims)
    return power(sum_of(power(absolute(x), float(ord)), axis=axes, keepdims=keepdims), 1 / ord)


def matrix_norm(x: Any, ord: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The largest (or smallest) sum of magnitudes of a column (order 1) or row (order inf)."""
    first, second = axes if abs(ord) == 1 else axes[::-1]
    sums = sum_of(absolute(x), axis=first, keepdims=True)
    found = (max_of if ord > 0 else min_of)(sums, axis=second, keepdims=True)
    return found if keepdims else squeeze(found, axis=axes)


@composed
def norm(x: Any, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The length of vectors (one axis) or the size of matrices (two axes).

    Args:
        x: Tensor or array.
        ord: Order: None is the square root of the sum of squares; for vectors any number, inf and -inf; for matrices
            'fro', 1, -1, inf and -inf.
        axis: One axis or two; None for all.
        keepdims: Whether the axes stay, with extent 1.

    Raises:
        ValueError: for another order or number of axes.

    Example:
        >>> from fastnn import ops
        >>> float(ops.norm([3.0, -4.0])), float(ops.norm([3.0, -4.0], ord=1))
        (5.0, 7.0)
    """
    x = floating(x)
    rank = len(x.shape)
    named = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(a % rank if -rank <= a < rank else a for a in named)
    if ord is None or (ord == "fro" and len(axes) == 2):
        return euclidean(x, axes, keepdims)
    if len(axes) not in (1, 2):
        raise ShapeError(f"expected one axis or two for ord={ord!r}, received {len(axes)}.", operation="norm")
    number = isinstance(ord, (int, float))
    if number and len(axes) == 1:
        return vector_norm(x, float(ord), axes, keepdims)
    if number and abs(float(ord)) in (1, math.inf):
        return matrix_norm(x, float(ord), axes, keepdims)
    allowed = "a number" if len(axes) == 1 else "'fro', 1, -1, inf or -inf for matrices"
    raise GraphError(f"expected ord to be {allowed}, received {ord!r}.", operation="norm")
