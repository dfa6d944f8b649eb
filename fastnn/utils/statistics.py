"""Statistics of data that preprocessing layers adapt to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np


def batches_of(data: Any, batch_size: int | None = None, steps: int | None = None) -> Iterator[np.ndarray]:
    """The arrays of a data set, a generator of batches, or one array, at most `steps` of them.

    Args:
        data: An array, a nested list, or an iterable of batches; of pairs only the first part is taken.
        batch_size: Accepted for Keras' sake.
        steps: How many batches; all by default.
    """
    whole = isinstance(data, (np.ndarray, list, tuple)) or hasattr(data, "__array__")
    batches: Iterable[Any] = [data] if whole else data
    for k, batch in enumerate(batches):
        if steps is not None and k >= steps:
            return
        yield np.asarray(batch[0] if isinstance(batch, tuple) and not whole else batch)


def mean_and_variance(batches: Iterable[np.ndarray], axes: Sequence[int]) -> tuple[np.ndarray, np.ndarray, int]:
    """Mean and variance over all axes but those named, and the number of rows; batches are merged as they come."""
    mean, spread, count, rows = np.zeros(()), np.zeros(()), 0, 0
    for batch in batches:
        values = np.asarray(batch, np.float64)
        others = tuple(d for d in range(values.ndim) if d not in {a % values.ndim for a in axes})
        size = int(np.prod([values.shape[d] for d in others], dtype=np.int64))
        if not size:
            continue
        own = values.mean(others)
        shift, total = own - mean, count + size
        spread = spread + values.var(others) * size + shift**2 * count * size / total
        mean, count, rows = mean + shift * size / total, total, rows + values.shape[0]
    if not count:
        raise ValueError("Expected data to adapt to. Received: none")
    return mean, spread / count, rows


def summary_of(values: np.ndarray, epsilon: float) -> np.ndarray:
    """Values at equal distances in the sorted data, and how many numbers each stands for."""
    ordered = np.sort(np.ravel(values))
    step = max(ordered.size * epsilon, 1)
    chosen = ordered[int(step - 1) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def coarser(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary with about 1 / epsilon values."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0, 1, epsilon)
    total = summary[1].cumsum()
    values = np.interp(shares, total / total[-1], summary[0])
    weights = np.diff(np.interp(shares, total / total[-1], total), prepend=0)
    return np.stack([values, weights]).astype(np.float32)


def merged(first: np.ndarray, second: np.ndarray, epsilon: float) -> np.ndarray:
    """The summary of both."""
    both = np.concatenate([first, second], axis=1)
    return coarser(both[:, np.argsort(both[0])], epsilon)


def bin_boundaries(batches: Iterable[np.ndarray], bins: int, epsilon: float) -> list[float]:
    """The numbers that part the data into bins of about equal size."""
    summary = np.zeros((2, 0), np.float32)
    for batch in batches:
        summary = merged(summary, summary_of(np.asarray(batch, np.float32), epsilon), epsilon)
    if not summary.size:
        raise ValueError("Expected data to adapt to. Received: none")
    return [float(v) for v in coarser(summary, 1 / bins)[0, :-1]]
