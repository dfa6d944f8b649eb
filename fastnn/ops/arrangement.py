"""Other orders and shapes by Keras' names, composed of slices, transposes, reshapes and concatenations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.errors import GraphError, ShapeError
from fastnn.ops import slicing
from fastnn.ops.gather import axis_of, take
from fastnn.ops.scattering import scatter_update
from fastnn.ops.shaping import concatenate, expand_dims, reshape, transpose
from fastnn.ops.slicing import broadcast_to, flip, strided_slice
from fastnn.ops.table import composed, tensor
from fastnn.ops.terms import grid
from fastnn.utils.limits import check_numbers

PadWidth = int | Sequence[int] | Sequence[Sequence[int]]


@composed
def pad(x: Any, pad_width: PadWidth, mode: str = "constant", constant_values: float | None = None) -> Any:
    """Cells before and after x along every axis.

    Args:
        x: Tensor of any shape.
        pad_width: `((before, after), …)` for every axis, one pair for all of them, or one number.
        mode: "constant", "reflect" (mirrored without repeating the edge) or "symmetric" (with it).
        constant_values: The number to fill in, for mode "constant"; 0 by default.

    Raises:
        ValueError: for another mode, a number of pairs that does not fit, or `constant_values` with another mode.

    Example:
        >>> from fastnn import ops
        >>> ops.pad([1.0, 2.0], (1, 2)).numpy()
        array([0., 1., 2., 0., 0.], dtype=float32)
    """
    x = tensor(x)
    if mode not in ("constant", "reflect", "symmetric"):
        raise ValueError(f"Expected mode to be 'constant', 'reflect' or 'symmetric'. Received: mode={mode!r}")
    if mode != "constant" and constant_values is not None:
        raise ValueError(
            "Expected no constant_values unless mode is 'constant'. "
            f"Received: mode={mode!r}, constant_values={constant_values!r}"
        )
    pairs = width_pairs(pad_width, len(x.shape))
    before, after = tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
    return slicing.pad(x, before=before, after=after, mode=mode, value=float(constant_values or 0))


def width_pairs(pad_width: PadWidth, rank: int) -> list[tuple[int, int]]:
    """One pair (before, after) for every axis; raises ValueError for what means no such pairs."""
    try:
        widths = np.asarray(pad_width)
        pairs = np.broadcast_to(widths, (rank, 2)) if widths.ndim != 2 or widths.shape[0] in (1, rank) else None
    except ValueError:
        pairs = None
    if pairs is None or np.asarray(pad_width).dtype.kind not in "iu" or (rank and pairs.min() < 0):
        raise ValueError(
            f"Expected pad_width to be a whole number from 0, a pair of them or {rank} pairs. "
            f"Received: pad_width={pad_width!r}"
        )
    return [(int(b), int(a)) for b, a in pairs]


@composed
def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of one shape side by side along a new axis.

    Args:
        x: Tensors of the same shape.
        axis: Where the new axis goes.

    Example:
        >>> from fastnn import ops
        >>> ops.stack([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    xs = [tensor(part) for part in (x if isinstance(x, (list, tuple)) else unstack(x))]
    if not xs:
        raise ValueError("Expected at least one tensor to stack. Received: none")
    return concatenate([expand_dims(part, axis=axis) for part in xs], axis=axis)


@composed
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The parts of x along an axis, which they do not have any more.

    Args:
        x: Tensor with at least one axis.
        num: Their number, if it should be checked.
        axis: The axis.

    Raises:
        ValueError: if `num` is not the axis' extent.
    """
    x = tensor(x)
    at = axis_of(tuple(x.shape), axis)
    if num is not None and num != x.shape[at]:
        raise ValueError(f"Expected num to be the extent {x.shape[at]} of axis {axis}. Received: num={num}")
    return [piece(x, at, i, i + 1, drop=(at,)) for i in range(x.shape[at])]


def piece(x: Any, axis: int, begin: int, end: int, drop: tuple[int, ...] = ()) -> Any:
    """X from `begin` up to `end` along one axis."""
    lead = tuple(x.shape[:axis])
    return strided_slice(x, begin=((0,) * axis + (begin,)), end=(*lead, end), strides=(1,) * (axis + 1), drop=drop)


