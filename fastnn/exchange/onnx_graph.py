"""An ONNX graph being written: nodes, initializers, and lengths that are known only when data comes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fastnn.engine.graph import Step
from fastnn.exchange.open_lengths import Length, Open, OpenList

Converter = Callable[..., Any]
CONVERTERS: dict[str, Converter] = {}
TYPES = {"float64": "float32"}  # ONNX' numbers of double precision are known to few programs


def converts(*names: str) -> Callable[[Converter], Converter]:
    """Register `function(graph, step, *inputs)`, which writes an operation's nodes and returns names of its outputs."""

    def register(function: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(names, function))
        return function

    return register


def stored_type(dtype: Any) -> str:
    """The type that numbers of a type have in the file."""
    return TYPES.get(str(dtype), str(dtype))


@dataclass
class Node:
    """One node: its operator, inputs ('' for none), outputs, attributes, and the name that viewers show."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    body: Graph | None = None


class Graph:
    """Nodes and initializers in the order of their making.

    Args:
        listing: What is written; None for the body of a loop.
        prefix: Put before the names that are made.
    """

    def __init__(self, listing: OpenList | None = None, prefix: str = "") -> None:
        self.listing, self.prefix = listing, prefix
        self.nodes: list[Node] = []
        self.initializers: dict[str, np.ndarray[Any, Any]] = {}
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.states: dict[str, str] = {}  # what a stateful layer keeps: before a batch, and after it
        self.place = ""
        self.named: dict[str, str] = {}  # the list's values by the names that they have here
        self.origins: dict[str, str] = {}  # initializers made of others, which may take over the name
        self._known: dict[Any, str] = {}
        self._taken: dict[str, int] = {}
        self._lengths: dict[str, str] = {}

    # ------------------------------------------------------------ nodes

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Nodes made inside are named after a place."""
        before, self.place = self.place, place
        try:
            yield
        finally:
            self.place = before

    def fresh(self, wanted: str) -> str:
        """A name that nothing else has."""
        name = f"{self.prefix}{wanted or 'unnamed'}"  # '' means an input that is left out
        self._taken[name] = count = self._taken.get(name, 0) + 1
        return name if count == 1 else self.fresh(f"{wanted}_{count}")

    def add(self, kind: str, *inputs: str, outputs: int = 1, body: Graph | None = None, **attrs: Any) -> Any:
        """A node; returns the name of its output, or a list of them.

        Args:
            kind: ONNX' operator.
            *inputs: Names of values; '' leaves an optional one out.
            outputs: Number of outputs.
            body: The graph that a loop repeats.
            **attrs: Attributes; those that are None are left out.
        """
        name = self.fresh(f"{self.place}/{kind}" if self.place else kind)
        made = [name] if outputs == 1 else [f"{name}:{k}" for k in range(outputs)]
        given = {key: value for key, value in attrs.items() if value is not None}
        self.nodes.append(Node(kind, list(inputs), made, given, name, body))
        return made[0] if outputs == 1 else made

    # ------------------------------------------------------------ numbers

    def constant(self, value: Any, dtype: Any = None, name: str = "") -> str:
        """An initializer; equal ones without a name are one."""
        array = np.ascontiguousarray(value, dtype)
        array = array.astype(stored_type(array.dtype), copy=False).reshape(np.shape(value))
        key = array.tobytes(), str(array.dtype), array.shape
        if name or key not in self._known:
            made = self.fresh(name or "constant")
            self.initializers[made] = array
            if name:
                return made
            self._known[key] = made
        return self._known[key]

    def integers(self, lengths: Sequence[Length] | Length) -> str:
        """Whole numbers, some of which may be open, as a one-dimensional int64 value."""
        lengths = (lengths,) if isinstance(lengths, (int, Open)) else tuple(lengths)
        if all(isinstance(n, int) for n in lengths):
            return self.constant(np.array(lengths, np.int64))
        parts = [self._length(n) for n in lengths]
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=0)

    def _length(self, length: Length) -> str:
        if isinstance(length, int):
            return self.constant(np.array([length], np.int64))
        return functools.reduce(partial(self.add, "Add"), [self._product(*term) for term in length.terms])

    def _product(self, names: Sequence[str], factor: int) -> str:
        numbers = [self.constant(np.array([factor], np.int64))] if factor != 1 or not names else []
        return functools.reduce(partial(self.add, "Mul"), [*map(self.open_length, names), *numbers])

    def open_length(self, name: str) -> str:
        """An open length, as int64 of shape (1,)."""
        assert self.listing is not None
        if name not in self._lengths:
            source, axis = self.listing.lengths[name]
            with self.at(name):
                self._lengths[name] = self.add("Shape", self.named[source], start=axis, end=axis + 1)
        return self._lengths[name]

    # ------------------------------------------------------------ what converters need often

    def shape_of(self, step: Step, role: str) -> tuple[Length, ...]:
        """The open shape of a step's operand or result."""
        assert self.listing is not None
        return self.listing.shapes[step.operand(role)]

    def type_of(self, step: Step, role: str) -> str:
        """The stored type of a step's operand or result."""
        assert self.listing is not None
        return stored_type(self.listing.values[step.operand(role)].dtype)

    def cast(self, x: str, dtype: Any) -> str:
        """The same numbers in another type."""
        return self.add("Cast", x, to=np.dtype(stored_type(dtype)))

    def reshape(self, x: str, lengths: Sequence[Length]) -> str:
        """The same numbers in another shape; one open length is found from the others."""
        if x in self.origins:
            return self.derived(self.origins[x], self.initializers[x].reshape(lengths))
        is_open = [not isinstance(n, int) for n in lengths]
        if sum(is_open) == 1 and 0 not in lengths:
            lengths = [-1 if unknown else n for n, unknown in zip(lengths, is_open, strict=True)]
        return self.add("Reshape", x, self.integers(lengths), allowzero=1)

    def transpose(self, x: str, axes: Sequence[int]) -> str:
        """Axes in another order; weights are stored in it."""
        if x in self.initializers:
            return self.derived(x, np.transpose(self.initializers[x], axes))
        return self.add("Transpose", x, perm=list(axes))

    def kept(self, name: str | None) -> Any:
        """The data of a value of the list, if the file keeps it as it is."""
        return None if name is None else self.initializers.get(self.named[name])

    def derived(self, origin: str, array: Any) -> str:
        """An initializer made of another one, whose name it takes over if that is not used itself."""
        origin = self.named.get(origin, origin)
        name = self.constant(array, name=f"{origin}.moved")
        self.origins[name] = origin
        return name

    def pick(self, x: str, begin: Length, end: Length, axis: int) -> str:
        """Part of an axis."""
        return self.add("Slice", x, *map(self.integers, (begin, end, axis)))


def sizes(step: Step, place: int = 0) -> tuple[int, ...]:
    """The shape of a step's input; lengths that follow the batch are no numbers to compute with."""
    shape = step.shapes[place]
    assert shape is not None
    return shape


def wide(graph: Graph, x: str, dtype: str) -> str:
    """Numbers in a type that ONNX' arithmetic knows: small integers and truths become int32."""
    return graph.cast(x, "int32") if dtype in ("uint8", "bool") else x
