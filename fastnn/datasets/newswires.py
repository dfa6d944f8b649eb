"""Newswires in 46 topics, as numbers of words. Made by formula after the Reuters set.

Each topic has five words of its own among 400; a wire of fifteen words takes six from them and the rest from anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "made by formula; 46 topics as in the Reuters newswires"
TOPICS, WORDS, LENGTH, OWN = 46, 400, 15, 6


def load_data(samples: int = 1000, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wires as numbers of words 1..399, int64 (samples, 15), and topics 0..45 in turn, int64 (samples,).

    Args:
        samples: How many wires.
        seed: Seed of the words.

    Example:
        >>> x, y = load_data(50)
        >>> x.shape, int(x.max()) < WORDS, int(y[-1])
        ((50, 15), True, 3)
    """
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % TOPICS
    words = rng.integers(1, WORDS, (samples, LENGTH))
    words[:, :OWN] = 1 + 5 * y[:, None] + rng.integers(0, 5, (samples, OWN))
    return rng.permuted(words, axis=1), y
