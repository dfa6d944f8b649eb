"""Order, choice and counting: sorting, top k, look-up in sorted rows, one-hot rows, scattering, sums by segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import config
from fastnn.errors import ShapeError
from fastnn.ops import gather, scattering
from fastnn.ops.arrangement import moveaxis, piece, swapaxes
from fastnn.ops.conversion import as_type
from fastnn.ops.elementwise import divide
from fastnn.ops.gather import axis_of, take, take_along_axis
from fastnn.ops.reduction import max as max_of
from fastnn.ops.reduction import sum as sum_of
from fastnn.ops.scattering import scatter_nd
from fastnn.ops.shaping import expand_dims, reshape
from fastnn.ops.table import composed, find, tensor


@composed
def argsort(x: Any, axis: int | None = -1) -> Any:
    """The positions along an axis in the order of their numbers; equal ones stay in their order, NaN comes last.

    Args:
        x: Tensor of any shape.
        axis: The axis; None takes all cells in one row.

    Example:
        >>> from fastnn import ops
        >>> ops.argsort([3.0, 1.0, 2.0]).numpy()
        array([1, 2, 0], dtype=int32)
    """
    return in_order(x, axis, False)


def in_order(x: Any, axis: int | None, descending: bool) -> Any:
    """Positions in rising or falling order along an axis."""
    x = reshape(tensor(x), shape=(-1,)) if axis is None else tensor(x)
    at = axis_of(tuple(x.shape), -1 if axis is None else axis)
    last = len(x.shape) - 1
    if at == last:
        return gather.argsort(x, descending=descending)
    return swapaxes(gather.argsort(swapaxes(x, at, last), descending=descending), at, last)


@composed
def sort(x: Any, axis: int | None = -1) -> Any:
    """The numbers along an axis in rising order.

    Example:
        >>> from fastnn import ops
        >>> ops.sort([3.0, 1.0, 2.0]).numpy()
        array([1., 2., 3.], dtype=float32)
    """
    x = reshape(tensor(x), shape=(-1,)) if axis is None else tensor(x)
    along = -1 if axis is None else axis
    return take_along_axis(x, in_order(x, along, False), axis=along)


@composed
def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    """Positions along an axis such that smaller numbers than that at place `kth` come before it (they are sorted)."""
    size = tensor(x).shape[axis]
    if not -size <= kth < size:
        raise ValueError(f"Expected kth from {-size} to {size - 1}. Received: kth={kth}")
    return argsort(x, axis)


@composed
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest numbers along the last axis, largest first, and their positions.

    Args:
        x: Tensor with at least one axis.
        k: How many.
        sorted: Accepted for Keras' sake; they always are.

    Raises:
        ValueError: for k outside 0 to the extent of the last axis.

    Example:
        >>> from fastnn import ops
        >>> values, indices = ops.top_k([1.0, 5.0, 3.0], 2)
        >>> values.numpy(), indices.numpy()
        (array([5., 3.], dtype=float32), array([1, 2], dtype=int32))
    """
    x = tensor(x)
    last = axis_of(tuple(x.shape), -1)
    if not 0 <= k <= x.shape[last]:
        raise ValueError(f"Expected k from 0 to {x.shape[last]}, the extent of the last axis. Received: k={k}")
    indices = piece(in_order(x, -1, True), last, 0, int(k))
    return take_along_axis(x, indices, axis=-1), indices


@composed
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether each row's target class is among the k largest predictions; ties count as inside.

    Args:
        targets: Class numbers, shape (rows,).
        predictions: Numbers for every class, shape (rows, classes).
        k: How many.
    """
    targets, predictions = as_type(targets, "int32"), tensor(predictions)
    own = take_along_axis(predictions, expand_dims(targets, axis=-1), axis=-1)
    higher = as_type(find("greater")(predictions, own), "int32")
    fine = find("logical_not")(find("isnan")(own))
    inside = find("less")(sum_of(higher, axis=-1), np.asarray(k, np.int32))
    return find("logical_and")(inside, reshape(fine, shape=tuple(targets.shape)))


@composed
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values would have to be put into a sorted row so that it stays sorted.

    Args:
        sorted_sequence: Rising numbers, shape (n,).
        values: Tensor of any shape.
        side: "left": before equal numbers; "right": behind them.

    Raises:
        ValueError: for another side, or a sequence with several axes.

    Example:
        >>> from fastnn import ops
        >>> ops.searchsorted([1.0, 3.0, 5.0], [3.0, 4.0]).numpy()
        array([1, 2], dtype=int32)
    """
    row, values = tensor(sorted_sequence), tensor(values)
    if len(row.shape) != 1:
        raise ValueError(f"Expected a sorted_sequence with one axis. Received: shape {row.shape}")
    if side not in ("left", "right"):
        raise ValueError(f"Expected side to be 'left' or 'right'. Received: side={side!r}")
    below = find("less" if side == "left" else "less_equal")(row, expand_dims(values, axis=-1))
    return sum_of(as_type(below, "int32"), axis=-1)


