"""Boston housing: prices of houses in 506 suburbs, downloaded at first use.

One column, B, supposes that house prices follow the segregation of people by race; the set is here to be compared with
old results. `california_housing` is a better one to learn from.
"""

from __future__ import annotations

import os

from fastnn.datasets.addresses import local_copy
from fastnn.datasets.archives import read_npz
from fastnn.datasets.parts import Part, check_split, shuffled_parts
from fastnn.datasets.tables import checked_table

SOURCE = "Harrison and Rubinfeld, Hedonic prices and the demand for clean air, 1978, by way of StatLib"
NAME = "boston_housing.npz"
FEATURES = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")


def load_data(
    path: str | os.PathLike[str] | None = NAME, test_split: float = 0.2, seed: int = 113
) -> tuple[Part, Part]:
    """Features of suburbs and prices, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: A local .npz file to read instead; the bare name is that in FASTNN_DATA, or in the cache.
        test_split: Share of the rows that is for tests, from 0 to below 1.
        seed: Seed of the order of the rows.

    Returns:
        x is float64 of shape (404, 13) and (102, 13), columns as in `FEATURES`; y is float64, thousands of dollars, of
        shape (404,) and (102,); the counts follow test_split.

    Raises:
        ValueError: test_split is another number.
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import boston_housing
        >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()  # doctest: +SKIP
        >>> x_train.shape, x_test.shape  # doctest: +SKIP
        ((404, 13), (102, 13))
    """
    check_split(test_split)
    file = local_copy(NAME, path)
    x, y = checked_table(read_npz(file, ("x", "y")), len(FEATURES), file)
    return shuffled_parts(x, y, test_split, seed)
