"""Figures of the other kinds: curves, classes, statistics, gates over time, parts of a gradient, updates. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gui.cards.figure import Bars, Courses, Curve, Figure, Item, Link, Note, Strip, Table
from gui.cards.sight import Sight
from gui.content import base_name
from gui.network import step_blocks
from gui.numbers import cell_label, format_number

POINTS = 121
BINS = 11
CLASSES = 20
GATES, STATES, BACK = ("i", "f", "o", "z", "r"), ("g", "c", "y"), ("dh", "dc")  # of a recurrent unit


# ---------------------------------------------------------------- functions of one number


def activation(sight: Sight) -> Iterator[Figure]:
    """The function's curve with the number on it and the tangent there."""
    op, step = sight.step.op, sight.step
    name, place = sight.name, sight.index
    if len(op.inputs) != 1 or op.backward is None or step.shapes[0] != step.shapes[-1]:
        return
    x = sight.array("x") if not step.backward else None
    if step.backward and sight.session.computed(base_name(name)):
        x = sight.session.view(base_name(name))
    if x is None or x.shape[: len(place)] != x.shape or x.dtype.kind != "f":
        return
    z = float(x[place])
    if not np.isfinite(z):
        return
    half = max(4.0, 1.25 * abs(z))
    xs = np.linspace(-half, half, POINTS)
    ys, _ = function_and_slope(step, xs)
    value, slope = (float(a[0]) for a in function_and_slope(step, np.array([z])))
    if ys.shape != xs.shape or not np.isfinite([value, slope]).all():
        return
    tag = "dead: the slope is 0" if slope == 0 else "saturated: the slope is below 0.01" if abs(slope) < 0.01 else ""
    yield Curve(f"{op.name} at {{z}}: value {{y}}, slope {{s}}", xs, ys, (z, value), slope, tag)


