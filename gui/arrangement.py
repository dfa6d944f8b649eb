"""Where a tensor's cells go in a flat picture, and back: rows, matrices, channels as one mosaic. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
SMALL_BATCH = 8
SMALL_ROW = 12
LARGE = 2**22  # cells of a matrix that is drawn where it lies: it is not copied, and may change until it is drawn anew


@dataclass(frozen=True)
class Arrangement:
    """A picture of a tensor: tiles of two axes, laid out along two more, the others held fixed.

    Args:
        shape: The tensor's shape.
        fixed: Pairs (axis, position) that are held, such as the sample.
        row: Axis that runs down inside a tile; None for one row.
        column: Axis that runs to the right inside a tile; None for one column.
        down: Axis along which tiles are laid downwards.
        right: Axis along which tiles are laid to the right.
        wrap: Tiles per line if `right` goes on in the next line; 0 if it does not.
        gap: Empty cells between tiles.
        square: Whether cells are drawn square.
    """

    shape: Shape
    fixed: tuple[tuple[int, int], ...] = ()
    row: int | None = None
    column: int | None = None
    down: int | None = None
    right: int | None = None
    wrap: int = 0
    gap: int = 0
    square: bool = False

    def _size(self, axis: int | None) -> int:
        return 1 if axis is None else self.shape[axis]

    @cached_property
    def tile(self) -> tuple[int, int]:
        """Rows and columns of one tile."""
        return (self._size(self.row), self._size(self.column))

    @cached_property
    def tiles(self) -> tuple[int, int]:
        """Lines of tiles and tiles per line."""
        if self.wrap:
            return -(-self._size(self.right) // self.wrap), self.wrap
        return self._size(self.down), self._size(self.right)

    @cached_property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the picture, gaps included."""
        (h, w), (rows, columns) = self.tile, self.tiles
        if math.prod(self.shape) == 0:
            return 0, 0
        return rows * (h + self.gap) - self.gap, columns * (w + self.gap) - self.gap

    def image(self, data: NDArray[np.generic]) -> NDArray[np.generic]:
        """The picture of a tensor: array of `size`, gaps zero; a copy unless it is a large matrix."""
        if data.size == 0:
            return np.zeros(self.size, data.dtype)
        held = dict(self.fixed)
        x = data[tuple(held.get(axis, slice(None)) for axis in range(len(self.shape)))]
        left = [axis for axis in range(len(self.shape)) if axis not in held]
        order = (self.down, self.right, self.row, self.column)
        x = np.transpose(x, [left.index(a) for a in order if a is not None])
        x = x.reshape([self._size(a) for a in order])
        (h, w), (rows, columns), gap = self.tile, self.tiles, self.gap
        if rows * columns == 1:
            whole = x.reshape(h, w)
            return whole if whole.size > LARGE and whole.flags.c_contiguous else np.array(whole, order="C")
        out: NDArray[np.generic] = np.zeros((rows * columns, h + gap, w + gap), data.dtype)
        out[: self._size(self.down) * self._size(self.right), :h, :w] = x.reshape(-1, h, w)
        out = out.reshape(rows, columns, h + gap, w + gap).swapaxes(1, 2).reshape(rows * (h + gap), columns * (w + gap))
        return np.ascontiguousarray(out[: self.size[0], : self.size[1]])

    @cached_property
    def gaps(self) -> NDArray[np.bool_] | None:
        """Where the picture shows no cell; None if it is full."""
        if not self.gap and self.tiles[0] * self.tiles[1] == self._size(self.down) * self._size(self.right):
            return None
        return ~self.image(np.ones(self.shape, np.bool_)).astype(np.bool_)

    def index(self, row: int, column: int) -> tuple[int, ...] | None:
        """The tensor's index at a place of the picture; None outside and in a gap."""
        if not (0 <= row < self.size[0] and 0 <= column < self.size[1]):
            return None
        (h, w), gap = self.tile, self.gap
        (down, i), (right, j) = divmod(row, h + gap), divmod(column, w + gap)
        if self.wrap:
            down, right = 0, down * self.wrap + right
        if i >= h or j >= w or right >= self._size(self.right):
            return None
        at: dict[int | None, int] = dict(self.fixed)
        at.update({self.row: i, self.column: j, self.down: down, self.right: right})
        return tuple(at[axis] for axis in range(len(self.shape)))

    def places(self, indices: NDArray[np.integer]) -> NDArray[np.int64]:
        """Where cells are in the picture.

        Args:
            indices: Index array (cells, rank).

        Returns:
            Rows and columns (visible cells, 2); cells that the picture does not show are left out.
        """
        at = np.asarray(indices, np.int64).reshape(len(indices), len(self.shape))
        for axis, position in self.fixed:
            at = at[at[:, axis] == position]
        zero = np.zeros(len(at), np.int64)
        i, j, down, right = (zero if a is None else at[:, a] for a in (self.row, self.column, self.down, self.right))
        if self.wrap:
            down, right = np.divmod(right, self.wrap)
        (h, w), gap = self.tile, self.gap
        return np.stack([down * (h + gap) + i, right * (w + gap) + j], axis=1)

    def place(self, index: Sequence[int]) -> tuple[int, int] | None:
        """Where one cell is in the picture; None if it is not shown."""
        if len(index) != len(self.shape):
            return None
        found = self.places(np.asarray(index, np.int64).reshape(1, -1))
        return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


