"""What IMDB and Reuters share: texts as lists of the ranks of their words, the most frequent word first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.datasets.download import DatasetError
from fastnn.datasets.parts import Part

Rows = list[list[int]]


def checked(rows: NDArray[Any], labels: NDArray[Any], file: Any) -> Part:
    """Texts and labels, if there is one label a text.

    Raises:
        DatasetError: They have another shape or type.
    """
    if rows.dtype != object or rows.ndim != 1 or labels.shape != rows.shape or labels.dtype.kind not in "iu":
        raise DatasetError(
            f"expected lists of words (n,) and whole numbers as labels (n,) in {file}, "
            f"received {rows.dtype}{rows.shape} and {labels.dtype}{labels.shape}."
        )
    return rows, labels


def marked(rows: Sequence[list[int]] | NDArray[Any], start_char: int | None, index_from: int) -> Rows:
    """Texts with a sign for their start, unless it is None, and every word's number raised by `index_from`.

    Example:
        >>> marked([[1, 2]], 1, 3), marked([[1, 2]], None, 0)
        ([[1, 4, 5]], [[1, 2]])
    """
    start = [] if start_char is None else [start_char]
    return [start + [word + index_from for word in row] for row in rows]


def shorter(rows: Rows, labels: NDArray[Any], maxlen: int) -> tuple[Rows, NDArray[Any]]:
    """The texts that are shorter than `maxlen`, and their labels.

    Raises:
        ValueError: There are none.
    """
    kept = [place for place, row in enumerate(rows) if len(row) < maxlen]
    if not kept:
        shortest = min(map(len, rows), default=0)
        raise ValueError(f"Expected maxlen above the shortest text's length, {shortest}. Received: maxlen={maxlen}")
    return [rows[place] for place in kept], labels[kept]


def frequent(rows: Rows, num_words: int | None, skip_top: int, oov_char: int | None) -> Rows:
    """Texts of words from `skip_top` to below `num_words`; the others become `oov_char`, or nothing if that is None.

    Without `num_words` the bound is the largest number itself, and that word falls out, too: as it does in Keras.

    Example:
        >>> frequent([[1, 4, 9]], 9, 2, 2), frequent([[1, 4, 9]], None, 0, None)
        ([[2, 4, 2]], [[1, 4]])
    """
    end = num_words or max((max(row) for row in rows if row), default=0)
    if oov_char is None:
        return [[word for word in row if skip_top <= word < end] for row in rows]
    return [[word if skip_top <= word < end else oov_char for word in row] for row in rows]


def array(rows: Rows) -> NDArray[Any]:
    """Texts as an array of objects; of two dimensions if all are of one length, as Keras has it."""
    return np.array(rows, dtype=object)
