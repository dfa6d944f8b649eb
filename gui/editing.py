"""Editing numbers: which ones can be edited, what was typed, how far a drag goes, and what undo returns to. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastnn.engine.edits import EDITABLE, Edit
from fastnn.engine.steplist import FED
from gui.history import History
from gui.losses import Losses
from gui.source import Source

Index = tuple[int, ...]
Cell = tuple[str, Index]
PIXELS = 200  # a drag of as many pixels changes a number by the tensor's largest magnitude
RATE = "learning_rate"


@dataclass(frozen=True)
class Version:
    """A run as it was before a change: undo and redo go from one to another.

    Args:
        source: Network and data.
        model: The network.
        stepper: The cursor.
        edits: The numbers changed in the run.
        position: Where the run stood.
        losses: Its losses; None where they follow from the stepper.
        history: What was measured of it.
        tries: The values of its forward passes that were put in by hand.
    """

    source: Source | None = field(repr=False)
    model: Any = field(repr=False)
    stepper: Any = field(repr=False)
    edits: tuple[Edit, ...] = field(repr=False)
    position: int
    losses: Losses = field(repr=False)
    history: History = field(repr=False)
    tries: tuple[Any, ...] = field(default=(), repr=False)


def is_editable(session: Any, cell: Cell | None) -> bool:
    """Whether a number can be changed by hand: it is a parameter, a state, an input, a target or a sample weight."""
    if cell is None or cell[0] not in session.listing.values:
        return False
    return session.listing.values[cell[0]].role in EDITABLE


def place_of(session: Any, cell: Cell) -> Index:
    """The index that an edit of a cell takes: of inputs and targets it begins with the row of the whole data."""
    name, index = cell
    if session.listing.values[name].role not in FED:
        return index
    return (int(session.moment.rows[index[0]]), *index[1:])


def number_in(text: str, dtype: str) -> float | int:
    """The number that was typed.

    Args:
        text: As typed; a real minus sign is fine.
        dtype: Element type of the tensor.

    Raises:
        ValueError: if it is none that the tensor can hold.

    Example:
        >>> number_in("−0.25", "float32"), number_in("7", "int32")
        (-0.25, 7)
    """
    words = text.strip().replace("−", "-").replace("_", "")
    whole = not dtype.startswith("float")
    try:
        value = int(words) if whole else float(words)
    except ValueError:
        raise ValueError(f"expected a {'whole ' if whole else ''}number, received {text!r}.") from None
    info: Any = np.iinfo(dtype) if whole else np.finfo(dtype)
    if not (math.isfinite(value) and info.min <= value <= info.max):
        raise ValueError(f"expected a finite {dtype}, received {text!r}.")
    return value


def dragged(session: Any, cell: Cell, start: float, pixels: float) -> float | int:
    """What a number becomes that is dragged by as many pixels: a rate changes by factors, others by their scale."""
    array = session.view(cell[0])
    if array.dtype.kind != "f":
        return round(start + pixels / 12)
    if cell[0].endswith(RATE):
        return float(start * 10 ** (pixels / PIXELS))
    finite = np.abs(array[np.isfinite(array)])
    scale = max(float(finite.max(initial=0.0)), abs(start), 0.1)
    step = 10 ** math.floor(math.log10(scale / PIXELS))
    return float(round((start + pixels * scale / PIXELS) / step) * step)


def change_cell(session: Any, cell: Cell, value: float, again: bool = False) -> None:
    """Put a number into a cell as the session shows it.

    Args:
        session: The session.
        cell: Name and index.
        value: The number.
        again: Whether it goes on with the last change, as a drag does: one undo takes back both.

    Raises:
        GraphError: for a cell that cannot be changed.
        ValueError: for a number that its tensor cannot hold, such as a class that does not exist.
    """
    _check_class(session, cell[0], value)
    session.change(cell[0], value, place_of(session, cell), again)


def updated_since(session: Any, cell: Cell) -> bool:
    """Whether a step of this training step that has run wrote the parameter: it shows what became of an edit."""
    made = session.listing.written_by.get(cell[0])
    return made is not None and made < session.done


def _check_class(session: Any, name: str, value: float) -> None:
    """Class numbers lie below the classes that the network tells apart."""
    described = session.listing.values[name]
    if described.role != "target" or described.dtype.startswith("float") or len(described.shape) > 2:
        return
    widths = [session.listing.values[n].shape[-1] for n in session.listing.outputs]
    most = widths[0] if len(widths) == 1 else 0
    if most > 1 and not 0 <= value < most:
        raise ValueError(f"expected a class from 0 to {most - 1} for '{name}', received {value}.")
