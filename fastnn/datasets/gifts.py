"""Gifts: three boxes that hold a gift or not, and how likely each of the eight outcomes is."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

SOURCE = "By formula: three independent events"
BOXES = (0.8, 0.7, 0.1)


def load_data() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """All outcomes of three boxes with gifts of probability 0.8, 0.7 and 0.1, as `(outcomes, probabilities)`.

    The minus logarithm of an outcome's probability is the binary cross-entropy of the boxes with it, summed.

    Returns:
        outcomes is float32 of shape (8, 3), 1 for a gift, from three gifts down to none;
        probabilities is float32 of shape (8,) and sums to 1.

    Example:
        >>> from fastnn.datasets import gifts
        >>> outcomes, probabilities = gifts.load_data()
        >>> outcomes[1], f"{probabilities[1]:.3f}"
        (array([1., 1., 0.], dtype=float32), '0.504')
    """
    outcomes = np.array(sorted(product((1, 0), repeat=len(BOXES)), key=sum, reverse=True), np.float32)
    boxes = np.array(BOXES)
    return outcomes, np.where(outcomes == 1, boxes, 1 - boxes).prod(axis=1).astype(np.float32)
