"""Convolution over images (n, height, width, channels), and the patches that it multiplies with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fastnn.errors import ShapeError
from fastnn.ops.attributes import Choice
from fastnn.ops.linear import OptionalShape, check_bias, dense
from fastnn.ops.shaping import reshape
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Index, Shape, Sum, grid

Pair = tuple[int, int]
PADDING = Choice("valid", "same")
PADDED = "padding counts as 0"


# ---------------------------------------------------------------- where windows lie


WIDEST_REACH = 2**24
"""Cells of an image under a kernel, with those that dilation leaves out: the image is padded by as many."""
LONGEST_STRIDE = 2**40


def window_count(size: int, kernel: int, stride: int, padding: str) -> int:
    """How many windows fit along one axis; with "same" one for every `stride` cells."""
    return -(-size // stride) if padding == "same" else (size - kernel) // stride + 1


def padding_sizes(size: int, kernel: int, stride: int, padding: str) -> Pair:
    """Zeros before and after one axis; where they are odd in number, the extra one is at the end."""
    if padding == "valid":
        return 0, 0
    total = max((window_count(size, kernel, stride, padding) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def extent(kernel: int, dilation: int) -> int:
    """How many cells a kernel reaches over whose cells are `dilation` apart."""
    return (kernel - 1) * dilation + 1


def reach(kernel_size: Shape, dilation: Pair) -> Pair:
    """Height and width that a kernel reaches over; raises ShapeError for a dilation below 1 or too large."""
    if len(dilation) != 2 or min(dilation) < 1:
        raise ShapeError(f"expected a dilation rate of two positive numbers, received {dilation}.")
    high, wide = extent(kernel_size[0], dilation[0]), extent(kernel_size[1], dilation[1])
    if max(high, dilation[0]) * max(wide, dilation[1]) > WIDEST_REACH:
        raise ShapeError(
            f"expected a kernel that reaches over at most {WIDEST_REACH:,} cells, received one of {high} x {wide} "
            f"with dilation {dilation}."
        )
    return high, wide


def check_strides(strides: Pair) -> None:
    """Raise ShapeError unless strides are two positive numbers with which positions can be worked out."""
    if len(strides) != 2 or min(strides) < 1:
        raise ShapeError(f"expected strides of two positive numbers, received {strides}.")
    if max(strides) > LONGEST_STRIDE:
        raise ShapeError(f"expected strides of at most {LONGEST_STRIDE:,}, received {strides}.")


def check_dilation(strides: Pair, dilation: Pair) -> None:
    """Raise ShapeError where both strides and dilation are larger than 1."""
    if max(strides) > 1 and max(dilation) > 1:
        raise ShapeError(f"expected strides or a dilation rate of 1, received {strides} and {dilation}.")


def check_windows(size: Pair, kernel_size: Pair, strides: Pair, padding: str) -> None:
    """Raise ShapeError unless kernel and strides are positive and a window fits into the image."""
    if len(kernel_size) != 2 or min(kernel_size) < 1:
        raise ShapeError(f"expected a kernel size of two positive numbers, received {kernel_size}.")
    check_strides(strides)
    if padding == "valid" and (size[0] < kernel_size[0] or size[1] < kernel_size[1]):
        least, found = " x ".join(map(str, kernel_size)), " x ".join(map(str, size))
        raise ShapeError(f"expected an image of at least {least}, the size of the kernel, received {found}.")


def check_images(name: str, shape: Shape) -> None:
    """Raise ShapeError unless `shape` has the four axes of a batch of images."""
    if len(shape) != 4:
        raise ShapeError(f"expected {name} with four axes (n, height, width, channels), received rank {len(shape)}.")


def window_counts(size: Pair, kernel_size: Pair, strides: Pair, padding: str) -> Pair:
    """Number of windows along height and width."""
    rows, cols = (window_count(size[d], kernel_size[d], strides[d], padding) for d in (0, 1))
    return rows, cols


def pads(size: Pair, kernel_size: Pair, strides: Pair, padding: str) -> tuple[Pair, Pair]:
    """Zeros before and after height and width."""
    rows, cols = (padding_sizes(size[d], kernel_size[d], strides[d], padding) for d in (0, 1))
    return rows, cols


def pad_images(x: Any, kernel_size: Pair, strides: Pair, padding: str) -> Any:
    """The images with their border of zeros."""
    rows, cols = pads(x.shape[1:3], kernel_size, strides, padding)
    return np.pad(x, ((0, 0), rows, cols, (0, 0))) if rows != (0, 0) or cols != (0, 0) else x


def shifted(i: int, j: int, counts: Pair, strides: Pair) -> tuple[slice, slice, slice]:
    """The padded images' cells that meet kernel cell (i, j): one for each window."""
    rows = slice(i, i + (counts[0] - 1) * strides[0] + 1 if counts[0] else i, strides[0])
    cols = slice(j, j + (counts[1] - 1) * strides[1] + 1 if counts[1] else j, strides[1])
    return slice(None), rows, cols


