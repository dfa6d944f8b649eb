"""Exact counts of a tensor's numbers, in bins from its real least to its real largest. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import DTypeLike, NDArray

BINS = 60


@dataclass(frozen=True)
class Histogram:
    """Counts of numbers.

    Args:
        edges: Edges of the bins (bins + 1).
        counts: Numbers in each bin; the last one includes its upper edge.
        zeros: How many are exactly 0.
        nans: How many are NaN.
        infinite: How many are infinite.
    """

    edges: NDArray[np.float64] = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)
    zeros: int = 0
    nans: int = 0
    infinite: int = 0


def histogram(values: NDArray[np.generic], bins: int = BINS) -> Histogram:
    """Count all numbers of a tensor, none by sample.

    Args:
        values: The tensor.
        bins: How many bins; whole numbers of a small range get one bin each.

    Example:
        >>> import numpy as np
        >>> h = histogram(np.array([0.0, 1.0, 1.0, 4.0, np.nan]), 4)
        >>> h.edges.tolist(), h.counts.tolist(), h.zeros, h.nans
        ([0.0, 1.0, 2.0, 3.0, 4.0], [1, 2, 0, 1], 1, 1)
    """
    x = np.asarray(values).reshape(-1)
    zeros = int(x.size - np.count_nonzero(x))
    nans = infinite = 0
    if x.dtype.kind == "f" and not np.isfinite(x.sum()):
        nans, infinite = int(np.isnan(x).sum()), int(np.isinf(x).sum())
        x = x[np.isfinite(x)]
    if x.size == 0:
        return Histogram(np.array([0.0, 1.0]), np.zeros(1, np.int64), zeros, nans, infinite)
    low, high = float(x.min()), float(x.max())
    if x.dtype.kind in "iub" and high - low < bins:
        low, high, bins = low - 0.5, high + 0.5, int(high - low) + 1
    if high == low:
        low, high = low - 0.5, high + 0.5
    if high - low < narrowest(bins, low, high, x.dtype if x.dtype.kind == "f" else np.float64):
        x, least = x.astype(np.float64), narrowest(bins, low, high, np.float64)
        low, high = (low - least, high + least) if high - low < least else (low, high)
    counts, edges = np.histogram(x, bins, (low, high))
    return Histogram(edges, counts.astype(np.int64), zeros, nans, infinite)


def narrowest(bins: int, low: float, high: float, dtype: DTypeLike) -> float:
    """A range that a type has bins in: numbers that lie closer have no others between them."""
    return 4 * bins * float(np.spacing(np.asarray(max(abs(low), abs(high)), dtype)))
