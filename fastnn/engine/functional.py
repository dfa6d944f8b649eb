"""Functional graphs: calls on symbolic tensors are remembered, found again between inputs and outputs, and replayed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastnn.engine.graph import Node, SymbolicTensor, Trace, current_trace
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.tensor import Tensor
from fastnn.errors import FastnnError, GraphError
from fastnn.ops.table import Op

OPEN_SIZES = (211, 223)  # two stand-ins for an open axis: where results differ, the result is open too


def apply(op: Op, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Add an operation to the trace being written, or to the functional graph."""
    trace = current_trace()
    return trace.record(op, inputs, attrs) if trace is not None else connect(op, tuple(inputs), attrs)


def connect(
    callable_: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], call: Callable[..., Any] | None = None
) -> Any:
    """Apply a layer or operation to symbolic tensors outside a trace; returns tensors that remember the call.

    Args:
        callable_: What the node remembers.
        args: Positional arguments, some of them symbolic.
        kwargs: Keyword arguments.
        call: What to run for the shapes, if not the callable itself.
    """
    outputs = infer(call or callable_, args, kwargs)
    node = Node(callable_, args, dict(kwargs))
    base = getattr(callable_, "name", "tensor")

    def remember(spec: SymbolicTensor) -> SymbolicTensor:
        tensor = SymbolicTensor(spec.shape, spec.dtype, base, node)
        node.outputs.append(tensor)
        return tensor

    result = map_structure(remember, outputs)
    for tensor in node.parents():
        if tensor.node is not None and tensor.node.callable is callable_ and not node.outputs:
            raise GraphError(f"expected '{base}' to give at least one tensor, received none.")
    return result


def infer(call: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Output shapes and types of a call on symbolic tensors, None where the batch (or another open axis) matters."""
    first = _trial(call, args, kwargs, OPEN_SIZES[0])
    if not any(None in t.shape for t in flatten((args, dict(kwargs))) if isinstance(t, SymbolicTensor)):
        return first
    second = iter(flatten(_trial(call, args, kwargs, OPEN_SIZES[1])))

    def merge(a: SymbolicTensor) -> SymbolicTensor:
        b = next(second)
        return SymbolicTensor(tuple(i if i == j else None for i, j in zip(a.shape, b.shape, strict=True)), a.dtype)

    return map_structure(merge, first)


def _trial(call: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], size: int) -> Any:
    with Trace() as trace:

        def close(leaf: Any) -> Any:
            if not isinstance(leaf, SymbolicTensor):
                return leaf
            shape = tuple(size if n is None else n for n in leaf.shape)
            closed: Any = trace.add_value(leaf.name or "x", shape, leaf.dtype, "input")
            if hasattr(leaf, "_keras_mask"):
                closed._keras_mask = close(leaf._keras_mask)
            return closed

        try:
            return in_trace(trace, call(*map_structure(close, args), **map_structure(close, dict(kwargs))))
        except FastnnError as error:  # the stand-in is no size that anybody gave
            error.message = re.sub(rf"\b{size}\b", "None", error.message)
            error.shapes = tuple(tuple(None if n == size else n for n in shape) for shape in error.shapes)
            raise


def in_trace(trace: Trace, structure: Any) -> Any:
    """The structure with values of the trace in place of eager tensors."""
    return map_structure(lambda y: trace.constant(y, None) if isinstance(y, Tensor) else y, structure)


def nodes_between(inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> list[Node]:
    """The calls that lead from inputs to outputs, in an order in which they can be run.

    Raises:
        GraphError: if an output depends on something that is not among the inputs.
    """
    known = {id(t) for t in inputs}
    order: list[Node] = []
    done: set[int] = set()
    stack: list[tuple[SymbolicTensor, bool]] = [(t, False) for t in reversed(outputs)]
    while stack:
        tensor, expanded = stack.pop()
        if id(tensor) in known:
            continue
        node = tensor.node
        if node is None or (not node.parents() and not expanded):
            raise GraphError(
                f"expected outputs that depend only on the inputs {[t.name for t in inputs]}, "
                f"received one that also needs '{tensor.name}'."
            )
        if id(node) in done:
            continue
        if expanded:
            done.add(id(node))
            order.append(node)
        else:
            stack.append((tensor, True))
            stack.extend((t, False) for t in reversed(node.parents()))
    return order


def replay(
    nodes: Sequence[Node],
    inputs: Sequence[SymbolicTensor],
    given: Sequence[Any],
    outputs: Any,
    others: Mapping[int, Any] | None = None,
) -> Any:
    """Run the calls on other values (eager or symbolic); returns what stands for `outputs`.

    Args:
        nodes: The calls in order.
        inputs: What the values are for.
        given: The values.
        outputs: Which results to return.
        others: What to call in place of layers, by their id.
    """
    table: dict[int, Any] = dict(zip(map(id, inputs), given, strict=True))

    def swap(leaf: Any) -> Any:
        return table[id(leaf)] if isinstance(leaf, SymbolicTensor) else leaf

    for node in nodes:
        called = (others or {}).get(id(node.callable), node.callable)
        result = called(*map_structure(swap, node.args), **map_structure(swap, dict(node.kwargs)))
        table.update(zip(map(id, node.outputs), flatten(result), strict=True))
    return map_structure(swap, outputs)


def get_source_inputs(tensor: SymbolicTensor) -> list[SymbolicTensor]:
    """The inputs of the graph that a symbolic tensor follows from.

    Example:
        >>> import fastnn
        >>> x = fastnn.Input((2,), name="pair")
        >>> [t.name for t in get_source_inputs(fastnn.layers.Dense(3)(x))]
        ['pair']
    """
    found, waiting, met = [], [tensor], set()
    while waiting:
        node = waiting.pop().node
        if node is None or id(node) in met:
            continue
        met.add(id(node))
        parents = list(node.parents())
        found += [] if parents else list(node.outputs)
        waiting += reversed(parents)
    return found
