"""Convolutions and pooling: the patch, the kernel and their products side by side; the window and its winner. No Qt."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gui.cards.figure import Bars, Figure, Grid, Grids, Note
from gui.cards.sight import Sight
from gui.numbers import format_number

CHANNELS = 3  # input channels whose grids are shown
LARGEST = 12  # a grid of more rows or columns is not shown
SUBTOTALS = 12


def convolution(sight: Sight) -> Iterator[Figure]:
    """Where the window lies; patch, kernel and products of the strongest channels; what every channel adds."""
    s = sight.sum
    if s is None or sight.step.backward or len(s.factors) != 2 or np.asarray(s.factors[1][1]).shape[1] != 4:
        return
    yield Note(where(sight))
    cells = np.asarray(s.factors[1][1])
    axis = next((d for d in (2, 3) if len(cells) and (cells[:, d] != cells[0, d]).any()), 2)
    channels = np.unique(cells[:, axis])
    totals = {int(c): float(sight.inside.products[cells[:, axis] == c].sum()) for c in channels}
    best = sorted(totals, key=lambda c: -abs(totals[c]))
    kernel = sight.array(s.factors[1][0])
    assert kernel is not None
    if max(kernel.shape[:2]) <= LARGEST:
        for channel in best[:CHANNELS]:
            yield channel_grids(sight, channel, cells[:, axis] == channel, kernel.shape[:2], totals[channel])
    if len(best) > 1:
        rows = tuple((f"channel {c}", totals[c]) for c in best[:SUBTOTALS])
        rest = sum(totals[c] for c in best[SUBTOTALS:]), max(len(best) - SUBTOTALS, 0)
        yield Bars("subtotals by input channel", rows, rest)


def where(sight: Sight) -> str:
    """The rows and columns that the window reads, in words."""
    assert sight.sum is not None
    cells = np.asarray(sight.sum.factors[0][1])
    if not len(cells):
        return "The window lies wholly on padding."
    (top, left), (bottom, right) = cells[:, 1:3].min(0), cells[:, 1:3].max(0)
    attrs = sight.step.attrs
    stride = " × ".join(map(str, attrs.get("strides", (1, 1))))
    said = f"reads rows {top}…{bottom}, columns {left}…{right} of {sight.called(sight.sum.factors[0][0])}"
    return f"{said}; stride {stride}, padding {attrs.get('padding', 'valid')}; cross-correlation: no flip of the kernel"


def channel_grids(sight: Sight, channel: int, mine: NDArray[np.bool_], size: tuple[int, ...], subtotal: float) -> Grids:
    """Patch, kernel and products of one input channel; what lies on padding counts as 0."""
    assert sight.sum is not None
    (read, places), (weighed, offsets) = sight.sum.factors
    at = tuple(np.asarray(offsets)[mine, :2].T)
    padding = np.ones(size, np.bool_)
    padding[at] = False
    parts = ((read, np.asarray(places)[mine], sight.gathered(0)[mine]),)
    parts = (*parts, (weighed, np.asarray(offsets)[mine], sight.gathered(1)[mine]))  # type: ignore[assignment]
    grids = [grid(role, sight.called(role), size, at, cells, values, padding) for role, cells, values in parts]
    products = grid("product", "", size, at, None, sight.inside.products[mine], padding)
    note = "hatched: padding, counts as 0" if padding.any() else ""
    title = f"channel {channel}: subtotal {format_number(subtotal, sight.session.digits)}"
    return Grids(title, (*grids, products), ("·", "="), note)


def grid(
    title: str,
    name: str,
    size: tuple[int, ...],
    at: tuple[NDArray[np.int64], ...],
    cells: NDArray[np.int64] | None,
    values: NDArray[np.float64],
    padding: NDArray[np.bool_],
) -> Grid:
    """Numbers put into a grid; what they do not fill is padding."""
    filled = np.zeros(size)
    filled[at] = values
    indices = None
    if cells is not None:
        indices = np.zeros((*size, cells.shape[1]), np.int64)
        indices[at] = cells
    limit = float(np.abs(values).max()) if len(values) else 0.0
    return Grid(title, filled, padding, np.zeros(size, np.bool_), name, indices, limit)


def window(sight: Sight) -> Iterator[Figure]:
    """The window that a pooling reads, its winner boxed; of a gradient nothing but the terms."""
    if sight.step.backward:
        return
    cells = sight.inside.expression.cells().get("x")
    x = sight.array("x")
    if cells is None or x is None or cells.shape[1] != 4 or not len(cells):
        return
    corner = cells[:, 1:3].min(0)
    size = tuple(int(n) for n in cells[:, 1:3].max(0) - corner + 1)
    if max(size) > LARGEST:
        return
    at = tuple((cells[:, 1:3] - corner).T)
    values = np.asarray(x[tuple(cells.T)], np.float64)
    missing = np.ones(size, np.bool_)
    missing[at] = False
    found = grid("x", sight.called("x"), size, at, cells, values, missing)
    if sight.formula is not None and len(values):  # one of the cells was chosen
        first = int(np.flatnonzero(values == sight.explanation.result)[:1].sum())
        found.boxed[at[0][first], at[1][first]] = bool((values == sight.explanation.result).any())
    text = sight.explanation.note or ("boxed: the winner" if found.boxed.any() else "")
    yield Grids(f"window of {len(cells)} cells", (found,), (), text)
