"""Figures of the other kinds: curves, classes, gates over time, parts of a gradient, updates. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.explain import number_in
from fastnn.ops.terms import Formula
from gui.cards.figure import Bars, Courses, Curve, Figure, Item, Map, Note, Table
from gui.cards.sight import Sight
from gui.content import base_name
from gui.network import step_blocks
from gui.numbers import cell_label, format_number

POINTS = 121
BINS = 11
CLASSES = 20
MOST_DRAWN = 4_000_000  # numbers of a parameter that are drawn again to compare
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
    """Where two branches meet: their values, norms and slopes; backward: what goes into either branch."""
    step, arrays = sight.step, sight.inside.arrays
    pairs = [(r, n) for r, n in (step.results if step.backward else step.operands) if n is not None and r in arrays]
    shape = arrays[sight.role].shape
    if len(step.op.inputs) != 2:
        return
    alike = [(r, str(n)) for r, n in pairs if arrays[r].shape == shape]
    slopes = {} if step.backward else {r: slope_towards(sight, r) for r, _ in alike}
    chosen = any(slope == 0 for slope in slopes.values()) or (len(alike) == 1 and slopes.get(alike[0][0]) == 1)
    if len(alike) != 2 and not chosen:
        return
    rows: list[tuple[Item, ...]] = []
    for role, name in alike:
        norm = float(np.linalg.norm(np.asarray(arrays[role], np.float64)))
        slope = slopes.get(role)
        rows.append((f"{role} is {name}", sight.link(role, sight.index), norm))
        if not step.backward:
            rows[-1] = (*rows[-1], "" if slope is None else slope)
    if step.backward:
        yield Table("the gradient goes into both branches", ("", "this cell", "norm"), tuple(rows))
        return
    title = "two branches meet" if len(alike) == 2 else "what goes in"
    dead = [role for role, slope in slopes.items() if slope == 0]
    note = f"not active: no gradient goes back to {' and '.join(dead)} here" if dead else ""
    yield Table(title, ("", "this cell", "norm", "slope"), tuple(rows), note=note)


def slope_towards(sight: Sight, role: str) -> float | None:
    """How the number moves with the same cell of an operand, as the derivative says; None if it is mixed."""
    op, step = sight.step.op, sight.step
    if op.explain is None or role not in op.gradient_roles(len(step.operands)):
        return None
    expression = op.explain(f"d{role}", sight.index, step.shapes, **step.attrs)
    if not isinstance(expression, Formula):
        return None
    return expression.evaluate({**sight.inside.arrays, "dy": np.ones(sight.inside.arrays[sight.role].shape)})


def origin(session: Any, name: str) -> Iterator[Figure]:
    """How a parameter's first numbers were drawn, while it still has them."""
    variable = session.listing.values[name].source
    rule = getattr(variable, "initializer", None)
    said = "" if rule is None else rule.describe(variable.shape)
    if not said or variable.value.size > MOST_DRAWN:
        return
    assert rule is not None
    drawn = rule(variable.shape, dtype=variable.dtype)
    if np.array_equal(session.view(name), drawn.astype(session.view(name).dtype)):
        yield Note(f"{type(rule).__name__}: {said}")
    else:
        yield Note(f"other numbers than those of its rule, {type(rule).__name__}: {said}")


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


# ---------------------------------------------------------------- rows of classes


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
    width = shape[-1]
    if not columns or width < 2:
        return
    own = sight.index[-1] if len(sight.index) == len(shape) else None if label is None else int(label[lead])
    shown = list(range(width)) if width <= CLASSES else strongest(columns, lead, own)
    rows: list[tuple[Item, ...]] = []
    for j in shown:
        cell = (*lead, j)
        links = [sight.link(role, cell) for role in columns]
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


def pictures(sight: Sight) -> Iterator[Figure]:
    """Of a loss between pictures: the target, the network's answer, and what is between them, with the cell boxed."""
    session, index = sight.session, sight.index
    target = sight.array("y_true")
    if target is None or target.ndim != 4 or len(index) < 3:
        return
    answer = next(
        (n for n in session.listing.outputs if session.computed(n) and session.listing.values[n].shape == target.shape),
        None,
    )
    if answer is None:
        return
    n, h, w, c = (*index, 0)[:4]
    maps = [np.asarray(a[n, :, :, c], np.float64) for a in (target, session.view(answer))]
    yield Map("target", maps[0], (h, w))
    yield Map(f"answer: {answer}", maps[1], (h, w))
    yield Map("difference: answer − target", maps[1] - maps[0], (h, w))


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
        rows.append((str(k), *(sight.link(role, (b, k, j)) for role in found)))
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
        link = sight.link(role, sight.index)
        rows.append((origin, link, float(np.linalg.norm(array))))
        bars.append((origin, link))
    total = sight.inside.total
    result = sight.array(sight.role)
    norm = float(np.linalg.norm(result)) if result is not None else 0.0
    head = ("use in", "this cell", "norm")
    yield Table(f"one part for each of {len(rows)} uses", head, (*rows, ("sum", total, norm)), last=1, operands=1)
    yield Bars("shares of the uses", tuple(bars))


# ---------------------------------------------------------------- places, updates


def mapping(sight: Sight) -> Iterator[Figure]:
    """Which cell a moved number comes from; of a number looked up in a table, by which index."""
    expression = sight.inside.expression
    used = np.flatnonzero(sight.inside.products) if sight.sum is not None else np.arange(1)
    if sight.step.backward and sight.sum is not None:
        return
    if sight.sum is not None and len(used) == 1:
        (role, cells), *others = sight.sum.factors
        place = tuple(int(i) for i in np.asarray(cells)[used[0]])
        why = [(r, tuple(int(i) for i in np.asarray(c)[used[0]])) for r, c in others]
        said = [f"{labelled(sight, r, c)} is {int(sight.inside.arrays[r][c])}" for r, c in why]
        yield Note(
            f"{labelled(sight, sight.role, sight.index)} takes the number of {labelled(sight, role, place)}"
            + (f", because {' and '.join(said)}" if said else "")
        )
        return
    for role, cells in expression.cells().items():
        if len(cells) == 1 and sight.array(role) is not None and len(cells[0]):
            source = labelled(sight, role, tuple(cells[0].tolist()))
            yield Note(f"{labelled(sight, sight.role, sight.index)} takes the number of {source}")


def labelled(sight: Sight, role: str, cell: tuple[int, ...]) -> str:
    """A cell by the name of its value and with the letters of its axes."""
    return cell_label(sight.called(role), cell, sight.letters(role))


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
        old = sight.link(role, cell)
        new: Item = "" if after is None else number_in(after, cell)
        change: Item = "" if after is None else number_in(after, cell) - number_in(arrays[role], cell)
        rows.append((role, old, new, change))
    attrs = ", ".join(f"{key} = {value}" for key, value in sight.step.attrs.items())
    yield Table("before and after", ("", "before", "after", "change"), tuple(rows), note=attrs)
