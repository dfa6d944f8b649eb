"""Functions of Keras' names that are a few records each: other names, tolerances, angles, parts of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import config
from fastnn.errors import ShapeError
from fastnn.ops import activation, comparison, reduction
from fastnn.ops.arrangement import moveaxis, piece
from fastnn.ops.comparison import equal, greater, isinf, isnan, less, less_equal, logical_and, logical_or
from fastnn.ops.conversion import as_type, floating
from fastnn.ops.creation import ones_like
from fastnn.ops.elementwise import add, divide, maximum, minimum, multiply, power, subtract
from fastnn.ops.gather import axis_of
from fastnn.ops.reduction import sum as sum_of
from fastnn.ops.selection import nonzero, segment_max
from fastnn.ops.shaping import expand_dims, reshape
from fastnn.ops.table import composed, find, tensor
from fastnn.ops.unary import absolute, negative
from fastnn.utils.limits import check_numbers

Axis = int | Sequence[int] | None
abs = absolute
fabs = absolute
true_divide = divide


def typed(x: Any) -> Any:
    """X as Keras' reductions take an axis: lists as tuples."""
    return tuple(x) if isinstance(x, list) else x


def constant(number: Any, like: Any) -> Any:
    """A number in the type of a tensor."""
    return np.asarray(number, like.dtype)


# ---------------------------------------------------------------- records with further arguments


@composed
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; of the condition alone, the positions where it holds.

    Args:
        condition: Truth values.
        x1: What to take where they are true.
        x2: What to take where they are false.

    Raises:
        ValueError: if only one of x1 and x2 is given.

    Example:
        >>> from fastnn import ops
        >>> ops.where([True, False], [1.0, 2.0], 0.0).numpy()
        array([1., 0.], dtype=float32)
    """
    if (x1 is None) != (x2 is None):
        raise ValueError("Expected both x1 and x2, or neither. Received: one of them")
    return nonzero(condition) if x1 is None else comparison.where(condition, x1, x2)


@composed
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Any:
    """The largest number along axes, or `initial` if that is larger."""
    y = reduction.max(x, axis=typed(axis), keepdims=keepdims)
    return y if initial is None else maximum(y, constant(initial, y))


@composed
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Any:
    """The smallest number along axes, or `initial` if that is smaller."""
    y = find("min")(x, axis=typed(axis), keepdims=keepdims)
    return y if initial is None else minimum(y, constant(initial, y))


def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest number along axes."""
    return max(x, axis, keepdims)


def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest number along axes."""
    return min(x, axis, keepdims)


@composed
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest less the smallest number along axes."""
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


@composed
def heaviside(x1: Any, x2: Any = None) -> Any:
    """The step function: 0 below 0, 1 above; at 0 it is x2, or 1 if that is left out."""
    y = activation.heaviside(x1)
    return y if x2 is None else comparison.where(equal(x1, constant(0, tensor(x1))), x2, y)


# ---------------------------------------------------------------- comparisons


@composed
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| is at most atol + rtol |x2|; infinities are close to themselves."""
    x1, x2 = floating(x1), floating(x2)
    least = add(multiply(absolute(x2), constant(rtol, x2)), constant(atol, x2))
    near = logical_and(less_equal(absolute(subtract(x1, x2)), least), find("isfinite")(x2))
    near = logical_or(near, equal(x1, x2))
    return logical_or(near, logical_and(isnan(x1), isnan(x2))) if equal_nan else near


@composed
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all cells are close, as `isclose` says."""
    return find("all")(isclose(x1, x2, rtol, atol, equal_nan))


@composed
def isneginf(x: Any) -> Any:
    """Whether each cell is minus infinity."""
    return logical_and(isinf(x), less(x, constant(0, tensor(x))))


@composed
def isposinf(x: Any) -> Any:
    """Whether each cell is plus infinity."""
    return logical_and(isinf(x), greater(x, constant(0, tensor(x))))


@composed
def fmax(x1: Any, x2: Any) -> Any:
    """The larger of two numbers; the other one, where one is NaN."""
    return comparison.where(isnan(x1), x2, comparison.where(isnan(x2), x1, maximum(x1, x2)))


