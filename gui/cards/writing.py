"""Figures as HTML that Qt's rich text and browsers show alike, and as SVG. No Qt."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatchmethod
from urllib.parse import quote, unquote

import numpy as np

from gui.cards.figure import (
    Bars,
    Courses,
    Curve,
    Figure,
    Fold,
    Grid,
    Grids,
    Item,
    Link,
    Map,
    Note,
    Overlay,
    Place,
    Strip,
    Table,
    plain,
)
from gui.cards.overlay import overlay_svg
from gui.cards.pictures import courses_svg, curve_svg, map_svg, strip_svg
from gui.numbers import format_cell, format_number, minus

FOCUS = "focus"  # the anchor of the table with a row in focus
BLOCKS = "▏▎▍▌▋▊▉█"
WRAP = ' style="white-space:normal"'
NOWRAP = ' style="white-space:nowrap"'
WIDE = 6  # decimals in tables of many columns, so that none is out of sight
MORE = 2  # decimals of operands, so that what is printed can be done again by hand
CROWDED = 5  # columns of a table whose cells stand closer
HEAD = 11  # letters of a column's name
LONG = 40  # letters of a text that may be broken into lines
BESIDE = 3  # columns of grids that stand side by side
LONGEST = 12  # characters of the longest bar
Index = tuple[int, ...]


@dataclass(frozen=True)
class Look:
    """How figures look.

    Args:
        colours: text, muted, accent, good, bad, line, raised, negative, positive as #rrggbb.
        shade: Background of a number on a scale of -1 to 1, as #rrggbb.
        links: Whether numbers lead to their cards.
        small: Size of type in tables, in points.
        picture: Puts an SVG into the HTML.
    """

    colours: Mapping[str, str]
    shade: Callable[[float], str]
    links: bool = True
    small: float = 8.0
    picture: Callable[[str], str] = lambda svg: svg


def address(link: Link) -> str:
    """The link of a cell, as HTML carries it.

    Example:
        >>> address(Link(0.5, "fc.kernel", (3, 1))), target_of("value:fc.kernel:3,1")
        ('value:fc.kernel:3,1', ('fc.kernel', (3, 1)))
    """
    return f"value:{quote(link.name, safe='.')}:{','.join(map(str, link.index))}"


def target_of(url: str) -> tuple[str, Index]:
    """The cell that a link leads to."""
    _, name, index = url.split(":")
    return unquote(name), tuple(int(i) for i in index.split(",") if i)


class FigureWriter:
    """Writes figures.

    Args:
        digits: Decimals of numbers.
        look: Colours and links.
    """

    def __init__(self, digits: int, look: Look) -> None:
        self.digits, self.look, self.colours = digits, look, look.colours

    def html(self, figures: Iterable[Figure]) -> str:
        """All figures, one below the other."""
        return "".join(self.write(figure) for figure in figures)

    # ------------------------------------------------------------ pieces

    def item(self, item: Item, most: int = 99, more: int = 0) -> str:
        """A number or a text; a link where it leads somewhere; with at most so many decimals, and some more."""
        value = item.value if isinstance(item, Link | Place) else item
        text = self._words(value) if isinstance(value, str) else html.escape(self._number(value, most, more))
        if isinstance(item, Place) and self.look.links:
            style = f"color:{self.colours['accent']};text-decoration:none"
            return f'<a href="term:{item.term}" style="{style}">{text}</a>'
        if isinstance(item, Link) and self.look.links:
            style = f"color:{self.colours['accent']};text-decoration:none"
            return f'<a href="{address(item)}" style="{style}">{text}</a>'
        return text

    def _number(self, value: float, most: int, more: int = 0) -> str:
        """A number with at most so many decimals; where columns are crowded, powers of ten have two."""
        text = format_number(value, min(self.digits, most) + more)
        if "e" not in text:
            return text
        return brief(text if most >= WIDE else format_number(value, 3))

    def _words(self, text: str) -> str:
        """A text; what follows on a second line is less important."""
        first, _, second = (html.escape(part) for part in minus(text).partition("\n"))
        return f'{first}<br><span style="color:{self.colours["muted"]}">{second}</span>' if second else first

    def title(self, text: str) -> str:
        """A line above a figure."""
        colour = self.colours["muted"]
        return f'<p style="margin:8px 0 2px 0;color:{colour}">{html.escape(text)}</p>' if text else ""

    def _open(self, padding: int, spacing: int = 0, full: bool = False) -> str:
        """The beginning of a table whose cells are never broken into lines."""
        width = ' width="99%"' if full else ""  # all of it would be a pixel too wide: Qt rounds up
        style = f"font-size:{self.look.small:g}pt;white-space:nowrap"
        return f'<table{width} cellspacing="{spacing}" cellpadding="{padding}" style="{style}">'

    def note(self, text: str) -> str:
        return f'<p style="margin:2px 0;color:{self.colours["muted"]}">{html.escape(text)}</p>' if text else ""

    # ------------------------------------------------------------ figures

    @singledispatchmethod
    def write(self, figure: Figure) -> str:
        """One figure as HTML."""
        raise TypeError(f"expected a figure, received {type(figure).__name__}.")

    @write.register
    def _(self, figure: Note) -> str:
        return self.note(figure.text)

    @write.register
    def _(self, figure: Fold) -> str:
        text = f"{'▾' if figure.open else '▸'} {html.escape(figure.text)}"
        style = f"color:{self.colours['accent']};text-decoration:none"
        link = f'<a href="fold:{figure.name}" style="{style}">{text}</a>' if self.look.links else text
        return f'<p style="margin:8px 0 2px 0">{link}</p>'

    @write.register
    def _(self, figure: Table) -> str:
        head = "".join(self._head_cell(k, name) for k, name in enumerate(figure.head))
        columns = len(figure.head)
        most = WIDE - 1 if columns > CROWDED else WIDE if columns > 3 else 99
        rows = "".join(self._row(figure, k, most) for k in range(len(figure.rows)))
        padding = 1 if len(figure.head) >= CROWDED else 2
        table = f"{self._open(padding, full=True)}<tr>{head}</tr>{rows}</table>"
        anchor = f'<a name="{FOCUS}"></a>' if figure.current is not None else ""
        return anchor + self.title(figure.title) + table + self.note(figure.note)

    def _head_cell(self, k: int, name: str) -> str:
        side = "left" if k == 0 else "right"
        short = name if len(name) <= HEAD else f"{name[: HEAD - 1]}…"
        return f'<td align="{side}"><span style="color:{self.colours["muted"]}">{html.escape(short)}</span></td>'

    def _row(self, figure: Table, k: int, most: int) -> str:
        row = figure.rows[k]
        total = k >= len(figure.rows) - figure.last
        here = f' bgcolor="{self.colours["raised"]}"' if k == figure.current else ""
        cells = []
        for place, item in enumerate(row):
            text = self.item(item, most, MORE if 1 <= place <= figure.operands else 0)
            text = f"<b>{text}</b>" if (total and k == len(figure.rows) - 1) or k == figure.current else text
            text = f"▶ {text}" if k == figure.current and place == 0 else text
            side = "left" if place == 0 or (isinstance(item, str) and place < 2) else "right"
            broken = isinstance(item, str) and ("\n" in item or len(item) > LONG)
            cells.append(f'<td align="{side}" valign="top"{here}{WRAP if broken else NOWRAP}>{text}</td>')
        return f"<tr>{''.join(cells)}</tr>"

    @write.register
    def _(self, figure: Grids) -> str:
        signs = (*figure.signs, *[""] * len(figure.grids))
        if max(grid.values.shape[1] for grid in figure.grids) > BESIDE and len(figure.grids) > 1:
            stacked = "".join(f"{self._grid(grid)} {sign} " for grid, sign in zip(figure.grids, signs, strict=False))
            return self.title(figure.title) + stacked + self.note(figure.note)
        cells = []
        for grid, sign in zip(figure.grids, signs, strict=False):
            cells.append(f'<td valign="top">{self._grid(grid)}</td>')
            cells.append(f'<td valign="middle">&nbsp;{sign}&nbsp;</td>' if sign else "")
        side_by_side = f"{self._open(0)}<tr>{''.join(cells)}</tr></table>"
        return self.title(figure.title) + side_by_side + self.note(figure.note)

    def _grid(self, grid: Grid) -> str:
        rows = []
        for r in range(grid.values.shape[0]):
            cells = "".join(self._grid_cell(grid, r, c) for c in range(grid.values.shape[1]))
            rows.append(f"<tr>{cells}</tr>")
        title = f'<span style="color:{self.colours["muted"]}">{html.escape(grid.title)}</span>'
        return f"{title}{self._open(1, 1)}{''.join(rows)}</table>"

    def _grid_cell(self, grid: Grid, r: int, c: int) -> str:
        if grid.padding[r, c]:
            style = f"color:{self.colours['muted']}"
            return f'<td align="center" background="hatch.png" class="padding" style="{style}">0</td>'
        value = float(grid.values[r, c])
        text = short(format_cell(value, min(self.digits, 2)))
        if grid.cells is not None and self.look.links:
            link = address(Link(value, grid.name, tuple(int(i) for i in grid.cells[r, c])))
            text = f'<a href="{link}" style="color:{self.colours["text"]};text-decoration:none">{text}</a>'
        shade = self.look.shade(value / grid.limit if grid.limit and np.isfinite(value) else 0.0)
        text = f"<b>[{text}]</b>" if grid.boxed[r, c] else text
        return f'<td align="right" bgcolor="{shade}"{NOWRAP}>{text}</td>'

    @write.register
    def _(self, figure: Bars) -> str:
        largest = max((abs(plain(value)) for _, value in figure.rows), default=0.0)
        rows = [self._bar(label, value, largest) for label, value in figure.rows]
        if figure.rest[1]:
            rows.append(self._bar(f"rest of {figure.rest[1]:,}", figure.rest[0], largest))
        rows.append(f'<tr><td><b>total</b></td><td></td><td align="right"><b>{self.item(figure.total)}</b></td></tr>')
        table = f"{self._open(1, full=True)}{''.join(rows)}</table>"
        return self.title(figure.title) + table + self.note(figure.note)

    def _bar(self, label: str, value: Item, largest: float) -> str:
        number = plain(value)
        part = min(abs(number) / largest, 1.0) if largest and np.isfinite(number) else 0.0
        eighths = round(part * LONGEST * 8)
        bar = BLOCKS[-1] * (eighths // 8) + (BLOCKS[eighths % 8 - 1] if eighths % 8 else "")
        colour = self.colours["negative" if number < 0 else "positive"]
        return (
            f'<tr><td{NOWRAP}>{html.escape(label)}</td><td{NOWRAP}><span style="color:{colour}">{bar}</span></td>'
            f'<td align="right"{NOWRAP}>{self.item(value, more=MORE)}</td></tr>'
        )

    @write.register
    def _(self, figure: Curve) -> str:
        z, y = figure.at
        said = {"z": self.item(z), "y": self.item(y), "s": self.item(figure.slope or 0.0)}
        tag = f'<p style="margin:2px 0;color:{self.colours["bad"]}"><b>{figure.tag}</b></p>' if figure.tag else ""
        return self.title(figure.title.format(**said)) + self.look.picture(curve_svg(figure, self.colours)) + tag

    @write.register
    def _(self, figure: Courses) -> str:
        return self.title(figure.title) + self.look.picture(courses_svg(figure, self.colours))

    @write.register
    def _(self, figure: Strip) -> str:
        said = {"m": self.item(figure.mean), "d": self.item(figure.deviation)}
        return self.title(figure.title.format(**said)) + self.look.picture(strip_svg(figure, self.colours))

    @write.register
    def _(self, figure: Map) -> str:
        return self.title(figure.title) + self.look.picture(map_svg(figure, self.look.shade, self.colours))

    @write.register
    def _(self, figure: Overlay) -> str:
        picture = overlay_svg(figure, self.look.shade, self.colours)
        return self.title(figure.title) + self.look.picture(picture) + self.note(figure.note)


def brief(text: str) -> str:
    """A power of ten without a zero that says nothing.

    Example:
        >>> brief("−6.5751e−04"), brief("1.5e+12"), brief("0.25")
        ('−6.5751e−4', '1.5e+12', '0.25')
    """
    return re.sub(r"e([−+])0(?=\d)", r"e\1", text)


def short(text: str) -> str:
    """A number of a grid without zeros that say nothing.

    Example:
        >>> short("−0.11"), short("0"), short("−3e−04"), short("0.00")
        ('−.11', '0', '−3e−4', '.00')
    """
    return brief(re.sub(r"^(−?)0\.", r"\1.", text))
