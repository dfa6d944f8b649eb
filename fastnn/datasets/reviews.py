"""Reviews of films in a small language: twenty words each, liked or not. Made by formula.

A review that likes its film draws six to nine of its words from the praising ones and two to four from the complaining
ones, the others the other way round; the rest is neutral. No single word decides, their balance does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "made by formula"
PRAISE = (
    "great", "wonderful", "moving", "brilliant", "funny", "superb", "loved", "best", "charming", "perfect",
    "touching", "clever",
)  # fmt: skip
COMPLAINT = (
    "bad", "boring", "awful", "dull", "worst", "poor", "weak", "terrible", "stupid", "waste", "flat", "noisy",
)  # fmt: skip
NEUTRAL = (
    "the", "a", "film", "story", "actor", "scene", "music", "director", "plot", "role", "camera", "end",
    "start", "it", "was", "is", "of", "in", "with", "and", "house", "city", "family", "war",
    "night", "day", "car", "train", "letter", "friend", "sea", "island", "winter", "summer", "king", "doctor",
)  # fmt: skip
WORDS = ("", *PRAISE, *COMPLAINT, *NEUTRAL)
LENGTH = 20


def load_data(samples: int = 600, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Reviews as positions in `WORDS`, int64 (samples, 20), and 1 for those that liked the film, int64 (samples,).

    Args:
        samples: How many reviews.
        seed: Seed of the words.

    Example:
        >>> x, y = load_data(4)
        >>> x.shape, y.tolist()
        ((4, 20), [0, 1, 0, 1])
    """
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    many, few = rng.integers(6, 10, samples), rng.integers(2, 5, samples)
    praise, complaint = np.where(y == 1, many, few), np.where(y == 1, few, many)
    place = np.arange(LENGTH)[None, :]
    kind = np.where(place < praise[:, None], 0, np.where(place < (praise + complaint)[:, None], 1, 2))
    sizes = np.array([len(PRAISE), len(COMPLAINT), len(NEUTRAL)])
    starts = 1 + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    words = starts[kind] + (rng.random(kind.shape) * sizes[kind]).astype(np.int64)
    return rng.permuted(words, axis=1), y


def multi_hot(words: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    """1 for every word of a vocabulary of `size` that a text has: float32 (samples, size).

    Example:
        >>> multi_hot(np.array([[1, 3, 1]]), 4).tolist()
        [[0.0, 1.0, 0.0, 1.0]]
    """
    found = np.zeros((len(words), size), np.float32)
    np.put_along_axis(found, words, 1, axis=1)
    return found
