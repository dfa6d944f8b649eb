"""Arrays of labels."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.errors import DTypeError, ShapeError


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Class labels as rows of zeros with a single one.

    Args:
        x: Integers 0..num_classes - 1 of any shape; a last axis of length one is dropped.
        num_classes: Number of classes; the largest label plus one by default.

    Returns:
        float64 of shape (..., num_classes).

    Raises:
        DTypeError: (a TypeError) Labels or `num_classes` are not whole numbers.
        ShapeError: (a ValueError) A label is out of range, or there are none and `num_classes` is not given.

    Example:
        >>> from fastnn.utils import to_categorical
        >>> to_categorical([0, 2, 1], num_classes=3)
        array([[1., 0., 0.], [0., 0., 1.], [0., 1., 0.]])
    """
    labels = np.asarray(x)
    check_whole(labels)
    count = class_count(labels, num_classes)
    if labels.size and not (labels.min() >= 0 and labels.max() < count):
        raise ShapeError(f"expected labels 0..{count - 1}, received {labels.min()}..{labels.max()}.")
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    rows = np.zeros((labels.size, count))
    rows[np.arange(labels.size), labels.ravel().astype(np.int64)] = 1
    return rows.reshape(*shape, count)


def check_whole(labels: NDArray[Any]) -> None:
    """Accept integers, booleans, floats that are whole numbers, and the empty array."""
    if labels.dtype.kind not in "biuf":
        raise DTypeError(f"expected labels that are integers, received an array of {labels.dtype}.")
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == np.floor(labels))).all():
        raise DTypeError(f"expected labels that are integers, received {labels.dtype} that are not whole numbers.")


def class_count(labels: NDArray[Any], num_classes: int | None) -> int:
    """`num_classes`, or the largest label plus one."""
    if num_classes is None:
        if labels.size == 0:
            raise ShapeError("expected num_classes for an array without labels, received None.")
        return max(int(labels.max()) + 1, 1)
    try:
        count = operator.index(num_classes)
    except TypeError as error:
        raise DTypeError(f"expected num_classes to be an integer, received {num_classes!r}.") from error
    if count < 1:
        raise ShapeError(f"expected num_classes to be at least 1, received {count}.")
    return count
