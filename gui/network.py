"""The network as a picture: layers, what leads where, sizes, and for small dense networks the neurons. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gui.content import base_name, has_batch, is_weight

INPUT, LOSS = "input", "loss"
MOST_NEURONS = 40
MOST_EDGES = 600


@dataclass(frozen=True)
class Layer:
    """One block of the map.

    Args:
        name: The layer's name; "input:NAME" and "loss" for the blocks at both ends.
        title: What to call it.
        type: Its class, or the operations in it.
        output: Name of the value that leaves it.
        shape: Shape of that value for one sample.
        parameters: Cells of its parameters, frozen ones included.
        weights: Names of its parameters.
        before: Names of the blocks that it reads from.
        level: Longest way from an input, in blocks.
        layer: Name of the layer; empty for the blocks at both ends.
        sequence: Name of the hidden values (n, time, units) of a recurrence; empty for others.
        members: Names of the blocks that are folded into this one.
    """

    name: str
    title: str
    type: str
    output: str
    shape: tuple[int, ...]
    parameters: int = 0
    weights: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    level: int = 0
    layer: str = ""
    sequence: str = ""
    members: tuple[str, ...] = ()

    @property
    def is_layer(self) -> bool:
        """Whether it is a layer of the model, not an input or the loss."""
        return not self.name.startswith(f"{INPUT}:") and self.name != LOSS


def layers_of(listing: Any, types: dict[str, str] | None = None) -> tuple[Layer, ...]:
    """The blocks of a network, in the order in which they run.

    Args:
        listing: The step list.
        types: Class names of layers by path.
    """
    blocks, groups = step_blocks(listing), dict[str, list[Any]]()
    for step, block in zip(listing.steps, blocks, strict=True):
        if step.phase in ("forward", "loss"):
            groups.setdefault(block, []).append(step)
    found: dict[str, Layer] = {}
    for name in listing.inputs:
        found[f"{INPUT}:{name}"] = Layer(f"{INPUT}:{name}", name, "Input", name, _sample_shape(listing, name))
    made = {n: block for block, steps in groups.items() for s in steps for n in s.outputs}
    made.update({n: f"{INPUT}:{n}" for n in listing.inputs})
    for name, steps in groups.items():
        found[name] = _layer(listing, name, steps, made, found, types or {})
    return tuple(found.values())


def block_of(step: Any) -> str:
    """The block that a step belongs to, if its layer is used once."""
    return LOSS if step.phase == "loss" else step.layer or step.op.name


def step_blocks(listing: Any) -> tuple[str, ...]:
    """The block of every step: a layer that is called several times has one for every use, "NAME (1)", "NAME (2)"."""
    uses = _uses(listing)
    return tuple(_use_of(step, uses.get(step.layer, ())) or block_of(step) for step in listing.steps)


def _use_of(step: Any, uses: Sequence[frozenset[str]]) -> str:
    """The block of a step of a layer of several uses: that whose values it writes, or whose gradients it reads."""
    if not uses or step.phase == "loss":
        return ""
    near = {n for name in (*step.outputs, *step.inputs) for n in (name, base_name(name))}
    return f"{step.layer} ({next((k for k, own in enumerate(uses, 1) if near & own), 1)})"


def _uses(listing: Any) -> dict[str, tuple[frozenset[str], ...]]:
    """By layer the values that each of its uses makes, for layers of several uses."""
    by_layer: dict[str, list[Any]] = {}
    for step in listing.steps:
        if step.phase == "forward" and step.layer:
            by_layer.setdefault(step.layer, []).append(step)
    found = {}
    for layer, steps in by_layer.items():
        parts = _connected(steps)
        if len(parts) > 1 and all([s.op.name for s in p] == [s.op.name for s in parts[0]] for p in parts):
            found[layer] = tuple(frozenset(n for s in p for n in s.outputs) for p in parts)
    return found


def _connected(steps: list[Any]) -> list[list[Any]]:
    """The steps in groups that hand values to one another."""
    groups: list[tuple[set[str], list[Any]]] = []
    for step in steps:
        joined = [g for g in groups if g[0] & set(step.inputs)]
        outputs = set(step.outputs).union(*(g[0] for g in joined))
        groups = [g for g in groups if not any(g is j for j in joined)]
        groups.append((outputs, [*(s for g in joined for s in g[1]), step]))
    return [g[1] for g in groups]


def _layer(
    listing: Any, name: str, steps: list[Any], made: dict[str, str], before: dict[str, Layer], types: dict[str, str]
) -> Layer:
    sources = [made[n] for s in steps for n in s.inputs if made.get(n, name) != name]
    weights = tuple(dict.fromkeys(n for s in steps for n in s.inputs if _is_parameter(listing, n)))
    parents = tuple(dict.fromkeys(s for s in sources if s in before))
    level = 1 + max((before[p].level for p in parents), default=0)
    output = listing.loss if name == LOSS and listing.loss else _leaving(listing, steps)
    ops, layer = ", ".join(dict.fromkeys(s.op.name for s in steps)), steps[0].layer
    return Layer(
        name, name.rsplit("/", 1)[-1], types.get(layer, types.get(layer.rsplit("/", 1)[-1], ops)), output,
        _sample_shape(listing, output), sum(int(np.prod(listing.values[w].shape)) for w in weights), weights, parents,
        level, layer if name != LOSS else "", _sequence(listing, steps),
    )  # fmt: skip


def _leaving(listing: Any, steps: list[Any]) -> str:
    """What leaves a block: the last of its results that another block reads or the model gives.

    Its last step may do something else, such as moving the averages of a batch normalisation on.
    """
    own = {id(step) for step in steps}
    read = {n for s in listing.steps if s.phase == "forward" and id(s) not in own for n in s.inputs}
    read.update(listing.outputs)
    results = [n for step in reversed(steps) for _, n in step.results if n is not None]
    return str(next((n for n in results if n in read), next(n for _, n in steps[-1].results if n is not None)))


def _sequence(listing: Any, steps: list[Any]) -> str:
    """Name of the hidden values (n, time, units) of a recurrence; empty for other blocks."""
    for step in steps:
        name = step.outputs[0]
        if step.op.kind == "recurrence" and len(listing.values[name].shape) == 3:
            return str(name)
    return ""


def _is_parameter(listing: Any, name: str) -> bool:
    value = listing.values[name]
    return value.role in ("parameter", "state") and len(value.shape) > 0


def _sample_shape(listing: Any, name: str) -> tuple[int, ...]:
    shape = tuple(listing.values[name].shape)
    return shape[1:] if has_batch(listing, name) else shape


def layer_types(model: Any) -> dict[str, str]:
    """Class names of a model's layers, by name, and by path for layers of models inside it."""
    found: dict[str, str] = {}
    for layer in getattr(model, "layers", ()):
        found[layer.name] = type(layer).__name__
        found.update({f"{layer.name}/{path}": name for path, name in layer_types(layer).items()})
    return found


