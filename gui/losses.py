"""The losses of a run, kept as an array that grows. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Losses:
    """One loss for every training step known so far: going back in time forgets none of them.

    Example:
        >>> losses = Losses()
        >>> losses.add([3.0, 2.0])
        >>> losses.add([1.0])
        >>> losses.array
        array([3., 2., 1.])
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

    def add(self, new: Sequence[float]) -> None:
        """Take over the losses of further training steps."""
        count = self._count + len(new)
        if count > len(self._buffer):
            self._buffer = np.concatenate([self.array, np.empty(2 * count - self._count)])
        self._buffer[self._count : count] = new
        self._count = count
