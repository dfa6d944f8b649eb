"""A model as boxes, one for each call of a layer or operation, and what leads where; for pictures and logs of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastnn.engine.graph import Node
from fastnn.engine.nested import flatten

OpenShape = tuple["int | None", ...]


@dataclass(frozen=True)
class Group:
    """One call of a model inside, which is shown by what is in it.

    Args:
        path: Unique, as that of a box.
        name: Its name, with the number of the call where there are several.
        kind: Its class.
    """

    path: str
    name: str
    kind: str


@dataclass(frozen=True)
class Box:
    """One call of a layer or of an operation.

    Args:
        path: Unique: the models that it is in, its name, and which call if there are several: 'encoder/dense/2'.
        name: Name of the layer or operation, with the number of the call where there are several.
        kind: The layer's class, or the operation's name.
        family: What layers it is one of, such as 'convolution'; 'operation' for an operation.
        inputs: Shapes that it receives, None for open axes.
        outputs: Shapes that it gives.
        dtype: Type of what it gives.
        activation: Name of its activation; empty for none.
        trainable: Whether optimizers change its weights; None without weights.
        parents: Paths of the boxes that it reads from.
        inside: The models that it is in, the outermost first.
    """

    path: str
    name: str
    kind: str
    family: str
    inputs: tuple[OpenShape, ...]
    outputs: tuple[OpenShape, ...]
    dtype: str = ""
    activation: str = ""
    trainable: bool | None = None
    parents: tuple[str, ...] = ()
    inside: tuple[Group, ...] = ()


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
        found.add(tensor.node, (), tensor.name, tensor.name)
    found.walk(network, ())
    return tuple(found.boxes)


class _Finder:
    def __init__(self, expand: bool) -> None:
        self.expand, self.boxes = expand, list[Box]()
        self.makers: dict[tuple[tuple[Group, ...], int], str] = {}  # which box makes a tensor, by where it is

    def walk(self, network: Any, inside: tuple[Group, ...]) -> None:
        """Add the calls of a network, in the order in which they run."""
        uses = Counter(id(node.callable) for node in network.nodes)
        seen = Counter[int]()
        for node in network.nodes:
            key = id(node.callable)
            seen[key] += 1
            name = str(network.names.get(key) or network.names[id(node)])
            path = f"{inside[-1].path}/{name}" if inside else name
            if uses[key] > 1 and key in network.names:
                path, name = f"{path}/{seen[key]}", f"{name} ({seen[key]})"
            inner = getattr(node.callable, "network", None)
            if self.expand and inner is not None:
                self._enter(node, inner, inside, Group(path, name, _kind(node.callable)))
            else:
                self.add(node, inside, name, path)

    def add(self, node: Any, inside: tuple[Group, ...], name: str, path: str) -> None:
        """Add one call."""
        parents, made_by = node.parents(), node.callable
        before = dict.fromkeys(self.makers[inside, id(t)] for t in parents)
        self.makers.update({(inside, id(t)): path for t in node.outputs})
        self.boxes.append(
            Box(
                path, name, _kind(made_by), _family(made_by), shapes(parents), shapes(node.outputs),
                ", ".join(dict.fromkeys(t.dtype for t in node.outputs)), _activation(made_by), _trainable(made_by),
                tuple(before), inside,
            )
        )  # fmt: skip

    def _enter(self, node: Node, inner: Any, inside: tuple[Group, ...], group: Group) -> None:
        """Add the calls inside of a model: its inputs are what it is called with, its outputs what it gives."""
        given, own = inner.match(node.args[0], group.name) if node.args else node.parents(), (*inside, group)
        for tensor, source in zip(inner.inputs, flatten(given), strict=True):
            self.makers[own, id(tensor)] = self.makers[inside, id(source)]
        self.walk(inner, own)
        for tensor, source in zip(node.outputs, inner.outputs, strict=True):
            self.makers[inside, id(tensor)] = self.makers[own, id(source)]


def shapes(tensors: Sequence[Any]) -> tuple[OpenShape, ...]:
    """The shapes of tensors."""
    return tuple(tuple(t.shape) for t in tensors)


def _kind(made_by: Any) -> str:
    if not hasattr(made_by, "weights"):
        return str(getattr(made_by, "name", "function"))
    kind = type(made_by).__name__
    return "Functional" if kind == "Model" and getattr(made_by, "network", None) is not None else kind


def _family(made_by: Any) -> str:
    """The room of `fastnn.layers` that a layer's class comes from; of one's own class the one it is made of."""
    if not hasattr(made_by, "weights"):
        return "operation"
    if hasattr(made_by, "layers"):
        return "model"
    homes = (cls.__module__ for cls in type(made_by).__mro__)
    return next((home.rsplit(".", 1)[-1] for home in homes if home.startswith("fastnn.layers.")), "")


def _activation(made_by: Any) -> str:
    activation = getattr(made_by, "activation", None)
    return str(getattr(activation, "__name__", "") or getattr(activation, "name", ""))


def _trainable(made_by: Any) -> bool | None:
    return bool(made_by.trainable) if getattr(made_by, "weights", None) else None


def _alone(model: Any) -> Box:
    """A model without a graph: the shapes it has met, if any."""
    book = model._book
    outputs = flatten(book.calls[0][1]) if book.calls else ()
    given = shapes(outputs) or tuple(book.shapes)
    return Box(model.name, model.name, _kind(model), "model", (), given, model.dtype, "", _trainable(model))