def digitize(x: Any, bins: Sequence[float]) -> Any:
    """The number of the interval between rising `bins` that each number lies in; 0 below the first."""
    return searchsorted(bins, x, side="right")


@composed
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often every whole number from 0 occurs in a row, or the sum of its weights; needs the data.

    Args:
        x: Whole numbers from 0, shape (n,).
        weights: A weight for each.
        minlength: Least length of the result.
        sparse: Not available; False.
    """
    if sparse:
        raise ValueError(f"Expected sparse=False. Received: sparse={sparse}")
    numbers = np.asarray(x)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iub" or (numbers.size and numbers.min() < 0):
        raise ValueError(f"Expected one row of whole numbers from 0. Received: {numbers.dtype} of {numbers.shape}")
    count = max(int(numbers.max(initial=-1)) + 1, int(minlength))
    if weights is None:
        return tensor(np.bincount(numbers, minlength=count).astype(np.int32))
    return scattering.segment_sum(weights, numbers, num_segments=count)


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: float | None = None,
) -> Any:
    """The different numbers of x in rising order (with positions and counts as asked for); needs the data.

    Args:
        x: Tensor of any shape.
        sorted: Accepted for Keras' sake; they always are.
        return_index: Whether to give each one's first position too.
        return_inverse: Whether to give, for every cell, which of them it is.
        return_counts: Whether to give how often each occurs.
        axis: Compare the parts along an axis; None compares all cells.
        size: Length of the result: cut off, or filled up with `fill_value`.
        fill_value: What to fill up with; the first one by default.
    """
    ask: Any = np.unique
    found = ask(np.asarray(x), return_index, return_inverse, return_counts, axis)
    parts = list(found) if isinstance(found, tuple) else [found]
    if size is not None:
        missing = max(0, size - len(parts[0]))
        fill = parts[0][:1] if fill_value is None else np.full_like(parts[0][:1], fill_value)
        parts[0] = np.concatenate([parts[0][:size], *([fill] * missing)])
    wrapped = tuple(tensor(p if k == 0 else p.astype(np.int32)) for k, p in enumerate(parts))
    return wrapped if len(wrapped) > 1 else wrapped[0]


def nonzero(x: Any) -> tuple[Any, ...]:
    """The positions of the cells that are not 0, one row per axis; needs the data."""
    return tuple(tensor(row.astype(np.int32)) for row in np.nonzero(np.asarray(x)))


@composed
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """Rows with a 1 at each class number, along a new axis; all 0 for a number that is no class.

    Args:
        x: Class numbers, a tensor of any shape.
        num_classes: How many classes.
        axis: Where the new axis goes.
        dtype: Type of the result; the default floating type if left out.
        sparse: Not available; False.

    Example:
        >>> from fastnn import ops
        >>> ops.one_hot([2, 0], 3).numpy()
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    if sparse:
        raise ValueError(f"Expected sparse=False. Received: sparse={sparse}")
    hot = gather.one_hot(as_type(x, "int32"), num_classes=num_classes, axis=axis)
    return as_type(hot, dtype or config.floatx())


@composed
def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """A 1 for every class that occurs along the last axis of the inputs.

    Args:
        inputs: Class numbers, shape (..., occurrences), or one occurrence each, shape (n,).
        num_classes: How many classes.
        axis: Where the axis of the classes goes.
        dtype: Type of the result; the default floating type if left out.
        sparse: Not available; False.
    """
    if num_classes is None:
        raise ValueError("Expected num_classes, a whole number. Received: num_classes=None")
    inputs = tensor(inputs)
    along = 1 if len(inputs.shape) == 3 else (-1 if len(inputs.shape) == 1 else len(inputs.shape) - 1)
    hot = one_hot(inputs, num_classes, axis, dtype, sparse)
    return max_of(hot, axis=0 if len(inputs.shape) <= 1 else along)


