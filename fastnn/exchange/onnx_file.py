"""ONNX files: a model's prediction as a graph, any number of rows at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastnn._version import __version__
from fastnn.engine.graph import Step
from fastnn.engine.steplist import KEPT
from fastnn.errors import FastnnError, GraphError
from fastnn.exchange import (  # noqa: F401  each registers its converters
    onnx_formula,
    onnx_numbers,
    onnx_pictures,
    onnx_recurrence,
    onnx_sampling,
    onnx_shaping,
)
from fastnn.exchange.onnx_formula import formula
from fastnn.exchange.onnx_graph import CONVERTERS, Graph, Node, stored_type
from fastnn.exchange.onnx_order import rename, tidy
from fastnn.exchange.open_lengths import FIX, Open, OpenList
from fastnn.ops.table import Op
from fastnn.utils.extras import need
from fastnn.utils.writing import write_aside

OPSET, FORMAT = 18, 9
LARGEST = 2**31 - 2**20  # bytes that one file of this format can hold


def write_onnx(model: Any, listing: OpenList, path: Path) -> None:
    """Write a prediction's steps into an ONNX file.

    Args:
        model: Whose they are; its names for inputs and outputs are the file's.
        listing: The steps.
        path: The file.

    Raises:
        GraphError: for an operation that ONNX cannot say, naming it and its layer.
        ValueError: for weights of more than 2 GB.
        ImportError: if onnx is not installed.
        OSError: if the file cannot be written.
    """
    onnx = need("onnx", extra="onnx", what="Model.export")
    read = {name for step in listing.steps for name in step.inputs}
    size = sum(4 * math.prod(v.shape) for n, v in listing.values.items() if n in read and v.role in KEPT)
    if size > LARGEST:
        raise ValueError(f"Expected at most 2 GB of weights in an ONNX file. Received: {size / 2**30:.1f} GB")
    content = as_proto(onnx, listing, model.name, output_names(model, listing)).SerializeToString()
    write_aside(path, lambda file: file.write(content))


def output_names(model: Any, listing: OpenList) -> list[str]:
    """Names of the outputs; numbered where a model has none."""
    if model.network is not None:
        return list(model.network.output_names)
    count = len(listing.outputs)
    return ["output"] if count == 1 else [f"output_{k}" for k in range(count)]


def convertible(op: Op) -> bool:
    """Whether an operation can be written."""
    return op.name in CONVERTERS or op.kind == "elementwise"


# ---------------------------------------------------------------- steps


def as_graph(listing: OpenList) -> Graph:
    """The nodes of a list of steps."""
    graph = Graph(listing)
    graph.inputs = [graph.fresh(name) for name in listing.inputs]
    graph.named.update(zip(listing.inputs, graph.inputs, strict=True))
    for step in listing.steps:
        if step.phase == "forward":
            write_step(graph, step)
    ends = [given(graph, name) for name in listing.outputs]
    kept = [step for step in listing.steps if step.op.name == "assign"]
    graph.states = {given(graph, s.operand("variable")): given(graph, s.operand("value")) for s in kept}
    graph.outputs = [*ends, *graph.states.values()]
    tidy(graph)
    return graph


def write_step(graph: Graph, step: Step) -> None:
    """The nodes of one step."""
    op = step.op
    if not convertible(op):
        raise GraphError(
            "expected operations that ONNX can say, received one that it cannot. Export a model that ends before this "
            "layer, or write the layer in other operations.",
            layer=step.layer or None,
            operation=op.name,
        )
    operands = ["" if name is None else given(graph, name) for _, name in step.operands]
    place = f"{step.layer}/{op.name}" if step.layer else op.name
    try:
        with graph.at(place):
            made = CONVERTERS.get(op.name, formula)(graph, step, *operands)
    except TypeError:
        if not any(isinstance(n, Open) for shape in step.shapes for n in shape or ()):
            raise
        raise GraphError(
            f"expected an axis of a length that is known, received shapes {', '.join(map(shown, step.shapes))}.{FIX}",
            layer=step.layer or None,
            operation=op.name,
        ) from None
    except FastnnError as error:
        error.operation = error.operation or op.name
        raise error.in_layer(step.layer) if step.layer and not error.layer else error from None
    names = [name for role, name in step.results if role in op.outputs and name is not None]
    graph.named.update(zip(names, [made] if isinstance(made, str) else made, strict=True))


def shown(shape: Sequence[Any] | None) -> str:
    """A shape as text."""
    return "none" if shape is None else f"({', '.join(map(str, shape))})"


def given(graph: Graph, name: str) -> str:
    """A value's name in the graph; data that outlives a prediction becomes an initializer when it is first read."""
    if name not in graph.named:
        assert graph.listing is not None
        shape, data = graph.listing.shapes[name], graph.listing.constant(name)
        graph.named[name] = graph.constant(data, name=getattr(graph.listing.values[name].source, "path", name))
        if any(isinstance(n, Open) for n in shape):
            graph.named[name] = graph.add("Expand", graph.named[name], graph.integers(shape))
    return graph.named[name]


