"""Convolution, pooling and resizing as ONNX nodes: channels first there, so axes are moved before and after.

Where one move undoes another, both are left out in the end (see `onnx_order`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.graph import Step
from fastnn.errors import GraphError
from fastnn.exchange.onnx_graph import Graph, converts, sizes
from fastnn.exchange.open_lengths import FIX, Length, Open
from fastnn.ops.convolution import pads, reach, window_counts
from fastnn.ops.convolution_kinds import transposed
from fastnn.ops.pooling import Axis, pair, windows
from fastnn.ops.resampling import taps

CHANNELS_FIRST, CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
SAME = {"auto_pad": "SAME_UPPER"}


def on_channels_first(graph: Graph, kind: str, x: str, *inputs: str, **attrs: Any) -> str:
    """One node between two moves of the channels."""
    made = graph.add(kind, graph.transpose(x, CHANNELS_FIRST), *inputs, **attrs)
    return graph.transpose(made, CHANNELS_LAST)


def border(step: Step) -> dict[str, Any]:
    """Zeros before height and width, then behind them; where they follow open lengths, the rule for them."""
    x, attrs = sizes(step), step.attrs
    reached = reach(sizes(step, 1), attrs["dilation_rate"])
    if follows_lengths(step, reached, attrs["strides"]):
        return SAME
    size = [reached[d] if attrs["strides"][d] == 1 else x[1 + d] for d in (0, 1)]  # all have the same border for 1
    size = [n if isinstance(n, int) else 1 for n in size]
    rows, cols = pads((size[0], size[1]), reached, attrs["strides"], attrs["padding"])
    return {"pads": [rows[0], cols[0], rows[1], cols[1]]}


def follows_lengths(step: Step, kernel: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the border follows a length that is open; single cells have none.

    Raises:
        GraphError: for windows so far apart that onnxruntime would move them, where cells lie between.
    """
    axes = list(zip(kernel, strides, sizes(step)[1:3], strict=True))
    follow = step.attrs["padding"] == "same" and any(k > 1 < s and not isinstance(n, int) for k, s, n in axes)
    if follow and any(s > k + 1 for k, s, _ in axes):
        raise GraphError(
            f"expected strides of at most the window, {tuple(kernel)}, for open lengths, received {tuple(strides)}."
            + FIX
        )
    return follow


@converts("conv2d")
def conv2d(graph: Graph, step: Step, x: str, w: str, b: str) -> str:
    """Kernels (height, width, in, out) become (out, in, height, width)."""
    return convolved(graph, step, x, graph.transpose(w, (3, 2, 0, 1)), b, step.attrs["groups"])


@converts("depthwise_conv2d")
def depthwise_conv2d(graph: Graph, step: Step, x: str, w: str, b: str) -> str:
    """Every channel is a group of its own."""
    height, width, channels, multiple = sizes(step, 1)
    kernel = graph.reshape(graph.transpose(w, (2, 3, 0, 1)), (channels * multiple, 1, height, width))
    return convolved(graph, step, x, kernel, b, channels)


def convolved(graph: Graph, step: Step, x: str, kernel: str, b: str, groups: int) -> str:
    """A convolution with a kernel in ONNX' order."""
    attrs = step.attrs
    return on_channels_first(
        graph,
        "Conv",
        x,
        kernel,
        *([b] if b else []),
        strides=list(attrs["strides"]),
        dilations=list(attrs["dilation_rate"]),
        group=groups,
        **border(step),
    )


@converts("conv2d_transpose")
def conv2d_transpose(graph: Graph, step: Step, x: str, w: str, b: str) -> str:
    """Kernels (height, width, out, in) become (in, out, height, width)."""
    kernel, attrs = sizes(step, 1), step.attrs
    shape = tuple(n if isinstance(n, int) else 1 for n in sizes(step))  # what is cut off is the same for all lengths
    reached = reach(kernel, attrs["dilation_rate"])
    axes = transposed(shape, kernel, **attrs)[0]
    whole = [(shape[1 + d] - 1) * attrs["strides"][d] + reached[d] for d in (0, 1)]
    behind = [whole[d] - axes[d][1] - axes[d][0] for d in (0, 1)]
    return on_channels_first(
        graph,
        "ConvTranspose",
        x,
        graph.transpose(w, (3, 2, 0, 1)),
        *([b] if b else []),
        strides=list(attrs["strides"]),
        dilations=list(attrs["dilation_rate"]),
        pads=[axes[0][1], axes[1][1], max(behind[0], 0), max(behind[1], 0)],
        output_padding=[max(-n, 0) for n in behind],
    )


# ---------------------------------------------------------------- pooling