@composed
def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of two numbers; the other one, where one is NaN."""
    return comparison.where(isnan(x1), x2, comparison.where(isnan(x2), x1, minimum(x1, x2)))


@composed
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """X with numbers in place of NaN and infinities; of infinities the largest ones by default."""
    x = tensor(x)
    if np.dtype(x.dtype).kind != "f":
        return x
    limits = np.finfo(x.dtype)
    high, low = (limits.max if posinf is None else posinf), (limits.min if neginf is None else neginf)
    y = comparison.where(isnan(x), constant(nan, x), x)
    y = comparison.where(isposinf(x), constant(high, x), y)
    return comparison.where(isneginf(x), constant(low, x), y)


@composed
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """For every cell the choice of the first condition that holds, or the default."""
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"Expected as many choices as conditions. Received: {len(condlist)} conditions, {len(choicelist)} choices"
        )
    y = default
    for condition, choice in zip(reversed(list(condlist)), reversed(list(choicelist)), strict=True):
        choice = tensor(choice)
        y = comparison.where(condition, choice, constant(y, choice) if isinstance(y, (int, float)) else y)
    return y


# ---------------------------------------------------------------- arithmetic


def scaled(x: Any, factor: float) -> Any:
    """A floating tensor times a number."""
    x = floating(x)
    return multiply(x, constant(factor, x))


@composed
def deg2rad(x: Any) -> Any:
    """Angles in degrees as radians."""
    return scaled(x, math.pi / 180)


@composed
def rad2deg(x: Any) -> Any:
    """Angles in radians as degrees."""
    return scaled(x, 180 / math.pi)


@composed
def cbrt(x: Any) -> Any:
    """The cube root."""
    x = floating(x)
    return multiply(find("sign")(x), power(absolute(x), constant(1 / 3, x)))


@composed
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""
    x2 = floating(x2)
    empty = equal(x2, constant(0, x2))
    return comparison.where(empty, constant(0, x2), divide(x1, comparison.where(empty, constant(1, x2), x2)))


@composed
def fmod(x1: Any, x2: Any) -> Any:
    """What is left of x1 after dividing by x2, with the sign of x1."""
    x1, x2 = tensor(x1), tensor(x2)
    return subtract(x1, multiply(find("trunc")(divide(x1, x2)), x2))


@composed
def ldexp(x1: Any, x2: Any) -> Any:
    """x1 times 2 to the power of x2."""
    x1 = floating(x1)
    return multiply(x1, power(constant(2, x1), as_type(x2, x1.dtype)))


@composed
def logaddexp2(x1: Any, x2: Any) -> Any:
    """Logarithm to base 2 of the sum of 2 to the powers of x1 and x2."""
    return scaled(find("logaddexp")(scaled(x1, math.log(2)), scaled(x2, math.log(2))), 1 / math.log(2))


@composed
def sinc(x: Any) -> Any:
    """Sin(pi x) / (pi x), and 1 at 0."""
    x = scaled(x, math.pi)
    empty = equal(x, constant(0, x))
    safe = comparison.where(empty, constant(1, x), x)
    return comparison.where(empty, constant(1, x), divide(find("sin")(safe), safe))


@composed
def erfc(x: Any) -> Any:
    """1 - erf(x)."""
    x = floating(x)
    return subtract(constant(1, x), find("erf")(x))


@composed
def signbit(x: Any) -> Any:
    """Whether each number has a minus sign, -0.0 too."""
    x = tensor(x)
    zero = constant(0, x)
    if np.dtype(x.dtype).kind != "f":
        return less(x, zero)
    return logical_or(less(x, zero), less(find("reciprocal")(comparison.where(equal(x, zero), x, ones_like(x))), zero))


@composed
def saturate_cast(x: Any, dtype: Any) -> Any:
    """X in another type, numbers out of its range as the nearest inside."""
    x, kind = tensor(x), np.dtype(dtype)
    if kind.kind in "iu" and np.dtype(x.dtype).kind in "iuf":
        limits = np.iinfo(kind)
        high = np.asarray(limits.max, x.dtype) if np.dtype(x.dtype).kind in "iu" else below(limits.max, x.dtype)
        own = np.iinfo(x.dtype).min if np.dtype(x.dtype).kind in "iu" else limits.min
        low = np.asarray(limits.min if limits.min > own else own, x.dtype)
        x = minimum(maximum(x, low), high)
    return as_type(x, dtype)


def below(number: int, dtype: Any) -> np.ndarray:
    """The largest floating number that is not above a whole one."""
    found = np.asarray(number, dtype)
    return found if int(found) <= number else np.nextafter(found, np.asarray(0, dtype))


# ---------------------------------------------------------------- along axes


@composed
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along an axis, n times over."""
    if n < 0:
        raise ValueError(f"Expected n from 0. Received: n={n}")
    a = tensor(a)
    at = axis_of(tuple(a.shape), axis)
    for _ in range(builtin_min(n, a.shape[at] + 1)):  # nothing is left then
        size = a.shape[at]
        first = builtin_min(1, size)
        a = subtract(piece(a, at, first, size), piece(a, at, 0, builtin_max(size - 1, 0)))
    return a


