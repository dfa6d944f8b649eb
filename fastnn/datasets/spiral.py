"""Spiral: arms wound around each other, hard for a network without hidden layers."""

from __future__ import annotations

import numpy as np

from fastnn.datasets import points

SOURCE = "By formula; after Lang and Witbrock, Learning to tell two spirals apart, 1988"


def load_data(
    samples: int = 300, classes: int = 3, turns: float = 0.75, noise: float = 0.02, seed: int = 0
) -> points.Points:
    """Points on spiral arms from the origin to radius 1, as `(x, y)`; the same seed gives the same points.

    Args:
        samples: Number of points; the classes take turns.
        classes: Number of arms, at equal angles.
        turns: How often an arm goes around the origin.
        noise: Standard deviation of what is added to both coordinates.
        seed: Seed of the noise.

    Returns:
        x is float32 of shape (samples, 2); y is int64 0..classes - 1 of shape (samples,).

    Raises:
        ValueError: Fewer samples than classes, or negative noise.

    Example:
        >>> from fastnn.datasets import spiral
        >>> x, y = spiral.load_data(samples=300)
        >>> x.shape, y[:6]
        ((300, 2), array([0, 1, 2, 0, 1, 2]))
    """
    points.check(samples, classes, noise)
    labels, radius = points.turns(samples, classes)
    angle = 2 * np.pi * (turns * radius + labels / classes)
    return points.scatter(radius * np.cos(angle), radius * np.sin(angle), noise, seed), labels