# ---------------------------------------------------------------- the file's content


def as_proto(onnx: Any, listing: OpenList, name: str, outputs: Sequence[str]) -> Any:
    """The content of a file."""
    graph = as_graph(listing)
    final = name_outputs(graph, [*outputs, *(f"{state}/next" for state in graph.states)])
    described = [value_info(onnx, n, listing, own) for n, own in zip(graph.inputs, listing.inputs, strict=True)]
    results = [value_info(onnx, n, listing, own) for n, own in zip(final, listing.outputs, strict=False)]
    states = [(n, graph.initializers[n]) for n in graph.states]
    described += [array_info(onnx, n, a) for n, a in states]
    results += [array_info(onnx, n, a) for n, (_, a) in zip(final[len(outputs) :], states, strict=True)]
    whole = onnx.helper.make_graph(
        [node_proto(onnx, node) for node in graph.nodes],
        name,
        described,
        results,
        [onnx.numpy_helper.from_array(array, n) for n, array in graph.initializers.items()],
    )
    made = onnx.helper.make_model(
        whole,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=FORMAT,
        producer_name="fastnn",
        producer_version=__version__,
        doc_string=f"The prediction of the model '{name}', {len(listing.steps)} operations.",
    )
    return onnx.shape_inference.infer_shapes(made)  # viewers show them


def name_outputs(graph: Graph, wanted: Sequence[str]) -> list[str]:
    """Give the outputs their names; a node of its own repeats what is no node's value, or an output already."""
    made = {name for node in graph.nodes for name in node.outputs}
    final: list[str] = []
    for k, name in enumerate(wanted):
        source, free = graph.outputs[k], graph.fresh(name)
        if source in made and source not in final:
            rename(graph, {source: free})
        else:
            graph.nodes.append(Node("Identity", [source], [free], {}, free))
        final.append(free)
    return final


def node_proto(onnx: Any, node: Node) -> Any:
    """One node."""
    attrs = {k: onnx.helper.np_dtype_to_tensor_dtype(v) if k == "to" else v for k, v in node.attrs.items()}
    if node.body is not None:
        attrs["body"] = body_proto(onnx, node.body, node.name)
    return onnx.helper.make_node(node.kind, node.inputs, node.outputs, name=node.name, **attrs)


def body_proto(onnx: Any, body: Graph, name: str) -> Any:
    """What a loop repeats; its types follow from what it is given."""
    untyped = onnx.helper.make_empty_tensor_value_info
    return onnx.helper.make_graph(
        [node_proto(onnx, node) for node in body.nodes],
        f"{name}/body",
        [untyped(n) for n in body.inputs],
        [untyped(n) for n in body.outputs],
        [onnx.numpy_helper.from_array(array, n) for n, array in body.initializers.items()],
    )


def value_info(onnx: Any, name: str, listing: OpenList, value: str) -> Any:
    """An input or output with its type and shape."""
    dtype = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(stored_type(listing.values[value].dtype)))
    return onnx.helper.make_tensor_value_info(name, dtype, [open_name(n) for n in listing.shapes[value]])


def array_info(onnx: Any, name: str, array: Any) -> Any:
    """A state that may be given, and is given back."""
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def open_name(length: Any) -> Any:
    """A length as the file has it."""
    return str(length) if isinstance(length, Open) else length