def crop(padded: Any, shape: Shape, kernel_size: Pair, strides: Pair, padding: str) -> Any:
    """The images without their border."""
    (top, _), (left, _) = pads((shape[1], shape[2]), kernel_size, strides, padding)
    return padded[:, top : top + shape[1], left : left + shape[2]]


class Axis:
    """Which cells, windows and kernel positions meet along one axis; for explanations."""

    def __init__(self, size: int, kernel: int, stride: int, padding: str, dilation: int = 1) -> None:
        self.size, self.kernel, self.stride, self.dilation = size, kernel, stride, dilation
        reach = extent(kernel, dilation)
        self.windows = window_count(size, reach, stride, padding)
        self.before = padding_sizes(size, reach, stride, padding)[0]

    def of_window(self, window: int) -> tuple[Any, Any]:
        """Kernel positions inside the image, and the cells that they meet."""
        offsets = np.arange(self.kernel)
        cells = window * self.stride - self.before + offsets * self.dilation
        inside = (cells >= 0) & (cells < self.size)
        return offsets[inside], cells[inside]

    def of_cell(self, cell: int) -> tuple[Any, Any]:
        """Kernel positions that meet this cell, and in which windows they do."""
        offsets = np.arange(self.kernel)
        windows, rest = np.divmod(cell + self.before - offsets * self.dilation, self.stride)
        meets = (rest == 0) & (windows >= 0) & (windows < self.windows)
        return offsets[meets], windows[meets]

    def of_offset(self, offset: int) -> tuple[Any, Any]:
        """Windows whose kernel position `offset` is inside the image, and the cells that it meets."""
        windows = np.arange(self.windows)
        cells = windows * self.stride - self.before + offset * self.dilation
        inside = (cells >= 0) & (cells < self.size)
        return windows[inside], cells[inside]


def axes_of(size: Shape, kernel_size: Shape, strides: Pair, padding: str, dilation: Pair = (1, 1)) -> tuple[Axis, Axis]:
    """Both axes of an image."""
    return (
        Axis(size[0], kernel_size[0], strides[0], padding, dilation[0]),
        Axis(size[1], kernel_size[1], strides[1], padding, dilation[1]),
    )


# ---------------------------------------------------------------- patches


def im2col_shape(x: Shape, *, kernel_size: Pair, strides: Pair, padding: str, **_: Any) -> tuple[Shape, ...]:
    check_images("x", x)
    check_windows((x[1], x[2]), kernel_size, strides, padding)
    counts = window_counts((x[1], x[2]), kernel_size, strides, padding)
    return ((x[0], *counts, kernel_size[0] * kernel_size[1] * x[3]),)


def im2col_forward(x: Any, *, kernel_size: Pair, strides: Pair, padding: str, **_: Any) -> Any:
    n, h, w, c = x.shape
    counts = window_counts((h, w), kernel_size, strides, padding)
    padded = pad_images(x, kernel_size, strides, padding)
    y = np.empty((n, *counts, *kernel_size, c), x.dtype)
    for i, j in np.ndindex(*kernel_size):
        y[:, :, :, i, j] = padded[shifted(i, j, counts, strides)]
    return y.reshape(*y.shape[:3], kernel_size[0] * kernel_size[1] * c)


