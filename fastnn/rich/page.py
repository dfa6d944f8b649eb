"""Short HTML for notebooks: all words are escaped, and colours are laid over the page's own, light or dark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape
from typing import Any

from fastnn.utils.naming import shortened

LINE = "1px solid rgba(128,128,128,.3)"
RIGHT, LEFT = "text-align:right;white-space:nowrap", "text-align:left"
TABLE = '<table cellpadding="3" style="border-collapse:collapse;margin:.3em 0">'
PLAIN = 'class="mathjax_ignore tex2jax_ignore"'  # notebooks read no formulas, and no links of formulas, in names
MOST_ROWS = 60


def short(words: Any) -> str:
    """Text for a page; of a long one the middle is left out.

    Example:
        >>> short("<script>"), len(short("x" * 1000))
        ('&lt;script&gt;', 159)
    """
    return escape(shortened(str(words)))


def page(title: Any, *parts: str) -> str:
    """A block with a title; the parts are HTML."""
    return f'<div {PLAIN} style="font-size:90%;line-height:1.35"><div><b>{short(title)}</b></div>{"".join(parts)}</div>'


def note(words: Any) -> str:
    """A line of text."""
    return f'<div style="opacity:.75">{short(words)}</div>'


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]], right: Collection[int] = ()) -> str:
    """A table; of many rows those in the middle are left out.

    Args:
        head: Headings of the columns.
        rows: Cells.
        right: Columns of numbers.

    Example:
        >>> import re
        >>> re.sub(" (style|cell)[^>]*", "", table(["layer", "size"], [["<b>", 3]]))
        '<table><tr><th>layer</th><th>size</th></tr><tr><td>&lt;b&gt;</td><td>3</td></tr></table>'
    """
    sides = [RIGHT if k in right else LEFT for k in range(len(head))]

    def line(cells: Sequence[Any], tag: str) -> str:
        made = (f'<{tag} style="{side}">{short(cell)}</{tag}>' for cell, side in zip(cells, sides, strict=True))
        return f'<tr style="border-bottom:{LINE}">{"".join(made)}</tr>'

    lines = [line(row, "td") for row in without_middle(rows)]
    return f"{TABLE}{line(head, 'th')}{''.join(lines)}</table>"


def without_middle(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Rows of a table, those in the middle left out if there are many."""
    left = len(rows) - MOST_ROWS
    if left <= 0:
        return rows
    gap = [f"... {left} more ...", *[""] * (len(rows[0]) - 1)]
    return [*rows[: 2 * MOST_ROWS // 3], gap, *rows[len(rows) - MOST_ROWS // 3 :]]
