"""The rows of a batch that one of several processes works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Part:
    """The rows of a batch that one process works on.

    Args:
        whole: Rows of the batch.
        first: The first row of the part.
        rows: Rows of the part; a process for which there is none works on one row that does not count.
    """

    whole: int
    first: int
    rows: int

    @property
    def share(self) -> float:
        """What the part's mean weighs in that of the batch."""
        return self.rows / self.whole

    @property
    def size(self) -> int:
        """Rows that the process works on, counted or not."""
        return max(self.rows, 1)

    def rows_of(self, batches: Array) -> Array:
        """The part's row numbers of those of one batch, or of several, one a row."""
        return batches[..., self.first : self.first + self.rows] if self.rows else batches[..., :1]