def builtin_min(a: int, b: int) -> int:
    return a if a < b else b


def builtin_max(a: int, b: int) -> int:
    return a if a > b else b


@composed
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The area below a line of points along an axis, at distances dx or at positions x."""
    y = floating(y)
    at = axis_of(tuple(y.shape), axis)
    size = y.shape[at]
    heights = scaled(add(piece(y, at, 1, size), piece(y, at, 0, size - 1)), 0.5)
    if x is None:
        return sum_of(scaled(heights, dx), axis=at)
    steps = diff(floating(x))
    if len(steps.shape) == 1:
        steps = reshape(steps, shape=tuple(-1 if d == at else 1 for d in range(len(y.shape))))
    return sum_of(multiply(heights, steps), axis=at)


@composed
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of the numbers of a vector, one row each, from the highest to 0 unless `increasing`."""
    x = floating(x)
    count = x.shape[0] if N is None else N
    powers = np.arange(count) if increasing else np.arange(count)[::-1]
    return power(expand_dims(x, axis=-1), powers.astype(x.dtype))


@composed
def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """Positions in order as positions along every axis of a shape."""
    rest, found = as_type(indices, "int32"), []
    for size in reversed(tuple(shape)):
        found.append(find("mod")(rest, np.asarray(size, np.int32)))
        rest = find("floor_divide")(rest, np.asarray(size, np.int32))
    return tuple(reversed(found))


@composed
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest numbers of the rows that have the same segment id; inf for a segment without rows."""
    return negative(segment_max(negative(data), segment_ids, num_segments, sorted))


def histogram(x: Any, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Any, Any]:
    """How many numbers lie in each of some equal intervals, and the intervals' edges; needs the data."""
    counts, edges = np.histogram(np.asarray(x), bins, range)
    return tensor(counts.astype(np.int32)), tensor(edges.astype(config.floatx()))


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` numbers at equal ratios from `start` to `stop`."""
    numbers = np.geomspace(np.asarray(start), np.asarray(stop), num, endpoint, axis=axis)
    return tensor(numbers.astype(dtype or config.floatx()))


@composed
def corrcoef(x: Any) -> Any:
    """Correlation of every row with every row."""
    x = floating(x)
    centred = subtract(x, find("mean")(x, axis=-1, keepdims=True))
    products = find("matmul")(centred, moveaxis(centred, -1, -2))
    own = find("sqrt")(sum_of(find("square")(centred), axis=-1))
    return divide(products, multiply(expand_dims(own, axis=-1), expand_dims(own, axis=-2)))


@composed
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows of the last axis, `sequence_stride` apart, as a new axis before it."""
    x = tensor(x)
    size = x.shape[-1]
    if not 1 <= sequence_length <= size or sequence_stride < 1:
        raise ShapeError(
            f"expected a length from 1 to {size} and a stride from 1, received {sequence_length}, {sequence_stride}."
        )
    begins = np.arange(0, size - sequence_length + 1, sequence_stride)
    check_numbers(len(begins) * sequence_length, "extract_sequences")
    return find("take")(x, begins[:, None] + np.arange(sequence_length), axis=-1)
