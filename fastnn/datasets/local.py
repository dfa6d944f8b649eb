"""Data files that are here already: in the folder named by FASTNN_DATA, or among the downloads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fastnn.datasets.download import DatasetError, cache_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray


def find(name: str) -> Path | None:
    """The file of that name in FASTNN_DATA or in the cache, or None.

    Example:
        >>> find("no-such-data.npz") is None
        True
    """
    folders = [os.environ.get("FASTNN_DATA"), cache_folder()]
    paths = [Path(folder, name) for folder in folders if folder]
    return next((path for path in paths if path.is_file()), None)


def read_columns(path: Path, columns: tuple[str, ...]) -> NDArray[np.float64]:
    """Named columns of a .csv file with a header; rows that lack one of the numbers are left out.

    Raises:
        DatasetError: The file is unreadable or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = [name.strip() for name in file.readline().split(",")]
            places = [header.index(name) for name in columns]
            table = np.genfromtxt(file, delimiter=",", usecols=places, ndmin=2)
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"expected a .csv file with columns {', '.join(columns)} at {path}, received: {error}"
        ) from None
    return np.asarray(table[np.isfinite(table).all(1)], np.float64)


def scaled(x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Every column with mean 0 and standard deviation 1.

    Example:
        >>> scaled(np.array([[1.0], [3.0]])).tolist()
        [[-1.0], [1.0]]
    """
    return ((x - x.mean(0)) / np.maximum(x.std(0), 1e-12)).astype(np.float32)
