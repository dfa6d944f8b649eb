"""Sequences of unequal length as rows of an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: str = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> np.ndarray[Any, np.dtype[Any]]:
    """Sequences filled up, or cut, to one length.

    Args:
        sequences: Lists of numbers, or of arrays of one shape.
        maxlen: The length; that of the longest by default.
        dtype: Type of the result.
        padding: Whether to fill up before ('pre') or behind ('post').
        truncating: Whether to cut off before ('pre') or behind ('post').
        value: What to fill up with.

    Returns:
        Shape (sequences, maxlen, …).

    Raises:
        ValueError: for other words, or something that is not a list of sequences.

    Example:
        >>> pad_sequences([[1], [2, 3, 4]], maxlen=2)
        array([[0, 1],
               [3, 4]], dtype=int32)
    """
    for name, word in (("padding", padding), ("truncating", truncating)):
        if word not in ("pre", "post"):
            raise ValueError(f"Expected {name} to be 'pre' or 'post'. Received: {name}={word!r}")
    if maxlen is not None and (isinstance(maxlen, bool) or not isinstance(maxlen, (int, np.integer)) or maxlen < 1):
        raise ValueError(f"Expected maxlen to be a positive whole number. Received: maxlen={maxlen!r}")
    try:
        rows = [np.asarray(s) for s in sequences]
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected a list of sequences of numbers. Received: {error}") from None
    if any(row.ndim == 0 for row in rows):
        raise ValueError("Expected a list of sequences of numbers. Received: single numbers among them")
    length = max((len(row) for row in rows), default=0) if maxlen is None else int(maxlen)
    inner = next((row.shape[1:] for row in rows if len(row)), ())
    found = np.full((len(rows), length, *inner), value, dtype)
    for place, row in zip(found, rows, strict=True):
        if not len(row):
            continue
        if row.shape[1:] != inner:
            raise ValueError(f"Expected sequences of entries of shape {inner}. Received: shape {row.shape[1:]}")
        kept = row[-length:] if truncating == "pre" else row[:length]
        if padding == "post":
            place[: len(kept)] = kept
        else:
            place[length - len(kept) :] = kept
    return found
