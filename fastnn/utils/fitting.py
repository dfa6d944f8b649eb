"""Numbers of a file in a variable's type: what would be another number there is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.tensor import Variable

LARGEST_COUNT = 2**62  # that leaves room to count on


def fitted(variable: Variable, value: Any, where: str, name: str | None = None) -> NDArray[Any]:
    """An array in a variable's type.

    Args:
        variable: The variable.
        value: Numbers of the variable's shape.
        where: What they were read from, for errors.
        name: What they are called there; by default the variable's path.

    Raises:
        ValueError: naming the variable, for fractions, NaN or what is too large where whole numbers are wanted, for
            finite numbers that would be infinite, and for booleans in place of numbers or the other way round.

    Example:
        >>> fitted(Variable(0, "int64", name="count"), 3.0, "a file")
        array(3)
    """
    array, dtype = np.asarray(value), np.dtype(variable.dtype)
    if array.dtype == dtype and not variable.counts:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        found = array.astype(dtype)
    if wrong := lost(array, found, LARGEST_COUNT if variable.counts else None):
        least = ", 0 or larger," if variable.counts else ""
        raise ValueError(
            f"Expected '{name or variable.path}' in {where} as numbers{least} that {dtype} has. "
            f"Received: {wrong} of type {array.dtype}"
        )
    return found


def lost(given: NDArray[Any], found: NDArray[Any], most: int | None) -> str:
    """What of the given numbers another type does not have, in words; '' if nothing is lost."""
    if (given.dtype.kind == "b") != (found.dtype.kind == "b"):
        return "other values"
    if found.dtype.kind == "f":
        gone = np.isfinite(given) & ~np.isfinite(found)
    elif found.dtype.kind in "iu":
        least, most = (np.iinfo(found.dtype).min, np.iinfo(found.dtype).max) if most is None else (0, most)
        if given.dtype.kind == "f":
            given = given.astype(np.float64)
            gone = ~(given == np.floor(given)) | (given < least) | (given >= most + 1)
        else:
            gone = (given < least) | (given > most)
    else:
        return ""
    return str(given[gone].flat[0]) if gone.any() else ""
