"""Moves inside an operation: by one element of its result, by one term of an element. No Qt."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from fastnn.errors import FastnnError
from gui.session import Index, Session


def move(session: Session, grain: str, direction: int) -> None:
    """Move by one element or one term; behind the last one the next operation runs, before the first one is undone.

    Args:
        session: The session.
        grain: "element" or "term".
        direction: 1 forward, -1 back.

    Raises:
        FastnnError: while a training run owns the stepper.
    """
    session.require_idle()
    if grain == "term" and _within(session, direction):
        return
    _element(session, direction)
    if grain == "term":
        count = _terms(session)
        session.set_term(None if not count else 0 if direction > 0 else count - 1)


def step_into(session: Session) -> int:
    """Step into the selected number: its first term is in focus, and moves go by terms from now on.

    Returns:
        How many moves lead to the number.

    Raises:
        FastnnError: while a training run owns the stepper, or for a number that no operation has computed.
    """
    session.require_idle()
    count = _terms(session)
    if not count or (session.selection is not None and session.hides(*session.selection)):
        raise FastnnError("expected a number that an operation has computed, to step into; received none.")
    session.set_grain("term")
    session.set_term(0)
    return count


def _terms(session: Session) -> int:
    """How many moves lead to the selected number; 0 for what no step computed."""
    cell = session.selection
    if cell is None or not session.computed(cell[0]):
        return 0
    inside = session.stepper.inside(*cell)
    return 0 if inside is None else len(inside)


def _within(session: Session, direction: int) -> bool:
    """Move to the next term of the same element, if there is one."""
    count, now = _terms(session), session.term
    place = (0 if direction > 0 else -1) if now is None else now + direction
    if not 0 <= place < count:
        return False
    session.set_term(place)
    return True


def _element(session: Session, direction: int) -> None:
    """Select the next element of the shown step's result; over its ends to the step after, or before."""
    name, index = session.selection or ("", ())
    shape = shape_of(session, name)
    if name in session.shown_step().outputs and session.looked is None and session.done:
        place = int(np.ravel_multi_index(index, shape)) + direction if shape else direction
        if 0 <= place < prod(shape):
            session.select(name, unravelled(place, shape))
            return
    if direction < 0 and session.moment.position == 0:
        return
    session.goto(session.moment.position + direction)
    output = session.shown_step().outputs[0]
    shape = shape_of(session, output)
    session.select(output, unravelled(0 if direction > 0 else max(prod(shape) - 1, 0), shape))


def shape_of(session: Session, name: str) -> Index:
    """Shape of a value; () for a name that the step list does not know."""
    value = session.listing.values.get(name)
    return tuple(value.shape) if value is not None else ()


def unravelled(place: int, shape: Any) -> Index:
    """The index of the cell at a place in C order."""
    return tuple(int(i) for i in np.unravel_index(place, shape)) if shape and prod(shape) else tuple(0 for _ in shape)
