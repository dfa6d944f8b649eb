"""What a card consists of besides its formula: tables, grids, bars, curves. Data only, no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Index = tuple[int, ...]


@dataclass(frozen=True)
class Link:
    """A number that leads to its own card.

    Args:
        value: The number, or a text.
        name: The value that it is a cell of.
        index: The cell.
    """

    value: float | str
    name: str
    index: Index


@dataclass(frozen=True)
class Place:
    """A text that puts a term of the sum into focus.

    Args:
        value: The text.
        term: The term's place in the sum.
    """

    value: str
    term: int


Item = Link | Place | float | int | str


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers.

    Args:
        title: What it shows.
        head: Names of the columns.
        rows: The rows; empty texts are blank.
        current: Index of the row in focus, or None.
        last: How many rows at the end are totals, set apart by a line.
        note: A remark below.
        operands: How many columns behind the first hold what is multiplied and added: they have two decimals more.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Item, ...], ...]
    current: int | None = None
    last: int = 0
    note: str = ""
    operands: int = 0


@dataclass(frozen=True)
class Grid:
    """A small picture of numbers: a patch, a kernel, a window.

    Args:
        title: What it shows.
        values: (rows, columns); NaN where there is nothing.
        padding: Cells that lie outside of the value and count as 0.
        boxed: Cells with a box, such as the winner of a window.
        name: The value that the cells belong to; "" for numbers without a card.
        cells: Their indices, (rows, columns, rank).
        limit: Magnitude of the strongest colour.
    """

    title: str
    values: NDArray[np.float64]
    padding: NDArray[np.bool_]
    boxed: NDArray[np.bool_]
    name: str = ""
    cells: NDArray[np.int64] | None = None
    limit: float = 0.0


@dataclass(frozen=True)
class Grids:
    """Grids side by side, with signs between them: patch · kernel = products."""

    title: str
    grids: tuple[Grid, ...]
    signs: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """Shares of a total, largest first, and what is left.

    Args:
        title: What is shared out.
        rows: Label and share; a link leads to the share's own card.
        rest: Sum of the shares that are not shown, and how many they are.
        note: A remark below.
    """

    title: str
    rows: tuple[tuple[str, Item], ...]
    rest: tuple[float, int] = (0.0, 0)
    note: str = ""

    @property
    def total(self) -> float:
        """All shares together."""
        total = sum(plain(value) for _, value in self.rows) + self.rest[0]
        counted = all(isinstance(value, int) for _, value in self.rows)
        return int(total) if counted else float(total)


@dataclass(frozen=True)
class Curve:
    """A function with a point on it.

    Args:
        title: What it shows.
        x: Places.
        y: The function there.
        at: The point.
        slope: The tangent's slope there; None draws no tangent.
        tag: A word on the point, such as "saturated".
    """

    title: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    at: tuple[float, float]
    slope: float | None = None
    tag: str = ""


@dataclass(frozen=True)
class Courses:
    """Several rows of numbers over one axis, such as the gates of a unit over time.

    Args:
        title: What it shows.
        lines: Their names and values.
        at: The place in focus.
    """

    title: str
    lines: tuple[tuple[str, NDArray[np.float64]], ...]
    at: int = 0


@dataclass(frozen=True)
class Strip:
    """All values of a group on one axis, with their mean and standard deviation.

    Args:
        title: What it shows.
        values: The values.
        mean: Their mean.
        deviation: Their standard deviation.
        at: The value in focus.
    """

    title: str
    values: NDArray[np.float64]
    mean: float
    deviation: float
    at: float


@dataclass(frozen=True)
class Map:
    """Numbers by position as colours.

    Args:
        title: What it shows.
        values: (rows, columns).
        boxed: Row and column of the cell in focus, or None.
    """

    title: str
    values: NDArray[np.float64]
    boxed: tuple[int, int] | None = None


@dataclass(frozen=True)
class Overlay:
    """Two maps over the same positions, one upon the other.

    Args:
        title: What it shows.
        upstream: (rows, columns); NaN where there is no term.
        pixels: The same for what is met there.
        names: What to call them.
        marks: Row, column, rank and place in the sum of the largest terms.
        current: Row and column of the term in focus, or None.
        note: A remark below.
    """

    title: str
    upstream: NDArray[np.float64]
    pixels: NDArray[np.float64]
    names: tuple[str, str]
    marks: tuple[tuple[int, int, int, int], ...]
    current: tuple[int, int] | None = None
    note: str = ""


@dataclass(frozen=True)
class Note:
    """A sentence."""

    text: str
    good: bool | None = field(default=None)


@dataclass(frozen=True)
class Fold:
    """A line that opens or closes what follows.

    Args:
        name: What is folded.
        text: What it says.
        open: Whether it is open.
    """

    name: str
    text: str
    open: bool = False


Figure = Table | Grids | Bars | Curve | Courses | Strip | Map | Overlay | Note | Fold


def plain(item: Item) -> float:
    """The number of an item; NaN for a text."""
    value = item.value if isinstance(item, Link | Place) else item
    return float("nan") if isinstance(value, str) else float(value)
