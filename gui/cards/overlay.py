"""The gradient of a kernel weight: upstream gradient and the pixels that the weight met, overlaid. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from gui.cards.figure import Figure, Overlay
from gui.cards.pictures import WIDTH, svg, text
from gui.cards.sight import Sight
from gui.cards.sums import ranks
from gui.content import is_weight
from gui.numbers import count_label

MOST = 40  # rows or columns of a picture; larger maps are cut around the largest term
TALLEST = 260.0


def kernel_gradient(sight: Sight) -> Iterator[Figure]:
    """Both maps of the sample shown, position by position, with the largest terms numbered as in the list."""
    s = sight.sum
    if s is None or not sight.step.backward or len(s.factors) != 2:
        return
    cells = {role: np.asarray(c) for role, c in s.factors}
    upstream = next((role for role in cells if role.startswith("d")), None)
    pixels = next((role for role in cells if not role.startswith("d")), None)
    if upstream is None or pixels is None or any(c.ndim != 2 or c.shape[1] != 4 for c in cells.values()):
        return
    if not is_weight(sight.session.listing, sight.name) or not _moves(cells[upstream]):
        return
    places = [role for role, _ in s.factors]
    focus = sight.term if sight.term is not None and sight.term < len(cells[upstream]) else None
    sample = int(cells[upstream][focus, 0]) if focus is not None else sight.session.sample
    mine = np.flatnonzero(cells[upstream][:, 0] == sample)
    size = cells[upstream][:, 1:3].max(0) + 1
    maps = [np.full(size, np.nan) for _ in places]
    at = tuple(cells[upstream][mine, 1:3].T)
    for role, picture in zip((upstream, pixels), maps, strict=True):
        picture[at] = sight.gathered(places.index(role))[mine]
    best = ranks(sight.inside.products)
    marks = tuple(
        (int(cells[upstream][k, 1]), int(cells[upstream][k, 2]), rank, int(k)) for k, rank in best.items() if k in mine
    )
    here = None if focus is None else (int(cells[upstream][focus, 1]), int(cells[upstream][focus, 2]))
    title = f"sample {sample}, position by position: {sight.called(upstream)} and {sight.called(pixels)} as it is met"
    yield Overlay(title, maps[0], maps[1], (upstream, pixels), marks, here, _note(len(marks), len(best), sample))


def _moves(cells: NDArray[np.int64]) -> bool:
    """Whether the terms lie at different places of the map, as those of a kernel do."""
    return (
        bool(len(cells)) and bool((cells[:, 1:3] != cells[0, 1:3]).any()) and bool((cells[:, 3] == cells[0, 3]).all())
    )


def _note(here: int, all_: int, sample: int) -> str:
    said = f"numbered as in the list: {here} of the {count_label(all_, 'largest term')} lie in sample {sample}"
    return said if here else f"none of the {all_} largest terms lies in sample {sample}"


def overlay_svg(figure: Overlay, shade: Callable[[float], str], colours: Mapping[str, str]) -> str:
    """Every position as a square: its upper left half is the upstream gradient, its lower right half the pixel."""
    (top, left), upstream = window_of(figure), figure.upstream
    rows, columns = (min(n, MOST) for n in upstream.shape)
    size = min(WIDTH / columns, TALLEST / rows, 22.0)
    parts = []
    for name, triangle in (("upstream", "{0},{1} {2},{1} {0},{3}"), ("pixels", "{2},{1} {2},{3} {0},{3}")):
        values = getattr(figure, name)[top : top + rows, left : left + columns]
        finite = np.abs(values[np.isfinite(values)])
        limit = float(finite.max()) if finite.size else 0.0
        for (r, c), value in np.ndenumerate(values):
            if np.isfinite(value):
                corners = (f"{v:.1f}" for v in (c * size, r * size, (c + 1) * size, (r + 1) * size))
                colour = shade(float(value) / limit if limit else 0.0)
                parts.append(f'<polygon points="{triangle.format(*corners)}" fill="{colour}"/>')
    for r, c, rank, _ in figure.marks:
        current = (r, c) == figure.current
        parts += _mark(r - top, c - left, size, rank, colours["bad" if current else "text"], 2 if current else 1)
    if figure.current is not None and all((r, c) != figure.current for r, c, *_ in figure.marks):
        parts += _mark(figure.current[0] - top, figure.current[1] - left, size, 0, colours["bad"], 2)
    wide, high = columns * size, rows * size
    parts.append(f'<rect width="{wide:.1f}" height="{high:.1f}" fill="none" stroke="{colours["line"]}"/>')
    label = f"◤ {figure.names[0]}   ◢ {figure.names[1]}"
    if (rows, columns) != upstream.shape:
        label += f"   rows {top}…{top + rows - 1}, columns {left}…{left + columns - 1}"
    parts.append(text(0, high + 12, label, colours["muted"], size=9))
    return svg("".join(parts), WIDTH, high + 16)


def window_of(figure: Overlay) -> tuple[int, int]:
    """First row and column of the part that is shown: around what is in focus, else around the largest term."""
    centre = figure.current or next(((r, c) for r, c, *_ in figure.marks), (0, 0))
    spare = (max(n - MOST, 0) for n in figure.upstream.shape)
    top, left = (min(max(at - MOST // 2, 0), n) for at, n in zip(centre, spare, strict=True))
    return top, left


def _mark(row: int, column: int, size: float, rank: int, colour: str, width: int) -> list[str]:
    """A box around a position, with its rank if it has one."""
    if not (0 <= row < MOST and 0 <= column < MOST):
        return []
    x, y = column * size, row * size
    box = f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{size:.1f}" fill="none"'
    number = text(x + size / 2, y + size / 2 + 3, str(rank), colour, "middle", 9) if rank else ""
    return [f'{box} stroke="{colour}" stroke-width="{width}"/>', number]
