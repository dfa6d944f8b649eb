"""What a card shows besides formula and result, by the operation's kind. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gui.cards import lines, overlay, shapes, statistics, sums, windows
from gui.cards.figure import Figure
from gui.cards.sight import Sight, sight_of

__all__ = ["BY_KIND", "figures", "given_figures", "sight_of"]
BY_KIND: dict[str, Callable[[Sight], Iterable[Figure]]] = {
    "convolution": lambda sight: [*windows.convolution(sight), *overlay.kernel_gradient(sight)],
    "window": windows.window,
    "elementwise": lambda sight: [*shapes.activation(sight), *shapes.branches(sight)],
    "normalization": lambda sight: [*shapes.classes(sight), *statistics.statistics(sight)],
    "loss": lambda sight: [*shapes.classes(sight), *shapes.pictures(sight)],
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
    yield from lines.figures(sight)
    yield from sums.figures(sight)
    if not sight.inside.rows:
        yield from map(sums.inner_table, sight.inner)
    yield from own


def given_figures(session: Any, name: str) -> Iterator[Figure]:
    """Of a parameter that no step has changed yet: the rule that its numbers were drawn by, and how they are spread."""
    value = session.listing.values.get(name)
    if value is None or value.role not in ("parameter", "state") or session.moment.arrays is not None:
        return
    key = (weakref.ref(session.stepper), session.stepper.edits, session.moment.position, name)
    if session.spread[0] != key:  # the same for every cell, and a look at all of them
        session.spread = key, (*shapes.origin(session, name), *shapes.histogram(session.view(name)))
    yield from session.spread[1]
