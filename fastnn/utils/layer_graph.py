"""A model as boxes, one for each call of a layer or operation, and what leads where; for pictures and logs of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastnn.engine.graph import Node, SymbolicTensor
from fastnn.engine.nested import flatten

OpenShape = tuple["int | None", ...]


@dataclass(frozen=True)
class Box:
    """One call of a layer or of an operation.

    Args:
        path: Unique: the models that it is in, its name, and which call if there are several: 'encoder/dense/2'.
        name: Name of the layer or operation, with the number of the call where there are several.
        kind: The layer's class, or the operation's name.
        inputs: Shapes that it receives, None for open axes.
        outputs: Shapes that it gives.
        dtype: Type of what it gives.
        activation: Name of its activation; empty for none.
        trainable: Whether optimizers change its weights; None without weights.
        parents: Paths of the boxes that it reads from.
    """

    path: str
    name: str
    kind: str
    inputs: tuple[OpenShape, ...]
    outputs: tuple[OpenShape, ...]
    dtype: str = ""
    activation: str = ""
    trainable: bool | None = None
    parents: tuple[str, ...] = ()


def layer_graph(model: Any, expand: bool = False) -> tuple[Box, ...]:
    """The boxes of a model, in an order in which they can run.

    Args:
        model: The model; one whose `call` is written in Python is a single box.
        expand: Whether models inside are shown by what is in them.

    Example:
        >>> import fastnn
        >>> x = fastnn.Input((4,), name="x")
        >>> model = fastnn.Model(x, fastnn.layers.Dense(3, "relu", name="hidden")(x))
        >>> [(box.path, box.kind, box.outputs, box.parents) for box in layer_graph(model)]
        [('x', 'InputLayer', ((None, 4),), ()), ('hidden', 'Dense', ((None, 3),), ('x',))]
    """
    network = getattr(model, "network", None)
    if network is None:
        return (_alone(model),)
    found = _Finder(expand)
    for tensor in network.inputs:
        found.add(tensor.node, "", tensor.name)
    found.walk(network, "")
    return tuple(found.boxes)


class _Finder:
    def __init__(self, expand: bool) -> None:
        self.expand, self.boxes = expand, list[Box]()
        self.makers: dict[tuple[str, int], str] = {}  # by scope and tensor, the path of the box that makes it

    def walk(self, network: Any, scope: str) -> None:
        """Add the calls of a network, in the order in which they run."""
        uses = Counter(id(node.callable) for node in network.nodes)
        seen = Counter[int]()
        for node in network.nodes:
            name = _name(network, node)
            key = id(node.callable)
            seen[key] += 1
            shared = uses[key] > 1 and network.names.get(key) is not None
            path = f"{name}/{seen[key]}" if shared else name
            inner = getattr(node.callable, "network", None)
            if self.expand and inner is not None:
                self._enter(node, inner, scope, f"{scope}{path}/")
            else:
                self.add(node, scope, f"{name} ({seen[key]})" if shared else name, f"{scope}{path}")

    def add(self, node: Any, scope: str, name: str, path: str = "") -> None:
        """Add one call."""
        path, parents = path or f"{scope}{name}", node.parents()
        for tensor in node.outputs:
            self.makers[scope, id(tensor)] = path
        before = dict.fromkeys(self.makers[scope, id(t)] for t in parents)
        self.boxes.append(_box(node.callable, path, name, parents, node.outputs, tuple(before)))

    def _enter(self, node: Node, inner: Any, scope: str, own: str) -> None:
        """Add the calls inside of a model: its inputs are what it is called with, its outputs what it gives."""
        given = inner.match(node.args[0], own) if node.args else node.parents()
        for tensor, source in zip(inner.inputs, flatten(given), strict=True):
            self.makers[own, id(tensor)] = self.makers[scope, id(source)]
        self.walk(inner, own)
        for tensor, source in zip(node.outputs, inner.outputs, strict=True):
            self.makers[scope, id(tensor)] = self.makers[own, id(source)]


def _name(network: Any, node: Node) -> str:
    """The name of a layer, or of this call of an operation."""
    known = network.names.get(id(node.callable)) or network.names[id(node)]
    return str(known)


def _box(
    made_by: Any,
    path: str,
    name: str,
    inputs: Sequence[SymbolicTensor],
    outputs: Sequence[SymbolicTensor],
    parents: tuple[str, ...],
) -> Box:
    return Box(
        path, name, _kind(made_by), tuple(t.shape for t in inputs), tuple(t.shape for t in outputs),
        ", ".join(dict.fromkeys(t.dtype for t in outputs)), _activation(made_by), _trainable(made_by), parents,
    )  # fmt: skip


def _kind(made_by: Any) -> str:
    if not hasattr(made_by, "weights"):
        return "Operation"
    kind = type(made_by).__name__
    return "Functional" if kind == "Model" and getattr(made_by, "network", None) is not None else kind


def _activation(made_by: Any) -> str:
    activation = getattr(made_by, "activation", None)
    return str(getattr(activation, "__name__", "") or getattr(activation, "name", ""))


def _trainable(made_by: Any) -> bool | None:
    return bool(made_by.trainable) if getattr(made_by, "weights", None) else None


def _alone(model: Any) -> Box:
    """A model without a graph: the shapes it has met, if any."""
    book = model._book
    calls = [flatten(outputs) for _, outputs in book.calls]
    outputs = tuple(tuple(t.shape) for t in calls[0]) if calls else tuple(book.shapes)
    return Box(model.name, model.name, _kind(model), (), outputs, model.dtype, "", _trainable(model))
