"""Layers that are used several times, such as those of a siamese network: their towers side by side. No Qt."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastnn.engine.margins import Clip, Margin, margins
from fastnn.engine.measures import norm
from gui.content import Content, content_of
from gui.network import INPUT, Layer, layers_of, step_blocks
from gui.numbers import format_number

SIDES = ("left", "right")
SAID = {
    Margin.ACTIVE: "margin active",
    Margin.CLIPPED: "margin not active: kept, the term is 0",
    Margin.WEIGHTED_OUT: "margin not active: the term is weighted by 0",
    Margin.OPEN: "margin not kept; backward will tell whether the term counts",
}


@dataclass(frozen=True)
class Towers:
    """What stands beside each other.

    Args:
        titles: Names of the rows: the input, then the layers with weights.
        rows: For every row the value of each tower.
        shared: Parameters that all towers use.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shared: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many towers there are."""
        return len(self.rows[0])

    def side(self, place: int) -> str:
        """What to call a tower: left and right if there are two."""
        return SIDES[place] if self.count == len(SIDES) else f"tower {place + 1}"


@dataclass(frozen=True)
class Parts:
    """A shared parameter's gradient and what every tower adds to it.

    Args:
        parameter: Name of the parameter.
        parts: Name of each tower's part, and its norm; None before it is computed.
        total: Name of the gradient, and its norm.
    """

    parameter: str
    parts: tuple[tuple[str, float | None], ...]
    total: tuple[str, float | None]


def towers_of(listing: Any) -> Towers | None:
    """The towers of a network; None if no layer with weights is used several times."""
    by_layer: dict[str, list[Layer]] = {}
    blocks = {block.name: block for block in layers_of(listing)}
    for block in blocks.values():
        by_layer.setdefault(block.layer, []).append(block)
    weighty = [uses for name, uses in by_layer.items() if name and len(uses) > 1 and uses[0].weights]
    if not weighty:
        return None
    counts = Counter(map(len, weighty))
    rows = [uses for uses in weighty if len(uses) == max(counts, key=lambda n: counts[n])]
    heads = [_source(blocks, use) for use in rows[0]]
    titles = ["input", *(uses[0].layer.rsplit("/", 1)[-1] for uses in rows)]
    names = [tuple(heads), *(tuple(use.output for use in uses) for uses in rows)]
    shared = dict.fromkeys(w for uses in rows for w in uses[0].weights if listing.values[w].role == "parameter")
    return Towers(tuple(titles), tuple(names), tuple(shared))


def _source(blocks: dict[str, Layer], block: Layer) -> str:
    """The value that a tower begins with: the input that leads to it."""
    while block.before and not block.name.startswith(f"{INPUT}:"):
        block = blocks[block.before[0]]
    return block.output


def tiles(session: Any, towers: Towers) -> list[list[Content]]:
    """Every row's contents, under one scale, for the sample shown; gradients where the session shows those."""
    found = []
    for title, names in zip(towers.titles, towers.rows, strict=True):
        contents = [_tile(session, f"{title}, {towers.side(k)}", name) for k, name in enumerate(names)]
        scales = [c.scale for c in contents if c.scale is not None]
        widest = max(scales, key=lambda s: s.high, default=None)
        found.append([replace(c, scale=widest if c.scale is not None else None) for c in contents])
    return found


def _tile(session: Any, title: str, name: str) -> Content:
    if session.show == "values":
        return content_of(session, name, title, sample=session.sample)
    gradient = session.gradient_of(name)
    if gradient is not None:
        return content_of(session, gradient, f"d {title}", sample=session.sample)
    return replace(content_of(session, name, title, sample=session.sample), data=None, missing="has no gradient")


def parts_of(session: Any, towers: Towers) -> list[Parts]:
    """The gradients of shared parameters: from left to right what every tower adds, and their sum."""
    listing, blocks, found = session.listing, step_blocks(session.listing), []
    for parameter in towers.shared:
        total = listing.gradient_of(parameter)
        made = None if total is None else listing.written_by.get(total)
        if total is None or made is None or listing.steps[made].op.kind != "accumulate":
            continue
        names = sorted(listing.steps[made].inputs, key=lambda n: blocks[listing.written_by[n]])
        found.append(Parts(parameter, tuple(map(_sized(session), names)), _sized(session)(total)))
    return found


def _sized(session: Any) -> Any:
    return lambda name: (name, norm([session.view(name)]) if session.computed(name) else None)


def largest_cell(session: Any, name: str) -> tuple[int, ...]:
    """The cell of largest size of a value."""
    values = session.view(name)
    return tuple(int(i) for i in np.unravel_index(np.abs(values).argmax(), values.shape))


# ---------------------------------------------------------------- margins


@dataclass(frozen=True)
class Badge:
    """What is said of one sample.

    Args:
        margin: Whether its margin is active; None before the loss is computed.
        words: The same in words, with the numbers.
    """

    margin: Margin | None
    words: str


def badges(session: Any, clip: Clip) -> list[Badge]:
    """Every sample's badge."""

    def read(name: str) -> Any:
        return session.view(name) if session.computed(name) else None

    found, before = margins(clip, session.listing, read), read(clip.before)
    if found is None or before is None:
        return [Badge(None, "margin: not computed yet")] * len(session.moment.rows)
    values = before.reshape(len(before), -1)
    return [
        Badge(m, f"{SAID[m]} ({clip.before} = {format_number(_most(v), session.digits)})")
        for m, v in zip(found, values, strict=True)
    ]


def _most(values: Any) -> float:
    return float(values.max()) if values.size else math.nan
