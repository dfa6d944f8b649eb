"""Batches that several processes work on together, each on its own part of the rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.part import Part
from fastnn.engine.plan import Plan
from fastnn.models.loops import Averages, Batches
from fastnn.ops.exchange import add_up

Array = NDArray[Any]


@dataclass(frozen=True)
class Team:
    """Processes that train together, as one of them sees it.

    Args:
        size: How many there are.
        rank: The number of this one, from 0.

    Example:
        >>> [Team(3, rank).part(10).rows for rank in range(3)]
        [4, 3, 3]
        >>> Team(3, 2).part(2).share  # two rows for three processes
        0.0
    """

    size: int
    rank: int

    def part(self, whole: int) -> Part:
        """The part of this process: neighbouring rows, as many as the others have, or one more or less."""
        each, left = divmod(whole, self.size)
        return Part(whole, self.rank * each + min(self.rank, left), each + (self.rank < left))


class SharedAverages(Averages):
    """Losses and metrics over the rows of all processes, as of the last time that they were gathered."""

    gathered: tuple[float, dict[str, Any]] | None = None

    def start(self) -> None:
        super().start()
        self.gathered = None

    def gather(self) -> None:
        """Add up what all processes have counted; all of them call this."""
        rows, sums = super().sums()
        flat = np.concatenate([np.ravel(part) for part in (rows, *sums.values())]).astype(np.float64)
        add_up(flat)
        at, found = 1, {}
        for key, part in sums.items():
            found[key] = flat[at : at + np.size(part)].reshape(np.shape(part))
            at += np.size(part)
        self.gathered = float(flat[0]), found

    def sums(self) -> tuple[float, dict[str, Any]]:
        return super().sums() if self.gathered is None else self.gathered


class SharedBatches(Batches):
    """Whole arrays cut into batches, of each of which this process runs its part.

    Args:
        team: The processes.
        plan: Makes (or remembers) the plan for a part.
        feeds: Data by value name, all of it in every process.
        count: Number of rows.
        batch_size: Rows of a batch, over all processes.
        averages: What the batches are averaged into.
        limit: Batches of an epoch, at most.
    """

    averages: SharedAverages

    def __init__(
        self,
        team: Team,
        plan: Callable[[Part], Plan],
        feeds: Mapping[str, Array],
        count: int,
        batch_size: int,
        averages: SharedAverages,
        limit: int | None = None,
    ) -> None:
        super().__init__(lambda rows: plan(team.part(rows)), feeds, count, batch_size, averages, limit)
        self.whole, self.part = self.size, team.part(self.size)
        self.tail_part = team.part(self.rest) if self.rest else None
        parts = [self.part, *([self.tail_part] if self.tail_part else [])]
        averages.plans = [(made, part.rows) for (made, _), part in zip(averages.plans, parts, strict=True)]
        self.size = self.part.size
        self._given: tuple[Array, Array] | None = None

    def run(self, order: Array, seconds: float = math.inf, told: Callable[[int], None] | None = None) -> None:
        super().run(self.mine(order), seconds, told)
        self.averages.gather()

    def run_one(self, order: Array, batch: int) -> None:
        super().run_one(self.mine(order), batch)
        self.averages.gather()

    def mine(self, order: Array) -> Array:
        """The row numbers of this process's parts, batch after batch."""
        if self._given is None or self._given[0] is not order:
            at = self.full * self.whole
            parts = [self.part.rows_of(order[:at].reshape(self.full, self.whole)).ravel()]
            parts += [self.tail_part.rows_of(order[at:])] if self.tail_part else []
            self._given = order, np.concatenate(parts)
        return self._given[1]
