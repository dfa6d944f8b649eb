"""Formulas: the table beside them, their named parts, and all their inner values line by line. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.inside import Line
from gui.cards.figure import Figure, Fold, Item, Link, Table
from gui.cards.sight import Sight
from gui.inner_sums import shortened, with_brackets
from gui.numbers import MINUS, count_label

LINES = 24  # of a formula, more are cut in the middle
SIMPLE = 8  # so few lines are not folded away
ROWS = 20  # of a table, the strongest of more are shown
LONG = 90  # letters of a part
COUNTED = 2000  # letters of a formula without named parts whose lines are counted before they are asked for
FOLD = "lines"
Column = NDArray[Any]


def figures(sight: Sight) -> Iterator[Figure]:
    """Of a formula its table, its named parts, and its lines, folded where they are many."""
    if sight.formula is None:
        return
    if sight.inside.rows:
        yield table(sight)
    if sight.explanation.named:
        yield parts(sight)
    shown = sight.unfolded or sight.term is not None
    named = bool(sight.explanation.named)
    if (named or len(sight.formula.text) > COUNTED) and not shown:  # to count lines that are not shown takes long
        yield Fold(FOLD, "line by line")
        return
    if len(sight.inside) < 2:
        return
    count = len(outer_lines(sight))
    simple = count <= SIMPLE and not named
    if not simple:
        yield Fold(FOLD, f"line by line: {count_label(count, 'line')}", shown)
    if simple or shown:
        yield moves(sight)


def table(sight: Sight) -> Table:
    """The table beside a formula: every row's numbers, those that are cells as links; sums below."""
    assert sight.formula is not None
    rows = sight.formula.rows
    assert rows is not None
    columns = sight.inside.rows
    own = own_row(sight)
    shown = strongest([columns[head] for head, _ in rows.columns], own)
    body: list[tuple[Item, ...]] = []
    for k in shown:
        items: list[Item] = [str(k)]
        for head, text in rows.columns:
            value = columns[head][k].item()
            role, cells = rows.lines.get(text, ("", np.zeros(0)))
            items.append(Link(value, sight.called(role), tuple(int(i) for i in cells[k])) if role else value)
        body.append(tuple(items))
    ends = []
    if len(shown) < len(rows):
        left = np.setdiff1d(np.arange(len(rows)), shown)
        ends.append(summed(f"rest of {len(left):,}", rows.columns, rows.sums, {h: c[left] for h, c in columns.items()}))
    if rows.sums:
        ends.append(summed("sum", rows.columns, rows.sums, columns))
    heads = (rows.axis, *(head.replace("-", MINUS) for head, _ in rows.columns))
    return Table(rows.title, heads, (*body, *ends), shown.index(own) if own in shown else None, len(ends))


def summed(
    label: str, columns: tuple[tuple[str, str], ...], sums: tuple[str, ...], values: dict[str, Column]
) -> tuple[Item, ...]:
    """A row with the sums of some columns."""
    return (label, *(float(values[head].sum()) if head in sums else "" for head, _ in columns))


def own_row(sight: Sight) -> int | None:
    """The row of the number that the card is about."""
    assert sight.formula is not None
    assert sight.formula.rows is not None
    for _, cells in sight.formula.rows.lines.values():
        if cells.shape[1] == len(sight.index):
            same = np.flatnonzero((cells == np.asarray(sight.index)).all(axis=1))
            return int(same[0]) if len(same) else None
    return None


def strongest(columns: list[Column], own: int | None) -> list[int]:
    """Places of the rows that are largest in the last column, or, where alike there, in the one before; in order."""
    count = len(columns[0])
    if count <= ROWS:
        return list(range(count))
    best = set(np.lexsort([-np.abs(column) for column in columns])[: ROWS - 1].tolist())
    return sorted(best | ({own} if own is not None else set()))


def parts(sight: Sight) -> Table:
    """The named parts of a formula, then the formula in their names."""
    e = sight.explanation
    rows: list[tuple[Item, ...]] = []
    for part in e.named:
        rows.append((two_lines(sight, f"{part.name} = {part.symbol}", part.substituted), part.value))
    rows.append((two_lines(sight, f"{sight.role} = {e.symbol}", e.substituted), e.recomputed))
    return Table("in parts", ("", "value"), tuple(rows), last=1)


def two_lines(sight: Sight, symbol: str, numbers: str) -> str:
    """A formula, and below it the same with numbers."""
    symbol = shortened(symbol, sight.inner, lambda inner: inner.symbol)
    symbol = with_brackets(without_middle(symbol), sight.explanation.operands)
    numbers = without_middle(shortened(numbers, sight.inner, lambda inner: "sum"))
    return f"{readable(symbol, LONG)}\n= {readable(numbers, LONG)}"


def without_middle(text: str) -> str:
    """A text of which much more than is shown is left at both ends: reading thousands of names would take a while."""
    return text if len(text) <= 20 * LONG else f"{text[: 8 * LONG]} … {text[-8 * LONG :]}"


def moves(sight: Sight) -> Table:
    """A formula's inner values, line by line."""
    kept = outer_lines(sight)
    count, focus = len(kept), kept.index(sight.term) if sight.term in kept else None
    start = 0 if focus is None else max(min(focus - LINES // 2, count - LINES), 0)
    places = kept[start : start + LINES]
    if count > LINES and focus is None:
        places = [*kept[: LINES - 4], *kept[-4:]]
    rows = [line_row(sight, sight.inside[place]) for place in places]
    note = "" if len(places) == count else f"{count - len(places)} more lines"
    current = places.index(sight.term) if sight.term in places else None
    return Table("line by line", ("", "value"), tuple(rows), current, note=note)


def outer_lines(sight: Sight) -> list[int]:
    """Places of the lines to show: products of inner sums have a table of their own; the one in focus is shown."""
    products = {term for inner in sight.inner for term in inner.terms}
    if not products:
        return list(range(len(sight.inside)))
    return [k for k, symbol in enumerate(sight.inside.symbols) if k == sight.term or symbol not in products]


def line_row(sight: Sight, line: Line) -> tuple[str, float]:
    """A line's symbols, its numbers below them, its value."""
    own = next((inner for inner in sight.inner if inner.text == line.symbol), None)
    if own is not None:
        return readable(own.symbol), line.value
    short = shortened(line.symbol, sight.inner, lambda inner: "sum")
    symbol, numbers = readable(with_brackets(short, sight.explanation.operands)), readable(line.substituted)
    return symbol if symbol == numbers else f"{symbol}\n= {numbers}", line.value


def readable(text: str, most: int = 60) -> str:
    """A piece of a formula for reading; a long one without its middle.

    Example:
        >>> readable("dy * (-0.5)")
        'dy · (−0.5)'
    """
    text = text.replace("-", MINUS).replace(" ** ", "^").replace("**", "^").replace(" * ", " · ")
    return text if len(text) <= most else f"{text[: most * 2 // 3]} … {text[-most // 3 :]}"
