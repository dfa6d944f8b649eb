"""Products of matrices, reductions and normalizations as ONNX nodes."""

from __future__ import annotations

import numpy as np

from fastnn.engine.graph import Step
from fastnn.exchange.onnx_graph import Graph, converts, sizes, wide
from fastnn.exchange.onnx_shaping import rank
from fastnn.ops.reduction import reduced_axes

REDUCTIONS = {
    "sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd",
    "logsumexp": "ReduceLogSumExp", "any": "ReduceMax", "all": "ReduceMin",
}  # fmt: skip


# ---------------------------------------------------------------- products


@converts("dense")
def dense(graph: Graph, step: Step, x: str, w: str, b: str) -> str:
    """One node for a batch of vectors; a product and a sum for more axes."""
    if rank(step) == 2:
        return str(graph.add("Gemm", x, w, *([b] if b else [])))
    product = graph.add("MatMul", x, w)
    return str(graph.add("Add", product, b) if b else product)


@converts("matmul")
def matmul(graph: Graph, step: Step, a: str, b: str) -> str:
    """The product of matrices, or of stacks of them."""
    return str(graph.add("MatMul", a, b))


# ---------------------------------------------------------------- reductions


def reduce(graph: Graph, kind: str, x: str, axes: tuple[int, ...], keepdims: bool = True) -> str:
    """A reduction along axes."""
    return str(graph.add(kind, x, graph.integers(axes), keepdims=int(keepdims), noop_with_empty_axes=1))


@converts(*REDUCTIONS)
def reduction(graph: Graph, step: Step, x: str) -> str:
    """One node; small integers and truths are reduced as int32."""
    dtype = graph.type_of(step, "x")
    axes = tuple(sorted(reduced_axes(rank(step), step.attrs["axis"])))
    made = reduce(graph, REDUCTIONS[step.op.name], wide(graph, x, dtype), axes, step.attrs["keepdims"])
    found = graph.type_of(step, "y")
    return graph.cast(made, found) if dtype in ("uint8", "bool") else made


@converts("argmax", "argmin")
def extreme_place(graph: Graph, step: Step, x: str) -> str:
    """The first position of the largest or smallest number."""
    axis, kind = step.attrs["axis"], "ArgMax" if step.op.name == "argmax" else "ArgMin"
    x = wide(graph, x, graph.type_of(step, "x"))
    if axis is not None:
        return str(graph.add(kind, x, axis=axis % rank(step), keepdims=int(step.attrs["keepdims"])))
    made = graph.add(kind, graph.reshape(x, (-1,)), axis=0, keepdims=0)
    return graph.reshape(made, graph.shape_of(step, "y"))


def flat_if_none(graph: Graph, step: Step, x: str) -> tuple[str, int]:
    """The input and an axis of it; all cells in one row where no axis is given."""
    axis = step.attrs["axis"]
    return (graph.reshape(x, (-1,)), 0) if axis is None else (x, axis % rank(step))


@converts("cumsum")
def cumsum(graph: Graph, step: Step, x: str) -> str:
    """Sums of all cells up to each."""
    x, axis = flat_if_none(graph, step, x)
    return str(graph.add("CumSum", x, graph.constant(axis, "int64")))


@converts("cumprod")
def cumprod(graph: Graph, step: Step, x: str) -> str:
    """Products of all cells up to each: along an axis put beside, later cells count as 1."""
    x, axis = flat_if_none(graph, step, x)
    lengths = list(graph.shape_of(step, "y"))
    count, after = lengths[axis], len(lengths) - axis - 1
    lengths.insert(axis, 1)
    places = graph.add("Range", graph.constant(0, "int64"), scalar(graph, count), graph.constant(1, "int64"))
    own, other = (graph.reshape(places, tuple(-1 if d == k else 1 for d in (0, 1)) + (1,) * after) for k in (0, 1))
    counted = graph.add("GreaterOrEqual", own, other)
    cells = graph.add("Where", counted, graph.reshape(x, lengths), graph.constant(1, graph.type_of(step, "x")))
    return reduce(graph, "ReduceProd", cells, (axis + 1,), keepdims=False)


def scalar(graph: Graph, length: object) -> str:
    """A length as a number without axes."""
    return graph.reshape(graph.integers(length), ())  # type: ignore[arg-type]


# ---------------------------------------------------------------- normalizations


@converts("softmax", "log_softmax")
def softmax(graph: Graph, step: Step, x: str) -> str:
    """Shares along an axis."""
    kind = "Softmax" if step.op.name == "softmax" else "LogSoftmax"
    return str(graph.add(kind, x, axis=step.attrs["axis"] % rank(step)))


