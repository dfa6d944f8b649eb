"""How tensor views share the room of a column: small ones get what they want, the others equal parts of the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PyQt6.QtCore import QRect

SPACE = 4
NARROW, LOW = 165, 128  # a column is at least so wide, and views lower than that share two columns
MANY, WIDER = 5, 0.66  # more views than that are a crowd, and get that part of the width
TIGHT, CROWDED = 110, 114  # the same where little of a picture would be left between its header and its colour bar


def share(wanted: Sequence[float], room: float) -> list[float]:
    """Heights for what is wanted: as wanted if it fits, otherwise the largest give way first.

    Args:
        wanted: Heights wanted.
        room: Height to share.

    Example:
        >>> share([50, 400, 300], 450)
        [50, 200.0, 200.0]
        >>> share([50, 100], 450)
        [50, 100]
    """
    heights = list(wanted)
    left, order = room, sorted(range(len(wanted)), key=lambda i: wanted[i])
    for place, i in enumerate(order):
        heights[i] = min(wanted[i], max(left, 0) / (len(order) - place))
        left -= heights[i]
    return heights


def columns_for(count: int, width: float, height: float) -> int:
    """In how many columns to stack that many views.

    Example:
        >>> columns_for(3, 256, 430), columns_for(5, 256, 430), columns_for(9, 256, 430), columns_for(9, 350, 430)
        (1, 2, 2, 3)
    """
    fits = [(NARROW, LOW), (TIGHT, CROWDED)]
    if count < 2 or not any(width >= 2 * narrow and height / count < low for narrow, low in fits):
        return 1
    return 3 if width >= 3 * TIGHT + 2 * SPACE and height / math.ceil(count / 2) < CROWDED else 2


def part(before: int, behind: int) -> float:
    """The part of the width that so many lines of views before an operation get: half, unless one side is crowded.

    Example:
        >>> part(3, 1), part(2, 9), part(10, 5)
        (0.5, 0.34, 0.66)
    """
    if max(before, behind) <= MANY or before == behind:
        return 0.5
    return WIDER if before > behind else round(1 - WIDER, 2)


def deal(wanted: Sequence[float], columns: int) -> list[list[int]]:
    """The views of every column, in order, so that columns are about equally high."""
    if columns == 1:
        return [list(range(len(wanted)))]
    if columns > 2:
        least = -(-len(wanted) // columns)
        return [list(range(len(wanted)))[k : k + least] for k in range(0, len(wanted), least)]
    half, total = sum(wanted) / 2, 0.0
    for cut, height in enumerate(wanted):
        total += height
        if total >= half:
            cut = min(cut + 1, len(wanted) - 1)
            return [list(range(cut)), list(range(cut, len(wanted)))]
    return [list(range(len(wanted)))]


def place(wanted: Sequence[float], room: QRect, single: Sequence[bool] = ()) -> list[QRect]:
    """Rectangles for views that want these heights, in a room.

    Args:
        wanted: Heights wanted.
        room: The room.
        single: Which of them are single numbers; two of those that follow each other share a line.
    """
    lines = pair(single or [False] * len(wanted))
    if columns_for(len(lines), room.width(), room.height()) >= 2 and room.width() < 2 * NARROW * 2:
        lines = [[i] for i in range(len(wanted))]  # there is no room for two numbers side by side
    rects = _place([max(wanted[i] for i in line) for line in lines], room)
    found: dict[int, QRect] = {}
    for line, rect in zip(lines, rects, strict=True):
        width = (rect.width() - SPACE * (len(line) - 1)) // len(line)
        for k, i in enumerate(line):
            found[i] = QRect(rect.left() + k * (width + SPACE), rect.top(), width, rect.height())
    return [found[i] for i in range(len(wanted))]


def pair(single: Sequence[bool]) -> list[list[int]]:
    """Lines of views: pairs of single numbers that follow each other, everything else alone.

    Example:
        >>> pair([False, True, True, True])
        [[0], [1, 2], [3]]
    """
    lines: list[list[int]] = []
    for i, is_single in enumerate(single):
        if is_single and lines and len(lines[-1]) == 1 and single[lines[-1][0]]:
            lines[-1].append(i)
        else:
            lines.append([i])
    return lines


def _place(wanted: Sequence[float], room: QRect) -> list[QRect]:
    groups = deal(wanted, columns_for(len(wanted), room.width(), room.height()))
    width = (room.width() - SPACE * (len(groups) - 1)) // len(groups)
    found: dict[int, QRect] = {}
    allotted = [share([wanted[i] for i in group], room.height() - SPACE * (len(group) - 1)) for group in groups]
    short = [max(h) for g, h in zip(groups, allotted, strict=True) if sum(h) + 1 < sum(wanted[i] for i in g)]
    for k, (group, given) in enumerate(zip(groups, allotted, strict=True)):
        heights = [min(height, *short) if short else height for height in given]  # equals look equal in all columns
        total = sum(heights) + SPACE * (len(group) - 1)
        y = room.top() + max(room.height() - total, 0) / 2
        for i, height in zip(group, heights, strict=True):
            found[i] = QRect(room.left() + k * (width + SPACE), int(y), width, int(height))
            y += height + SPACE
    return [found[i] for i in range(len(wanted))]
