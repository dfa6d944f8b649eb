"""Which rows make up which batch: one rule for fit, stepper and app."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute
from fastnn.ops.random import stream_key


def epoch_order(count: int, shuffle: bool, seed: int, training_step: int) -> NDArray[np.int64]:
    """The order in which an epoch visits the rows.

    Args:
        count: Number of rows.
        shuffle: Whether to shuffle at all.
        seed: Seed of the run.
        training_step: Training steps done before the epoch; the same seed and step give the same order.

    Example:
        >>> epoch_order(4, False, seed=0, training_step=0)
        array([0, 1, 2, 3])
    """
    if not shuffle:
        return np.arange(count, dtype=np.int64)
    return execute.permutation(count, stream_key(seed, training_step))


class Feeds(dict[str, NDArray[Any]]):
    """Arrays by value name, as a model's `prepare_data` gives them: a stepper takes them as they are."""


@dataclass(frozen=True)
class Schedule:
    """Where a training step stands in a run of epochs of equal length.

    Args:
        count: Number of rows, 1 or more.
        batch_size: Rows of a batch; the last batch of an epoch may have fewer.
        shuffle: Whether every epoch has its own order.
        seed: Seed of the run.
        first_step: Training steps that the model had done before the run.

    Example:
        >>> s = Schedule(10, 4, shuffle=False, seed=0)
        >>> [len(s.rows(k)) for k in range(4)]
        [4, 4, 2, 4]
    """

    count: int
    batch_size: int
    shuffle: bool
    seed: int
    first_step: int = 0

    @property
    def batches(self) -> int:
        """Training steps of one epoch."""
        return -(-self.count // self.batch_size)

    def size(self, step: int) -> int:
        """Rows in the batch of a training step."""
        return min(self.batch_size, self.count - (step % self.batches) * self.batch_size)

    def rows(self, step: int) -> NDArray[np.int64]:
        """Row numbers of the batch of a training step."""
        epoch, batch = divmod(step, self.batches)
        start = batch * self.batch_size
        return self.order(epoch)[start : start + self.batch_size]

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Row numbers in the order of an epoch."""
        return _remembered_order(self.count, self.shuffle, self.seed, self.first_step + epoch * self.batches)


@lru_cache(maxsize=8)
def _remembered_order(count: int, shuffle: bool, seed: int, training_step: int) -> NDArray[np.int64]:
    """The order of an epoch, which every one of its batches asks for."""
    order = epoch_order(count, shuffle, seed, training_step)
    order.flags.writeable = False
    return order
