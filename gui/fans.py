"""One neuron of a dense layer: what comes in over its strongest weights, and where it goes. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Index = tuple[int, ...]
Cell = tuple[str, Index]
STRONGEST = 64


@dataclass(frozen=True)
class Edge:
    """A weight between two neurons.

    Args:
        neuron: The neuron at the other end.
        weight: The weight's cell.
        value: The weight.
        product: What flows over it, for edges that come in; the weight itself for others.
    """

    neuron: Cell
    weight: Cell
    value: float
    product: float


@dataclass(frozen=True)
class Fan:
    """A neuron with its edges, the strongest first.

    Args:
        neuron: Its cell.
        ins: What comes in.
        outs: Where it goes.
        all_ins: How many edges come in, shown or not.
        all_outs: How many leave.
        bias: The cell of what is added to the products, and its number; None where nothing is.
    """

    neuron: Cell
    ins: tuple[Edge, ...]
    outs: tuple[Edge, ...]
    all_ins: int
    all_outs: int
    bias: tuple[Cell, float] | None = None


def has_neurons(listing: Any) -> bool:
    """Whether there is a dense layer."""
    return any(_is_dense(listing, step) for step in listing.steps)


def fan_of(session: Any, most: int = STRONGEST, cell: Cell | None = None) -> Fan | None:
    """The fan of a neuron; None if the cell is no neuron of a dense layer.

    Args:
        session: The session.
        most: Edges on each side.
        cell: The neuron; the selected cell by default.
    """
    cell = session.selection if cell is None else cell
    if cell is None or cell[0] not in session.listing.values or len(cell[1]) != 2:
        return None
    name, (sample, unit) = cell
    into, out_of = _maker(session.listing, name), _user(session.listing, name)
    ins, all_ins = _ins(session, into, sample, unit, most)
    outs, all_outs = _outs(session, out_of, sample, unit, most)
    bias = _bias(session, into, unit)
    return Fan(cell, ins, outs, all_ins, all_outs, bias) if all_ins or all_outs else None


def _bias(session: Any, step: Any, unit: int) -> tuple[Cell, float] | None:
    """What the dense step adds to a neuron's products."""
    values = session.listing.values
    names = [n for _, n in step.operands if n is not None and len(values[n].shape) == 1] if step is not None else []
    if not names or not session.computed(names[0]):
        return None
    return (names[0], (unit,)), float(session.view(names[0])[unit])


def _ins(session: Any, step: Any, sample: int, unit: int, most: int) -> tuple[tuple[Edge, ...], int]:
    if step is None:
        return (), 0
    x, w = _operands(session.listing, step)
    if not all([session.computed(x), session.computed(w)]):  # or not on display yet, while training runs
        return (), int(session.listing.values[w].shape[0])
    weights, inputs = session.view(w)[:, unit], session.view(x)[sample]
    products = weights * inputs
    order = _largest(products, most)
    edges = (Edge((x, (sample, i)), (w, (i, unit)), float(weights[i]), float(products[i])) for i in order)
    return tuple(edges), len(weights)


def _outs(session: Any, step: Any, sample: int, unit: int, most: int) -> tuple[tuple[Edge, ...], int]:
    if step is None:
        return (), 0
    _, w = _operands(session.listing, step)
    if not session.computed(w):
        return (), int(session.listing.values[w].shape[1])
    weights, y = session.view(w)[unit], step.outputs[0]
    order = _largest(weights, most)
    edges = (Edge((y, (sample, j)), (w, (unit, j)), float(weights[j]), float(weights[j])) for j in order)
    return tuple(edges), len(weights)


def _largest(values: NDArray[Any], most: int) -> list[int]:
    """Places of the largest magnitudes, the largest first; what is not finite comes before all."""
    size = np.where(np.isfinite(values), np.abs(values), np.inf)
    return [int(i) for i in np.argsort(-size, kind="stable")[:most]]


def _operands(listing: Any, step: Any) -> tuple[str, str]:
    """Names of the neurons before and of the weights of a dense step."""
    roles = [n for _, n in step.operands if n is not None]
    weights = next(n for n in roles if listing.values[n].role == "parameter" and len(listing.values[n].shape) == 2)
    return next(n for n in roles if n != weights and len(listing.values[n].shape) == 2), weights


def _is_dense(listing: Any, step: Any) -> bool:
    if step.phase != "forward" or step.op.kind != "contraction":
        return False
    ranks = [(listing.values[n].role == "parameter", len(listing.values[n].shape)) for _, n in step.operands if n]
    return (True, 2) in ranks and (False, 2) in ranks


def _maker(listing: Any, name: str) -> Any:
    """The dense step that a value comes from, through steps that change each number on its own."""
    made = listing.written_by.get(name)
    step = None if made is None else listing.steps[made]
    if step is None or step.phase != "forward":
        return None
    if _is_dense(listing, step):
        return step
    return _maker(listing, step.inputs[0]) if step.op.kind == "elementwise" and len(step.inputs) == 1 else None


def _user(listing: Any, name: str) -> Any:
    """The dense step that a value goes into, through steps that change each number on its own."""
    for index in listing.read_by.get(name, ()):
        step = listing.steps[index]
        if _is_dense(listing, step) and _operands(listing, step)[0] == name:
            return step
        if step.phase == "forward" and step.op.kind == "elementwise" and len(step.inputs) == 1:
            return _user(listing, step.outputs[0])
    return None
