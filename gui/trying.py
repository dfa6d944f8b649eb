"""Experiments: values of the forward pass put in by hand, beside the run; undone like changes of the run. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastnn.engine.what_if import Cell, WhatIf
from gui.moving import Moving

if TYPE_CHECKING:
    from gui.editing import Version


@dataclass(frozen=True)
class Try:
    """A number put in by hand.

    Args:
        step: The training step that it is tried in.
        cell: Name and index of the value.
        value: The number.
    """

    step: int
    cell: Cell
    value: float


class Trying(Moving):
    """The part of a session that experiments."""

    if TYPE_CHECKING:

        def _version(self) -> Version: ...

    @property
    def tries(self) -> dict[Cell, float]:
        """What is tried in the training step shown."""
        return {t.cell: t.value for t in self._tries if t.step == self.moment.shown}

    def try_value(self, name: str, index: tuple[int, ...], value: float | None, again: bool = False) -> None:
        """See what the forward pass would give if a number in it were another one; the run stays as it is.

        Args:
            name: A result of a forward step.
            index: Its cell.
            value: The number; None for the run's own.
            again: Whether it goes on with the last one, as a drag does: one undo takes back both.

        Raises:
            GraphError: for another value, or an index outside of it.
        """
        cell = (name, tuple(int(i) for i in index))
        wanted = self.tries | ({} if value is None else {cell: float(value)})
        self._try({c: v for c, v in wanted.items() if value is not None or c != cell}, again)

    def try_nothing(self) -> None:
        """End the experiment in the training step shown."""
        if self.tries:
            self._try({}, False)

    def _try(self, wanted: dict[Cell, float], again: bool) -> None:
        self.require_idle()
        self._laboratory().put(wanted)
        if not (again and self._undo):
            self._undo.append(self._version())
        self._redo.clear()
        here = self.moment.shown
        elsewhere = tuple(t for t in self._tries if t.step != here)
        self._tries = (*elsewhere, *(Try(here, cell, value) for cell, value in wanted.items()))
        self.notify("view")

    def experiment(self) -> WhatIf | None:
        """The forward pass with what is tried in the training step shown; None if nothing is, or while training."""
        if self.training or not self.tries:
            return None
        found = self._laboratory()
        found.put(self.tries)
        return found

    def _laboratory(self) -> WhatIf:
        s = self.stepper
        key = (s, s.listing, self.moment.shown, s.edits)
        if self._what_if is None or self._what_if[0] != key:
            self._what_if = key, WhatIf(s)
        return self._what_if[1]
