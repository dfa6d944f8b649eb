"""What the two-dimensional data sets made by formula share: checks, labels in turn, noise from a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = tuple[NDArray[np.float32], NDArray[np.int64]]


def check(samples: int, classes: int, noise: float) -> None:
    """Refuse counts and noise that make no data set."""
    if classes < 1 or samples < classes:
        raise ValueError(f"expected at least one sample for each class, received {samples} for {classes}.")
    if not 0 <= noise < np.inf:
        raise ValueError(f"expected noise to be 0 or more, received {noise}.")


def turns(samples: int, classes: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels 0, 1, … in turn, so that every part of the data has all classes; and each point's place 0..1 in its class.

    Example:
        >>> labels, place = turns(5, 2)
        >>> labels, place
        (array([0, 1, 0, 1, 0]), array([0. , 0. , 0.5, 1. , 1. ]))
    """
    labels = np.arange(samples) % classes
    sizes = np.bincount(labels)
    return labels, np.arange(samples) // classes / np.maximum(sizes[labels] - 1, 1)


def scatter(x: NDArray[np.float64], y: NDArray[np.float64], noise: float, seed: int) -> NDArray[np.float32]:
    """The points (x, y) with normal noise added: float32 of shape (samples, 2)."""
    points = np.stack([x, y], axis=1)
    return (points + noise * np.random.default_rng(seed).standard_normal(points.shape)).astype(np.float32)
