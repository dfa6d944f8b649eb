"""Cars: four predictions of a yes-or-no question, with two measures of how wrong each is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE = "Classroom table; both loss columns follow from the first by formula"


def load_data() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Predicted probabilities of the true answer and their losses, rounded to two digits, as `(p, losses)`.

    Returns:
        p is float32 of shape (4,); losses is float32 of shape (4, 2): minus the logarithm to base 10 of p, and
        the squared errors of both answers summed, 2 (1 - p)^2.

    Example:
        >>> from fastnn.datasets import cars
        >>> p, losses = cars.load_data()
        >>> p, losses[:, 1]
        (array([0.9, 0.6, 0.4, 0.7], dtype=float32), array([0.02, 0.32, 0.72, 0.18], dtype=float32))
    """
    table = np.loadtxt(Path(__file__).with_name("cars.csv"), delimiter=",", skiprows=1, dtype=np.float32)
    return table[:, 0], table[:, 1:]
