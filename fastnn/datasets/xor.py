"""XOR: the smallest problem that no single threshold unit can solve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastnn.datasets import gates

SOURCE = "Minsky and Papert, Perceptrons, 1969"


def load_data() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The four points of exclusive or, as `(x, y)`.

    Returns:
        x is float32 of shape (4, 2): (0, 0), (0, 1), (1, 0), (1, 1); y is int64 of shape (4,): 0, 1, 1, 0.

    Example:
        >>> from fastnn.datasets import xor
        >>> x, y = xor.load_data()
        >>> y
        array([0, 1, 1, 0])
    """
    return gates.load_data("xor")