@lru_cache(maxsize=256)
def arrange(
    shape: Shape,
    weight: bool = False,
    batch: bool = False,
    sample: int = 0,
    channel: int | None = None,
    aspect: float = 1.0,
    columns: int = 0,
    hold: tuple[int, int] | None = None,
    alone: bool = False,
    picture: bool = False,
) -> Arrangement:
    """The best picture of a tensor.

    Args:
        shape: The tensor's shape.
        weight: Whether it is a parameter, laid out (…, in, out).
        batch: Whether the first axis counts samples.
        sample: Which sample to show when they do not all fit.
        channel: Show only this channel of an image; None for all of them.
        aspect: Width of the room divided by its height.
        columns: Most numbers of a row before it goes on in the next line; 0 for any.
        hold: An axis of a kernel and the position on it that alone is shown.
        alone: Whether one sample is shown even where all of them fit.
        picture: Whether the last two of three axes are those of a picture.

    Example:
        >>> arrange((32, 8, 8, 16), batch=True, sample=3, aspect=1.0).size
        (35, 35)
        >>> arrange((64, 10), weight=True).size
        (64, 10)
    """
    rank = len(shape)
    if weight and rank >= 3:
        return _kernel(shape, aspect) if hold is None or rank < 4 else _held_kernel(shape, aspect, hold)
    few = not alone and rank == 2 and shape[0] <= SMALL_BATCH and shape[1] <= min(SMALL_ROW, columns or SMALL_ROW)
    if batch and rank >= 2 and not few:
        return _one_sample(shape, min(sample, max(shape[0] - 1, 0)), channel, aspect, columns, picture)
    if rank == 0:
        return Arrangement(shape)
    if rank == 1 and batch and alone:
        return Arrangement(shape, ((0, min(sample, max(shape[0] - 1, 0))),))
    if rank == 1:
        return Arrangement(shape, right=0, wrap=_wrap_row(shape[0], aspect, columns))
    if rank == 2:
        return Arrangement(shape, row=0, column=1)
    return _images(shape, (), aspect, channel)


def _one_sample(
    shape: Shape, sample: int, channel: int | None, aspect: float, columns: int, picture: bool
) -> Arrangement:
    held = ((0, sample),)
    if len(shape) == 2:
        return Arrangement(shape, held, right=1, wrap=_wrap_row(shape[1], aspect, columns))
    if len(shape) == 3:
        return Arrangement(shape, held, row=1, column=2, square=picture)
    return _images(shape, held, aspect, channel)


def _images(shape: Shape, held: tuple[tuple[int, int], ...], aspect: float, channel: int | None) -> Arrangement:
    rank = len(shape)
    held += tuple((axis, 0) for axis in range(len(held), rank - 3))
    if channel is not None and shape[-1]:
        held += ((rank - 1, min(channel, shape[-1] - 1)),)
        return Arrangement(shape, held, row=rank - 3, column=rank - 2, square=True)
    gap = int(shape[-3:-1] != (1, 1))  # pictures of one pixel lie side by side
    wrap = _wrap(shape[-1], shape[-3], shape[-2], gap, aspect)
    return Arrangement(shape, held, rank - 3, rank - 2, right=rank - 1, wrap=wrap, gap=gap, square=True)


def _kernel(shape: Shape, aspect: float) -> Arrangement:
    rank = len(shape)
    held = tuple((axis, 0) for axis in range(rank - 4))
    row, column = (rank - 4, rank - 3) if rank >= 4 else (None, 0)
    if 1 in shape[-2:]:
        long, short = (rank - 1, rank - 2) if shape[-2] == 1 else (rank - 2, rank - 1)
        wrap = _wrap(shape[long], shape[row] if row is not None else 1, shape[column], 1, aspect)
        held += ((short, 0),)
        return Arrangement(shape, held, row, column, right=long, wrap=wrap, gap=1, square=True)
    gap = int(row is None or shape[row : row + 2] != (1, 1))
    return Arrangement(shape, held, row, column, down=rank - 2, right=rank - 1, gap=gap, square=True)


def _held_kernel(shape: Shape, aspect: float, hold: tuple[int, int]) -> Arrangement:
    """The kernels of one output (or input) channel, wrapped."""
    rank = len(shape)
    axis = hold[0] % rank
    held = tuple((k, 0) for k in range(rank - 4)) + ((axis, min(hold[1], shape[axis] - 1)),)
    other = rank - 2 if axis == rank - 1 else rank - 1
    wrap = _wrap(shape[other], shape[rank - 4], shape[rank - 3], 1, aspect)
    return Arrangement(shape, held, rank - 4, rank - 3, right=other, wrap=wrap, gap=1, square=True)


def _wrap_row(count: int, aspect: float, columns: int) -> int:
    """Numbers per line of a row that goes on in the next line: at most `columns`, full lines preferred."""
    best = _wrap(count, 1, 2.4, 0, aspect)
    if not columns or best <= columns:
        return best
    return next((n for n in range(columns, columns // 2, -1) if count % n == 0), columns)


def _wrap(count: int, height: float, width: float, gap: int, aspect: float) -> int:
    """Tiles per line that let cells be largest in a room of that aspect; full lines preferred."""
    count, height, width = max(count, 1), max(height, 1), max(width, 1)

    def score(columns: int) -> float:
        lines = math.ceil(count / columns)
        fit = min(aspect / (columns * (width + gap)), 1 / (lines * (height + gap)))
        return fit * (1.0 if count % columns == 0 else 0.7)

    return max(range(1, count + 1), key=score) if count < 2000 else math.ceil(math.sqrt(count * aspect))
