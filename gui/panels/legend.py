"""The legend of a chart, which keeps out of the way of its lines."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

PLACES = ((1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.5), (0.5, 0.0))  # of the room left; best first
ROW = 30  # letters of names that stand side by side
SAMPLES = 33  # of each line, over the legend's width
AWAY, APART = (6, 4), 8  # from the border, and from the lines, in px


class Legend(pg.LegendItem):
    """Names of lines, where they cover the least.

    Args:
        plot: The plot item whose curves it names.
    """

    def __init__(self, plot: Any) -> None:
        super().__init__(offset=(-AWAY[0], AWAY[1]), labelTextSize="8pt")
        self.place = PLACES[0]
        self.box = plot.vb
        self.setParentItem(self.box)
        plot.legend = self

    def addItem(self, item: Any, name: str) -> None:
        """Name a line; pyqtgraph takes names for HTML."""
        super().addItem(item, html.escape(name))

    def settle(self, lines: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> None:
        """Move to the place where there is the least of some lines, if there is less than where it is.

        Args:
            lines: Places and values of each, as they are drawn.
        """
        if not self.items:
            return
        self.setColumnCount(len(self.items) if sum(len(label.text) for _, label in self.items) <= ROW else 1)
        self.box.updateAutoRange()
        covered = {place: self._covered(place, lines) for place in (self.place, *PLACES)}
        best = min(covered, key=lambda place: covered[place])
        if best != self.place:
            self.place = best
            self.anchor(best, best, offset=[d - 2 * d * share for d, share in zip(AWAY, best, strict=True)])

    def _covered(self, place: tuple[float, float], lines: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> int:
        """How much of the lines lies under it at a place."""
        (left, right), (low, high) = self.box.viewRange()
        width = (self.width() + AWAY[0] + APART) / max(self.box.width(), 1.0)
        height = (self.height() + AWAY[1] + APART) / max(self.box.height(), 1.0)
        first, top = place[0] * (1 - width), high - place[1] * (1 - height) * (high - low)
        x = left + np.linspace(first, first + width, SAMPLES) * (right - left)
        values = np.array([np.interp(x, *line, left=np.nan, right=np.nan) for line in lines if len(line[0])])
        return int(np.sum((values <= top) & (values >= top - height * (high - low))))
