"""The table that `Model.summary` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from fastnn.engine.graph import Node
from fastnn.engine.nested import flatten
from fastnn.engine.tensor import Variable
from fastnn.utils.naming import shortened


def count(variables: Sequence[Variable]) -> int:
    """How many numbers variables hold."""
    return sum(math.prod(v.shape) for v in variables)


def size(variables: Sequence[Variable]) -> str:
    """Memory of variables for people.

    Example:
        >>> size([Variable([0.0] * 300)])
        '1.17 KB'
    """
    amount = float(sum(v.value.nbytes for v in variables))
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.2f} {unit}"
        amount /= 1024
    return f"{amount:.2f} GB"


def output_shape(layer: Any) -> str:
    """The shape of a layer's output, '?' where it is not known yet."""
    book = layer._book
    shapes = [str(t.shape) for t in flatten(book.calls[0][1])] if book.calls else [str(s) for s in book.shapes]
    return (shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]") if shapes else "?"


def kind(layer: Any) -> str:
    """The class of a layer as Keras names it: a model of a graph is a Functional one."""
    name = type(layer).__name__
    return "Functional" if name == "Model" and getattr(layer, "network", None) is not None else name


def sources(model: Any, layer: Any) -> str:
    """Where the inputs of a layer's calls come from."""
    known = {id(node) for node in model.network.nodes}
    calls = [flatten(outputs)[0].node for _, outputs in layer._book.calls]
    return origins(model, [t for node in calls if id(node) in known for t in node.parents()])


def origins(model: Any, tensors: Sequence[Any]) -> str:
    """Where tensors come from, as `name[which call][which output]`."""
    places = (model.network.place(t) for t in tensors)
    return ", ".join(f"{shortened(name)}[{call}][{output}]" for name, call, output in places) or "-"


def title(layer: Any, depth: int) -> str:
    """A layer's name and class; a branch before it where it is inside of another."""
    return "  " * (depth - 1) + "└ " * (depth > 0) + f"{shortened(layer.name)} ({kind(layer)})"


def rows(model: Any, expand: bool, trainable: bool, connected: bool, depth: int = 0) -> Iterator[list[str]]:
    """One row per layer."""
    whole = depth == 0 and model.network is not None and not hasattr(model, "add")
    for layer in model.network.operations if whole else model.layers:
        if isinstance(layer, Node):
            name, shape = model.network.names[id(layer)], str(layer.outputs[0].shape)
            yield [
                "  " * depth + f"{name} (operation)",
                shape,
                "0",
                *([origins(model, layer.parents())] if connected else []),
                *(["-"] if trainable else []),
            ]
            continue
        params = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        row = [title(layer, depth), output_shape(layer), params]
        if connected:
            row.append(sources(model, layer))
        yield row + (["-" if not layer.weights else "Y" if layer.trainable else "N"] if trainable else [])
        if expand and hasattr(layer, "layers"):
            yield from rows(layer, expand, trainable, False, depth + 1)


def branches(model: Any) -> bool:
    """Whether a model's graph is more than layers one after the other, so that it needs telling what leads where."""
    if model.network is None or hasattr(model, "add"):
        return False
    inner = model.network.nodes
    parents = [[id(t.node) for t in node.parents()] for node in inner]
    made = [p for node in parents for p in node]
    makers = [id(node.callable) for node in inner]
    return max(map(len, parents), default=0) > 1 or len(set(made)) < len(made) or len(set(makers)) < len(makers)


def table(head: list[str], body: list[list[str]], width: int | None) -> list[str]:
    """Rows as text with frames; columns as wide as needed, the first narrowed to fit a given width."""
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    if width is not None:
        widths[0] = max(12, width - sum(widths[1:]) - 3 * len(head) - 1)

    def line(row: list[str]) -> str:
        cells = [
            cell[:w].rjust(w) if i == 2 else cell[:w].ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        return f"│ {' │ '.join(cells)} │"

    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (w + 2) for w in widths) + right

    return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), *map(line, body), rule("└", "┴", "┘")]


class Summary:
    """What is said of a model's layers.

    Args:
        model: The model.
        expand: Whether to say what is in models inside.
        trainable: Whether to say which layers are trained.
    """

    def __init__(self, model: Any, expand: bool = False, trainable: bool = False) -> None:
        connected = branches(model)
        self.title = f'Model: "{model.name}"'
        self.head = ["Layer (type)", "Output Shape", "Param #"]
        self.head += (["Connected to"] if connected else []) + (["Trainable"] if trainable else [])
        body = rows(model, expand, trainable, connected)
        self.rows = [row[:3] + [""] * (len(self.head) - len(row)) + row[3:] for row in body]
        optimizer = getattr(model, "optimizer", None)
        memory = optimizer.variables if optimizer is not None and optimizer.built else []
        groups = [
            ("Total", [*model.weights, *memory]),
            ("Trainable", model.trainable_weights),
            ("Non-trainable", model.non_trainable_weights),
            *([("Optimizer", memory)] if memory else []),
        ]
        self.totals = [f"{name} params: {count(found):,} ({size(found)})" for name, found in groups]

    def lines(self, width: int | None = None) -> Iterator[str]:
        """The printed summary."""
        yield self.title
        yield from table(self.head, self.rows, width)
        yield from (f" {line}" for line in self.totals)
