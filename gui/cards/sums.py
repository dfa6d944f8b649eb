"""Sums: their terms with running sum, and what samples, times and positions contribute. No Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gui.cards.figure import Bars, Figure, Item, Link, Map, Place, Table
from gui.cards.sight import Sight
from gui.content import has_batch
from gui.inner_sums import LETTER, InnerSum, role_of
from gui.numbers import count_label

SHOWN = 12


def figures(sight: Sight) -> Iterator[Figure]:
    """The terms of a sum; of a shared weight's gradient also the shares of samples, times and positions."""
    if sight.sum is None:
        return
    if len(sight.inside) > 1:
        yield term_table(sight)
    if sight.step.backward or sight.step.op.kind == "accumulate":
        yield from shares(sight)


def chosen(products: NDArray[np.float64], order: str, focus: int | None) -> NDArray[np.int64]:
    """Places of the terms to show: all of a short sum; else the largest (none that are 0), or those around the focus.

    Example:
        >>> chosen(np.arange(20.0), "size", None)[:3]
        array([19, 18, 17])
        >>> chosen(np.arange(20.0), "index", 10)[:3]
        array([4, 5, 6])
    """
    count = len(products)
    if order == "size" and focus is None:
        largest = np.argsort(-np.abs(products), kind="stable")[:SHOWN].astype(np.int64)
        return largest[: max(int(np.count_nonzero(products[largest])), 1)]
    start = min(max((focus or 0) - SHOWN // 2, 0), max(count - SHOWN, 0))
    return np.arange(start, min(start + SHOWN, count))


def ranks(products: NDArray[np.float64]) -> dict[int, int]:
    """Rank by size, from 1, of the largest terms by their places.

    Example:
        >>> ranks(np.array([0.5, -2.0, 1.0]))
        {1: 1, 2: 2, 0: 3}
    """
    return {int(k): rank for rank, k in enumerate(np.argsort(-np.abs(products), kind="stable")[:SHOWN], 1)}


def term_table(sight: Sight) -> Table:
    """Index, factors, product and running sum of the terms; then the rest, the scale and what is added."""
    s, inside = sight.sum, sight.inside
    assert s is not None
    short = len(inside.products) <= SHOWN
    order = "index" if short and sight.order == "size" else sight.order
    places = chosen(inside.products, order, sight.term)
    axes, labels = labelled(sight)
    if sight.step.op.kind == "convolution" and sight.step.backward:  # numbered as on the map of positions
        best = ranks(inside.products)
        labels = [f"{best[k]}. {label}" if k in best else label for k, label in enumerate(labels)]
    factors = [sight.gathered(k) for k in range(len(s.factors))]
    running = np.cumsum(inside.products[places])
    rows: list[tuple[Item, ...]] = []
    for place, so_far in zip(places, running, strict=True):
        cells = [
            Link(sight.item(role, values[place]), sight.called(role), tuple(int(i) for i in np.asarray(index)[place]))
            for (role, index), values in zip(s.factors, factors, strict=True)
        ]
        so_far = inside.running[place] if order == "index" or sight.term is not None else so_far
        rows.append((Place(labels[place], int(place)), *cells, float(inside.products[place]), float(so_far)))
    focus = next((k for k, place in enumerate(places) if place == sight.term), None)
    ends = list(endings(sight, places, len(s.factors)))
    last = focus if focus is not None or sight.term is None else ending_in_focus(sight, len(rows), ends)
    heads = (axes, *(role for role, _ in s.factors), "product" if not s.term else "addend", "sum so far")
    count = count_label(len(inside.products), "product" if not s.term and len(s.factors) > 1 else "term")
    title = f"{count}, {'in order' if order == 'index' or sight.term is not None else 'largest first'}"
    return Table(title, heads, (*rows, *ends), last, len(ends), operands=len(s.factors) + 1)


def inner_table(inner: InnerSum) -> Table:
    """The products of a sum inside a formula, those of largest size first; the rest; the total."""
    values = np.array(inner.values)
    places = np.argsort(-np.abs(values), kind="stable")[:SHOWN]
    running = np.cumsum(values[places])
    rows: list[tuple[Item, ...]] = []
    for place, so_far in zip(places, running, strict=True):
        cells = [Link(o.value, o.name, o.index) for o in inner.products[place]]
        rows.append((str(place), *cells, float(values[place]), float(so_far)))
    hidden, total = len(values) - len(places), float(values.sum())
    blank = ("",) * len(inner.products[0])
    ends: list[tuple[Item, ...]] = [("total", *blank, "", total)]
    if hidden:
        ends.insert(0, (f"rest of {hidden:,}", *blank, total - float(values[places].sum()), total))
    head = (LETTER, *map(role_of, inner.products[0]), "product", "sum so far")
    title = f"{len(values)} products inside, largest first"
    return Table(title, head, (*rows, *ends), None, len(ends), operands=len(head) - 2)


def ending_in_focus(sight: Sight, rows: int, ends: Sequence[object]) -> int | None:
    """The row of a move behind the products: the scale, or what is added at last."""
    behind = len(sight.inside) - (sight.term or 0)
    place = rows + len(ends) - 1 - behind
    return place if (sight.term or 0) >= len(sight.inside.products) and place >= rows else None


def labelled(sight: Sight) -> tuple[str, list[str]]:
    """Letters of the axes that a sum runs over, and every term's place on them."""
    assert sight.sum is not None
    role, cells = sight.sum.factors[-1]
    cells = np.asarray(cells)
    moving = [d for d in range(cells.shape[1]) if len(cells) and (cells[:, d] != cells[0, d]).any()]
    letters = sight.letters(role)
    head = ", ".join(letters[d] for d in moving) or "#"
    if not moving:
        return head, [str(k + 1) for k in range(len(cells))]
    return head, [", ".join(map(str, row)) for row in cells[:, moving].tolist()]


def endings(sight: Sight, places: NDArray[np.int64], width: int) -> Iterator[tuple[Item, ...]]:
    """What comes behind the terms: the rest, the scale, single cells, the total."""
    s, inside = sight.sum, sight.inside
    assert s is not None
    blank = ("",) * width
    hidden = len(inside.products) - len(places)
    total = float(inside.products.sum())
    if hidden:
        yield (f"rest of {hidden:,}", *blank, total - float(inside.products[places].sum()), total)
    if s.scale != 1.0:
        yield (f"× {s.scale:.6g}", *blank, "", s.scale * total)
    so_far = s.scale * total
    for role, cell in s.plus:
        value = float(inside.arrays[role][cell])
        so_far += value
        yield (f"+ {role}", *blank, Link(value, sight.called(role), tuple(int(i) for i in cell)), so_far)
    yield ("total", *blank, "", inside.total)


# ---------------------------------------------------------------- shares


def shares(sight: Sight) -> Iterator[Figure]:
    """What every sample, time and position of a batch contributes to a gradient that is summed over them."""
    s = sight.sum
    if s is None or not s.factors or len(sight.inside.products) < 2 or not sight.inside.products.any():
        return
    role, cells = s.factors[-1] if s.factors[-1][0].startswith("d") else s.factors[0]
    name, cells = sight.called(role), np.asarray(cells)
    products = s.scale * sight.inside.products
    if not has_batch(sight.session.listing, name) or has_batch(sight.session.listing, sight.name):
        return
    if moves(cells, 0):
        yield bars("by sample", "n", products, cells[:, 0])
    if cells.shape[1] == 3 and moves(cells, 1):
        yield bars("by time", "t", products, cells[:, 1], in_order=True)
    if cells.shape[1] == 4 and moves(cells, 1) and moves(cells, 2):
        rows, columns = (int(cells[:, d].max()) + 1 for d in (1, 2))
        values = np.zeros((rows, columns))
        np.add.at(values, (cells[:, 1], cells[:, 2]), products)
        yield Map("by position h × w, summed over the batch", values)


def moves(cells: NDArray[np.int64], axis: int) -> bool:
    """Whether the terms differ along an axis."""
    return bool(len(cells)) and bool((cells[:, axis] != cells[0, axis]).any())


def bars(
    title: str, letter: str, products: NDArray[np.float64], places: NDArray[np.int64], in_order: bool = False
) -> Bars:
    """Shares of the places on one axis; the largest ones, and what the rest adds up to."""
    totals = np.bincount(places, weights=products)
    present = np.unique(places)
    best = present[np.argsort(-np.abs(totals[present]), kind="stable")][:SHOWN]
    kept = np.sort(best) if in_order else best
    rows = tuple((f"{letter}={int(place)}", float(totals[place])) for place in kept)
    rest = float(totals.sum() - totals[kept].sum()), len(present) - len(kept)
    return Bars(title, rows, rest)
