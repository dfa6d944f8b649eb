"""Where the boxes of a graph go so that it is read downwards: by levels, with few crossings and straight lines.

Levels by the longest way from the start, order within levels by barycentres (Sugiyama, Tagawa, Toda 1981), places
across by alignment with the median neighbours (Brandes, Köpf 2001).
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Key = Hashable
Point = tuple[float, float]
Edge = tuple[Key, Key]
SWEEPS = 12
BEND = 0.02  # width of the place where a long line passes a level


@dataclass(frozen=True)
class Layout:
    """Places of boxes and lines; x grows to the right, y downwards, both from 0.

    Args:
        centres: Centre of every box.
        lines: For every edge the points that it leads through, from the lower side of a box to the upper of the next.
        size: Width and height of all.
    """

    centres: dict[Key, Point]
    lines: list[list[Point]]
    size: Point


@dataclass
class Levels:
    """Boxes, and places where long lines pass, from top to bottom and from left to right."""

    rows: list[list[Key]]
    width: dict[Key, float]
    above: dict[Key, list[Key]] = field(default_factory=lambda: defaultdict(list))
    below: dict[Key, list[Key]] = field(default_factory=lambda: defaultdict(list))
    bends: set[Key] = field(default_factory=set)

    def join(self, upper: Key, lower: Key) -> None:
        """Note that a line leads from one to the other."""
        self.above[lower].append(upper)
        self.below[upper].append(lower)


def lay_out(
    sizes: Mapping[Key, Point],
    edges: Sequence[Edge],
    gap: Point = (0.25, 0.3),
    first: Collection[Key] = (),
    last: Collection[Key] = (),
) -> Layout:
    """Places for boxes.

    Args:
        sizes: Width and height of every box.
        edges: What leads where; without circles.
        gap: Least room between boxes beside each other, and between levels.
        first: Boxes that stay in the uppermost level.
        last: Boxes that go to the lowest level.

    Example:
        >>> found = lay_out({"a": (2, 1), "b": (2, 1), "c": (2, 1)}, [("a", "c"), ("b", "c")], gap=(1, 1))
        >>> found.centres
        {'a': (1.0, 0.5), 'b': (4.0, 0.5), 'c': (2.5, 2.6...)}
    """
    level = levels_of(sizes, edges, first, last)
    levels, ways = with_bends(sizes, edges, level)
    order(levels)
    across = places_across(levels, gap[0])
    return drawn(levels, ways, sizes, across, gap[1])


# ---------------------------------------------------------------- levels


def levels_of(
    keys: Collection[Key], edges: Sequence[Edge], first: Collection[Key], last: Collection[Key]
) -> dict[Key, int]:
    """The level of every box: the longest way to it; what nothing leads to stands right above what it leads to."""
    after, open_ends = defaultdict(list), dict.fromkeys(keys, 0)
    for upper, lower in edges:
        after[upper].append(lower)
        open_ends[lower] += 1
    sources = [key for key in keys if open_ends[key] == 0]
    level, ready = dict.fromkeys(keys, 0), list(sources)
    for upper in ready:
        for lower in after[upper]:
            level[lower] = max(level[lower], level[upper] + 1)
            open_ends[lower] -= 1
            if open_ends[lower] == 0:
                ready.append(lower)
    for key in sources:
        if key not in first and after[key]:
            level[key] = min(level[lower] for lower in after[key]) - 1
    lowest = max(level.values(), default=0)
    return {key: lowest if key in last else at for key, at in level.items()}


def with_bends(
    sizes: Mapping[Key, Point], edges: Sequence[Edge], level: Mapping[Key, int]
) -> tuple[Levels, list[list[Key]]]:
    """The rows, with a bend in every level that a long line passes; and what every edge leads through."""
    levels = Levels([[] for _ in range(max(level.values(), default=-1) + 1)], {k: w for k, (w, _) in sizes.items()})
    for key in sizes:
        levels.rows[level[key]].append(key)
    ways = []
    for number, (upper, lower) in enumerate(edges):
        way = [upper, *(("bend", number, at) for at in range(level[upper] + 1, level[lower])), lower]
        for at, bend in enumerate(way[1:-1], level[upper] + 1):
            levels.rows[at].append(bend)
            levels.width[bend] = BEND
            levels.bends.add(bend)
        for a, b in pairwise(way):
            levels.join(a, b)
        ways.append(way)
    return levels, ways


# ---------------------------------------------------------------- order


def order(levels: Levels) -> None:
    """Order the rows so that lines cross seldom."""
    best, fewest = [list(row) for row in levels.rows], crossings(levels)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        rows, near = (levels.rows, levels.above) if sweep % 2 == 0 else (levels.rows[::-1], levels.below)
        for before, row in pairwise(rows):
            place = places_in(before)
            own = places_in(row)
            row.sort(key=lambda key: mean([place[n] for n in near[key]], own[key]))
        count = crossings(levels)
        if count < fewest:
            best, fewest = [list(row) for row in levels.rows], count
    levels.rows = best


def places_in(row: Sequence[Key]) -> dict[Key, int]:
    """Where everything is in a row."""
    return {key: k for k, key in enumerate(row)}


def mean(numbers: Sequence[float], otherwise: float) -> float:
    """The mean of numbers, if there are any."""
    return sum(numbers) / len(numbers) if numbers else otherwise


def crossings(levels: Levels) -> int:
    """How many pairs of lines cross."""
    count = 0
    for upper, lower in pairwise(levels.rows):
        place, seen = places_in(lower), list[int]()
        for key in upper:
            ends = [place[n] for n in levels.below[key]]
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


# ---------------------------------------------------------------- places across


def places_across(levels: Levels, gap: float) -> dict[Key, float]:
    """The x of everything: the middle of four ways to push it together, from each corner."""
    crossing = crossing_bends(levels)
    found = []
    for near, downwards in ((levels.above, True), (levels.below, False)):
        for leftwards in (True, False):
            rows = levels.rows if downwards else levels.rows[::-1]
            rows = rows if leftwards else [row[::-1] for row in rows]
            root = aligned(levels, rows, near, crossing)
            x = pushed(rows, root, levels.width, gap)
            found.append(x if leftwards else {key: -at for key, at in x.items()})
    return middle(found, levels.width)


def crossing_bends(levels: Levels) -> set[frozenset[Key]]:
    """Short lines that cross a long one: the long one is kept straight."""
    found = set()
    for upper, lower in pairwise(levels.rows):
        above, below = places_in(upper), places_in(lower)
        lines = [(a, b) for a in upper for b in levels.below[a]]
        long = [(above[a], below[b]) for a, b in lines if a in levels.bends and b in levels.bends]
        for a, b in lines:
            if not (a in levels.bends and b in levels.bends) and any(
                (above[a] - p) * (below[b] - q) < 0 for p, q in long
            ):
                found.add(frozenset((a, b)))
    return found


def aligned(
    levels: Levels, rows: Sequence[Sequence[Key]], near: Mapping[Key, list[Key]], crossing: set[frozenset[Key]]
) -> dict[Key, Key]:
    """For everything the first of what is to stand in one line with it, by the middle one of its neighbours."""
    root = {key: key for row in rows for key in row}
    for before, row in pairwise(rows):
        place, taken = places_in(before), -1
        for key in row:
            ends = sorted({n for n in near[key] if may_align(levels, n, key)}, key=lambda n: place[n])
            for k in sorted({(len(ends) - 1) // 2, len(ends) // 2}) if ends else ():
                end = ends[k]
                if place[end] > taken and frozenset((end, key)) not in crossing:
                    root[key], taken = root[end], place[end]
                    break
    return root


def may_align(levels: Levels, a: Key, b: Key) -> bool:
    """Whether two may stand in one line: a box follows its neighbouring boxes, rather than lines that pass some."""
    if (a in levels.bends) == (b in levels.bends):
        return True
    box, bend = (b, a) if a in levels.bends else (a, b)
    side = levels.above if bend in levels.above[box] else levels.below
    return all(n in levels.bends for n in side[box])


def pushed(
    rows: Sequence[Sequence[Key]], root: Mapping[Key, Key], width: Mapping[Key, float], gap: float
) -> dict[Key, float]:
    """The x of everything, pushed to the left as far as its neighbours and what stands in line with it allow."""
    right: dict[Key, dict[Key, float]] = {key: {} for key in root.values()}
    waiting = dict.fromkeys(right, 0)
    for row in rows:
        for a, b in pairwise(row):
            apart, ends = (width[a] + width[b]) / 2 + gap, right[root[a]]
            waiting[root[b]] += root[b] not in ends
            ends[root[b]] = max(ends.get(root[b], 0.0), apart)
    ready = [key for key, count in waiting.items() if count == 0]
    x = dict.fromkeys(right, -math.inf)
    for key in ready:
        x[key] = max(x[key], 0.0) if x[key] == -math.inf else x[key]
        for other, apart in right[key].items():
            x[other] = max(x[other], x[key] + apart)
            waiting[other] -= 1
            if waiting[other] == 0:
                ready.append(other)
    for key in reversed(ready):  # no further from those to the right than needed
        x[key] = max(x[key], min((x[other] - apart for other, apart in right[key].items()), default=x[key]))
    return {key: x[first] for key, first in root.items()}


def middle(found: Sequence[dict[Key, float]], width: Mapping[Key, float]) -> dict[Key, float]:
    """The middle of several places, all moved to where the narrowest is."""

    def ends(x: Mapping[Key, float]) -> Point:
        return min(at - width[key] / 2 for key, at in x.items()), max(at + width[key] / 2 for key, at in x.items())

    if not found or not found[0]:
        return {}
    spans = [ends(x) for x in found]
    low, high = min(spans, key=lambda span: span[1] - span[0])
    moves = [low - span[0] if k % 2 == 0 else high - span[1] for k, span in enumerate(spans)]
    across = {}
    for key in found[0]:
        places = sorted(x[key] + move for x, move in zip(found, moves, strict=True))
        across[key] = (places[1] + places[2]) / 2
    least = ends(across)[0]
    return {key: at - least for key, at in across.items()}


# ---------------------------------------------------------------- drawing


def drawn(
    levels: Levels, ways: Sequence[Sequence[Key]], sizes: Mapping[Key, Point], x: Mapping[Key, float], gap: float
) -> Layout:
    """Boxes and lines with their places; levels with slanting lines between them stand further apart."""
    span: dict[Key, Point] = {}
    down = 0.0
    for k, row in enumerate(levels.rows):
        height = max((sizes[key][1] for key in row if key in sizes), default=0.0)
        slant = max((abs(x[key] - x[n]) for key in row for n in levels.above[key]), default=0.0)
        down += (gap + min(gap * 2, 0.1 * slant)) if k else 0.0
        for key in row:
            room = sizes[key][1] if key in sizes else height
            span[key] = down + (height - room) / 2, down + (height + room) / 2
        down += height
    centres = {key: (x[key], (span[key][0] + span[key][1]) / 2) for key in sizes}
    lines = []
    for upper, *bends, lower in ways:
        passed = [(x[bend], y) for bend in bends for y in span[bend]]
        lines.append([(x[upper], span[upper][1]), *passed, (x[lower], span[lower][0])])
    return Layout(centres, lines, (max((x[k] + levels.width[k] / 2 for k in x), default=0.0), down))
