"""What the sets of pictures share."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from fastnn.datasets.download import DatasetError
from fastnn.datasets.parts import Part


def checked(x: NDArray[Any], y: NDArray[Any], shape: tuple[int, ...], file: str | os.PathLike[str]) -> Part:
    """Pictures and their labels, if there is one label a picture.

    Args:
        x: Pictures, uint8 (n, *shape).
        y: Labels, uint8 (n,).
        shape: That of a picture.
        file: Where they are from, for the error.

    Raises:
        DatasetError: They have another shape or type.
    """
    if x.shape[1:] != shape or y.shape != x.shape[:1] or x.dtype != "uint8" or y.dtype != "uint8":
        raise DatasetError(
            f"expected uint8 pictures (n, {', '.join(map(str, shape))}) and labels (n,) in {os.fspath(file)}, "
            f"received pictures {x.dtype}{x.shape} and labels {y.dtype}{y.shape}."
        )
    return x, y
