"""Pairs of samples for siamese networks: two of one class, or of two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def make_pairs(
    x: NDArray[np.float32], y: NDArray[np.int64], seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Two pairs for every sample: one with another of its class, and one with a sample of another class.

    Args:
        x: Samples, (n, ...).
        y: Their classes, (n,); at least two.
        seed: Seed of the partners.

    Returns:
        First samples (2 n, ...), second samples (2 n, ...), and 1 for pairs of one class, float32 (2 n,), in turn.

    Raises:
        ValueError: for fewer than two classes.

    Example:
        >>> a, b, same = make_pairs(np.arange(4, dtype=np.float32), np.array([0, 0, 1, 1]))
        >>> same.tolist(), ((a < 2) == (b < 2)).tolist() == (same == 1).tolist()
        ([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0], True)
    """
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"Expected samples of at least two classes. Received: classes {classes.tolist()}")
    rng = np.random.default_rng(seed)
    partners = np.empty((len(y), 2), np.int64)
    for label in classes:
        mine = y == label
        partners[mine, 0] = rng.choice(np.flatnonzero(mine), mine.sum())
        partners[mine, 1] = rng.choice(np.flatnonzero(~mine), mine.sum())
    return x.repeat(2, axis=0), x[partners.reshape(-1)], np.tile(np.array([1, 0], np.float32), len(y))
