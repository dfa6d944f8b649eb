"""Runs batches through plans and averages what they watch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.plan import Plan

Array = NDArray[Any]


@dataclass(frozen=True)
class Ran:
    """The batch that was run last, for callbacks that look at values.

    Args:
        plan: The plan that ran; it holds every value for callbacks that say `reads_values`.
        rows: Row numbers of the batch; None where x is a generator.
    """

    plan: Plan
    rows: Array | None = None


class Averages:
    """Losses and metrics over the batches run by some plans.

    A plan of size 0 runs on rows that do not count.

    Args:
        metrics: Metrics by name in logs; other names are losses, whose mean is weighted by batch size. Metrics that
            do not count tell what their variables hold.
        trackers: Metrics that `call` updates, by name in logs; they tell what their variables hold.
    """

    def __init__(self, metrics: Mapping[str, Any], trackers: Mapping[str, Any] | None = None) -> None:
        self.metrics, self.trackers = metrics, trackers or {}
        self.plans: list[tuple[Plan, int]] = []
        self.counts: list[int] = []
        self.totals: list[Array] = []

    def watch(self, plan: Plan, size: int) -> None:
        """Take a plan's batches into account from now on."""
        self.plans.append((plan, size))
        self.counts.append(0)
        self.totals.append(plan.new_totals())

    def start(self) -> None:
        """Forget all batches."""
        for metric in (*self.metrics.values(), *self.trackers.values()):
            metric.reset_state()
        for totals in self.totals:
            totals[:] = 0
        self.counts = [0] * len(self.plans)

    def sums(self) -> tuple[float, dict[str, Any]]:
        """How many rows were run, and the sums over them: of losses by row, of what metrics count by batch."""
        rows = sum(n * size for n, (_, size) in zip(self.counts, self.plans, strict=True))
        sums: dict[str, Any] = {}
        for (plan, size), totals in zip(self.plans, self.totals, strict=True):
            for key, total in plan.by_name(totals).items():
                part = total * (size > 0 if key in self.metrics else size)
                sums[key] = sums[key] + part if key in sums else part
        return rows, sums

    def logs(self) -> dict[str, Any]:
        """Averages so far."""
        rows, sums = self.sums()
        found = {key: self.average(key, total, rows) for key, total in sums.items()}
        held = {key: number(m.result()) for key, m in self.metrics.items() if not m.counts}
        return {**found, **held, **{key: number(m.result()) for key, m in self.trackers.items()}}

    def average(self, key: str, total: Array, rows: float) -> Any:
        """One entry of the logs."""
        if key in self.metrics:
            return self.metrics[key].finish(total)
        return float(total) / rows if rows else math.nan


def number(result: Any) -> Any:
    """What a metric told: a number, or an array of several."""
    array = np.asarray(result)
    return float(array) if array.ndim == 0 else array


class Batches:
    """Whole arrays cut into batches, the last one perhaps smaller, each with the plan for its size.

    Args:
        plan: Makes (or remembers) the plan for a batch size.
        feeds: Data by value name.
        count: Number of rows.
        batch_size: Rows of a batch.
        averages: What the batches are averaged into.
        limit: Batches of an epoch, at most.
    """

    def __init__(
        self,
        plan: Callable[[int], Plan],
        feeds: Mapping[str, Array],
        count: int,
        batch_size: int,
        averages: Averages,
        limit: int | None = None,
    ) -> None:
        self.feeds, self.count, self.size = feeds, count, min(batch_size, count)
        self.full, self.rest = divmod(count, self.size)
        if limit is not None and limit <= self.full:
            self.full, self.rest = limit, 0
        self.plan, self.tail = plan(self.size), plan(self.rest) if self.rest else None
        self.averages = averages
        self.averages.watch(self.plan, self.size)
        if self.tail is not None:
            self.averages.watch(self.tail, self.rest)
        self.ran = self.plan

    def __len__(self) -> int:
        return self.full + (self.tail is not None)

    def run(self, order: Array, seconds: float = math.inf, told: Callable[[int], None] | None = None) -> None:
        """Run an epoch in few calls; `told` hears how many batches are done, after every `seconds`."""
        self.averages.start()
        done = 0
        while done < self.full:
            ran = self.plan.run_batches(self.feeds, order, done, self.full, seconds, self.averages.totals[0])
            done += ran
            self.averages.counts[0] = done
            if told is not None:
                told(done)
        self.run_tail(order)

    def run_tail(self, order: Array) -> None:
        """Run the last, smaller batch, if there is one."""
        if self.tail is not None:
            self.tail.run_batches(self.feeds, order[self.full * self.size :], 0, 1, totals=self.averages.totals[1])
            self.averages.counts[1] = 1

    def run_one(self, order: Array, batch: int) -> None:
        """Run one batch of an epoch."""
        self.ran = self.tail if batch == self.full and self.tail is not None else self.plan
        if batch == self.full:
            self.run_tail(order)
        else:
            self.plan.run_batches(self.feeds, order, batch, batch + 1, totals=self.averages.totals[0])
            self.averages.counts[0] += 1