def im2col_fast(x: Any, *, kernel_size: Pair, strides: Pair, padding: str, **_: Any) -> Any:
    windows = sliding_window_view(pad_images(x, kernel_size, strides, padding), kernel_size, (1, 2))
    windows = windows[:, :: strides[0], :: strides[1]].transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], kernel_size[0] * kernel_size[1] * x.shape[3])


def add_patches(y: Any, shape: Shape, kernel_size: Pair, strides: Pair, padding: str) -> Any:
    """The transpose of `im2col`: every patch is added where it was taken from."""
    n, h, w, c = shape
    counts = window_counts((h, w), kernel_size, strides, padding)
    rows, cols = pads((h, w), kernel_size, strides, padding)
    padded = np.zeros((n, h + sum(rows), w + sum(cols), c), y.dtype)
    patches = y.reshape(n, *counts, *kernel_size, c)
    for i, j in np.ndindex(*kernel_size):
        padded[shifted(i, j, counts, strides)] += patches[:, :, :, i, j]
    return crop(padded, shape, kernel_size, strides, padding)


def im2col_backward(dy: Any, shapes: Any, *, kernel_size: Pair, strides: Pair, padding: str) -> tuple[Any, ...]:
    return (add_patches(dy, shapes[0], kernel_size, strides, padding),)


def cell_of_patches(index: Index, shape: Shape, kernel_size: Pair, axes: tuple[Axis, Axis]) -> tuple[Any, str]:
    """Where one number of the patches was taken from: an index array with one row, or none in the padding."""
    n, p, q, at = index
    i, j, channel = np.unravel_index(at, (*kernel_size, shape[3]))
    row = p * axes[0].stride - axes[0].before + i
    col = q * axes[1].stride - axes[1].before + j
    inside = 0 <= row < shape[1] and 0 <= col < shape[2]
    return (grid(n, [row], [col], int(channel)) if inside else np.zeros((0, 4), np.int64)), "" if inside else PADDED


def patches_of_cell(index: Index, shape: Shape, kernel_size: Pair, axes: tuple[Axis, Axis]) -> Any:
    """Every number of the patches that was taken from one cell: an index array."""
    n, row, col, channel = index
    (i, p), (j, q) = axes[0].of_cell(row), axes[1].of_cell(col)
    pairs = grid(range(len(i)), range(len(j)))
    at = (i[pairs[:, 0]] * kernel_size[1] + j[pairs[:, 1]]) * shape[3] + channel
    return np.stack([np.full(len(pairs), n), p[pairs[:, 0]], q[pairs[:, 1]], at], 1)


def im2col_explain(
    target: str, index: Index, shapes: Any, *, kernel_size: Pair, strides: Pair, padding: str, **_: Any
) -> Sum:
    axes = axes_of(shapes[0][1:3], kernel_size, strides, padding)
    if target == "y":
        cell, note = cell_of_patches(index, shapes[0], kernel_size, axes)
        return Sum((("x", cell),), note=note)
    return Sum((("dy", patches_of_cell(index, shapes[0], kernel_size, axes)),))


def image_size(col: Shape, kernel_size: Pair, strides: Pair, padding: str, size: Pair | int | None) -> Pair:
    """Height and width that patches are put back to: `size`, or the smallest for so many patches."""
    if isinstance(size, int):
        return size, size
    if size is not None:
        if len(size) != 2:
            raise ShapeError(f"expected a size of one or two numbers, received {size}.")
        return size
    if padding == "same":
        return (col[1] * strides[0], col[2] * strides[1])
    return ((col[1] - 1) * strides[0] + kernel_size[0], (col[2] - 1) * strides[1] + kernel_size[1])


