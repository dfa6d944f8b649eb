"""Cells of tensor views that belong to the run: a click selects, a double click steps into, the menu asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gui.panels.tensor_view import TensorView


def attach(view: TensorView, session: Any, ask: Callable[[str], object]) -> None:
    """Let a view's cells be those of the session.

    Args:
        view: The view; its contents are values of the session's step list.
        session: Clicks and the pointer are told to it.
        ask: Carries out an action of the table of shortcuts, by name, for the selected number.
    """

    def hover(name: str, index: object) -> None:
        session.hover(None if index is None else name, index)

    def step_into(name: str, index: tuple[int, ...]) -> None:
        session.select(name, index)
        ask("step_into")

    def asked(what: str) -> None:
        made = session.listing.written_by.get(view.content.name)
        if what == "breakpoint" and made is not None:
            session.toggle_breakpoint(made)
        else:
            ask(what)

    view.clicked.connect(session.select)
    view.hovered.connect(hover)
    view.activated.connect(step_into)
    view.asked.connect(asked)
    view.is_pinned = session.is_watched
