"""Boxes laid out with frames around those that belong together, each frame a picture of its own in the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastnn.plotting.layer_graph import Box, Group
from fastnn.plotting.layered import Key, Point, lay_out

MARGIN, TITLE = 0.14, 0.22  # inches around what is in a frame, and for its title
PORT = (0.02, 0.0)  # where a line passes a frame


@dataclass(frozen=True)
class Frame:
    """A frame around boxes: where it begins, how large it is, and what model it stands for."""

    group: Group
    corner: Point
    size: Point


@dataclass
class Picture:
    """Boxes, frames and lines with their places in inches; y downwards.

    Args:
        size: Width and height of all.
        boxes: Centre of every box by path.
        frames: The frames, outer ones first.
        lines: Points of every line, and whether it ends at a box.
        ports: Where lines pass the picture's own frame, by side ('in', 'out') and the box that they come from.
    """

    size: Point
    boxes: dict[str, Point] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    lines: list[tuple[list[Point], bool]] = field(default_factory=list)
    ports: dict[tuple[str, str], Point] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A line between two things in a frame, and the box that it comes from.

    Args:
        start: Path of a box or of a frame; ("in", source) where the line comes from outside.
        end: Likewise; ("out", source) where it leads there.
        source: Path of the box.
    """

    start: Key
    end: Key
    source: str


def picture_of(
    boxes: Sequence[Box], sizes: Mapping[str, Point], title: Callable[[Group], float], sideways: bool = False
) -> Picture:
    """A picture of a layer graph.

    Args:
        boxes: The boxes.
        sizes: Width and height of each by path, in inches.
        title: Tells the width of a frame's title.
        sideways: Whether the graph is read from left to right.
    """
    turned = {path: size[::-1] if sideways else size for path, size in sizes.items()}
    found = _Framing({box.path: box for box in boxes}, turned, title, sideways).inside(())
    return _turned(found) if sideways else found


class _Framing:
    def __init__(
        self, boxes: Mapping[str, Box], sizes: Mapping[str, Point], title: Callable[[Group], float], sideways: bool
    ) -> None:
        self.boxes, self.sizes, self.title, self.sideways = boxes, sizes, title, sideways
        self.edges = [(parent, box.path) for box in boxes.values() for parent in box.parents]

    def inside(self, where: tuple[Group, ...]) -> Picture:
        """What is in a frame; of the whole graph for ()."""
        depth = len(where)
        members = [box for box in self.boxes.values() if box.inside[:depth] == where]
        groups = dict.fromkeys(box.inside[depth] for box in members if len(box.inside) > depth)
        inner = {group.path: self.framed(group, (*where, group)) for group in groups}
        part = {b.path: b.inside[depth].path if len(b.inside) > depth else b.path for b in members}
        links = self._links(part)
        sizes: dict[Key, Point] = {
            name: inner[name].size if name in inner else self.sizes[name] for name in part.values()
        }
        first = [link.start for link in links if link.start == ("in", link.source)]
        last = [link.end for link in links if link.end == ("out", link.source)]
        sizes.update(dict.fromkeys((*first, *last), PORT))
        found = lay_out(sizes, [(link.start, link.end) for link in links], first=first, last=last)
        picture = Picture(found.size, {name: found.centres[name] for name in part if part[name] == name})
        for name, other in inner.items():
            _put(picture, other, found.centres[name])
        for link, line in zip(links, found.lines, strict=True):
            start, end = line[0], line[-1]
            if link.start in inner:
                start = _port(inner[link.start], "out", link.source, found.centres[link.start])
            elif link.start not in part:
                picture.ports["in", link.source] = start
            if link.end in inner:
                end = _port(inner[link.end], "in", link.source, found.centres[link.end])
            elif link.end not in part:
                picture.ports["out", link.source] = end = end[0], found.size[1]
            picture.lines.append(([start, *line[1:-1], end], link.end in part))
        return picture

    def _links(self, part: Mapping[str, str]) -> list[Link]:
        """The lines between parts of a frame, and those that pass it."""
        found: dict[Link, None] = {}
        for a, b in self.edges:
            if a not in part and b not in part:
                continue
            start, end = part.get(a, ("in", a)), part.get(b, ("out", a))
            if start != end:
                found[Link(start, end, a)] = None
        return list(found)

    def framed(self, group: Group, where: tuple[Group, ...]) -> Picture:
        """What is in a frame, with the frame around it."""
        bare = self.inside(where)
        wide = self.title(group) + 2 * MARGIN
        if self.sideways:
            head = MARGIN + TITLE, max(MARGIN, (wide - bare.size[1]) / 2)
            size = bare.size[0] + head[0] + MARGIN, bare.size[1] + 2 * head[1]
        else:
            head = max(MARGIN, (wide - bare.size[0]) / 2), MARGIN + TITLE
            size = bare.size[0] + 2 * head[0], bare.size[1] + head[1] + MARGIN
        picture = Picture(size, frames=[Frame(group, (0.0, 0.0), size)])
        _put(picture, bare, (head[0] + bare.size[0] / 2, head[1] + bare.size[1] / 2))
        for (side, source), (x, y) in bare.ports.items():
            at = x + head[0], (0.0 if side == "in" else size[1])
            picture.ports[side, source] = at
            beside = at[0], (head[1] + y)
            picture.lines.append(([at, beside] if side == "in" else [beside, at], False))
        return picture


def _put(picture: Picture, other: Picture, centre: Point) -> None:
    """Put a picture into another, its centre at a place."""

    def move(point: Point) -> Point:
        return _moved(other, point, centre)

    picture.boxes.update({path: move(point) for path, point in other.boxes.items()})
    picture.frames += [Frame(f.group, move(f.corner), f.size) for f in other.frames]
    picture.lines += [([move(p) for p in points], ends) for points, ends in other.lines]


def _port(other: Picture, side: str, source: str, centre: Point) -> Point:
    return _moved(other, other.ports[side, source], centre)


def _moved(other: Picture, point: Point, centre: Point) -> Point:
    return point[0] + centre[0] - other.size[0] / 2, point[1] + centre[1] - other.size[1] / 2


def _turned(picture: Picture) -> Picture:
    """The picture with x and y exchanged."""
    frames = [Frame(f.group, f.corner[::-1], f.size[::-1]) for f in picture.frames]
    lines = [([p[::-1] for p in points], ends) for points, ends in picture.lines]
    return Picture(picture.size[::-1], {k: p[::-1] for k, p in picture.boxes.items()}, frames, lines)