@converts("sparsemax")
def sparsemax(graph: Graph, step: Step, x: str) -> str:
    """The threshold is the mean of the largest numbers, less their share of 1."""
    axis = step.attrs["axis"] % rank(step)
    size = sizes(step)[axis]
    falling, _ = graph.add("TopK", x, graph.integers(size), outputs=2, axis=axis, largest=1, sorted=1)
    counts = np.arange(1, size + 1, dtype="float32").reshape([-1 if d == axis else 1 for d in range(rank(step))])
    total = graph.add("Sub", graph.add("CumSum", falling, graph.constant(axis, "int64")), graph.constant(1, "float32"))
    thresholds = graph.add("Div", total, graph.constant(counts))
    kept = graph.cast(graph.add("Greater", falling, thresholds), "int64")
    last = graph.add("Sub", reduce(graph, "ReduceSum", kept, (axis,)), graph.constant(1, "int64"))
    threshold = graph.add("GatherElements", thresholds, last, axis=axis)
    return str(graph.add("Relu", graph.add("Sub", x, threshold)))


@converts("glu")
def glu(graph: Graph, step: Step, x: str) -> str:
    """One half of the cells, each times the sigmoid of its place in the other half."""
    axis = step.attrs["axis"] % rank(step)
    value, gate = graph.add("Split", x, outputs=2, axis=axis, num_outputs=2)
    return str(graph.add("Mul", value, graph.add("Sigmoid", gate)))


@converts("standardize")
def standardize(graph: Graph, step: Step, x: str) -> tuple[str, ...]:
    """Mean 0 and variance 1 along axes; mean and variance, too."""
    axes = tuple(sorted(reduced_axes(rank(step), step.attrs["axis"])))
    mean = reduce(graph, "ReduceMean", x, axes)
    centred = graph.add("Sub", x, mean)
    variance = reduce(graph, "ReduceMean", graph.add("Mul", centred, centred), axes)
    raised = graph.add("Add", variance, graph.constant(step.attrs["epsilon"], graph.type_of(step, "x")))
    y = graph.add("Div", centred, graph.add("Sqrt", raised))
    shapes = (graph.shape_of(step, role) for role in ("mean", "variance"))
    return y, *(graph.reshape(v, s) for v, s in zip((mean, variance), shapes, strict=True))


@converts("standardize_with")
def standardize_with(graph: Graph, step: Step, x: str, mean: str, variance: str, gamma: str, beta: str) -> str:
    """Known statistics: one node, for the second axis of at least two."""
    count = sizes(step, 1)
    axes = list(range(rank(step)))
    axis = step.attrs["axis"] % len(axes)
    if axis == 0:  # a row of channels has no axis before them
        shape = (1, *count) if len(axes) == 1 else None
        x = graph.reshape(x, shape) if shape else graph.transpose(x, swapped(axes, 0, 1))
    elif axis > 1:
        x = graph.transpose(x, moved(axes, axis, 1))
    dtype = graph.type_of(step, "y")
    scale, offset = gamma or graph.constant(np.ones(count), dtype), beta or graph.constant(np.zeros(count), dtype)
    y = graph.add("BatchNormalization", x, scale, offset, mean, variance, epsilon=step.attrs["epsilon"])
    if axis == 0:
        return graph.reshape(y, count) if len(axes) == 1 else graph.transpose(y, swapped(axes, 0, 1))
    return graph.transpose(y, moved(axes, 1, axis)) if axis > 1 else str(y)


def swapped(axes: list[int], a: int, b: int) -> list[int]:
    """Axes with two of them in each other's place."""
    return [b if d == a else a if d == b else d for d in axes]


def moved(axes: list[int], source: int, target: int) -> list[int]:
    """Axes with one of them in another place."""
    rest = [d for d in axes if d != source]
    return [*rest[:target], source, *rest[target:]]


@converts("local_response_normalization")
def local_response_normalization(graph: Graph, step: Step, x: str) -> str:
    """Sums over neighbouring channels are a product with a band matrix."""
    channels, attrs = np.arange(sizes(step)[-1]), step.attrs
    near = np.abs(channels[:, None] - channels) <= attrs["depth_radius"]
    sums = graph.add("MatMul", graph.add("Mul", x, x), graph.constant(attrs["alpha"] * near, "float32"))
    base = graph.add("Add", sums, graph.constant(attrs["bias"], "float32"))
    return str(graph.add("Mul", x, graph.add("Pow", base, graph.constant(-attrs["beta"], "float32"))))


# ---------------------------------------------------------------- chance


@converts("random_normal", "random_uniform")
def drawn(graph: Graph, step: Step, counter: str) -> str:
    """Numbers that whoever runs the file draws anew: of the same distribution, but not the same."""
    kind = "RandomNormalLike" if step.op.name == "random_normal" else "RandomUniformLike"
    return str(
        graph.add(kind, graph.add("Expand", graph.constant(0, "float32"), graph.integers(graph.shape_of(step, "y"))))
    )
