"""The graph between a model's inputs and outputs: its calls in order, its layers, and its configuration."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from fastnn.config import floatx
from fastnn.engine import functional, memory
from fastnn.engine.graph import Node, SymbolicTensor
from fastnn.engine.nested import flatten, map_structure
from fastnn.errors import GraphError
from fastnn.layers import Input, InputLayer, Layer
from fastnn.models import nodes
from fastnn.ops.table import Op
from fastnn.utils.naming import Unique, checked_name
from fastnn.utils.registry import custom_object_scope, deserialize, has_room_set, room_for_weights, serialize_object


@contextmanager
def configuring(custom_objects: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Inside, a configuration makes layers: its names are known, its weights fit half of the memory of this machine.

    The other half is for gradients and the like. Where a file is read, what that holds is the limit already.
    """
    most = memory.memory_of_machine() // 2 // np.dtype(floatx()).itemsize
    said = f"the {most:,} that half of this machine's memory holds"
    with custom_object_scope(custom_objects), nullcontext() if has_room_set() else room_for_weights(most, said):
        yield


def alone(structure: Any) -> Any:
    """The element of a list or tuple of one; anything else as it is. Models give single outputs so, as in Keras."""
    return structure[0] if isinstance(structure, (list, tuple)) and len(structure) == 1 else structure


def by_name(structure: Any) -> list[SymbolicTensor]:
    """The leaves of a nest, dicts in the order of their sorted keys; the order in which Keras finds layers."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in by_name(structure[key])]
    return [leaf for s in structure for leaf in by_name(s)] if isinstance(structure, (list, tuple)) else [structure]


class Network:
    """Calls of layers and operations that lead from inputs to outputs.

    Args:
        inputs: Symbolic tensor, or a list or dict of them.
        outputs: Symbolic tensor, or a list or dict of them.

    Raises:
        GraphError: if something else is given, or an output needs other inputs.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        for name, given in (("inputs", inputs), ("outputs", outputs)):
            wrong = [x for x in flatten(given) if not isinstance(x, SymbolicTensor)]
            if wrong or not flatten(given):
                raise GraphError(f"Expected {name} to be tensors made by Input and layers. Received: {name}={given!r}")
        self.input_structure, self.output_structure = with_input_layers(inputs, outputs)
        self.inputs: list[SymbolicTensor] = flatten(self.input_structure)
        self.outputs: list[SymbolicTensor] = flatten(self.output_structure)
        self.input_names = [t.name for t in self.inputs]
        self.nodes = functional.nodes_between(self.inputs, self.outputs)
        self.operations = in_keras_order(by_name(self.input_structure), by_name(self.output_structure))
        self.names = operation_names(self.operations)
        self.layers = [op for op in self.operations if isinstance(op, Layer)]
        self.output_names = self._output_names()

    def _output_names(self) -> list[str]:
        if isinstance(self.output_structure, dict):
            return list(self.output_structure)
        free = Unique()
        return [free.name(self.names[id(operation_of(t.node))]) for t in self.outputs if t.node is not None]

    def run(self, given: Sequence[Any]) -> Any:
        """The outputs for other inputs, eager or symbolic; a list of one is that one."""
        return alone(functional.replay(self.nodes, self.inputs, given, self.output_structure))

    def match(self, given: Any, model: str) -> list[Any]:
        """The values given for the inputs, in order: by position, by name, or one alone.

        Raises:
            ValueError: if their number or names do not fit.
        """
        if isinstance(given, dict):
            keys = list(self.input_structure) if isinstance(self.input_structure, dict) else self.input_names
            missing = [k for k in keys if k not in given]
            if missing:
                raise ValueError(f"Model '{model}': expected inputs named {keys}. Received: {sorted(given)}")
            return [given[k] for k in keys]
        values = flatten(given)
        if len(values) != len(self.inputs):
            raise ValueError(
                f"Model '{model}': expected {len(self.inputs)} input(s), {self.input_names}. Received: {len(values)}"
            )
        return values

    # ------------------------------------------------------------ configuration

    def get_config(self) -> dict[str, Any]:
        """Layers, their calls, and the places of inputs and outputs, as Keras writes them."""
        return {
            "layers": [self._entry(operation) for operation in self.operations],
            "input_layers": map_structure(self.place, self.input_structure),
            "output_layers": map_structure(self._end, self.output_structure),
        }

    def _calls_of(self, operation: Any) -> list[Node]:
        if isinstance(operation, Node):
            return [operation]
        known = {id(node) for node in self.nodes}
        made = [flatten(outputs)[0].node for _, outputs in operation._book.calls]
        return [node for node in made if node is not None and id(node) in known]

    def place(self, tensor: SymbolicTensor) -> list[Any]:
        """What made a tensor: its name, which of its calls here, and which of the outputs."""
        node = tensor.node
        assert node is not None
        operation = operation_of(node)
        calls = [node] if isinstance(operation, InputLayer) else self._calls_of(operation)
        index = next(i for i, call in enumerate(calls) if call is node)
        position = next(i for i, t in enumerate(node.outputs) if t is tensor)
        return [self.names[id(operation)], index, position]

    def _end(self, tensor: SymbolicTensor) -> list[Any]:
        """What made an output."""
        name, index, position = self.place(tensor)
        return [name, index + counts_itself(operation_of(tensor.node)), position]

    def _entry(self, operation: Any) -> dict[str, Any]:
        name = self.names[id(operation)]
        if isinstance(operation, Node):
            return nodes.written(operation, name, self.place)
        calls = [] if isinstance(operation, InputLayer) else self._calls_of(operation)
        inbound = [{key: nodes.argument(value, self.place) for key, value in parts(node).items()} for node in calls]
        return {**layer_entry(operation), "name": name, "inbound_nodes": inbound}


