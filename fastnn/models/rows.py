"""Samples as users give them: arrays, or lists and dicts of arrays; which is which, and cutting them up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.nested import flatten, map_structure
from fastnn.models.data import to_array


def is_list_of_one_array(x: Any) -> bool:
    """Whether a list holds the one input, rather than its rows."""
    return isinstance(x, (list, tuple)) and len(x) == 1 and getattr(x[0], "ndim", 0) > 1


def as_one_array(rows: Any) -> Any:
    """A list of rows as an array; what is already one, or a list that holds one, or a dict, stays."""
    return to_array(rows, "data") if isinstance(rows, (list, tuple)) and not is_list_of_one_array(rows) else rows


def name_leaves(x: Any) -> Any:
    """Names for the inputs of a model without a graph: 'x' alone, by key in a dict, numbered in a list of arrays."""
    if isinstance(x, dict):
        return {key: str(key) for key in x}
    if isinstance(x, (list, tuple)) and x and all(getattr(a, "ndim", 0) > 0 for a in x):
        return type(x)(f"x_{i}" for i in range(len(x)))
    return "x"


def split_off(share: float, x: Any, y: Any, weights: Any, validation: Any) -> tuple[Any, Any, Any, Any]:
    """Keep the last part of the data aside for validation.

    Raises:
        ValueError: if the share is not below 1, or leaves nothing on one side.
    """
    if share is None or share == 0:
        return x, y, weights, validation
    if not isinstance(share, (int, float)) or not 0 < share < 1:
        raise ValueError(f"Expected validation_split to be at least 0 and below 1. Received: validation_split={share}")
    if validation is not None:
        return x, y, weights, validation
    arrays = map_structure(lambda a: a, x)
    count = rows_of(arrays)
    at = int(count * (1 - share))
    if at == 0 or at == count:
        raise ValueError(
            f"Expected validation_split to leave samples on both sides. Received: {share} of {count} samples"
        )
    train = [cut(part, slice(0, at)) for part in (x, y, weights)]
    kept = [cut(part, slice(at, None)) for part in (x, y, weights)]
    return train[0], train[1], train[2], (kept[0], kept[1], *([kept[2]] if weights is not None else []))


def is_nest(part: Any) -> bool:
    """Whether a list or dict holds several arrays rather than the rows of one."""
    return isinstance(part, dict) or (
        isinstance(part, (list, tuple)) and bool(part) and all(getattr(a, "ndim", 0) > 0 for a in part)
    )


def rows_of(part: Any) -> int:
    """The number of samples of an array or of several."""
    if is_nest(part):
        return rows_of(next(iter(part.values())) if isinstance(part, dict) else part[0])
    return len(to_array(part, "x"))


def cut(part: Any, rows: slice) -> Any:
    """Some rows of an array, or of all arrays in a list or dict."""
    if part is None:
        return None
    if isinstance(part, dict):
        return {key: cut(value, rows) for key, value in part.items()}
    if is_nest(part):
        return [cut(value, rows) for value in part]
    return to_array(part, "data")[rows]


def join(parts: Sequence[Any]) -> Any:
    """Outputs of several batches as one, nest by nest."""
    columns = [np.concatenate(column) for column in zip(*map(flatten, parts), strict=True)]
    left = iter(columns)
    return map_structure(lambda _: next(left), parts[0])
