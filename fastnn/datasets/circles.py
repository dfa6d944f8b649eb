"""Circles: a ring around a smaller ring."""

from __future__ import annotations

import numpy as np

from fastnn.datasets import points

SOURCE = "By formula: two concentric circles with normal noise"


def load_data(samples: int = 200, noise: float = 0.1, factor: float = 0.5, seed: int = 0) -> points.Points:
    """Points on two circles around the origin, as `(x, y)`; the same seed gives the same points.

    Args:
        samples: Number of points; the classes take turns.
        noise: Standard deviation of what is added to both coordinates.
        factor: Radius of the inner circle (class 1), between 0 and 1; the outer one (class 0) has radius 1.
        seed: Seed of the noise.

    Returns:
        x is float32 of shape (samples, 2); y is int64 0 or 1 of shape (samples,).

    Raises:
        ValueError: Fewer samples than classes, negative noise, or a factor outside 0..1.

    Example:
        >>> from fastnn.datasets import circles
        >>> x, y = circles.load_data(samples=4, noise=0)
        >>> (x**2).sum(axis=1).round(3), y
        (array([1.  , 0.25, 1.  , 0.25], dtype=float32), array([0, 1, 0, 1]))
    """
    points.check(samples, 2, noise)
    if not 0 <= factor <= 1:
        raise ValueError(f"expected factor to be in 0..1, received {factor}.")
    labels = np.arange(samples) % 2
    angle = 2 * np.pi * (np.arange(samples) // 2) / np.bincount(labels)[labels]
    radius = np.where(labels == 0, 1, factor)
    return points.scatter(radius * np.cos(angle), radius * np.sin(angle), noise, seed), labels