def parts(node: Node) -> dict[str, Any]:
    """The arguments of a call by position and by name."""
    return {"args": list(node.args), "kwargs": node.kwargs}


def layer_entry(layer: Layer) -> dict[str, Any]:
    """A layer's configuration with the shape that it was built for."""
    build = layer.get_build_config() if layer.weights else None
    return {**serialize_object(layer), **({"build_config": build} if build else {})}


def operation_of(node: Node | None) -> Any:
    """The layer of a call; for a bare operation the call itself, since every call is one of its own."""
    assert node is not None
    return node if isinstance(node.callable, Op) or not isinstance(node.callable, Layer) else node.callable


def counts_itself(operation: Any) -> bool:
    """Whether Keras counts the call that made it before its other calls, as it does where a model's outputs come from.

    Functional models within others are counted so, Sequential ones are not.
    """
    return getattr(operation, "network", None) is not None and type(operation).__name__ != "Sequential"


def with_input_layers(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The same graph with an Input in place of every input that is the output of some layer."""
    given = flatten(inputs)
    if all(t.node is not None and isinstance(t.node.callable, InputLayer) for t in given):
        return inputs, outputs
    fresh = {
        id(t): t
        if isinstance(getattr(t.node, "callable", None), InputLayer)
        else Input(batch_shape=t.shape, dtype=t.dtype)
        for t in given
    }
    nodes = functional.nodes_between(given, flatten(outputs))
    moved = functional.replay(nodes, given, [fresh[id(t)] for t in given], outputs)
    return map_structure(lambda t: fresh[id(t)], inputs), moved


def in_keras_order(inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> list[Any]:
    """Layers and operations by their distance from the outputs, then by discovery; the order that Keras' files have."""
    finished, found = discover(outputs)
    depth: dict[int, int] = {}
    node_depth: dict[int, int] = {}
    for node in reversed(finished):
        key = id(operation_of(node))
        depth[key] = node_depth[id(node)] = max(node_depth.get(id(node), 0), depth.get(key, 0))
        for parent in node.parents():
            node_depth[id(parent.node)] = max(depth[key] + 1, node_depth.get(id(parent.node), 0))
    operations = {id(operation_of(node)): operation_of(node) for node in finished}
    unused = [operation_of(t.node) for t in inputs if id(operation_of(t.node)) not in operations]
    order = {key: i for i, key in enumerate(found)}
    ranked = sorted(operations, key=lambda key: (-depth[key], order[key]))
    at_end = [key for key in ranked if depth[key] == 0]
    return [operations[k] for k in ranked if k not in at_end] + unused + [operations[k] for k in at_end]


def discover(outputs: Sequence[SymbolicTensor]) -> tuple[list[Node], list[int]]:
    """Walk back from the outputs: calls, each after those that it needs; and operations in order of discovery."""
    finished: dict[int, Node] = {}
    found: dict[int, None] = {}
    stack = [(t.node, False) for t in reversed(outputs)]
    while stack:
        node, expanded = stack.pop()
        assert node is not None
        if id(node) in finished:
            continue
        if expanded:
            finished[id(node)] = node
            continue
        found.setdefault(id(operation_of(node)))
        stack.append((node, True))
        stack.extend((t.node, False) for t in reversed(node.parents()))
    return list(finished.values()), list(found)


def operation_names(operations: Sequence[Any]) -> dict[int, str]:
    """A unique name for every layer and operation.

    Raises:
        GraphError: if two layers have the same name.
    """
    names = {id(op): op.name for op in operations if isinstance(op, Layer)}
    taken = Counter(names.values())
    twice = sorted(name for name, times in taken.items() if times > 1)
    if twice:
        raise GraphError(
            f"Expected layers of different names. Received: the name {twice[0]!r} for {taken[twice[0]]} layers"
        )
    free = Unique(taken)
    bare = (op for op in operations if isinstance(op, Node))
    return names | {id(op): free.name(getattr(op.callable, "name", "function")) for op in bare}


# ---------------------------------------------------------------- reading a configuration


Call = tuple[str, int, Mapping[str, Any]]  # of a layer: its name, which call, and with what


class Reader:
    """Makes the tensors that a functional configuration describes."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.layers = {checked_name(entry["name"]): make_operation(entry) for entry in config["layers"]}
        self.tensors: dict[tuple[str, int, int], SymbolicTensor] = {}
        self.call_all()

    def call_all(self) -> None:
        """Repeat the calls, each when its arguments are there; a call that lacks one waits for just that."""
        ready: deque[Call] = deque()
        waiting: dict[tuple[str, int, int], list[Call]] = {}
        for entry in self.config["layers"]:
            operation = self.layers[entry["name"]]
            if isinstance(operation, InputLayer):
                self.tensors[entry["name"], 0, 0] = operation.output
            ready += [(entry["name"], i, node) for i, node in enumerate(entry["inbound_nodes"])]
        while ready:
            call = ready.popleft()
            lacking = self.lacking(*call)
            if lacking is not None:
                waiting.setdefault(lacking, []).append(call)
                continue
            for place in self.call(*call):
                ready += waiting.pop(place, [])
        for name, *_ in (call for calls in waiting.values() for call in calls):
            raise ValueError(f"Expected layers that depend on the inputs. Received: '{name}', which does not")

    def lacking(self, name: str, index: int, node: Mapping[str, Any]) -> tuple[str, int, int] | None:
        """An argument of a call, or the layer's call before it, that is not there yet."""
        needed = places(node)
        if not needed:
            raise ValueError(f"Expected calls with tensors. Received: a call of '{name}' without one")
        before = [(name, index - 1, 0)] if index else []
        return next((place for place in [*needed, *before] if place not in self.tensors), None)

    def call(self, name: str, index: int, node: Mapping[str, Any]) -> list[tuple[str, int, int]]:
        """Repeat one call; returns the places of what it gave."""
        outputs = flatten(self.layers[name](*self.arguments(node["args"]), **self.arguments(node["kwargs"])))
        made = [(name, index, position) for position in range(len(outputs))]
        self.tensors.update(zip(made, outputs, strict=True))
        return made

    def arguments(self, value: Any) -> Any:
        """Arguments with tensors in their places."""
        return nodes.revived(value, lambda tensor: self.tensors[place_of(tensor)])

    def ends(self, key: str) -> Any:
        """The structure of inputs or outputs."""
        return self._end(self.config[key])

    def _end(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self._end(v) for k, v in value.items()}
        if len(value) == 3 and isinstance(value[0], str) and isinstance(value[1], int):
            name, index, position = value
            return self.tensors[name, index - (index > 0 and counts_itself(self.layers[name])), position]
        return [self._end(v) for v in value]


def place_of(tensor: Mapping[str, Any]) -> tuple[str, int, int]:
    """Layer name, call number and output number of a tensor in a configuration."""
    name, index, position = tensor["config"]["keras_history"]
    return name, index, position


def places(value: Any) -> list[tuple[str, int, int]]:
    """Places of all tensors in a nest of a configuration."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [place_of(value)]
        return [p for v in value.values() for p in places(v)]
    return [p for v in value for p in places(v)] if isinstance(value, list) else []


def make_operation(entry: Mapping[str, Any]) -> Any:
    """The layer of an entry, or what repeats an operation."""
    return nodes.made(entry) if nodes.is_operation(entry) else make_layer(entry)


def make_layer(entry: Mapping[str, Any]) -> Any:
    """The layer of an entry, built if the entry says for which shape."""
    layer = deserialize(dict(entry))
    build = entry.get("build_config")
    if build and not layer.built and hasattr(layer, "build_from_config"):
        layer.build_from_config(build)
    return layer
