"""Batches that come one at a time: generators, and sequences that make a batch when asked for its number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastnn.engine.graph import flatten
from fastnn.models.loops import Averages, check_counts, in_order


def is_stream(x: Any) -> bool:
    """Whether data is a generator, or an object with `__getitem__` and `__len__` that is no array or list."""
    if isinstance(x, (list, tuple, dict, str)) or hasattr(x, "__array__") or hasattr(x, "shape"):
        return False
    return hasattr(x, "__next__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


class stream:  # noqa: N801
    """Runs epochs over a generator or sequence of batches.

    Args:
        model: The model.
        source: Gives (x, y) or (x, y, sample_weight).
        steps: Batches per epoch; needed for generators, which may not end.
        class_weight: Weights by class number.
        training: Whether to update weights.

    Raises:
        ValueError: for a generator without steps.
    """

    def __init__(self, model: Any, source: Any, steps: int | None, class_weight: Any, training: bool = True) -> None:
        if steps is not None:
            check_counts(1, steps=steps)
        self.model, self.source, self.class_weight, self.training = model, source, class_weight, training
        self.steps = steps if steps is not None else len(source) if hasattr(source, "__len__") else None

    def __len__(self) -> int:
        return self.steps or 0

    def batches(self) -> Iterator[Any]:
        """The batches of an epoch."""
        if hasattr(self.source, "__next__"):
            for count, batch in enumerate(self.source, 1):
                yield batch
                if count == self.steps:
                    return
            return
        for k in range(len(self)):
            yield self.source[k]
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()

    def run(self, calls: Any, progress: Any) -> dict[str, float]:
        """Run an epoch; returns its averages."""
        averages: Averages | None = None
        seen: dict[int, int] = {}
        for number, batch in enumerate(self.batches()):
            feeds = self.model.prepare_data(*unpack(batch), class_weight=self.class_weight)
            count = len(flatten(feeds)[0])
            plan = self.model._plan_for(feeds, self.training)
            if averages is None:
                averages = Averages(self.model._metric_table(self.model._aims()))
            if count not in seen:
                seen[count] = len(averages.plans)
                averages.watch(plan, count)
            calls.batch_begin(number)
            place = seen[count]
            plan.run_batches(feeds, in_order(count), 0, 1, totals=averages.totals[place])
            averages.counts[place] += 1
            calls.batch_end(number, averages.logs())
            progress.tell(number + 1, {})
            if self.model.stop_training:
                break
        if averages is None:
            raise ValueError("Expected at least one batch. Received: none from the generator")
        progress.steps = progress.steps or number + 1
        return averages.logs()


def unpack(batch: Any) -> tuple[Any, Any, Any]:
    """A batch as (x, y, sample_weight)."""
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        raise ValueError(f"Expected batches (x, y) or (x, y, sample_weight). Received: {type(batch).__name__}")
    x, y, *weight = batch
    return x, y, weight[0] if weight else None
