"""Other arrangements of the same numbers, and numbers chosen by indices, as ONNX nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastnn.engine.graph import Step
from fastnn.exchange.onnx_graph import Graph, converts, sizes, wide
from fastnn.exchange.open_lengths import Length
from fastnn.ops.shaping import order
from fastnn.ops.slicing import flipped_axes, mirrors

BEGINNING = -(2**31)  # before every first cell


@converts("stop_gradient")
def same(graph: Graph, step: Step, x: str) -> str:
    """The numbers as they are."""
    return x


@converts("reshape", "expand_dims", "squeeze")
def reshape(graph: Graph, step: Step, x: str) -> str:
    """Another shape."""
    return graph.reshape(x, graph.shape_of(step, "y"))


@converts("flatten")
def flatten(graph: Graph, step: Step, x: str) -> str:
    """Rows of all that is in a sample."""
    return str(graph.add("Flatten", x, axis=1))


@converts("transpose")
def transpose(graph: Graph, step: Step, x: str) -> str:
    """Axes in another order."""
    return graph.transpose(x, order(rank(step), step.attrs["axes"]))


def rank(step: Step, place: int = 0) -> int:
    """Number of axes of a step's input."""
    return len(sizes(step, place))


@converts("concatenate")
def concatenate(graph: Graph, step: Step, *xs: str) -> str:
    """One after the other."""
    return str(graph.add("Concat", *xs, axis=step.attrs["axis"] % rank(step)))


@converts("broadcast_to")
def broadcast_to(graph: Graph, step: Step, x: str) -> str:
    """Repeated along axes."""
    return str(graph.add("Expand", x, graph.integers(graph.shape_of(step, "y"))))


@converts("strided_slice")
def strided_slice(graph: Graph, step: Step, x: str) -> str:
    """Parts of axes; those that are dropped become a shape without them."""
    begin, end, strides = (step.attrs[key] for key in ("begin", "end", "strides"))
    if not begin and not end and not strides:
        return x
    count = max(len(begin), len(end), len(strides))
    lengths = graph.shape_of(step, "x")
    steps = (*strides, *(1,) * (count - len(strides)))
    starts = (*begin, *(0 if s > 0 else 2**31 - 1 for s in steps[len(begin) :]))
    ends = (*end, *(n if s > 0 else BEGINNING for n, s in zip(lengths[len(end) :], steps[len(end) :], strict=False)))
    made = graph.add("Slice", x, *map(graph.integers, (starts, ends, tuple(range(count)), steps)))
    return graph.reshape(made, graph.shape_of(step, "y")) if step.attrs["drop"] else str(made)


@converts("flip")
def flip(graph: Graph, step: Step, x: str) -> str:
    """Axes backwards."""
    axes = sorted(flipped_axes(rank(step), step.attrs["axis"]))
    return backwards(graph, x, axes) if axes else x


def backwards(graph: Graph, x: str, axes: Sequence[int]) -> str:
    """The same with some axes backwards."""
    every = [(value,) * len(axes) for value in (-1, BEGINNING, -1)]
    return str(graph.add("Slice", x, *map(graph.integers, (every[0], every[1], tuple(axes), every[2]))))


@converts("pad")
def pad(graph: Graph, step: Step, x: str) -> str:
    """Cells around: of one number, or mirrored."""
    attrs, axes = step.attrs, rank(step)
    before, after = ((*attrs[key], *(0,) * (axes - len(attrs[key]))) for key in ("before", "after"))
    if attrs["mode"] != "constant":
        return mirrored(graph, step, x, before, after)
    value = graph.constant(attrs["value"], graph.type_of(step, "x"))
    return str(graph.add("Pad", x, graph.integers((*before, *after)), value)) if axes else x


def mirrored(graph: Graph, step: Step, x: str, before: Sequence[int], after: Sequence[int]) -> str:
    """Cells mirrored at the edges, by their positions along every axis."""
    for axis, (size, b, a) in enumerate(zip(sizes(step), before, after, strict=True)):
        if b or a:
            x = graph.add("Gather", x, graph.constant(mirrors(size, b, a, step.attrs["mode"])), axis=axis)
    return x


# ---------------------------------------------------------------- by indices


