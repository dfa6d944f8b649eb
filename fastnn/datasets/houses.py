"""Prices of houses: districts of California where the file housing.csv is here, made by formula otherwise.

The formula has the price rise with income, fall with the number of people in a household and with the distance to the
coast, and saturate for the dear ones; so a line explains most of it and a hidden layer the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastnn.datasets.local import find, read_columns, scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "Pace and Barry, Sparse spatial autoregressions, 1997 (census of 1990); otherwise made by formula"
NAME = "housing.csv"
FEATURES = (
    "median_income",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "latitude",
    "longitude",
)
PRICE = "median_house_value"


def load_data(samples: int = 800, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Eight features of a district, scaled to mean 0 and deviation 1, and its price in 100,000 dollars.

    Args:
        samples: How many districts, at most.
        seed: Seed of the choice, or of the formula.

    Returns:
        x is float32 (samples, 8), columns as in `FEATURES`; y is float32 (samples, 1).

    Example:
        >>> x, y = load_data(50)
        >>> x.shape, y.shape
        ((50, 8), (50, 1))
    """
    path = find(NAME)
    if path is None:
        return _made(samples, seed)
    table = read_columns(path, (*FEATURES, PRICE))
    chosen = table[np.random.default_rng(seed).permutation(len(table))[:samples]]
    counts = chosen[:, 2:6]
    features = np.concatenate([chosen[:, :2], np.log(np.maximum(counts, 1)), chosen[:, 6:8]], axis=1)
    return scaled(features), (chosen[:, 8:] / 1e5).astype(np.float32)


def _made(samples: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    x = np.random.default_rng(seed).standard_normal((samples, len(FEATURES)))
    worth = 1.2 * x[:, 0] + 0.2 * x[:, 1] + 0.5 * (x[:, 2] - x[:, 4]) - 0.6 * np.abs(x[:, 6] + x[:, 7])
    return scaled(x), (5 / (1 + np.exp(-0.8 * worth)))[:, None].astype(np.float32)
