"""Which blocks the network map shows, where they are, and which of them are folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QPointF, QRectF

from gui.folding import MOST, folded, groups_of
from gui.network import LOSS, Layer, layer_types, layers_of, step_blocks
from gui.panels.map_blocks import ARC, FOLD, block_places, group_frames, moment_rects


def titled(layers: Sequence[Layer], groups: Mapping[str, Sequence[str]]) -> tuple[Layer, ...]:
    """Blocks of groups without the group's name in front of their own: the frame around them says it."""
    home = {name: group.rsplit("/", 1)[-1] for group, names in groups.items() for name in names}
    return tuple(replace(x, title=x.title.removeprefix(f"{home.get(x.name, '')}_") or x.title) for x in layers)


class BlockMap:
    """The blocks of one network; groups of them are folded and opened.

    Args:
        listing: The step list.
        model: Gives the layers' classes.
    """

    def __init__(self, listing: Any, model: Any) -> None:
        found = layers_of(listing, layer_types(model))
        self.groups: Mapping[str, Sequence[str]] = groups_of(found)
        self.all = titled(found, self.groups)
        self.closed = set(self.groups) if len(self.all) > MOST else set[str]()
        self._listing, self._blocks = listing, step_blocks(listing)
        self._lay_out()

    def _lay_out(self) -> None:
        self.layers = folded(self.all, self.closed) if self.closed else self.all
        self.places = block_places(self.layers)
        self._home = {member: layer.name for layer in self.layers for member in (layer.name, *layer.members)}
        self._by_name = {layer.name: layer for layer in self.layers}

    def __getitem__(self, name: str) -> Layer:
        return self._by_name[name]

    def fold(self, name: str) -> None:
        """Fold an open group, or open a folded one."""
        self.closed ^= {name}
        self._lay_out()

    def fold_all(self, closed: bool) -> None:
        """Fold or open every group."""
        self.closed = set(self.groups) if closed else set()
        self._lay_out()

    def block_of(self, listing: Any, index: int) -> str:
        """The block of a step: of backward steps outside of layers the loss's; empty for other steps without one."""
        if listing is not self._listing:  # the last batch of an epoch may have fewer rows, or other steps
            self._listing, self._blocks = listing, step_blocks(listing)
        name = self._home.get(self._blocks[index], "")
        step = listing.steps[index]
        return LOSS if not name and step.phase == "backward" and not step.layer else name

    def bounds(self) -> QRectF:
        """The whole map."""
        bounds = QRectF()
        for rect in (*self.places.values(), *group_frames(self.groups, self.places).values()):
            bounds = bounds.united(rect)
        skips = any(self[p].level < layer.level - 1 for layer in self.layers for p in layer.before)
        return bounds.adjusted(0, 0, ARC if skips else 0, 0)

    def block_at(self, place: QPointF) -> str | None:
        """The block under a point."""
        return next((name for name, rect in self.places.items() if rect.contains(place)), None)

    def group_at(self, place: QPointF) -> str | None:
        """The open group whose name is under a point, or the folded one."""
        name = self.block_at(place)
        if name is not None:
            return name.removeprefix("group:") if self[name].members else None
        frames = group_frames(self.groups, self.places).items()
        return next(
            (g for g, rect in frames if QRectF(rect.left(), rect.top(), rect.width(), FOLD).contains(place)), None
        )

    def moment_at(self, place: QPointF, count: int) -> tuple[str, int] | None:
        """The recurrence and the moment under a point."""
        name = self.block_at(place)
        if name is None or not self[name].sequence:
            return None
        cells = moment_rects(self.places[name], count)
        return next(((name, t) for t, rect in enumerate(cells) if rect.contains(place)), None)
