"""What a card shows besides formula and result, by the operation's kind. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastnn.engine.inside import Line
from gui.cards import overlay, shapes, sums, windows
from gui.cards.figure import Figure, Table
from gui.cards.sight import Sight, sight_of
from gui.inner_sums import shortened, with_brackets
from gui.numbers import MINUS

__all__ = ["BY_KIND", "figures", "given_figures", "moves", "sight_of"]
LINES = 24  # of a formula, more are cut in the middle
BY_KIND: dict[str, Callable[[Sight], Iterable[Figure]]] = {
    "convolution": lambda sight: [*windows.convolution(sight), *overlay.kernel_gradient(sight)],
    "window": windows.window,
    "elementwise": lambda sight: [*shapes.activation(sight), *shapes.branches(sight)],
    "normalization": lambda sight: [*shapes.classes(sight), *shapes.statistics(sight)],
    "loss": shapes.classes,
    "recurrence": shapes.gates,
    "accumulate": shapes.parts,
    "rearrangement": shapes.mapping,
    "gather": shapes.mapping,
    "update": shapes.before_and_after,
}


def figures(sight: Sight) -> Iterator[Figure]:
    """What is worth seeing around a number: first how it comes about, then what is special to the kind."""
    own = list(BY_KIND.get(sight.step.op.kind, lambda _: ())(sight))
    if sight.term is None and sight.step.op.kind in ("convolution", "accumulate", "window"):
        yield from own
        own = []
    if sight.formula is not None and len(sight.inside) > 1:
        yield moves(sight)
    yield from sums.figures(sight)
    yield from map(sums.inner_table, sight.inner)
    yield from own


def given_figures(session: Any, name: str) -> Iterator[Figure]:
    """Of a parameter that no step has changed yet: how its numbers are spread."""
    value = session.listing.values.get(name)
    if value is None or value.role != "parameter" or session.moment.arrays is not None:
        return
    key = (session.stepper, session.stepper.edits, session.moment.position, name)
    if session.spread[0] != key:  # the same for every cell, and a look at all of them
        session.spread = key, tuple(shapes.histogram(session.view(name)))
    yield from session.spread[1]


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
    places = range(len(sight.inside))
    products = {term for inner in sight.inner for term in inner.terms}
    return [k for k in places if not products or k == sight.term or sight.inside[k].symbol not in products]


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
    text = text.replace("-", MINUS).replace(" * ", " · ")
    return text if len(text) <= most else f"{text[: most * 2 // 3]} … {text[-most // 3 :]}"
