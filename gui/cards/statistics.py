"""Figures of normalizations: the group on one axis, its statistics, what follows, the three terms. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.ops.terms import Sum
from gui.cards.figure import Figure, Item, Link, Strip, Table, plain
from gui.cards.sight import Sight
from gui.numbers import MINUS


def statistics(sight: Sight) -> Iterator[Figure]:
    """The group that is standardized: its values on one axis, mean, variance; backward: three terms and their sums."""
    roles = (*sight.step.op.outputs, *sight.step.op.inputs)
    if "mean" not in roles or sight.formula is None:
        return
    if sight.step.backward:
        yield from three_terms(sight)
    else:
        yield from spread(sight)
        yield from what_follows(sight)


def spread(sight: Sight) -> Iterator[Figure]:
    """The values that share a mean and a variance, and those; or the running ones that are used instead."""
    step, cells = sight.step, dict(named_cells(sight))
    x = sight.array("x")
    if "mean" not in cells or x is None or len(sight.index) != x.ndim:
        return
    cell = cells["mean"]
    mean, variance = (float(sight.inside.arrays[role][cell]) for role in ("mean", "variance"))
    links = tuple((role, Link(v, sight.called(role), cell)) for role, v in (("mean", mean), ("variance", variance)))
    if "mean" not in step.op.outputs:
        yield Table("statistics", ("", "value"), links, note="evaluation: the running averages are used")
        return
    values = np.asarray(x[tuple(group(sight, "mean", cell).T)], np.float64)
    title = f"{len(values):,} values that share mean {{m}} and deviation {{d}}"
    yield Strip(title, values, mean, float(np.sqrt(variance)), float(x[sight.index]))
    yield Table("statistics of this batch", ("", "value"), links, note="training: the batch's own statistics are used")


def three_terms(sight: Sight) -> Iterator[Figure]:
    """The gradient itself, less its mean, less the slope along the standardized value; and the sums behind them."""
    cells, arrays = dict(named_cells(sight)), sight.inside.arrays
    if sight.role != "dx" or not {"dy_mean", "dyy_mean"} <= cells.keys():
        return
    slope = next(part.value for part in sight.explanation.named if part.name == "slope")
    links = {role: Link(float(arrays[role][cell]), sight.called(role), cell) for role, cell in cells.items()}
    rows: tuple[tuple[Item, ...], ...] = (
        ("dy", links["dy"]),
        (f"{MINUS} mean of dy", -plain(links["dy_mean"])),
        (f"{MINUS} y · mean of dy·y", -slope),
        ("× inverse deviation", links["inverse_deviation"]),
    )
    yield Table("three terms", ("", "value"), rows)
    sums: list[tuple[Item, ...]] = []
    for role, said in (("dy_mean", "dy"), ("dyy_mean", "dy·y")):
        found = expression_of(sight, role, cells[role])
        total = float(found.products(arrays).sum()) if isinstance(found, Sum) else float("nan")
        sums.append((f"Σ {said}", total, f"÷ {len(found)}" if isinstance(found, Sum) else "", links[role]))
    yield Table("the sums in them", ("", "sum", "count", "mean"), tuple(sums))


def what_follows(sight: Sight) -> Iterator[Figure]:
    """What the layer makes of the standardized number: the same cell in its further steps, and the running averages."""
    session, step = sight.session, sight.step
    rows: list[tuple[Item, ...]] = []
    for i, other in enumerate(session.steps):
        name = other.outputs[0] if other.outputs else ""
        if other.layer != step.layer or other.phase != "forward" or other is step or not session.computed(name):
            continue
        shape = session.listing.values[name].shape
        place = sight.index if len(shape) == len(sight.index) else sight.index[-1:]
        if (
            other.op.kind == "elementwise"
            and len(shape) == len(place)
            and all(p < n for p, n in zip(place, shape, strict=True))
        ):
            number = float(session.view(name)[place])
            rows.append((f"{i + 1}. {other.op.name} with {given_in(session, other)}", Link(number, name, place)))
    if rows:
        yield Table("what the layer makes of it", ("", "value"), tuple(rows))


def given_in(session: Any, step: Any) -> str:
    """The parameters and states that a step reads, also behind a change of shape."""
    listing, found = session.listing, []
    for _, name in step.operands:
        made = listing.written_by.get(name)
        while made is not None and listing.steps[made].op.kind == "rearrangement":
            name = listing.steps[made].inputs[0]
            made = listing.written_by.get(name)
        if name is not None and listing.values[name].role in ("parameter", "state"):
            found.append(name)
    return " and ".join(found) or "the value before"


def named_cells(sight: Sight) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Role and cell of every operand of the formula."""
    assert sight.formula is not None
    yield from sight.formula.operands.values()


def expression_of(sight: Sight, role: str, cell: tuple[int, ...]) -> Any:
    """What the operation says about a cell of another of its results."""
    assert sight.step.op.explain is not None
    return sight.step.op.explain(role, cell, sight.step.shapes, **sight.step.attrs)


def group(sight: Sight, role: str, cell: tuple[int, ...]) -> NDArray[np.int64]:
    """The cells of x behind a statistic."""
    return np.asarray(expression_of(sight, role, cell).cells()["x"])
