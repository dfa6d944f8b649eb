"""Tensors of given shapes: constants, sequences, grids and triangles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import config
from fastnn.ops.conversion import as_type
from fastnn.ops.gather import gather_nd
from fastnn.ops.scattering import scatter_nd
from fastnn.ops.shaping import reshape, transpose
from fastnn.ops.slicing import broadcast_to
from fastnn.ops.table import composed, find, tensor
from fastnn.utils.limits import check_numbers

ShapeLike = int | Sequence[int]


def dimensions(shape: ShapeLike) -> tuple[int, ...]:
    """The shape as a tuple; raises ValueError unless it consists of whole numbers from 0."""
    sizes = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    if not all(hasattr(n, "__index__") and n.__index__() >= 0 for n in sizes):
        raise ValueError(f"Expected a shape of whole numbers from 0. Received: shape={shape}")
    return tuple(n.__index__() for n in sizes)


@composed
def full(shape: ShapeLike, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor of one number.

    Args:
        shape: Length along every axis.
        fill_value: The number, or what broadcasts to the shape.
        dtype: Type; the default floating type if left out.

    Example:
        >>> from fastnn import ops
        >>> ops.full((2, 2), 7.0).numpy()
        array([[7., 7.],
               [7., 7.]], dtype=float32)
    """
    if hasattr(fill_value, "trace") or hasattr(fill_value, "value"):
        return as_type(broadcast_to(fill_value, shape=dimensions(shape)), dtype)
    return tensor(np.full(dimensions(shape), fill_value, dtype or config.floatx()))


def zeros(shape: ShapeLike, dtype: Any = None) -> Any:
    """A tensor of zeros."""
    return full(shape, 0, dtype)


def ones(shape: ShapeLike, dtype: Any = None) -> Any:
    """A tensor of ones."""
    return full(shape, 1, dtype)


def empty(shape: ShapeLike, dtype: Any = None) -> Any:
    """A tensor whose numbers do not matter (zeros)."""
    return zeros(shape, dtype)


@composed
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor of one number, with the shape and type of x."""
    x = tensor(x)
    return full(x.shape, fill_value, dtype or x.dtype)


@composed
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros with the shape and type of x."""
    return full_like(x, 0, dtype)


@composed
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones with the shape and type of x."""
    return full_like(x, 1, dtype)


@composed
def empty_like(x: Any, dtype: Any = None) -> Any:
    """A tensor with the shape and type of x whose numbers do not matter (zeros)."""
    return zeros_like(x, dtype)


def sequence_type(dtype: Any, *numbers: Any) -> Any:
    """The type of a sequence: as asked for, int32 for whole numbers, otherwise the default floating type."""
    whole = all(n is None or np.asarray(n).dtype.kind in "iub" for n in numbers)
    return dtype or ("int32" if whole else config.floatx())


def arange(start: float, stop: float | None = None, step: float | None = None, dtype: Any = None) -> Any:
    """Numbers from `start` (0 if only one is given) up to, not including, `stop`, `step` apart.

    Example:
        >>> from fastnn import ops
        >>> ops.arange(2, 10, 3).numpy()
        array([2, 5, 8], dtype=int32)
    """
    low, high = (0, start) if stop is None else (start, stop)
    return tensor(np.arange(low, high, 1 if step is None else step).astype(sequence_type(dtype, start, stop, step)))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal distances from `start` to `stop`; with the distance too, if `retstep`."""
    numbers, step = np.linspace(np.asarray(start), np.asarray(stop), num, endpoint, retstep=True, axis=axis)
    numbers = tensor(numbers.astype(dtype or config.floatx()))
    return (numbers, tensor(np.asarray(step, dtype or config.floatx()))) if retstep else numbers


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` powers of `base` whose exponents are at equal distances."""
    numbers = np.logspace(np.asarray(start), np.asarray(stop), num, endpoint, base, axis=axis)
    return tensor(numbers.astype(dtype or config.floatx()))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix of N rows and M columns (N if left out) with ones on diagonal `k`."""
    return tensor(np.eye(N, M, k, dtype or config.floatx()))


def identity(n: int, dtype: Any = None) -> Any:
    """The square matrix with ones on the diagonal."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on and below diagonal `k`."""
    return tensor(lower(N, N if M is None else M, k, dtype or config.floatx()))


def lower(rows: int, columns: int, k: int, dtype: Any) -> np.ndarray:
    """The matrix of `tri` as an array."""
    check_numbers(rows * columns, "tri")
    return np.tri(rows, columns, k, dtype)


@composed
def tril(x: Any, k: int = 0) -> Any:
    """X with zeros above diagonal `k` of its last two axes."""
    x = tensor(x)
    return find("where")(lower(x.shape[-2], x.shape[-1], k, bool), x, np.zeros((), x.dtype))


@composed
def triu(x: Any, k: int = 0) -> Any:
    """X with zeros below diagonal `k` of its last two axes."""
    x = tensor(x)
    return find("where")(~lower(x.shape[-2], x.shape[-1], k - 1, bool), x, np.zeros((), x.dtype))


def diagonal_cells(rows: int, columns: int, offset: int) -> np.ndarray:
    """The cells (row, column) of a diagonal."""
    count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    along = np.arange(count)
    return np.stack([along - min(offset, 0), along + max(offset, 0)], -1)


@composed
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, as the last axis."""
    x = tensor(x)
    rank = len(x.shape)
    first, second = axis1 % rank, axis2 % rank
    rest = [d for d in range(rank) if d not in (first, second)]
    if rank < 2 or first == second:
        raise ValueError(f"Expected two different axes of x. Received: axis1={axis1}, axis2={axis2}, shape {x.shape}")
    front = transpose(x, axes=(first, second, *rest)) if (first, second) != (0, 1) else x
    cells = gather_nd(front, diagonal_cells(x.shape[first], x.shape[second], offset))
    return transpose(cells, axes=(*range(1, rank - 1), 0)) if rest else cells


@composed
def diag(x: Any, k: int = 0) -> Any:
    """The diagonal `k` of a matrix, or the matrix with a vector on that diagonal."""
    x = tensor(x)
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        raise ValueError(f"Expected a vector or a matrix. Received: shape {x.shape}")
    size = x.shape[0] + abs(k)
    return scatter_nd(diagonal_cells(size, size, k), x, shape=(size, size))


@composed
def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix with all cells of x on diagonal `k`."""
    return diag(reshape(tensor(x), shape=(-1,)), k)


@composed
def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """For every vector a tensor of all combinations of positions, holding that vector's numbers.

    Args:
        x: Vectors.
        indexing: "xy": the second vector's axis comes first; "ij": axes in the order of the vectors.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Expected indexing to be 'xy' or 'ij'. Received: indexing={indexing!r}")
    vectors = [reshape(tensor(v), shape=(-1,)) for v in x]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[:2] = [1, 0]
    shape = [0] * len(vectors)
    for v, place in zip(vectors, places, strict=True):
        shape[place] = v.shape[0]
    found = []
    for v, place in zip(vectors, places, strict=True):
        line = tuple(n if d == place else 1 for d, n in enumerate(shape))
        found.append(broadcast_to(reshape(v, shape=line), shape=tuple(shape)))
    return found
