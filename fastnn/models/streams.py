"""Batches that come one at a time: from generators, datasets, and sequences that make a batch when asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastnn import config
from fastnn.callbacks.base import BATCH_HOOKS
from fastnn.compat.spellings import LogBook
from fastnn.engine.batches import epoch_order
from fastnn.models.loops import Ran, check_counts


def is_stream(x: Any) -> bool:
    """Whether data comes in batches: a generator, dataset or sequence rather than an array or list of rows."""
    if isinstance(x, (list, tuple, dict, str, bytes)) or hasattr(x, "__array__") or hasattr(x, "shape"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or is_sequence(x)


def is_sequence(x: Any) -> bool:
    """Whether batches can be asked for by number."""
    return hasattr(x, "__getitem__") and hasattr(x, "__len__")


class Stream:
    """Gives the batches of one epoch after the other.

    Args:
        source: Generator, dataset or sequence.
        steps: Batches per epoch; all there are by default. With steps an iterator goes on from epoch to epoch.
        shuffle: Whether a sequence's batches are asked for in random order.

    Raises:
        ValueError: for an endless dataset without steps.
    """

    def __init__(self, source: Any, steps: int | None, shuffle: bool = False) -> None:
        if steps is not None:
            check_counts(1, steps=steps)
        self.source, self.shuffle = source, shuffle
        self.passes = 0
        self._running: Iterator[Any] | None = None
        known = length_of(source)
        if steps is None and known == -1:
            raise ValueError("Expected steps_per_epoch (or steps) for an endless dataset. Received: None")
        self.limit = steps
        self.steps = steps if steps is not None else known

    def __len__(self) -> int:
        return self.steps or 0

    def batches(self) -> Iterator[Any]:
        """The batches of the next epoch.

        Raises:
            ValueError: if there are fewer than expected.
        """
        self.passes += 1
        given = 0
        for batch in self._epoch():
            yield batch
            given += 1
            if given == self.limit:
                break
        self._check(given)
        if is_sequence(self.source):
            getattr(self.source, "on_epoch_end", int)()

    def _check(self, given: int) -> None:
        wanted = self.limit or 1
        if given < wanted:
            kind = type(self.source).__name__
            raise ValueError(
                f"Expected {wanted} {'batch' if wanted == 1 else 'batches'} for epoch {self.passes}. Received: "
                f"{given} from the {kind}, which then ended"
            )

    def _epoch(self) -> Iterator[Any]:
        if is_sequence(self.source):
            return self._by_number()
        if hasattr(self.source, "__next__"):
            return iter(self.source)
        if self.limit is None:
            return iter(self.source)
        return self._going_on()

    def _by_number(self) -> Iterator[Any]:
        getattr(self.source, "on_epoch_begin", int)()
        count = len(self.source)
        for number in epoch_order(count, self.shuffle, config.global_seed(), self.passes):
            yield self.source[int(number)]

    def _going_on(self) -> Iterator[Any]:
        """Elements from where the last epoch stopped; after the last one it begins anew."""
        empty = False
        while not empty:
            fresh = self._running is None
            self._running = iter(self.source) if self._running is None else self._running
            empty = fresh
            for batch in self._running:
                empty = False
                yield batch
            self._running = None


def length_of(source: Any) -> int | None:
    """Number of batches; None if unknown, -1 if endless."""
    if hasattr(source, "cardinality"):
        count = int(source.cardinality())
        return None if count == -2 else count
    if hasattr(source, "num_batches"):
        return None if source.num_batches is None else int(source.num_batches)
    return len(source) if hasattr(source, "__len__") else None


class Rounds:
    """Runs epochs of a stream through a model's plans.

    Args:
        model: The model.
        stream: The batches.
        class_weight: Weights by class number.
        training: Whether to update weights.
    """

    def __init__(self, model: Any, stream: Stream, class_weight: Any = None, training: bool = True) -> None:
        self.model, self.stream, self.class_weight, self.training = model, stream, class_weight, training

    def __len__(self) -> int:
        return len(self.stream)

    def run(self, calls: Any, progress: Any) -> dict[str, float]:
        """Run an epoch; returns its averages."""
        runner = self.model._runner(self.training)
        runner.start()
        begin, end = BATCH_HOOKS["train" if self.training else "test"]
        number = 0
        for number, batch in enumerate(self.stream.batches(), 1):
            x, y, weight = unpack(batch, self.model._own_step(self.training))
            feeds = self.model.prepare_data(x, y, weight, self.class_weight, training=self.training)
            calls.call(begin, number - 1, {})
            runner.run(feeds)
            self.model.ran = Ran(runner.ran) if self.training else None
            if calls.wants(end):
                calls.call(end, number - 1, LogBook(sorted(runner.logs().items())))
            progress.tell(number, runner.logs)
            if self.training and self.model.stop_training:
                break
        progress.steps = progress.steps or number
        return runner.logs()


def unpack(batch: Any, alone: bool = False) -> tuple[Any, Any, Any]:
    """A batch as (x, y, sample_weight).

    Args:
        batch: (x, y) or (x, y, sample_weight).
        alone: Whether it may also be x alone.

    Raises:
        ValueError: for anything else.
    """
    if alone and not isinstance(batch, tuple):
        return batch, None, None
    if not isinstance(batch, (tuple, list)) or len(batch) not in ((1, 2, 3) if alone else (2, 3)):
        raise ValueError(
            f"Expected batches (x, y) or (x, y, sample_weight). Received: {type(batch).__name__}"
            + (f" of {len(batch)}" if isinstance(batch, (tuple, list)) else "")
        )
    x, y, sample_weight = (*batch, None, None)[:3]
    return x, y, sample_weight


def inputs_of(batch: Any) -> Any:
    """The inputs of a batch that may have targets, too."""
    return batch[0] if isinstance(batch, tuple) else batch