@composed
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Pieces of x along an axis.

    Args:
        x: Tensor with at least one axis.
        indices_or_sections: How many equal pieces, or the positions where pieces begin (besides 0).
        axis: The axis.

    Raises:
        ValueError: if equal pieces are not possible.

    Example:
        >>> from fastnn import ops
        >>> [part.shape for part in ops.split([1.0, 2.0, 3.0, 4.0], 2)]
        [(2,), (2,)]
    """
    x = tensor(x)
    at = axis_of(tuple(x.shape), axis)
    size = x.shape[at]
    if isinstance(indices_or_sections, (int, np.integer)):
        count = int(indices_or_sections)
        if count < 1 or size % count:
            raise ValueError(
                f"Expected indices_or_sections to divide the extent {size} of axis {axis}. "
                f"Received: indices_or_sections={count}"
            )
        return pieces(x, at, [size // count * k for k in range(1, count)])
    return pieces(x, at, [min(max(int(i) + size * (i < 0), 0), size) for i in np.asarray(indices_or_sections)])


def pieces(x: Any, axis: int, begins: Sequence[int]) -> list[Any]:
    """The pieces of x that begin at 0 and at the positions given."""
    edges = [0, *begins, x.shape[axis]]
    return [piece(x, axis, b, max(b, e)) for b, e in itertools.pairwise(edges)]


@composed
def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Pieces of x along an axis, the first ones longer by one where it does not come out even."""
    x = tensor(x)
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    count, at = int(indices_or_sections), axis_of(tuple(x.shape), axis)
    if count < 1:
        raise ValueError(f"Expected indices_or_sections to be at least 1. Received: indices_or_sections={count}")
    short, longer = divmod(x.shape[at], count)
    return pieces(x, at, [k * short + min(k, longer) for k in range(1, count)])


def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Pieces along axis 1 (axis 0 of a vector)."""
    return split(x, indices_or_sections, 0 if len(tensor(x).shape) == 1 else 1)


def dsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Pieces along axis 2."""
    return split(x, indices_or_sections, 2)


def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Pieces along axis 0."""
    return split(x, indices_or_sections, 0)


@composed
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """X with some axes moved to other places; the others keep their order."""
    x = tensor(x)
    rank = len(x.shape)
    sources, targets = ([a] if isinstance(a, int) else list(a) for a in (source, destination))
    if len(sources) != len(targets):
        raise ValueError(
            f"Expected source and destination of equal length. Received: source={source}, destination={destination}"
        )
    sources, targets = ([axis_of(tuple(x.shape), a) for a in axes] for axes in (sources, targets))
    if len(set(sources)) < len(sources) or len(set(targets)) < len(targets):
        raise ValueError(f"Expected every axis once. Received: source={source}, destination={destination}")
    order = [d for d in range(rank) if d not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(target, axis)
    return transpose(x, axes=tuple(order))


@composed
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """X with two axes exchanged."""
    x = tensor(x)
    order = list(range(len(x.shape)))
    a, b = axis_of(tuple(x.shape), axis1), axis_of(tuple(x.shape), axis2)
    order[a], order[b] = b, a
    return transpose(x, axes=tuple(order))


@composed
def ravel(x: Any) -> Any:
    """All cells of x in one row."""
    return reshape(tensor(x), shape=(-1,))


@composed
def tile(x: Any, repeats: int | Sequence[int]) -> Any:
    """X as a tile laid `repeats` times along every axis.

    Args:
        x: Tensor of any shape.
        repeats: One number per axis, the last for the last; one number is for the last axis.

    Example:
        >>> from fastnn import ops
        >>> ops.tile([1.0, 2.0], 2).numpy()
        array([1., 2., 1., 2.], dtype=float32)
    """
    x = tensor(x)
    counts = (int(repeats),) if hasattr(repeats, "__index__") else tuple(int(r) for r in repeats)
    rank = max(len(counts), len(x.shape))
    if any(r < 0 for r in counts):
        raise ValueError(f"Expected repeats from 0. Received: repeats={repeats}")
    x = reshape(x, shape=(*(1,) * (rank - len(x.shape)), *x.shape))
    for axis, count in enumerate((*(1,) * (rank - len(counts)), *counts)):
        x = copies(x, axis, count, axis) if count != 1 else x
    return x


def copies(x: Any, axis: int, count: int, place: int) -> Any:
    """`count` copies of x along an axis: of the whole axis (place = axis) or of every cell (place = axis + 1)."""
    shape = tuple(x.shape)
    wide = broadcast_to(expand_dims(x, axis=place), shape=(*shape[:place], count, *shape[place:]))
    return reshape(wide, shape=(*shape[:axis], shape[axis] * count, *shape[axis + 1 :]))


@composed
def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Every cell of an axis several times.

    Args:
        x: Tensor of any shape.
        repeats: How often, for all cells or for each.
        axis: The axis; None takes all cells in one row.

    Example:
        >>> from fastnn import ops
        >>> ops.repeat([1.0, 2.0], 2).numpy()
        array([1., 1., 2., 2.], dtype=float32)
    """
    x = ravel(x) if axis is None else tensor(x)
    at = axis_of(tuple(x.shape), axis or 0)
    counts = np.atleast_1d(np.asarray(repeats))
    if counts.dtype.kind not in "iu" or (counts.size and counts.min() < 0):
        raise ValueError(f"Expected repeats to be whole numbers from 0. Received: repeats={repeats!r}")
    if counts.size == 1:
        return copies(x, at, int(counts[0]), at + 1)
    if counts.shape != (x.shape[at],):
        raise ValueError(f"Expected one number for each of {x.shape[at]} cells. Received: repeats={repeats!r}")
    check_numbers(int(counts.sum(dtype=float)), "repeat")
    return take(x, np.repeat(np.arange(x.shape[at]), counts), axis=at)


