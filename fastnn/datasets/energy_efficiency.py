"""Energy efficiency: what 768 simulated buildings need for heating and cooling, downloaded at first use.

UCI publishes the table as a spreadsheet and, at a second address, as a .csv file with the same numbers; that one is
read, which takes no further package.
"""

from __future__ import annotations

import os

from fastnn.datasets.addresses import local_copy
from fastnn.datasets.download import DatasetError
from fastnn.datasets.local import read_columns
from fastnn.datasets.parts import Part, check_split, shuffled_parts

SOURCE = "Tsanas and Xifara, Energy efficiency, UCI repository, 2012 (CC BY 4.0)"
NAME = "energy-efficiency.csv"
FEATURES = ("compactness", "surface", "wall", "roof", "height", "orientation", "glazing", "glazing distribution")
TARGETS = ("heating load", "cooling load")
COLUMNS = tuple(f"X{k}" for k in range(1, 9)) + ("Y1", "Y2")
ROWS = 768


def load_data(
    path: str | os.PathLike[str] | None = NAME, test_split: float = 0.2, seed: int = 113
) -> tuple[Part, Part]:
    """Features of buildings and two loads, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: A local .csv file to read instead; the bare name is that in FASTNN_DATA, or in the cache.
        test_split: Share of the rows that is for tests, from 0 to below 1.
        seed: Seed of the order of the rows.

    Returns:
        x is float64 of shape (614, 8) and (154, 8), columns as in `FEATURES`; y is float64, kWh per square metre, of
        shape (614, 2) and (154, 2), columns as in `TARGETS`; the counts follow test_split.

    Raises:
        ValueError: test_split is another number.
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import energy_efficiency
        >>> (x_train, y_train), (x_test, y_test) = energy_efficiency.load_data()  # doctest: +SKIP
        >>> x_train.shape, y_test.shape  # doctest: +SKIP
        ((614, 8), (154, 2))
    """
    check_split(test_split)
    file = local_copy(NAME, path)
    table = read_columns(file, COLUMNS)
    if len(table) != ROWS:
        raise DatasetError(f"expected {ROWS} rows of numbers in {file}, received {len(table)}.")
    return shuffled_parts(table[:, :8], table[:, 8:], test_split, seed)