def col2im_shape(
    col: Shape, *, kernel_size: Pair, strides: Pair, padding: str, size: Pair | None, **_: Any
) -> tuple[Shape, ...]:
    check_images("col", col)
    h, w = image_size(col, kernel_size, strides, padding, size)
    check_windows((h, w), kernel_size, strides, padding)
    cells = kernel_size[0] * kernel_size[1]
    if col[3] % cells:
        raise ShapeError(f"expected patches of a multiple of {cells} numbers, received {col[3]}.")
    counts = window_counts((h, w), kernel_size, strides, padding)
    if counts != (col[1], col[2]):
        raise ShapeError(f"expected {counts[0]} x {counts[1]} patches of an image of {h} x {w}, received {col[1:3]}.")
    return ((col[0], h, w, col[3] // cells),)


def col2im_forward(
    col: Any, *, kernel_size: Pair, strides: Pair, padding: str, size: Pair | None = None, **_: Any
) -> Any:
    (shape,) = col2im_shape(col.shape, kernel_size=kernel_size, strides=strides, padding=padding, size=size)
    return add_patches(col, shape, kernel_size, strides, padding)


def col2im_backward(
    dy: Any, shapes: Any, *, kernel_size: Pair, strides: Pair, padding: str, size: Pair | None = None
) -> tuple[Any, ...]:
    return (im2col_forward(dy, kernel_size=kernel_size, strides=strides, padding=padding),)


def col2im_explain(
    target: str, index: Index, shapes: Any, *, kernel_size: Pair, strides: Pair, padding: str, size: Pair | None
) -> Sum:
    (shape,) = col2im_shape(shapes[0], kernel_size=kernel_size, strides=strides, padding=padding, size=size)
    axes = axes_of(shape[1:3], kernel_size, strides, padding)
    if target == "y":
        return Sum((("col", patches_of_cell(index, shape, kernel_size, axes)),))
    cell, note = cell_of_patches(index, shape, kernel_size, axes)
    return Sum((("dy", cell),), note=note)


im2col = define(
    "im2col",
    "rearrangement",
    "x",
    integer=False,
    attrs={"kernel_size": (2, 2), "strides": (1, 1), "padding": PADDING},
    forward=im2col_forward,
    numpy_fast=im2col_fast,
    backward=im2col_backward,
    shape=im2col_shape,
    formula="y[n, p, q] = the patch of x under window (p, q): kernel rows, kernel columns, channels",
    grad_formula="dx = col2im(dy): a cell's gradient is the sum over the patches that hold it",
    explain=im2col_explain,
    cases=(
        Case(((2, 5, 4, 3),), {"kernel_size": (3, 2)}),
        Case(((1, 7, 6, 2),), {"kernel_size": (3, 2), "strides": (2, 3), "padding": "same"}),
        Case(((1, 4, 5, 1),), {"kernel_size": (1, 2), "strides": (3, 3)}),
        Case(((1, 1, 1, 1),), {"kernel_size": (1, 1)}),
        Case(((0, 3, 3, 2),)),
    ),
    bench=(
        Case(((64, 28, 28, 1),), {"kernel_size": (5, 5), "padding": "same"}),
        Case(((64, 26, 26, 16),), {"kernel_size": (3, 3)}),
    ),
)
col2im = define(
    "col2im",
    "rearrangement",
    "col",
    integer=False,
    attrs={"kernel_size": (2, 2), "strides": (1, 1), "padding": PADDING, "size": None},
    forward=col2im_forward,
    backward=col2im_backward,
    shape=col2im_shape,
    formula="y = every patch added to the place that im2col takes it from",
    grad_formula="dcol = im2col(dy)",
    explain=col2im_explain,
    cases=(
        Case(((2, 3, 3, 18),), {"kernel_size": (3, 2)}),
        Case(((1, 4, 2, 12),), {"kernel_size": (3, 2), "strides": (2, 3), "padding": "same", "size": (7, 6)}),
        Case(((1, 2, 2, 2),), {"kernel_size": (1, 2), "strides": (3, 3), "size": (4, 5)}),
        Case(((1, 1, 1, 1),), {"kernel_size": (1, 1)}),
        Case(((0, 2, 2, 8),)),
    ),
    bench=(
        Case(((64, 28, 28, 25),), {"kernel_size": (5, 5), "padding": "same"}),
        Case(((64, 24, 24, 144),), {"kernel_size": (3, 3)}),
    ),
)


# ---------------------------------------------------------------- convolution


def group_slices(channels: int, groups: int) -> list[slice]:
    """Each group's share of the channels, in order."""
    each = channels // groups
    return [slice(g * each, (g + 1) * each) for g in range(groups)]


def conv2d_shape(
    x: Shape, w: Shape, b: OptionalShape, *, strides: Pair, padding: str, dilation_rate: Pair, groups: int, **_: Any
) -> tuple[Shape, ...]:
    check_images("x", x)
    if len(w) != 4:
        raise ShapeError(f"expected w with four axes (height, width, inputs, outputs), received rank {len(w)}.")
    if groups < 1:
        raise ShapeError(f"expected groups to be at least 1, received {groups}.")
    if x[3] != w[2] * groups:
        of = "" if groups == 1 else f" ({w[2]} for each of {groups} groups)"
        raise ShapeError(f"expected {w[2] * groups} input channels{of}, received {x[3]}.")
    if w[3] % groups:
        raise ShapeError(f"expected a multiple of {groups} output channels, one part for each group, received {w[3]}.")
    check_bias(b, w[3], "output channel")
    size = reach(w, dilation_rate)
    check_windows((x[1], x[2]), size, strides, padding)
    check_dilation(strides, dilation_rate)
    return ((x[0], *window_counts((x[1], x[2]), size, strides, padding), w[3]),)


def conv2d_forward(
    x: Any, w: Any, b: Any, *, strides: Pair, padding: str, dilation_rate: Pair = (1, 1), groups: int = 1, **_: Any
) -> Any:
    size = reach(w.shape, dilation_rate)
    counts = window_counts(x.shape[1:3], size, strides, padding)
    padded = pad_images(x, size, strides, padding)
    y = np.zeros((x.shape[0], *counts, w.shape[3]), x.dtype)
    for i, j in np.ndindex(*w.shape[:2]):
        cells = padded[shifted(i * dilation_rate[0], j * dilation_rate[1], counts, strides)]
        for ins, outs in zip(group_slices(x.shape[3], groups), group_slices(w.shape[3], groups), strict=True):
            y[..., outs] += cells[..., ins] @ w[i, j][:, outs]
    return y if b is None else y + b


def conv2d_backward(
    dy: Any, x: Any, w: Any, shapes: Any, *, strides: Pair, padding: str, dilation_rate: Pair = (1, 1),
    groups: int = 1, **_: Any,
) -> tuple[Any, ...]:  # fmt: skip
    size, counts = reach(w.shape, dilation_rate), dy.shape[1:3]
    padded = pad_images(x, size, strides, padding)
    dpadded, dw = np.zeros_like(padded), np.empty_like(w)
    for i, j in np.ndindex(*w.shape[:2]):
        at = shifted(i * dilation_rate[0], j * dilation_rate[1], counts, strides)
        for ins, outs in zip(group_slices(x.shape[3], groups), group_slices(w.shape[3], groups), strict=True):
            dpadded[at][..., ins] += dy[..., outs] @ w[i, j][:, outs].T
            dw[i, j][:, outs] = np.tensordot(padded[at][..., ins], dy[..., outs], ((0, 1, 2), (0, 1, 2)))
    db = None if shapes[2] is None else dy.sum((0, 1, 2))
    return crop(dpadded, x.shape, size, strides, padding), dw, db


def conv2d_fast(
    x: Any, w: Any, b: Any, *, strides: Pair, padding: str, dilation_rate: Pair = (1, 1), groups: int = 1, **_: Any
) -> Any:
    if groups > 1 or max(dilation_rate) > 1:
        return conv2d_forward(
            x, w, b, strides=strides, padding=padding, dilation_rate=dilation_rate, groups=groups
        )  # fmt: skip
    patches = im2col_fast(x, kernel_size=w.shape[:2], strides=strides, padding=padding)
    y = patches @ w.reshape(-1, w.shape[3])
    return y if b is None else y + b


def conv2d_backward_fast(
    dy: Any, x: Any, w: Any, shapes: Any, *, strides: Pair, padding: str, **_: Any
) -> tuple[Any, ...]:
    """The gradients as a good NumPy programmer would write them; the benchmarks' baseline."""
    kernel_size, rows = w.shape[:2], dy.reshape(-1, w.shape[3])
    patches = im2col_fast(x, kernel_size=kernel_size, strides=strides, padding=padding)
    dw = (patches.reshape(len(rows), -1).T @ rows).reshape(w.shape)
    dx = add_patches(dy @ w.reshape(-1, w.shape[3]).T, x.shape, kernel_size, strides, padding)
    return dx, dw, None if shapes[2] is None else rows.sum(0)


def products_of(made: int, each: int, bias: int) -> dict[str, int]:
    """Operations of a convolution: two for each of `each` products in `made` sums; every gradient has as many."""
    return {"y": 2 * made * each, "dx": 2 * made * each, "dw": 2 * made * each, "db": bias}


def conv2d_flops(x: Shape, w: Shape, b: OptionalShape, **attrs: Any) -> dict[str, int]:
    made = math.prod(conv2d_shape(x, w, b, **attrs)[0])
    return products_of(made, math.prod(w[:3]), made)


def conv2d_explain(
    target: str, index: Index, shapes: Any, *, strides: Pair, padding: str, dilation_rate: Pair = (1, 1),
    groups: int = 1, **_: Any,
) -> Sum:  # fmt: skip
    x, w, b = shapes
    rows, cols = axes_of(x[1:3], w[:2], strides, padding, dilation_rate)
    ins, outs = x[3] // groups, w[3] // groups
    if target == "y":
        n, p, q, k = index
        (i, r), (j, c) = rows.of_window(p), cols.of_window(q)
        note, first = PADDED if len(i) < w[0] or len(j) < w[1] else "", k // outs * ins
        return Sum(
            (("x", grid(n, r, c, range(first, first + ins))), ("w", grid(i, j, range(ins), k))),
            () if b is None else (("b", (k,)),),
            note=note,
        )
    if target == "dx":
        n, r, c, k = index
        (i, p), (j, q) = rows.of_cell(r), cols.of_cell(c)
        made = range(k // ins * outs, (k // ins + 1) * outs)
        return Sum((("dy", grid(n, p, q, made)), ("w", grid(i, j, k % ins, made))))
    if target == "dw":
        i, j, k, m = index
        (p, r), (q, c) = rows.of_offset(i), cols.of_offset(j)
        return Sum((("x", grid(range(x[0]), r, c, m // outs * ins + k)), ("dy", grid(range(x[0]), p, q, m))))
    return Sum((("dy", grid(range(x[0]), range(rows.windows), range(cols.windows), index[0])),))


SAME: dict[str, Any] = {"padding": "same"}
TWO: dict[str, Any] = {"strides": (2, 2)}
LARGE_CONVOLUTIONS = tuple(
    Case((x, (size, size, x[3], filters), (filters,)), attrs)
    for x, size, filters, attrs in (
        ((128, 28, 28, 1), 3, 32, {}),
        ((64, 32, 32, 3), 3, 32, SAME),
        ((64, 19, 19, 6), 3, 64, SAME),
        ((64, 28, 28, 1), 5, 6, SAME),
        ((64, 14, 14, 6), 5, 16, {}),
        ((64, 32, 32, 32), 1, 64, {}),
        ((16, 28, 28, 256), 1, 64, {}),
        ((64, 32, 32, 32), 3, 64, {**SAME, **TWO}),
        ((32, 32, 32, 64), 1, 128, TWO),
        ((8, 112, 112, 3), 7, 64, {**SAME, **TWO}),
        ((128, 26, 26, 32), 3, 64, {}),
        ((64, 32, 32, 32), 3, 32, SAME),
        ((64, 32, 32, 64), 3, 64, SAME),
        ((64, 19, 19, 64), 3, 64, SAME),
        ((8, 56, 56, 128), 3, 128, SAME),
        ((64, 26, 26, 16), 3, 32, {}),
    )
) + tuple(
    Case(((32, 28, 28, 128), (3, 3, 128 // groups, 128), (128,)), {**SAME, "groups": groups}) for groups in (4, 8, 32)
)


def conv2d_expand(
    x: Any, w: Any, b: Any = None, *, strides: Pair, padding: str, dilation_rate: Pair, groups: int, **_: Any
) -> Any:
    """Patches as rows of a matrix, their product with the weights as a matrix, and the images put together again."""
    if groups > 1 or tuple(dilation_rate) != (1, 1):
        return None
    kh, kw, channels, outs = w.shape
    patches = im2col(x, kernel_size=(kh, kw), strides=strides, padding=padding)
    n, oh, ow, size = patches.shape
    rows = reshape(patches, shape=(n * oh * ow, size))
    y = dense(rows, reshape(w, shape=(kh * kw * channels, outs)), b)
    return reshape(y, shape=(n, oh, ow, outs))


conv2d = define(
    "conv2d",
    "convolution",
    "x w b",
    optional="b",
    attrs={"strides": (1, 1), "padding": PADDING, "dilation_rate": (1, 1), "groups": 1},
    forward=conv2d_forward,
    numpy_fast=conv2d_fast,
    backward=conv2d_backward,
    shape=conv2d_shape,
    saves="x w",
    formula="y[n, p, q, k] = sum over i, j, c of x[n, p s + i d, q s + j d, c] w[i, j, c, k] + b[k]; c of k's group",
    grad_formula="dx = dy spread back through w; dw = x times dy, summed over images and positions; db = sum of dy",
    explain=conv2d_explain,
    flops=conv2d_flops,
    expand=conv2d_expand,
    cases=(
        Case(((2, 6, 5, 3), (3, 2, 3, 4), (4,))),
        Case(((2, 7, 6, 2), (3, 3, 2, 5), (5,)), {"padding": "same"}),
        Case(((1, 8, 7, 3), (3, 2, 3, 2), None), {"strides": (2, 3)}),
        Case(((2, 7, 8, 2), (4, 3, 2, 3), (3,)), {"strides": (3, 2), "padding": "same"}),
        Case(((1, 5, 5, 2), (1, 1, 2, 3), (3,)), {"strides": (2, 2)}),
        Case(((1, 4, 4, 1), (4, 4, 1, 1), (1,))),
        Case(((1, 2, 3, 2), (5, 5, 2, 2), (2,)), {"padding": "same"}),
        Case(((1, 1, 1, 1), (1, 1, 1, 1), None)),
        Case(((3, 9, 20, 5), (3, 3, 5, 35), (35,)), {"padding": "same"}),
        Case(((0, 4, 4, 2), (3, 3, 2, 2), (2,))),
        Case(((2, 7, 9, 3), (3, 2, 3, 4), (4,)), {"dilation_rate": (2, 3)}),
        Case(((2, 8, 7, 2), (3, 3, 2, 5), (5,)), {"dilation_rate": (3, 2), "padding": "same"}),
        Case(((1, 3, 2, 2), (3, 2, 2, 3), None), {"dilation_rate": (4, 4), "padding": "same"}),
        Case(((2, 6, 7, 4), (3, 2, 2, 6), (6,)), {"groups": 2, "strides": (2, 1)}),
        Case(((2, 7, 6, 6), (2, 3, 2, 3), None), {"groups": 3, "strides": (2, 3), "padding": "same"}),
        Case(((1, 9, 8, 4), (2, 3, 1, 8), (8,)), {"groups": 4, "dilation_rate": (2, 2), "padding": "same"}),
        Case(((0, 5, 5, 2), (2, 2, 1, 2), (2,)), {"groups": 2}),
    ),
    bench=LARGE_CONVOLUTIONS,
    source="LeCun et al., Backpropagation applied to handwritten zip code recognition, 1989; Dumoulin and Visin, "
    "A guide to convolution arithmetic for deep learning, 2016",
)