@converts("take")
def take(graph: Graph, step: Step, x: str, indices: str) -> str:
    """Along an axis, or from all cells in one row."""
    axis = step.attrs["axis"]
    if axis is None:
        return str(graph.add("Gather", graph.reshape(x, (-1,)), indices, axis=0))
    return str(graph.add("Gather", x, indices, axis=axis % rank(step)))


@converts("embedding")
def embedding(graph: Graph, step: Step, indices: str, table: str) -> str:
    """Rows of a table."""
    return str(graph.add("Gather", table, indices, axis=0))


@converts("take_along_axis")
def take_along_axis(graph: Graph, step: Step, x: str, indices: str) -> str:
    """One index for every cell."""
    axis = step.attrs["axis"]
    if axis is None:
        return str(graph.add("GatherElements", graph.reshape(x, (-1,)), graph.reshape(indices, (-1,)), axis=0))
    return str(graph.add("GatherElements", x, indices, axis=axis % rank(step)))


@converts("gather_nd")
def gather_nd(graph: Graph, step: Step, x: str, indices: str) -> str:
    """Cells named by whole indices; indices of no numbers name everything."""
    if not sizes(step, 1)[-1]:
        return str(graph.add("Expand", x, graph.integers(graph.shape_of(step, "y"))))
    return str(graph.add("GatherND", x, graph.cast(indices, "int64")))


@converts("one_hot")
def one_hot(graph: Graph, step: Step, indices: str) -> str:
    """1 where the position is the index; indices out of range are nowhere."""
    axis = step.attrs["axis"] % (rank(step) + 1)
    classes = np.arange(step.attrs["num_classes"], dtype=np.int32)
    places = classes.reshape([-1 if d == axis else 1 for d in range(rank(step) + 1)])
    lengths: list[Length] = list(graph.shape_of(step, "indices"))
    lengths.insert(axis, 1)
    return graph.cast(graph.add("Equal", graph.reshape(indices, lengths), graph.constant(places)), "uint8")


@converts("argsort")
def argsort(graph: Graph, step: Step, x: str) -> str:
    """Positions in order along the last axis."""
    count = graph.integers(graph.shape_of(step, "x")[-1])
    numbers = wide(graph, x, graph.type_of(step, "x"))
    largest = int(step.attrs["descending"])
    _, places = graph.add("TopK", numbers, count, outputs=2, axis=-1, largest=largest, sorted=1)
    return graph.cast(places, "int32")


def zeros(graph: Graph, lengths: Sequence[Length], dtype: str) -> str:
    """An array of zeros."""
    return str(graph.add("Expand", graph.constant(0, dtype), graph.integers(tuple(lengths))))


@converts("scatter_nd")
def scatter_nd(graph: Graph, step: Step, indices: str, values: str) -> str:
    """Values added to the cells that their indices name."""
    start = zeros(graph, graph.shape_of(step, "y"), graph.type_of(step, "values"))
    return str(graph.add("ScatterND", start, graph.cast(indices, "int64"), values, reduction="add"))


@converts("scatter_update")
def scatter_update(graph: Graph, step: Step, x: str, indices: str, updates: str) -> str:
    """Cells replaced."""
    return str(graph.add("ScatterND", x, graph.cast(indices, "int64"), updates))


@converts("segment_sum")
def segment_sum(graph: Graph, step: Step, data: str, segment_ids: str) -> str:
    """Rows of one number added up; those of a number out of range go to a row that is cut off."""
    count = step.attrs["num_segments"]
    lengths, rows = graph.shape_of(step, "y")[1:], graph.shape_of(step, "segment_ids")[0]
    negative = graph.add("Less", segment_ids, graph.constant(0, "int32"))
    beyond = graph.add("GreaterOrEqual", segment_ids, graph.constant(count, "int32"))
    place = graph.add("Where", graph.add("Or", negative, beyond), graph.constant(count, "int32"), segment_ids)
    place = graph.cast(graph.reshape(place, (rows, 1)), "int64")
    start = zeros(graph, (count + 1, *lengths), graph.type_of(step, "data"))
    return graph.pick(graph.add("ScatterND", start, place, data, reduction="add"), 0, count, 0)
