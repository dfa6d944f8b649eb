"""Draws a history with Matplotlib."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from fastnn.utils.extras import need
from fastnn.utils.naming import shortened

TRAINING, VALIDATION = "#2f7fc1", "#d0622a"
WIDE, HIGH = 6.4, 2.4  # inches of one chart
BESIDE, FEW = 3, 30  # more charts stand in two columns; fewer epochs are marked


def curves(history: Mapping[str, Sequence[Any]], names: Sequence[str], first: int = 0) -> Any:
    """A Matplotlib figure with a chart for every name, validation beside training.

    Args:
        history: Values by name.
        names: What to draw.
        first: The first epoch, counted from 0.
    """
    columns = 1 if len(names) <= BESIDE else 2
    rows = math.ceil(len(names) / columns)
    figure = new_figure((WIDE if columns == 1 else 1.6 * WIDE, max(1.4, rows) * HIGH))
    every = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, name in zip(every, names, strict=False):
        draw(axes, history, name, first)
    for axes in every[len(names) :]:
        axes.remove()
    for axes in every[max(len(names) - columns, 0) : len(names)]:
        axes.set_xlabel("epoch")
    figure._repr_png_ = partial(as_png, figure)
    return figure


def draw(axes: Any, history: Mapping[str, Sequence[Any]], name: str, first: int) -> None:
    """One chart; its epochs are counted from 1."""
    values, held_out = history[name], history.get(f"val_{name}") or []
    for found, label, colour in ((values, "training", TRAINING), (held_out, "validation", VALIDATION)):
        if found:
            at = numbers(len(found), len(values), first)
            axes.plot(at, found, color=colour, label=label, marker="o" if len(found) < FEW else "", markersize=3)
    if held_out:
        axes.legend(frameon=False)
    axes.set_title(shortened(name), loc="left", fontsize="medium", parse_math=False)
    whole = need("matplotlib.ticker", "plot", "History.plot").MaxNLocator(integer=True, min_n_ticks=1)
    axes.xaxis.set_major_locator(whole)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def numbers(count: int, of: int, first: int) -> list[int]:
    """Epoch numbers from 1 on, spread out where there are values for some of the epochs only.

    Example:
        >>> numbers(4, 4, 0), numbers(2, 4, 10)
        ([1, 2, 3, 4], [12, 14])
    """
    step = max(1, of // count)
    return [first + step * (k + 1) for k in range(count)]


def new_figure(size: tuple[float, float]) -> Any:
    """A figure for `pyplot.show()` if pyplot is in use and has windows; otherwise one that nothing else knows of."""
    figure = need("matplotlib.figure", "plot", "History.plot").Figure
    looks = {"figsize": size, "layout": "constrained"}
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return figure(**looks)
    managed = pyplot.figure(**looks)
    if getattr(managed.canvas, "required_interactive_framework", None) is None:
        pyplot.close(managed)
    return managed


def as_png(figure: Any) -> bytes:
    """The figure as notebooks show it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()
