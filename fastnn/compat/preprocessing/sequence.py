"""Sequences as batches and pairs, as Keras 2 made them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.utils.padding import pad_sequences
from fastnn.utils.sequence import PyDataset

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


class TimeseriesGenerator(PyDataset):
    """Batches of stretches of a series, each with the value that follows.

    Args:
        data: The series, shape (time, …).
        targets: A target for every time.
        length: Length of a stretch.
        sampling_rate: Steps between its entries.
        stride: Steps between stretches.
        start_index: Time to begin at.
        end_index: Last time.
        shuffle: Whether stretches are drawn at random.
        reverse: Whether stretches run backwards.
        batch_size: Stretches of a batch.

    Raises:
        ValueError: if lengths do not fit.

    Example:
        >>> import numpy as np
        >>> x, y = TimeseriesGenerator(np.arange(10), np.arange(10), length=3, batch_size=2)[0]
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [1, 2, 3]], [3, 4])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        super().__init__()
        if len(data) != len(targets):
            raise ValueError(f"Expected as many targets as data. Received: {len(data)}, {len(targets)}")
        self.data, self.targets, self.length = np.asarray(data), np.asarray(targets), length
        self.sampling_rate, self.stride, self.shuffle, self.reverse = sampling_rate, stride, shuffle, reverse
        self.start_index, self.batch_size = start_index + length, batch_size
        self.end_index = len(self.data) - 1 if end_index is None else end_index
        if self.start_index > self.end_index:
            raise ValueError(
                f"Expected data longer than length={length} from {start_index} on. "
                f"Received: {self.end_index + 1} entries"
            )

    def __len__(self) -> int:
        return -(-(self.end_index - self.start_index + 1) // (self.batch_size * self.stride))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            ends = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        stretches = np.array([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        return (stretches[:, ::-1] if self.reverse else stretches), self.targets[ends]


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray[Any, np.dtype[Any]]:
    """How likely words by rank are kept, the commonest less, by Zipf's law.

    Args:
        size: Number of words.
        sampling_factor: How strongly.

    Example:
        >>> make_sampling_table(3).round(4).tolist()
        [0.0032, 0.0032, 0.0055]

    Source: Mikolov and others, Distributed representations of words and phrases, 2013.
    """
    gamma = 0.577
    rank = np.arange(size, dtype="float64")
    rank[0:1] = 1
    inverse = rank * (np.log(rank) + gamma) + 0.5 - 1.0 / (12.0 * rank)
    share = sampling_factor * inverse
    return np.minimum(1.0, share / np.sqrt(share))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of a word and one near it (label 1), and of a word and any other (label 0).

    Args:
        sequence: Words as numbers; 0 is no word.
        vocabulary_size: One more than the largest number.
        window_size: How far away near is.
        negative_samples: Pairs of label 0 per pair of label 1.
        shuffle: Whether to mix them.
        categorical: Whether labels are [0, 1] and [1, 0].
        sampling_table: How likely each word is kept.
        seed: Seed.

    Source: Mikolov and others, Efficient estimation of word representations in vector space, 2013.
    """
    rng = random.Random(random.randint(0, 10_000_000) if seed is None else seed)
    couples, labels = [], []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < rng.random()):
            continue
        for j in range(max(0, i - window_size), min(len(sequence), i + window_size + 1)):
            if j != i and sequence[j]:
                couples.append([word, sequence[j]])
                labels.append([0, 1] if categorical else 1)
    if negative_samples > 0:
        words = [pair[0] for pair in couples]
        rng.shuffle(words)
        for k in range(int(len(labels) * negative_samples)):
            couples.append([words[k % len(words)], rng.randint(1, vocabulary_size - 1)])
            labels.append([1, 0] if categorical else 0)
    if shuffle:
        order = list(range(len(couples)))
        rng.shuffle(order)
        couples, labels = [couples[k] for k in order], [labels[k] for k in order]
    return couples, labels
