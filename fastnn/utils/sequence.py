"""Batches made when asked for by number."""

from __future__ import annotations

from typing import Any


class PyDataset:
    """Base of data that comes in batches: subclasses write `__len__` and `__getitem__`.

    Args:
        workers: Ignored: batches are made one after the other.
        use_multiprocessing: Ignored.
        max_queue_size: Ignored.

    Example:
        >>> import numpy as np
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.full((2, 1), float(index))
        ...         return x, x * x
        >>> Squares().num_batches
        3
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch of that number: (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError(f"{type(self).__name__} does not have a `__getitem__` of its own.")

    def __len__(self) -> int:
        return self.num_batches

    @property
    def num_batches(self) -> int:
        """How many batches there are."""
        if type(self).__len__ is PyDataset.__len__:
            raise NotImplementedError(f"{type(self).__name__} does not have a `__len__` of its own.")
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before every epoch."""

    def on_epoch_end(self) -> None:
        """Called after every epoch."""


Sequence = PyDataset