class MeanRunner:
    """Runs batches one at a time, each with the plan for it, and averages what they watch.

    Args:
        plan_for: Makes (or remembers) the plan for the rows of a batch.
        measures: Tells metrics and trackers, once the model has met data; see `Averages`.
    """

    def __init__(
        self, plan_for: Callable[[Mapping[str, Array]], Plan], measures: Callable[[], tuple[Mapping[str, Any], ...]]
    ) -> None:
        self.plan_for, self.measures, self.averages = plan_for, measures, Averages({})
        self.places: dict[int, int] = {}

    def start(self) -> None:
        """Begin an epoch."""
        self.averages.start()

    def run(self, feeds: Mapping[str, Array]) -> None:
        """Run one batch."""
        count = len(next(iter(feeds.values())))
        self.ran = plan = self.plan_for(feeds)
        if not self.places:  # the first batch of all
            self.averages.metrics, self.averages.trackers = self.measures()
            self.averages.start()  # what metrics hold is from an earlier run
        if count not in self.places:
            self.places[count] = len(self.places)
            self.averages.watch(plan, count)
        place = self.places[count]
        plan.run_batches(feeds, in_order(count), 0, 1, totals=self.averages.totals[place])
        self.averages.counts[place] += 1

    def logs(self) -> dict[str, float]:
        """Averages so far."""
        return self.averages.logs()


class OneByOne:
    """Whole arrays cut into batches that are run one at a time.

    Args:
        runner: Runs a batch and keeps the logs.
        feeds: Data by value name.
        count: Number of rows.
        batch_size: Rows of a batch.
        limit: Batches of an epoch, at most.
    """

    def __init__(
        self, runner: Any, feeds: Mapping[str, Array], count: int, batch_size: int, limit: int | None = None
    ) -> None:
        self.averages, self.feeds, self.count, self.size = runner, feeds, count, min(batch_size, count)
        self.batches = -(-count // self.size) if limit is None else min(limit, -(-count // self.size))

    def __len__(self) -> int:
        return self.batches

    def run(self, order: Array, seconds: float = math.inf, told: Callable[[int], None] | None = None) -> None:
        """Run an epoch; `told` hears how many batches are done."""
        self.averages.start()
        for batch in range(self.batches):
            self.run_one(order, batch)
            if told is not None:
                told(batch + 1)

    @property
    def ran(self) -> Plan:
        """The plan that ran last."""
        plan: Plan = self.averages.ran
        return plan

    def run_one(self, order: Array, batch: int) -> None:
        """Run one batch of an epoch."""
        rows = order[batch * self.size : (batch + 1) * self.size]
        self.averages.run({name: array[rows] for name, array in self.feeds.items()})


def in_order(count: int) -> Array:
    """Row numbers as they come."""
    return np.arange(count, dtype=np.int64)


def check_counts(least: int, **counts: Any) -> None:
    """Refuse what is no whole number, or less than `least`.

    Raises:
        ValueError: naming the argument.
    """
    for name, value in counts.items():
        if not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"Expected {name} to be a whole number, {least} or larger. Received: {name}={value!r}")
