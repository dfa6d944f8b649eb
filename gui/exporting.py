"""Tensors and texts as files: CSV with indices, NPY; written aside and renamed. No Qt."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.utils.writing import write_aside
from gui.numbers import exact

MOST_CELLS = 10_000_000  # of a CSV file


def write(path: str | Path, content: bytes | str) -> None:
    """Write a file; an older one of that name stays whole until the new one is."""
    whole = content.encode("utf-8") if isinstance(content, str) else content
    write_aside(path, lambda file: file.write(whole))


def tensor_csv(array: NDArray[Any], letters: Sequence[str] = ()) -> str:
    """A tensor as a table. Up to two axes are laid out as they are; of more, every line is an index and its number.

    Args:
        array: Any shape.
        letters: Letters of its axes, for the heading.

    Raises:
        ValueError: for more than 10,000,000 numbers.

    Example:
        >>> print(tensor_csv(np.array([[0.5, 2.0]], "float32")), end="")
        0.5,2.0
    """
    if array.size > MOST_CELLS:
        raise ValueError(f"expected at most {MOST_CELLS:,} numbers in a table, received {array.size:,}; use NPY.")
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    if array.ndim <= 2:
        rows.writerows([exact(v) for v in row] for row in np.atleast_2d(array))
    else:
        rows.writerow([*(letters or [f"axis {k}" for k in range(array.ndim)]), "value"])
        rows.writerows([*index, exact(value)] for index, value in np.ndenumerate(array))
    return file.getvalue()


def tensor_npy(array: NDArray[Any]) -> bytes:
    """A tensor in NumPy's own format."""
    file = io.BytesIO()
    np.save(file, np.asarray(array, order="C"), allow_pickle=False)
    return file.getvalue()


WRITERS: dict[str, Callable[[NDArray[Any], Sequence[str]], str | bytes]] = {
    ".csv": tensor_csv,
    ".npy": lambda array, letters: tensor_npy(array),
}


def write_tensor(path: str | Path, array: NDArray[Any], letters: Sequence[str] = ()) -> None:
    """Write a tensor in the format that the file's name asks for.

    Raises:
        ValueError: for another ending than .csv or .npy.
        OSError: if it cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise ValueError(f"expected a name that ends in {' or '.join(WRITERS)}, received {Path(path).name!r}.")
    write(path, WRITERS[ending](array, letters))