def strength(values: NDArray[Any] | None, sample: int, batch: bool) -> float | None:
    """Mean magnitude of a value, of one sample where it has several; None if it is not computed."""
    if values is None or values.size == 0:
        return None
    shown = values[sample] if batch and sample < len(values) else values
    return float(np.abs(shown).mean(dtype=np.float64))


# ---------------------------------------------------------------- neurons


@dataclass(frozen=True)
class Row:
    """The neurons of one layer.

    Args:
        block: The layer's block.
        count: How many neurons.
        weight: Name of the weights (before, this) that lead to it; None for the input.
        bias: Name of the bias, or None.
        source: Place of the row that the weights start from.
    """

    block: Layer
    count: int
    weight: str | None = None
    bias: str | None = None
    source: int = 0


def neuron_rows(listing: Any, blocks: Iterable[Layer]) -> tuple[Row, ...]:
    """The rows of neurons of a small dense network; empty for any other one."""
    rows: list[Row] = []
    for block in blocks:
        if block.name == LOSS:
            continue
        if len(block.shape) != 1 or len(block.before) > 1 or (rows and not block.before):
            return ()
        if not rows:
            rows.append(Row(block, block.shape[0]))
            continue
        matrices = [w for w in block.weights if len(listing.values[w].shape) == 2]
        if not matrices and block.shape[0] == rows[-1].count and not block.weights:
            rows[-1] = Row(_merged(rows[-1].block, block), *_rest(rows[-1]))  # an activation of its own
            continue
        row = _dense_row(listing, block, matrices, rows)
        if row is None:
            return ()
        rows.append(row)
    edges = sum(a.count * b.count for a, b in pairwise(rows))
    small = len(rows) > 1 and sum(r.count for r in rows) <= MOST_NEURONS and edges <= MOST_EDGES
    return tuple(rows) if small else ()


def _merged(first: Layer, second: Layer) -> Layer:
    """A layer whose output is that of the activation layer behind it."""
    return replace(first, output=second.output, shape=second.shape, level=second.level)


def _rest(row: Row) -> tuple[int, str | None, str | None, int]:
    return row.count, row.weight, row.bias, row.source


def _dense_row(listing: Any, block: Layer, matrices: list[str], rows: list[Row]) -> Row | None:
    expected = (rows[-1].count, block.shape[0])
    if len(matrices) != 1 or tuple(listing.values[matrices[0]].shape) != expected:
        return None
    biases = [w for w in block.weights if tuple(listing.values[w].shape) == expected[1:] and is_weight(listing, w)]
    return Row(block, expected[1], matrices[0], next(iter(biases), None), len(rows) - 1)