def function_and_slope(step: Any, xs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The operation's reference and its derivative at some numbers."""
    op = step.op
    with np.errstate(all="ignore"):
        results = op.forward(xs, **step.attrs)
        results = results if isinstance(results, tuple) else (results,)
        values = dict(zip(("x", *op.outputs, *op.extra), (xs, *results), strict=False))
        saved = [values[role] for role in op.saved_roles(1)]
        (slopes, *_) = op.backward(np.ones_like(xs), *saved, shapes=(xs.shape,), **step.attrs)
    return np.asarray(results[0], np.float64), np.asarray(slopes, np.float64)


def branches(sight: Sight) -> Iterator[Figure]:
    """Where two branches meet: both values with the norms of their sides; backward: what goes into either branch."""
    step, arrays = sight.step, sight.inside.arrays
    pairs = [(r, n) for r, n in (step.results if step.backward else step.operands) if n is not None and r in arrays]
    shape = arrays[sight.role].shape
    if len(step.op.inputs) != 2 or len(pairs) != 2 or any(arrays[r].shape != shape for r, _ in pairs):
        return
    rows: list[tuple[Item, ...]] = []
    for role, name in pairs:
        norm = float(np.linalg.norm(np.asarray(arrays[role], np.float64)))
        rows.append((f"{role} is {name}", Link(float(arrays[role][sight.index]), str(name), sight.index), norm))
    title = "the gradient goes into both branches" if step.backward else "two branches meet"
    yield Table(title, ("", "this cell", "norm"), tuple(rows))


def histogram(values: NDArray[Any]) -> Iterator[Figure]:
    """Exact counts of a tensor's numbers between its smallest and its largest."""
    finite = np.asarray(values, np.float64)[np.isfinite(values)]
    if finite.size < BINS:
        return
    counts, edges = np.histogram(finite, BINS)
    rows = tuple(
        (f"{format_number(low, 3)} … {format_number(high, 3)}", int(n))
        for n, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    )
    said = f"mean {format_number(finite.mean())}, standard deviation {format_number(finite.std())}"
    yield Bars(f"all {finite.size:,} numbers of this parameter", rows, note=said)


# ---------------------------------------------------------------- rows of classes, statistics


def classes(sight: Sight) -> Iterator[Figure]:
    """The whole row of classes: what goes in, what comes out, the target; nothing where the formula has its table."""
    if sight.inside.rows:
        return
    shape = next((s for s in reversed(sight.step.shapes) if s), ())
    axis = sight.step.attrs.get("axis", -1)
    if len(shape) < 2 or axis not in (-1, len(shape) - 1) or len(sight.index) < len(shape) - 1:
        return
    lead = sight.index[: len(shape) - 1]
    columns = {
        role: array
        for role, array in sight.inside.arrays.items()
        if array.shape == shape and sight.inside.names[role] is not None
    }
    label = next((a for a in sight.inside.arrays.values() if a.shape == shape[:-1] and a.dtype.kind == "i"), None)
    if not columns:
        return
    width = shape[-1]
    own = sight.index[-1] if len(sight.index) == len(shape) else None if label is None else int(label[lead])
    shown = list(range(width)) if width <= CLASSES else strongest(columns, lead, own)
    rows: list[tuple[Item, ...]] = []
    for j in shown:
        cell = (*lead, j)
        links = [Link(float(a[cell]), sight.called(role), cell) for role, a in columns.items()]
        target = "" if label is None else "target" if j == int(label[lead]) else ""
        rows.append((str(j), *links, *([target] if label is not None else [])))
    head = ("class", *columns, *(["label"] if label is not None else []))
    note = "" if len(shown) == width else f"the {len(shown)} strongest of {width}"
    yield Table("the row", head, tuple(rows), shown.index(own) if own in shown else None, note=note)


def strongest(columns: dict[str, NDArray[Any]], lead: tuple[int, ...], own: int | None) -> list[int]:
    """Places of the largest numbers of a long row, with the one in focus."""
    row = np.abs(np.asarray(list(columns.values())[-1][lead], np.float64))
    best = set(np.argsort(-row, kind="stable")[: CLASSES - 1].tolist())
    return sorted(best | ({own} if own is not None else set()))


def statistics(sight: Sight) -> Iterator[Figure]:
    """The group that is standardized: its values on one axis, mean, variance; backward: the three terms' means."""
    step, formula = sight.step, sight.formula
    if "mean" not in (*step.op.outputs, *step.op.inputs) or formula is None:
        return
    named = dict(formula.operands.values())
    x = sight.array("x")
    if step.backward or x is None or "mean" not in step.op.outputs or len(sight.index) != x.ndim:
        return
    cell = named.get("mean")
    if cell is None or step.op.explain is None:
        return
    group = step.op.explain("mean", cell, step.shapes, **step.attrs).cells()["x"]
    values = np.asarray(x[tuple(group.T)], np.float64)
    mean, variance = (float(sight.inside.arrays[role][cell]) for role in ("mean", "variance"))
    title = f"{len(values):,} values that share mean {{m}} and deviation {{d}}"
    yield Strip(title, values, mean, float(np.sqrt(variance)), float(x[sight.index]))
    links = tuple((role, Link(v, sight.called(role), cell)) for role, v in (("mean", mean), ("variance", variance)))
    yield Table("statistics of this batch", ("", "value"), links, note="training: the batch's own statistics are used")


# ---------------------------------------------------------------- time


def gates(sight: Sight) -> Iterator[Figure]:
    """Gates, state and output of one unit over time, and their gradients."""
    found = {
        role: array
        for role, array in sight.inside.arrays.items()
        if role in (BACK if sight.step.backward else GATES + STATES)
        and array.ndim == 3
        and sight.inside.names[role] is not None
    }
    if len(sight.index) != 3 or not found:
        return
    units = next(iter(found.values())).shape[2]
    b, t, j = sight.index[0], sight.index[1], sight.index[2] % units
    rows: list[tuple[Item, ...]] = []
    for k in range(next(iter(found.values())).shape[1]):
        rows.append((str(k), *(Link(float(a[b, k, j]), sight.called(role), (b, k, j)) for role, a in found.items())))
    start = max(min(t - 6, len(rows) - 13), 0)
    for group, title in ((GATES, "gates"), (STATES, "candidate, cell and output"), (BACK, "gradients")):
        lines = [(role, np.asarray(found[role][b, :, j], np.float64)) for role in group if role in found]
        if lines:
            yield Courses(f"{title} of unit {j} over time", tuple(lines), t)
    yield Table(f"unit {j} over time", ("t", *found), tuple(rows[start : start + 13]), t - start)
    if sight.step.backward:
        norms = [(role, np.linalg.norm(a[b], axis=-1)) for role, a in found.items() if role in ("dh", "dc")]
        if norms:
            yield Courses("|dh|, |dc| against t, all units", tuple(norms), t)


# ---------------------------------------------------------------- parts of a gradient


def parts(sight: Sight) -> Iterator[Figure]:
    """A gradient that comes from several uses of a value: one part from each, with the parts' norms."""
    listing, blocks = sight.session.listing, step_blocks(sight.session.listing)
    rows: list[tuple[Item, ...]] = []
    bars = []
    for role, name in sight.step.operands:
        if name is None:
            continue
        array, made = sight.inside.arrays[role], listing.written_by.get(name)
        origin = "given" if made is None else f"{blocks[made]}, step {made + 1}"
        link = Link(float(array[sight.index]), name, sight.index)
        rows.append((origin, link, float(np.linalg.norm(array))))
        bars.append((origin, link))
    total = sight.inside.total
    result = sight.array(sight.role)
    norm = float(np.linalg.norm(result)) if result is not None else 0.0
    head = ("from the use in", "this cell", "norm of the part")
    yield Table(f"one part for each of {len(rows)} uses", head, (*rows, ("sum", total, norm)), last=1)
    yield Bars("shares of the uses", tuple(bars))


# ---------------------------------------------------------------- places, updates


def mapping(sight: Sight) -> Iterator[Figure]:
    """Which cell a moved number comes from."""
    for role, cells in sight.inside.expression.cells().items():
        if len(cells) == 1 and sight.array(role) is not None and len(cells[0]):
            source = cell_label(sight.called(role), cells[0].tolist(), sight.letters(role))
            yield Note(f"{cell_label(sight.name, sight.index)} takes the number of {source}")


def before_and_after(sight: Sight) -> Iterator[Figure]:
    """Every number that an update reads, and what it makes of those that it overwrites."""
    arrays, written = sight.inside.arrays, {source: role for role, source in sight.step.op.in_place.items()}
    rows: list[tuple[Item, ...]] = []
    for role, name in sight.step.operands:
        if name is None:
            continue
        cell = sight.index if arrays[role].ndim == len(sight.index) else ()
        if arrays[role].ndim != len(cell):
            continue
        after = arrays.get(written.get(role, ""))
        new: Item = "" if after is None else float(after[cell])
        change: Item = "" if after is None else float(after[cell]) - float(arrays[role][cell])
        rows.append((role, Link(float(arrays[role][cell]), name, cell), new, change))
    attrs = ", ".join(f"{key} = {value}" for key, value in sight.step.attrs.items())
    yield Table("before and after", ("", "before", "after", "change"), tuple(rows), note=attrs)
