"""Images read at places between their pixels, as ONNX nodes: up to four pixels of every place, each with its share."""

from __future__ import annotations

from collections.abc import Iterator

from fastnn.engine.graph import Step
from fastnn.exchange.onnx_formula import written
from fastnn.exchange.onnx_graph import Graph, converts, sizes
from fastnn.ops.sampling import FURTHEST

Pixels = tuple[str, str | None]  # positions along an axis, -1 outside, and their share; None is all of it


@converts("sample_image")
def sample_image(graph: Graph, step: Step, images: str, rows: str, columns: str) -> str:
    """The shares of the pixels around every place; NaN where the place is NaN."""
    _, height, width, _ = sizes(step)
    y = ""
    for r, share_r in mixes(graph, step, rows, height):
        for c, share_c in mixes(graph, step, columns, width):
            seen = pixels(graph, step, images, r, c)
            share = graph.add("Mul", share_r, share_c) if share_r and share_c else ""
            y = added(graph, y, shared(graph, seen, share) if share else seen)
    lost = beside(graph, graph.add("Or", graph.add("IsNaN", rows), graph.add("IsNaN", columns)))
    return str(graph.add("Where", lost, graph.constant(float("nan"), "float32"), y))


def beside(graph: Graph, x: str) -> str:
    """With an axis for channels."""
    return str(graph.add("Unsqueeze", x, graph.integers(-1)))


def added(graph: Graph, total: str, part: str) -> str:
    """A sum that begins with nothing."""
    return graph.add("Add", total, part) if total else part


def shared(graph: Graph, seen: str, share: str) -> str:
    """The pixels' shares; where there is none, pixels that are no numbers do not count either."""
    zero, share = graph.constant(0, "float32"), beside(graph, share)
    return str(graph.add("Where", graph.add("Equal", share, zero), zero, graph.add("Mul", share, seen)))


def mixes(graph: Graph, step: Step, places: str, size: int) -> Iterator[Pixels]:
    """Pixels along an axis and their shares, for every place."""
    zero = graph.constant(0, "float32")
    known = graph.add("Where", graph.add("IsNaN", places), zero, places)
    near = graph.add("Clip", known, *(graph.constant(n, "float32") for n in (-FURTHEST, FURTHEST)))
    if step.attrs["interpolation"] == "nearest":
        yield shown(graph, step, graph.add("Round", near), size), None
        return
    low = graph.add("Floor", near)
    above = graph.add("Sub", near, low)
    one = graph.constant(1, "float32")
    yield shown(graph, step, low, size), graph.add("Sub", one, above)
    yield shown(graph, step, graph.add("Add", low, one), size), above


SHOWN = {
    "constant": "where((x >= 0) & (x < {size}), x, -1)",
    "nearest": "min(max(x, 0), {last})",
    "wrap": "x - {size} * floor(x / {size})",
    "reflect": "where(x - {both} * floor(x / {both}) < {size}, x - {both} * floor(x / {both}),"
    " {both} - 1 - (x - {both} * floor(x / {both})))",
}


def shown(graph: Graph, step: Step, at: str, size: int) -> str:
    """The pixels that positions along an axis show; -1 where they show the constant."""
    text = SHOWN[step.attrs["fill_mode"]].format(size=size, last=size - 1, both=2 * size)
    return graph.cast(written(graph, text, {"x": at}, "float32"), "int64")


def pixels(graph: Graph, step: Step, images: str, r: str, c: str) -> str:
    """Pixels by row and column; the constant outside."""
    zero = graph.constant(0, "int64")
    place = graph.add("Concat", *(beside(graph, graph.add("Max", at, zero)) for at in (r, c)), axis=-1)
    seen = graph.add("GatherND", images, place, batch_dims=1)
    if step.attrs["fill_mode"] != "constant":
        return str(seen)
    outside = beside(graph, graph.add("Or", *(graph.add("Less", at, zero) for at in (r, c))))
    return str(graph.add("Where", outside, graph.constant(step.attrs["fill_value"], "float32"), seen))