@composed
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Zeros with values added to the cells that the indices name.

    Args:
        indices: Positions along the first axes, shape (n, axes).
        values: What to add there, shape (n, rest of the shape).
        shape: Shape of the result.
    """
    return scatter_nd(indices, values, shape=tuple(int(n) for n in shape))


@composed
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """The inputs with the cells that the indices name replaced, or with updates added to them.

    Args:
        inputs: Tensor of any shape.
        indices: Positions along the first axes, shape (n, axes).
        updates: What to put there, shape (n, rest of the inputs' shape).
        reduction: None replaces; "add" adds.

    Raises:
        ValueError: for another reduction.
    """
    if reduction not in (None, "add"):
        raise ValueError(f"Expected reduction to be None or 'add'. Received: reduction={reduction!r}")
    if reduction == "add":
        return find("add")(inputs, scatter_nd(indices, updates, shape=tuple(tensor(inputs).shape)))
    return scattering.scatter_update(inputs, indices, updates)


def segments(segment_ids: Any, num_segments: int | None) -> int:
    """How many segments there are; counted in the data, if not given."""
    if num_segments is not None:
        return int(num_segments)
    return int(np.asarray(segment_ids).max(initial=-1)) + 1


@composed
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The sums of the rows of data that have the same segment id.

    Args:
        data: Tensor with at least one axis.
        segment_ids: A whole number for every row.
        num_segments: How many sums; counted in the ids if left out, which needs the data.
        sorted: Whether the ids rise; makes no difference.

    Example:
        >>> from fastnn import ops
        >>> ops.segment_sum([1.0, 2.0, 4.0], [0, 1, 0]).numpy()
        array([5., 2.], dtype=float32)
    """
    return scattering.segment_sum(data, segment_ids, num_segments=segments(segment_ids, num_segments))


@composed
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest numbers of the rows of data that have the same segment id; -inf for a segment without rows.

    Args:
        data: Tensor with at least one axis.
        segment_ids: A whole number for every row.
        num_segments: How many; counted in the ids if left out, which needs the data.
        sorted: Whether the ids rise; makes no difference.
    """
    data = tensor(data)
    count = segments(segment_ids, num_segments)
    mine = as_type(gather.one_hot(as_type(segment_ids, "int32"), num_classes=count, axis=0), "bool")
    mine = reshape(mine, shape=(*mine.shape, *(1,) * (len(data.shape) - 1)))
    return max_of(find("where")(mine, expand_dims(data, axis=0), np.asarray(-np.inf, data.dtype)), axis=1)


@composed
def median(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The middle number along axes, or the mean of the two middle ones."""
    return quantile(x, 0.5, axis, "linear", keepdims)


METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


@composed
def quantile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The number below which a share `q` of the numbers along axes lies.

    Args:
        x: Tensor of any shape.
        q: Share from 0 to 1, or a list of shares, which become the first axis.
        axis: The axis or axes; None takes all.
        method: Between two numbers: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: Whether the axes stay with extent 1.

    Raises:
        ValueError: for a share outside 0 to 1 or another method.
    """
    x = tensor(x)
    shares = np.asarray(q, np.float64)
    if method not in METHODS:
        raise ValueError(f"Expected method to be one of {METHODS}. Received: method={method!r}")
    if shares.size and (shares.min() < 0 or shares.max() > 1):
        raise ValueError(f"Expected shares from 0 to 1. Received: q={q!r}")
    rank = len(x.shape)
    axes = list(range(rank)) if axis is None else [axis_of(tuple(x.shape), a) for a in np.atleast_1d(axis).tolist()]
    count = math.prod(x.shape[a] for a in axes)
    if not count:
        raise ShapeError(f"expected at least one number along axis {axis}.", operation="quantile")
    kept = [n for d, n in enumerate(x.shape) if d not in axes]
    rows = sort(reshape(moveaxis(x, axes, list(range(rank - len(axes), rank))), shape=(*kept, count)))
    shape = tuple(1 if d in axes else n for d, n in enumerate(x.shape)) if keepdims else tuple(kept)
    low, high, part = between(shares.reshape(-1) * (count - 1), method)
    below, above = (moveaxis(take(rows, places, axis=-1), -1, 0) for places in (low, high))
    part = part.reshape(-1, *(1,) * len(kept)).astype(x.dtype if np.dtype(x.dtype).kind == "f" else config.floatx())
    found = find("add")(find("multiply")(below, 1 - part), find("multiply")(above, part))
    return reshape(found, shape=(*shares.shape, *shape))


def between(at: np.ndarray, method: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The places below and above a fractional place, and the share of the one above."""
    low, high = np.floor(at).astype(np.int32), np.ceil(at).astype(np.int32)
    share = {"linear": at - low, "lower": 0 * at, "higher": at * 0 + 1, "midpoint": at * 0 + 0.5}
    return low, high, share[method] if method != "nearest" else (np.round(at) - low).astype(np.float64)


def percentile(
    x: Any, q: float, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The number below which `q` per cent of the numbers along axes lie."""
    return quantile(x, np.asarray(q) / 100, axis, method, keepdims)


@composed
def average(x: Any, axis: int | Sequence[int] | None = None, weights: Any = None) -> Any:
    """The mean along axes, weighted if weights are given (of x's shape, or one for every position of the axis)."""
    x = tensor(x)
    axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    if weights is None:
        return find("mean")(x, axis=axis)
    weights = as_type(weights, x.dtype if np.dtype(x.dtype).kind == "f" else config.floatx())
    if tuple(weights.shape) != tuple(x.shape):
        if not isinstance(axis, int) or tuple(weights.shape) != (x.shape[axis],):
            expected = f"weights of shape {x.shape}, or one per position of the axis"
            raise ShapeError(f"expected {expected}, received {weights.shape}.", operation="average")
        place = axis_of(tuple(x.shape), axis)
        weights = reshape(weights, shape=tuple(n if d == place else 1 for d, n in enumerate(x.shape)))
    ones = find("broadcast_to")(weights, shape=tuple(x.shape))
    return divide(sum_of(find("multiply")(x, ones), axis=axis), sum_of(ones, axis=axis))


@composed
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each cell of x1 occurs in x2 (does not, if `invert`)."""
    x1, others = tensor(x1), reshape(tensor(x2), shape=(-1,))
    found = find("any")(find("equal")(expand_dims(x1, axis=-1), others), axis=-1)
    return find("logical_not")(found) if invert else found
