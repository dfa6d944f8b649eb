"""What the sets of tables share."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from fastnn.datasets.download import DatasetError
from fastnn.datasets.parts import Part


def checked_table(arrays: dict[str, NDArray[Any]], features: int, file: os.PathLike[str]) -> Part:
    """Features `x` and targets `y`, if they are floating numbers and there is one target a row.

    Args:
        arrays: Both by name.
        features: How many columns x has.
        file: Where they are from, for the error.

    Raises:
        DatasetError: They have another shape or type.
    """
    x, y = arrays["x"], arrays["y"]
    if x.shape != (len(y), features) or y.ndim != 1 or x.dtype.kind != "f" or y.dtype.kind != "f":
        raise DatasetError(
            f"expected floating numbers x (n, {features}) and y (n,) in {file}, "
            f"received x {x.dtype}{x.shape} and y {y.dtype}{y.shape}."
        )
    return x, y
