"""Parts for training and for tests, drawn as Keras draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Part = tuple[NDArray[Any], NDArray[Any]]


def order(rng: np.random.RandomState, count: int) -> NDArray[np.int64]:
    """The numbers below `count`, shuffled.

    Example:
        >>> order(np.random.RandomState(113), 5).tolist()
        [1, 0, 3, 2, 4]
    """
    places = np.arange(count)
    rng.shuffle(places)
    return places


def shuffled_parts(x: NDArray[Any], y: NDArray[Any], test_split: float, seed: int) -> tuple[Part, Part]:
    """Rows in the order of a seed, cut into a part for training and one for tests.

    Args:
        x: Features, (n, ...).
        y: Targets, (n, ...).
        test_split: Share of the rows that is for tests, from 0 to below 1.
        seed: Seed of the order.
    """
    places = order(np.random.RandomState(seed), len(x))
    end = int(len(x) * (1 - test_split))
    train, test = places[:end], places[end:]
    return (x[train], y[train]), (x[test], y[test])


def check_split(test_split: float) -> None:
    """Refuse a share that leaves nothing to train with.

    Raises:
        ValueError: It is not from 0 to below 1.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"Expected test_split to be from 0 to below 1. Received: test_split={test_split}")
