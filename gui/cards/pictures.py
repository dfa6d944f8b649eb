"""Curves, courses, strips and maps as SVG. No Qt."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from gui.cards.figure import Courses, Curve, Map, Strip
from gui.colours import shrink
from gui.numbers import format_number

WIDTH, HEIGHT, EDGE = 280, 120, 6
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d1f", "#5b6470")  # Okabe and Ito
DASHES = ("", "6 3", "2 2", "8 3 2 3")
Colours = Mapping[str, str]


def svg(body: str, width: float = WIDTH, height: float = HEIGHT) -> str:
    """A picture of some size."""
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">{body}</svg>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, dash: str = "") -> str:
    """A straight line."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"{dashed}/>'


def polyline(xs: NDArray[np.float64], ys: NDArray[np.float64], colour: str, dash: str = "", width: float = 1.6) -> str:
    """A line through points."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True) if np.isfinite(y))
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def text(x: float, y: float, words: str, colour: str, anchor: str = "start", size: float = 10) -> str:
    """A few words."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">'
        f"{html.escape(words)}</text>"
    )


class Axes:
    """From numbers to places in a picture.

    Args:
        low: Smallest x and y.
        high: Largest x and y.
        height: Of the picture.
    """

    def __init__(self, low: tuple[float, float], high: tuple[float, float], height: float = HEIGHT) -> None:
        self.low, self.height = low, height
        self.span = tuple(b - a if b > a else 1.0 for a, b in zip(low, high, strict=True))

    def x(self, value: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Places across."""
        return EDGE + (np.asarray(value) - self.low[0]) / self.span[0] * (WIDTH - 2 * EDGE)

    def y(self, value: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Places down."""
        return self.height - EDGE - (np.asarray(value) - self.low[1]) / self.span[1] * (self.height - 2 * EDGE)


def limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """Smallest and largest finite number, 0 among them."""
    finite = values[np.isfinite(values)]
    return (min(float(finite.min()), 0.0), max(float(finite.max()), 0.0)) if finite.size else (0.0, 1.0)


def curve_svg(figure: Curve, colours: Colours) -> str:
    """A function, its tangent at the point, and the point."""
    low, high = limits(figure.y)
    axes = Axes((float(figure.x[0]), low), (float(figure.x[-1]), high))
    parts = [zero_lines(axes, colours), polyline(axes.x(figure.x), axes.y(figure.y), colours["accent"])]
    z, value = figure.at
    if figure.slope is not None:
        ends = figure.x[[0, -1]]
        heights = value + figure.slope * (ends - z)
        keep = np.clip(heights, low - 0.1 * axes.span[1], high + 0.1 * axes.span[1])
        places = ends if figure.slope == 0 else z + (keep - value) / figure.slope
        parts.append(polyline(axes.x(places), axes.y(keep), colours["muted"], "4 3", 1.2))
    parts.append(f'<circle cx="{axes.x(z):.1f}" cy="{axes.y(value):.1f}" r="4.5" fill="{colours["bad"]}"/>')
    parts.append(text(EDGE, HEIGHT + 8, format_number(float(figure.x[0]), 1), colours["muted"], size=9))
    parts.append(text(WIDTH - EDGE, HEIGHT + 8, format_number(float(figure.x[-1]), 1), colours["muted"], "end", 9))
    return svg("".join(parts), WIDTH, HEIGHT + 12)


def zero_lines(axes: Axes, colours: Colours) -> str:
    """Both axes through zero."""
    across = line(EDGE, float(axes.y(0.0)), WIDTH - EDGE, float(axes.y(0.0)), colours["line"])
    inside = axes.low[0] <= 0 <= axes.low[0] + axes.span[0]
    down = line(float(axes.x(0.0)), EDGE, float(axes.x(0.0)), HEIGHT - EDGE, colours["line"]) if inside else ""
    return across + down


def courses_svg(figure: Courses, colours: Colours) -> str:
    """Lines over one axis, told apart by colour and dashes, with their names."""
    every = np.concatenate([values for _, values in figure.lines])
    low, high = limits(every)
    count = len(figure.lines[0][1])
    axes = Axes((0.0, low), (max(count - 1, 1), high))
    at = float(axes.x(float(figure.at)))
    parts = [zero_lines(axes, colours), line(at, 0, at, HEIGHT, colours["accent"], 1, "2 2")]
    for k, (name, values) in enumerate(figure.lines):
        colour, dash = LINES[k % len(LINES)], DASHES[k // 3 % len(DASHES)]
        parts.append(polyline(axes.x(np.arange(len(values), dtype=np.float64)), axes.y(values), colour, dash))
        left = EDGE + k * 34
        parts.append(line(left, HEIGHT + 8, left + 12, HEIGHT + 8, colour, 2, dash))
        parts.append(text(left + 15, HEIGHT + 11, name, colours["text"], size=9))
    return svg("".join(parts), WIDTH, HEIGHT + 16)


def strip_svg(figure: Strip, colours: Colours) -> str:
    """A tick for every value, the mean, one deviation to both sides, and the value in focus."""
    height = 46.0
    values = figure.values
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    low, high = min(low, figure.mean - figure.deviation), max(high, figure.mean + figure.deviation)
    axes = Axes((low, 0.0), (high, 1.0), height)
    places = np.unique(np.round(axes.x(values[np.isfinite(values)]), 0))  # one tick for each pixel: extremes stay
    left, right = (float(axes.x(figure.mean + s * figure.deviation)) for s in (-1, 1))
    parts = [f'<rect x="{left:.1f}" y="8" width="{right - left:.1f}" height="24" fill="{colours["raised"]}"/>']
    parts += [line(x, 12, x, 28, colours["muted"]) for x in places]
    parts.append(line(float(axes.x(figure.mean)), 5, float(axes.x(figure.mean)), 35, colours["accent"], 2))
    parts.append(f'<circle cx="{float(axes.x(figure.at)):.1f}" cy="20" r="4.5" fill="{colours["bad"]}"/>')
    parts.append(text(EDGE, height - 2, format_number(low, 3), colours["muted"], size=9))
    parts.append(text(WIDTH - EDGE, height - 2, format_number(high, 3), colours["muted"], "end", 9))
    return svg("".join(parts), WIDTH, height)


def map_svg(figure: Map, shade: Callable[[float], str], colours: Colours) -> str:
    """Cells as colours, zero in the middle of the scale; blocks of large maps keep their largest magnitude."""
    values = figure.values
    factor = -(-max(values.shape) // 40)
    values = np.asarray(shrink(values, factor, factor), np.float64)
    size = min(WIDTH / values.shape[1], 120 / values.shape[0], 18.0)
    limit = float(np.abs(values[np.isfinite(values)]).max()) if np.isfinite(values).any() else 0.0
    parts = []
    for (r, c), value in np.ndenumerate(values):
        colour = shade(float(value) / limit if limit and np.isfinite(value) else 0.0)
        parts.append(
            f'<rect x="{c * size:.1f}" y="{r * size:.1f}" width="{size:.1f}" height="{size:.1f}" fill="{colour}"/>'
        )
    if figure.boxed is not None:
        r, c = (place // factor for place in figure.boxed)
        parts.append(
            f'<rect x="{c * size:.1f}" y="{r * size:.1f}" width="{size:.1f}" height="{size:.1f}" fill="none" '
            f'stroke="{colours["text"]}" stroke-width="2"/>'
        )
    wide, high = values.shape[1] * size, values.shape[0] * size
    frame = f'<rect width="{wide:.1f}" height="{high:.1f}" fill="none" stroke="{colours["line"]}"/>'
    label = f"{format_number(-limit)} … 0 … {format_number(limit)}"
    if factor > 1:
        label += f", 1 square = {factor}×{factor}"
    return svg("".join([*parts, frame, text(0, high + 12, label, colours["muted"], size=9)]), WIDTH, high + 16)