@converts("max_pool2d", "average_pool2d")
def pool(graph: Graph, step: Step, x: str) -> str:
    """The largest or mean number of windows; padding counts for neither."""
    largest = step.op.name == "max_pool2d"
    size = pair(step.attrs["pool_size"])
    strides = size if step.attrs["strides"] is None else pair(step.attrs["strides"])
    edges: dict[str, Any] = SAME
    if not follows_lengths(step, size, strides):
        known = [max(size) if not isinstance(n, int) else n for n in sizes(step)]  # all have the same border then
        axes = windows(tuple(known), **step.attrs)
        edges = {"pads": [*(axis.before for axis in axes), *map(cells_behind, axes)]}
    return on_channels_first(
        graph,
        "MaxPool" if largest else "AveragePool",
        x,
        kernel_shape=list(size),
        strides=list(strides),
        count_include_pad=None if largest else 0,
        **edges,
    )


def cells_behind(axis: Axis) -> int:
    """Padding behind the last cell of an axis."""
    return max((axis.count - 1) * axis.stride - axis.before + axis.size - axis.length, 0)


@converts("global_average_pool2d", "global_max_pool2d")
def global_pool(graph: Graph, step: Step, x: str) -> str:
    """One number of each channel."""
    kind = "GlobalAveragePool" if step.op.name == "global_average_pool2d" else "GlobalMaxPool"
    made = graph.add(kind, graph.transpose(x, CHANNELS_FIRST))
    return graph.transpose(made, CHANNELS_LAST) if step.attrs["keepdims"] else graph.add("Flatten", made, axis=1)


# ---------------------------------------------------------------- other sizes


@converts("resize2d")
def resize2d(graph: Graph, step: Step, x: str) -> str:
    """Rows and columns that lie nearest, or mixes of the two around."""
    shape, size = sizes(step), step.attrs["size"]
    whole = all(is_multiple(new, old) for new, old in zip(size, shape[1:3], strict=True))
    if whole or step.attrs["interpolation"] != "nearest":
        return resized(graph, step, x)
    for axis in (1, 2):
        nearest = taps(shape[axis], size[axis - 1], "nearest")[0]
        x = graph.add("Gather", x, graph.constant(nearest), axis=axis)
    return x


def is_multiple(new: Length, old: Length) -> bool:
    """Whether a length is a multiple of another; of open ones, whether it is for all lengths."""
    if isinstance(new, Open) and isinstance(old, Open):
        known = dict(old.terms)
        ratios = {divmod(n, known[term]) for term, n in new.terms} if dict(new.terms).keys() == known.keys() else set()
        return len(ratios) == 1 and ratios.pop()[1] == 0
    return new % old == 0  # type: ignore[operator]  # one open: an axis of a length that is known is expected


def resized(graph: Graph, step: Step, x: str) -> str:
    """One node that aligns the centres of cells."""
    nearest = step.attrs["interpolation"] == "nearest"
    channels = graph.shape_of(step, "x")
    sizes = graph.integers((channels[0], channels[3], *step.attrs["size"]))
    return on_channels_first(
        graph,
        "Resize",
        x,
        "",
        "",
        sizes,
        mode="nearest" if nearest else "linear",
        coordinate_transformation_mode="asymmetric" if nearest else "half_pixel",
        nearest_mode="floor" if nearest else None,
    )


# ---------------------------------------------------------------- patches


@converts("col2im")
def col2im(graph: Graph, step: Step, col: str) -> str:
    """Patches added to the places that they are taken from."""
    assert graph.listing is not None
    batch, height, width, channels = graph.shape_of(step, "y")
    kernel, strides, padding = (step.attrs[key] for key in ("kernel_size", "strides", "padding"))
    rows, cols = pads((int(height), int(width)), kernel, strides, padding)  # type: ignore[arg-type]
    cells, places = kernel[0] * kernel[1], sizes(step)[1] * sizes(step)[2]
    patches = graph.transpose(graph.reshape(col, (batch, places, cells, channels)), (0, 3, 2, 1))
    patches = graph.reshape(patches, (batch, cells * int(channels), places))  # type: ignore[arg-type]
    made = graph.add(
        "Col2Im",
        patches,
        *map(graph.integers, ((height, width), kernel)),
        strides=list(strides),
        pads=[rows[0], cols[0], rows[1], cols[1]],
    )
    return graph.transpose(made, CHANNELS_LAST)


@converts("im2col")
def im2col(graph: Graph, step: Step, x: str) -> str:
    """Padded images, gathered by row and column."""
    _, height, width, channels = sizes(step)
    kernel, strides, padding = (step.attrs[key] for key in ("kernel_size", "strides", "padding"))
    rows, cols = pads((height, width), kernel, strides, padding)
    counts = window_counts((height, width), kernel, strides, padding)
    padded = graph.add("Pad", x, graph.integers((0, rows[0], cols[0], 0, 0, rows[1], cols[1], 0)))
    places = [np.arange(counts[d])[:, None] * strides[d] + np.arange(kernel[d]) for d in (0, 1)]
    found = graph.add("Gather", padded, graph.constant(places[0]), axis=1)
    found = graph.transpose(graph.add("Gather", found, graph.constant(places[1]), axis=3), (0, 1, 3, 2, 4, 5))
    return graph.reshape(found, (graph.shape_of(step, "x")[0], *counts, kernel[0] * kernel[1] * channels))
