"""Draws a layer graph with Matplotlib: cards, frames and curves, in inches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from fastnn.plotting.cards import Shown, details, heading
from fastnn.plotting.framing import MARGIN, TITLE, Frame, picture_of
from fastnn.plotting.layer_graph import Box, Group
from fastnn.plotting.layered import Point
from fastnn.utils.extras import need
from fastnn.utils.naming import shortened

HEAD, BODY = 9.0, 8.0  # size of type, in points
HEAD_LINE, BODY_LINE, SPACE, PAD, ROUND, BORDER = 0.23, 0.16, 0.06, 0.11, 0.04, 0.15  # inches
TEXT, MUTED, WIRE, FRAME, GROUND = "#1b1f24", "#57606a", "#6b7685", "#a7b1bd", "#f5f7f9"
BLUE, GREEN, GREY = ("#d6e8fa", "#2f7fc1"), ("#d8f1e5", "#21926a"), ("#ebedf0", "#7a8491")
VIOLET, TEAL, MOSS = ("#e4ddf8", "#7454c4"), ("#d4f0f3", "#16889a"), ("#e7f2d0", "#6d8f1c")
TINTS = {  # by family: ground of the heading, outline of the card
    "input": GREY, "convolution": BLUE, "basic": VIOLET, "einsum_dense": VIOLET,
    "recurrent_layers": GREEN, "recurrent_base": GREEN, "wrapping": GREEN, "attention": ("#fbe0ef", "#c2428f"),
    "normalization": ("#fdf0cf", "#b8860b"), "activation": ("#fde4d8", "#d0622a"), "pooling": TEAL, "resizing": TEAL,
    "merging": ("#f9dada", "#c03d3d"), "embedding": MOSS, "lookup": MOSS, "preprocessing": MOSS, "augmentation": MOSS,
}  # fmt: skip


class Drawing:
    """A picture of a layer graph.

    Args:
        boxes: The layer graph.
        shown: What is shown of every layer.
        sideways: Whether it is read from left to right.
    """

    def __init__(self, boxes: Sequence[Box], shown: Shown, sideways: bool) -> None:
        self.boxes, self.shown, self.sideways = boxes, shown, sideways
        self.sizes = {box.path: self._size(box) for box in boxes}
        self.picture = picture_of(boxes, self.sizes, _title_width, sideways)

    def _size(self, box: Box) -> Point:
        (first, second), lines = heading(box, self.shown), details(box, self.shown)
        widths = [_heading_width(first, second), *(_width(line, BODY) for line in lines)]
        return max(widths) + 2 * PAD, HEAD_LINE + (len(lines) * BODY_LINE + PAD / 2 if lines else 0.0)

    def figure(self) -> Any:
        """The whole as a Matplotlib figure that belongs to no window."""
        width, height = self.picture.size
        size = width + 2 * BORDER, height + 2 * BORDER
        figure = part("figure").Figure(size, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), frameon=False)
        axes.set(xlim=(-BORDER, width + BORDER), ylim=(height + BORDER, -BORDER), xticks=(), yticks=())
        for frame in self.picture.frames:
            self._draw_frame(axes, frame)
        for points, ends in self.picture.lines:
            self._draw_line(axes, points, ends)
        for frame in self.picture.frames:
            self._draw_title(axes, frame)
        for box in self.boxes:
            self._draw_card(axes, box)
        return figure

    def _draw_frame(self, axes: Any, frame: Frame) -> None:
        (x, y), (width, height) = frame.corner, frame.size
        axes.add_patch(rounded(x, y, width, height, 2 * ROUND, facecolor=GROUND, edgecolor=FRAME, linewidth=1.0))

    def _draw_title(self, axes: Any, frame: Frame) -> None:
        """Name and class, over lines that pass behind them."""
        x, y = frame.corner
        middle, end = y + (MARGIN + TITLE) / 2, x + MARGIN + _width(frame.group.name, HEAD, "bold")
        text(axes, end, middle, frame.group.name, HEAD, TEXT, "bold", "right", GROUND)
        text(axes, end + SPACE, middle, frame.group.kind, HEAD, MUTED, "normal", "left", GROUND)

    def _draw_line(self, axes: Any, points: list[Point], ends: bool) -> None:
        path = part("path").Path
        corners, codes = curve(points, self.sideways)
        style = "-|>,head_width=1.8,head_length=3.6" if ends else "-"
        axes.add_patch(
            part("patches").FancyArrowPatch(
                path=path(corners, [getattr(path, code) for code in codes]), arrowstyle=style, color=WIRE,
                linewidth=0.9, shrinkA=0, shrinkB=0, capstyle="butt", joinstyle="miter",
            )
        )  # fmt: skip

    def _draw_card(self, axes: Any, box: Box) -> None:
        (x, y), (width, height) = self.picture.boxes[box.path], self.sizes[box.path]
        left, top = x - width / 2, y - height / 2
        ground, outline = TINTS.get(box.family if box.parents else "input", GREY)
        lines = details(box, self.shown)
        axes.add_patch(rounded(left, top, width, height, ROUND, facecolor="white" if lines else ground, linewidth=0))
        if lines:
            head = rounded(left, top, width, HEAD_LINE, ROUND, facecolor=ground, linewidth=0)
            axes.add_patch(head)
        edge = rounded(left, top, width, height, ROUND, facecolor="none", edgecolor=outline, linewidth=0.9)
        axes.add_patch(edge)
        first, second = heading(box, self.shown)
        middle = top + HEAD_LINE / 2
        if second:  # both from where they meet, so that they never overlap
            start = x + (_width(first, HEAD, "bold") - _width(second, HEAD) - SPACE) / 2
            text(axes, start, middle, first, HEAD, TEXT, "bold", "right")
            text(axes, start + SPACE, middle, second, HEAD, MUTED, "normal", "left")
        else:
            text(axes, x, middle, first, HEAD, TEXT, "bold")
        for k, line in enumerate(lines):
            text(axes, x, top + HEAD_LINE + PAD / 4 + (k + 0.5) * BODY_LINE, line, BODY, TEXT)


def curve(points: Sequence[Point], sideways: bool) -> tuple[list[Point], list[str]]:
    """A line that leaves and reaches every level straight, with corners and codes of a Matplotlib path."""
    along = 0 if sideways else 1
    corners, codes = [points[0]], ["MOVETO"]
    for a, b in pairwise(points):
        if abs(a[1 - along] - b[1 - along]) < 1e-6:
            corners.append(b)
            codes.append("LINETO")
            continue
        half = (a[along] + b[along]) / 2
        turn = [(half, a[1]), (half, b[1])] if sideways else [(a[0], half), (b[0], half)]
        corners += [*turn, b]
        codes += ["CURVE4"] * 3
    return corners, codes


def rounded(x: float, y: float, width: float, height: float, radius: float, **looks: Any) -> Any:
    """A rectangle with round corners."""
    style = f"round,pad=0,rounding_size={radius}"
    return part("patches").FancyBboxPatch((x, y), width, height, boxstyle=style, **looks)


def text(
    axes: Any, x: float, y: float, words: str, size: float, colour: str, weight: str = "normal",
    side: str = "center", ground: str | None = None,
) -> None:  # fmt: skip
    """Write a line, its middle at y."""
    looks = {"family": "DejaVu Sans", "fontsize": size, "color": colour, "weight": weight, "parse_math": False}
    behind = {"facecolor": ground, "edgecolor": "none", "pad": 1.5} if ground else None
    axes.text(x, y, shortened(words), ha=side, va="center_baseline", bbox=behind, **looks)


def _heading_width(first: str, second: str) -> float:
    return _width(first, HEAD, "bold") + (SPACE + _width(second, HEAD) if second else 0.0)


def _title_width(group: Group) -> float:
    return _heading_width(group.name, group.kind)


@cache
def _width(words: str, size: float, weight: str = "normal") -> float:
    """The width of a line in inches."""
    font = part("font_manager").FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return float(part("textpath").text_to_path.get_text_width_height_descent(shortened(words), font, False)[0]) / 72


def part(module: str) -> Any:
    """A module of Matplotlib."""
    return need(f"matplotlib.{module}", "plot", "plot_model")