@composed
def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Any:
    """X with its cells moved on along axes; what leaves at one end comes in at the other.

    Example:
        >>> from fastnn import ops
        >>> ops.roll([1.0, 2.0, 3.0], 1).numpy()
        array([3., 1., 2.], dtype=float32)
    """
    x = tensor(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), shape=tuple(x.shape))
    shifts, axes = np.broadcast_arrays(np.atleast_1d(shift), np.atleast_1d(axis))
    for by, along in zip(shifts.tolist(), axes.tolist(), strict=True):
        at = axis_of(tuple(x.shape), along)
        size = x.shape[at]
        cut = size - by % size if size else 0
        x = concatenate([piece(x, at, cut, size), piece(x, at, 0, cut)], axis=at) if 0 < cut < size else x
    return x


@composed
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """X turned by k times 90 degrees in the plane of two axes, from the first towards the second."""
    array = tensor(array)
    first, second = (axis_of(tuple(array.shape), a) for a in axes)
    if first == second:
        raise ValueError(f"Expected two different axes. Received: axes={tuple(axes)}")
    if k % 4 == 2:
        return flip(flip(array, axis=first), axis=second)
    if k % 4 == 1:
        return swapaxes(flip(array, axis=second), first, second)
    return flip(swapaxes(array, first, second), axis=second) if k % 4 == 3 else array


def fliplr(x: Any) -> Any:
    """X with axis 1 turned round."""
    return flip(x, axis=1)


def flipud(x: Any) -> Any:
    """X with axis 0 turned round."""
    return flip(x, axis=0)


@composed
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 behind x1 along an axis; of both all cells in one row, if the axis is None."""
    return concatenate([ravel(x1), ravel(x2)], axis=0) if axis is None else concatenate([x1, x2], axis=axis)


@composed
def hstack(xs: Sequence[Any]) -> Any:
    """Tensors side by side: along axis 1, vectors along axis 0."""
    rows = [at_least(x, 1) for x in xs]
    return concatenate(rows, axis=0 if len(rows[0].shape) == 1 else 1)


@composed
def vstack(xs: Sequence[Any]) -> Any:
    """Tensors one below the other: along axis 0, vectors as rows."""
    return concatenate([at_least(x, 2) for x in xs], axis=0)


@composed
def dstack(xs: Sequence[Any]) -> Any:
    """Tensors one behind the other: along axis 2."""
    planes = [at_least(x, 2) for x in xs]
    return concatenate([expand_dims(x, axis=2) if len(x.shape) == 2 else x for x in planes], axis=2)


def at_least(x: Any, rank: int) -> Any:
    """X with axes of extent 1 in front up to a rank."""
    x = tensor(x)
    missing = rank - len(x.shape)
    return reshape(x, shape=(*(1,) * missing, *x.shape)) if missing > 0 else x


@composed
def slice(inputs: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Any:
    """A block of the inputs.

    Args:
        inputs: Tensor of any shape.
        start_indices: First cell along every axis.
        shape: Extent along every axis; -1 takes what is left.

    Raises:
        ShapeError: if the block does not lie inside.

    Example:
        >>> from fastnn import ops
        >>> ops.slice([[1.0, 2.0], [3.0, 4.0]], (0, 1), (2, 1)).numpy()
        array([[2.],
               [4.]], dtype=float32)
    """
    inputs = tensor(inputs)
    begin = whole_numbers(start_indices)
    size = tuple(inputs.shape)
    if not len(begin) == len(shape) == len(size):
        raise ShapeError(f"expected {len(size)} start indices and extents, received {begin} and {tuple(shape)}.")
    end = tuple(n if e == -1 else b + e for b, e, n in zip(begin, whole_numbers(shape), size, strict=True))
    if any(b < 0 or not b <= e <= n for b, e, n in zip(begin, end, size, strict=True)):
        raise ShapeError(f"expected a block inside {size}, received start {begin} and shape {tuple(shape)}.")
    return strided_slice(inputs, begin=begin, end=end, strides=(1,) * len(size))


@composed
def slice_update(inputs: Any, start_indices: Sequence[int], updates: Any) -> Any:
    """The inputs with a block replaced by `updates`, whose first cell goes to `start_indices`."""
    inputs, updates = tensor(inputs), tensor(updates)
    begin, shape = whole_numbers(start_indices), tuple(updates.shape)
    if not len(begin) == len(shape) == len(inputs.shape):
        raise ShapeError(f"expected start indices and updates of rank {len(inputs.shape)}, received {begin}, {shape}.")
    cells = grid(*(range(b, b + n) for b, n in zip(begin, shape, strict=True)))
    return scatter_update(inputs, cells.reshape(*shape, len(shape)), updates)


def whole_numbers(values: Any) -> tuple[int, ...]:
    """Python integers; raises GraphError for symbolic ones, whose value is not known."""
    if hasattr(values, "trace"):
        raise GraphError("expected whole numbers that are known, received a symbolic tensor.")
    return tuple(int(v) for v in values)


def size(x: Any) -> int | None:
    """The number of cells of x; None if an axis is open."""
    shape = tensor(x).shape
    return None if None in shape else math.prod(shape)
