"""What the autoencoder page shows: input, output, their difference, and the code between them. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.reconstructing import mean_square, residue
from gui.colours import one_sided, scale_for
from gui.content import Content, content_of
from gui.numbers import format_number

Index = tuple[int, ...]
MOST_CELLS = 64
SMALLEST = 8  # side of a square picture
WIDER = 0.5  # of the range that a batch's code fills, on either side


@dataclass(frozen=True)
class CodeCell:
    """One number of the code.

    Args:
        index: Its cell, the sample included.
        value: What it is now: the run's number, or what is tried.
        own: The run's number.
        low: The smallest number worth trying.
        high: The largest one.
    """

    index: Index
    value: float
    own: float
    low: float
    high: float


@dataclass(frozen=True)
class Picture:
    """One sample on its way through an autoencoder.

    Args:
        tiles: Input, output and output - input.
        code: Name of the code.
        cells: Its numbers for this sample, at most `MOST_CELLS`; none before they are computed.
        tried: How many of them are tried.
        words: What there is to say, in a line.
    """

    tiles: tuple[Content, ...]
    code: str
    cells: tuple[CodeCell, ...]
    tried: int
    words: str


def picture_of(session: Any, parts: Any) -> Picture:
    """The sample shown.

    Args:
        session: The session.
        parts: A `Reconstruction`.
    """
    experiment = session.experiment()
    given = content_of(session, parts.given, "input", sample=session.sample)
    own = None if experiment is None else experiment.view(parts.made)
    made = content_of(session, parts.made, "output", own, sample=session.sample)
    given, made = _under_one_scale(given, made)
    cells = code_cells(session, parts.code)
    tried = sum(cell.value != cell.own for cell in cells)
    tiles = (given, made, _difference(given, made))
    side = side_of(given.shape)
    return Picture(
        tuple(replace(tile, side=side) for tile in tiles), parts.code, cells, tried, _words(given, made, tried)
    )


def side_of(shape: Index) -> int:
    """Columns of the square picture that rows of so many numbers are; 0 where they are none.

    Example:
        >>> side_of((16, 784)), side_of((16, 6)), side_of((16, 28, 28))
        (28, 0, 0)
    """
    side = math.isqrt(shape[-1])
    return side if len(shape) == 2 and side * side == shape[-1] and side >= SMALLEST else 0


def _under_one_scale(given: Content, made: Content) -> tuple[Content, Content]:
    """Input and output in the same colours, so that equal numbers look equal."""
    if given.data is None or made.data is None:
        return given, made
    both = np.concatenate([given.data.ravel(), made.data.ravel()])
    scale = scale_for(both, signed=not one_sided(both))
    return replace(given, scale=scale), replace(made, scale=scale)


def _pair(given: Content, made: Content) -> NDArray[np.float64] | None:
    """Output minus input of the sample shown."""
    if given.data is None or made.data is None:
        return None
    return residue(given.data[given.sample], made.data[made.sample])


def _difference(given: Content, made: Content) -> Content:
    found = _pair(given, made)
    data = None if found is None else found[None]
    scale = None if data is None else scale_for(data)
    return Content("output − input", (1, *given.shape[1:]), data, "difference", batch=True, scale=scale)


def _words(given: Content, made: Content, tried: int) -> str:
    found = _pair(given, made)
    if found is None:
        return "the output is not computed yet: step on"
    far = f"mean squared difference {format_number(mean_square(found))}"
    if not tried:
        return f"the run's own code · {far}"
    return f"EXPERIMENT: {tried} of the code's numbers set by hand; the run is as it was · {far}"


def code_cells(session: Any, name: str) -> tuple[CodeCell, ...]:
    """The numbers of the sample's code, with ranges from the whole batch; of a large code those of largest size."""
    if not session.computed(name) or not session.view(name).size:
        return ()
    values = session.view(name)
    low, high = min(float(np.nanmin(values)), 0.0), max(float(np.nanmax(values)), 0.0)
    wider = WIDER * (high - low) if 0 < high - low < np.inf else 1.0
    row = values[session.sample]
    flat = np.argsort(-np.abs(row).ravel(), kind="stable")[:MOST_CELLS]
    places = (tuple(int(i) for i in np.unravel_index(k, row.shape)) for k in sorted(flat.tolist()))
    tried = {} if session.training else session.tries
    cells = []
    for place in places:
        index, own = (session.sample, *place), float(row[place])
        cells.append(CodeCell(index, float(tried.get((name, index), own)), own, low - wider, high + wider))
    return tuple(cells)
