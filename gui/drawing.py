"""A picture drawn by hand: strokes on the pixels of a network's input, and what the network says to it. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.asking import Asking

Array = NDArray[Any]
SMALLEST, LARGEST = 6, 64
MOST_BARS = 20


def side_of(session: Any) -> tuple[int, int] | None:
    """Rows and columns of the pictures that a session's network takes: grey ones, one input; None for others."""
    listing = session.listing
    if len(listing.inputs) != 1 or getattr(session.stepper.model, "decides_on_values", False):
        return None
    shape = listing.values[listing.inputs[0]].shape[1:]
    grey = len(shape) == 2 or (len(shape) == 3 and shape[2] == 1)
    if not grey or not all(SMALLEST <= n <= LARGEST for n in shape[:2]):
        return None
    return int(shape[0]), int(shape[1])


@dataclass
class Drawing:
    """Ink on paper, 0 to 1.

    Args:
        rows: Pixels downwards.
        columns: Pixels to the right.

    Example:
        >>> drawing = Drawing(8, 8)
        >>> drawing.stroke((1.0, 4.0), (7.0, 4.0))
        >>> bool(drawing.ink[4, 4] > 0.5), float(drawing.ink[4, 0])
        (True, 0.0)
    """

    rows: int
    columns: int
    ink: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Take a new sheet."""
        self.ink = np.zeros((self.rows, self.columns), np.float32)

    @property
    def pen(self) -> float:
        """Half the width of a line, in pixels: such as digits are written with."""
        return max(min(self.rows, self.columns) / 20, 0.55)

    def stroke(self, start: Sequence[float], end: Sequence[float], erase: bool = False) -> None:
        """A line from one place to another, (row, column) from the upper left corner, in pixels."""
        a, b = np.asarray(start, float), np.asarray(end, float)
        places = np.moveaxis(np.indices((self.rows, self.columns)), 0, -1) + 0.5
        way = b - a
        along = np.clip(((places - a) @ way) / max(float(way @ way), 1e-12), 0, 1)
        away = np.hypot(*np.moveaxis(places - a - along[..., None] * way, -1, 0))
        mark = np.clip(self.pen + 0.75 - away, 0, 1).astype(np.float32)
        self.ink = np.minimum(self.ink, 1 - mark) if erase else np.maximum(self.ink, mark)

    def take(self, picture: Array, brightest: float) -> None:
        """Begin with a picture of the data."""
        self.ink = np.clip(np.asarray(picture, np.float32).reshape(self.rows, self.columns) / brightest, 0, 1)


def brightest(session: Any) -> float:
    """The value of full ink in the network's data."""
    data = session.stepper.data[session.listing.inputs[0]]
    return float(max(np.max(data[:256], initial=0.0), 1e-6))


def picture_of(session: Any, drawing: Drawing) -> Array:
    """The drawing as the network takes it: one row, scaled like the data."""
    value = session.listing.values[session.listing.inputs[0]]
    return (drawing.ink * brightest(session)).reshape(1, *value.shape[1:]).astype(value.dtype)


class Reader:
    """Asks a stepper's network what a drawing is."""

    def __init__(self, stepper: Any) -> None:
        self.ask = Asking(stepper, 1)

    def __call__(self, picture: Array) -> Array:
        """The first output for one picture, without its batch axis."""
        return self.ask({self.ask.inputs[0]: picture})[self.ask.outputs[0]][0].copy()


def put_into_run(session: Any, drawing: Drawing) -> None:
    """Make the drawing the sample that the stage shows."""
    row = int(session.moment.rows[session.sample])
    session.change(session.listing.inputs[0], picture_of(session, drawing)[0], (row,))
