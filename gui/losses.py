"""The losses of a run, kept as an array that grows. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Losses:
    """One loss for every training step known so far: going back in time forgets none of them.

    Example:
        >>> losses = Losses()
        >>> losses.follow([3.0, 2.0])
        >>> losses.follow([3.0])
        >>> losses.array
        array([3., 2.])
    """

    def __init__(self) -> None:
        self._buffer = np.empty(256)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def array(self) -> NDArray[np.float64]:
        """The losses, in order."""
        return self._buffer[: self._count]

    def forget(self, count: int) -> None:
        """Keep the first so many: the run goes another way from there."""
        self._count = min(self._count, count)

    def follow(self, known: Sequence[float]) -> None:
        """Take over what is new in a list of all losses."""
        if len(known) <= self._count:
            return
        if len(known) > len(self._buffer):
            self._buffer = np.concatenate([self.array, np.empty(2 * len(known) - self._count)])
        self._buffer[self._count : len(known)] = known[self._count :]
        self._count = len(known)
