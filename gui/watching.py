"""The watch list: numbers that are pinned and keep being shown while the run moves on. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gui.state import Index, Selection
from gui.trying import Trying


@dataclass(frozen=True)
class Watch:
    """A pinned number as it is now.

    Args:
        name: The value.
        index: The cell.
        value: The number; None while it is not computed, or to be predicted.
        before: What it was at the last other position where it was seen; None if nowhere.
        gradient: The loss's derivative by it; None while there is none.
    """

    name: str
    index: Index
    value: Any
    before: Any = None
    gradient: Any = None


class Watching(Trying):
    """The part of a session that keeps a watch list."""

    def is_watched(self, name: str, index: Index) -> bool:
        """Whether a number is pinned."""
        return (name, tuple(index)) in self.pinned

    def toggle_watch(self, name: str, index: Index) -> None:
        """Pin a number to the watch list, or take it off."""
        cell: Selection = (name, tuple(int(i) for i in index))
        if cell in self.pinned:
            self.pinned.remove(cell)
            self._seen.pop(cell, None)
        else:
            self.pinned.append(cell)
        self.notify("watches")

    def watches(self) -> list[Watch]:
        """The pinned numbers, in the order in which they were pinned."""
        return [self._watch(*cell) for cell in self.pinned if cell[0] in self.listing.values]

    def _watch(self, name: str, index: Index) -> Watch:
        value, gradient = self.number_at(name, index), self.gradient_of(name)
        slope = self.number_at(gradient, index) if gradient is not None else None
        return Watch(name, index, value, self._before(name, index, value), slope)

    def _before(self, name: str, index: Index, value: Any) -> Any:
        """What the number was at another position than this one, the last time that it was seen."""
        position, now, before = self._seen.get((name, index), (None, None, None))
        if value is not None:
            before = before if position == self.moment.position else now
            self._seen[name, index] = (self.moment.position, value, before)
        return before
