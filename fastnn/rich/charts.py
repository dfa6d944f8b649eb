"""Small charts for notebooks, drawn in the page itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.rich.page import LINE, short

Array = NDArray[Any]
COLOURS = ("rgb(47,127,193)", "rgb(208,98,42)")
WIDTH, HEIGHT, EDGE, MOST_POINTS = 240, 90, 6, 200


def chart(title: str, lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> str:
    """A chart of one line or two, with its title and the names of the lines below; '' without a finite number.

    Args:
        title: What is drawn.
        lines: x and y of every line, by name.
    """
    drawn = {name: finite(*points) for name, points in lines.items()}
    x, y = (np.concatenate(parts) for parts in zip(*drawn.values(), strict=True))
    if not len(y):
        return ""
    curves = "".join(
        curve(placed(at, x, WIDTH), HEIGHT - placed(values, y, HEIGHT), colour)
        for (at, values), colour in zip(drawn.values(), COLOURS, strict=False)
    )
    names = " ".join(
        f'<span style="color:{colour}">{short(name)}</span>'
        for (name, (_, values)), colour in zip(drawn.items(), COLOURS, strict=False)
        if len(values)
    )
    return (
        f'<div style="display:inline-block;margin:.3em 1em .3em 0"><div>{short(title)}: {names}</div>'
        f'<svg width="{WIDTH}" height="{HEIGHT}" style="border:{LINE}">{curves}</svg>'
        f'<div style="opacity:.75">{y.min():.4g} to {y.max():.4g}</div></div>'
    )


def finite(x: Sequence[float], y: Sequence[float]) -> tuple[Array, Array]:
    """The points whose y is a finite number, evenly spread if there are very many."""
    at, values = np.asarray(x, np.float64), np.asarray(y, np.float64)
    keep = np.flatnonzero(np.isfinite(values))
    if len(keep) > MOST_POINTS:
        keep = keep[np.linspace(0, len(keep) - 1, MOST_POINTS).round().astype(int)]
    return at[keep], values[keep]


def placed(values: Array, among: Array, length: int) -> Array:
    """Where values go on a side of the chart, from the least at its beginning to the largest at its end."""
    low, high = among.min(), among.max()
    part = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
    return EDGE + part * (length - 2 * EDGE)


def curve(x: Array, y: Array, colour: str) -> str:
    """A line, or a dot for a single point."""
    if len(x) == 1:
        return f'<circle cx="{x[0]:.1f}" cy="{y[0]:.1f}" r="3" fill="{colour}"/>'
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
