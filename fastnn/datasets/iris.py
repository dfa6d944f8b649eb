"""Iris: four measures of 150 flowers of three species."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE = "Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7, 1936"
FEATURES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
SPECIES = ("setosa", "versicolor", "virginica")


def load_data() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Measures and species of 150 flowers, as `(x, y)`, sorted by species.

    Returns:
        x is float32 of shape (150, 4), in centimetres, columns as in `FEATURES`; y is int64 of shape (150,),
        positions in `SPECIES`, 50 of each in turn: shuffle before splitting.

    Example:
        >>> from fastnn.datasets import iris
        >>> x, y = iris.load_data()
        >>> x.shape, [iris.SPECIES[k] for k in (y[0], y[-1])]
        ((150, 4), ['setosa', 'virginica'])
    """
    table = np.loadtxt(Path(__file__).with_name("iris.csv"), delimiter=",", skiprows=1)
    return table[:, :4].astype(np.float32), table[:, 4].astype(np.int64)
