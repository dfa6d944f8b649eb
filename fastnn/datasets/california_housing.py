"""California housing: prices of houses in 20,640 districts, downloaded at first use."""

from __future__ import annotations

import os

from fastnn.datasets.addresses import local_copy
from fastnn.datasets.archives import read_npz
from fastnn.datasets.parts import Part, check_split, shuffled_parts
from fastnn.datasets.tables import checked_table

SOURCE = "Pace and Barry, Sparse spatial autoregressions, 1997 (census of 1990), file as packed for Keras"
NAME = "california_housing.npz"
ROWS = {"small": 600, "large": None}
COLUMNS = 8


def load_data(
    version: str = "large", path: str | os.PathLike[str] | None = NAME, test_split: float = 0.2, seed: int = 113
) -> tuple[Part, Part]:
    """Features of districts and prices, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        version: 'large' for all rows, 'small' for the first 600.
        path: A local .npz file to read instead; the bare name is that in FASTNN_DATA, or in the cache.
        test_split: Share of the rows that is for tests, from 0 to below 1.
        seed: Seed of the order of the rows.

    Returns:
        x is of shape (16512, 8) and (4128, 8): place, age, rooms, people and income, the columns as in the file, which
        does not name them; y, in dollars, of shape (16512,) and (4128,); the counts follow version and test_split.

    Raises:
        ValueError: version or test_split is another one.
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import california_housing
        >>> (x_train, y_train), (x_test, y_test) = california_housing.load_data("small")  # doctest: +SKIP
        >>> x_train.shape, x_test.shape  # doctest: +SKIP
        ((480, 8), (120, 8))
    """
    check_split(test_split)
    if version not in ROWS:
        raise ValueError(f"Expected version to be 'small' or 'large'. Received: version={version!r}")
    file = local_copy(NAME, path)
    x, y = checked_table(read_npz(file, ("x", "y")), COLUMNS, file)
    return shuffled_parts(x[: ROWS[version]], y[: ROWS[version]], test_split, seed)
