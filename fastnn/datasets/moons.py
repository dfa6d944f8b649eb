"""Moons: two half circles that reach into each other."""

from __future__ import annotations

import numpy as np

from fastnn.datasets import points

SOURCE = "By formula: two interleaved half circles with normal noise"


def load_data(samples: int = 200, noise: float = 0.1, seed: int = 0) -> points.Points:
    """Points on two half circles, as `(x, y)`; the same seed gives the same points.

    Args:
        samples: Number of points; the classes take turns.
        noise: Standard deviation of what is added to both coordinates.
        seed: Seed of the noise.

    Returns:
        x is float32 of shape (samples, 2), the upper moon (class 0) around (0, 0), the lower (class 1) around
        (1, 0.5), both of radius 1; y is int64 0 or 1 of shape (samples,).

    Raises:
        ValueError: Fewer samples than classes, or negative noise.

    Example:
        >>> from fastnn.datasets import moons
        >>> x, y = moons.load_data(samples=2, noise=0)
        >>> x, y
        (array([[1. , 0. ], [0. , 0.5]], dtype=float32), array([0, 1]))
    """
    points.check(samples, 2, noise)
    labels, place = points.turns(samples, 2)
    upper, angle = labels == 0, np.pi * place
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    return points.scatter(x, y, noise, seed), labels
