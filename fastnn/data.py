"""Datasets: elements one after the other, made when they are asked for; the few methods that courses use."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastnn import config
from fastnn.engine.batches import epoch_order
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.tensor import Tensor, as_array

__all__ = ["AUTOTUNE", "Dataset"]
AUTOTUNE = -1


class Dataset:
    """Elements (tensors, or tuples, lists and dicts of them) that can be iterated over again and again.

    Args:
        elements: Called for every pass; gives the elements.
        count: How many there are, None if that is not known.

    Example:
        >>> import fastnn
        >>> data = fastnn.data.Dataset.from_tensor_slices(([1.0, 2.0, 3.0], [0, 1, 0])).batch(2)
        >>> [(x.numpy().tolist(), y.numpy().tolist()) for x, y in data]
        [([1.0, 2.0], [0, 1]), ([3.0], [0])]
    """

    def __init__(self, elements: Callable[[], Iterator[Any]], count: int | None = None) -> None:
        self._elements, self._count = elements, count

    def __iter__(self) -> Iterator[Any]:
        return self._elements()

    def __len__(self) -> int:
        if self._count is None:
            raise TypeError("Expected a dataset of known length. Received: one that is known only by iterating over it")
        return self._count

    def cardinality(self) -> int:
        """How many elements there are; -2 if that is not known, -1 for endless ones."""
        return -2 if self._count is None else self._count

    # ------------------------------------------------------------ sources

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """One element for every row.

        Args:
            tensors: An array, or a tuple or dict of arrays with the same number of rows.
            name: Ignored.

        Raises:
            ValueError: for arrays of different lengths, or without rows.
        """
        arrays = map_structure(as_array, rows_as_arrays(tensors))
        lengths = {len(a) if a.ndim else -1 for a in flatten(arrays)}
        if len(lengths) != 1 or -1 in lengths:
            raise ValueError(
                "Expected arrays with the same number of rows. Received: shapes "
                + ", ".join(str(a.shape) for a in flatten(arrays))
            )
        return _Rows(arrays, lengths.pop())

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """One single element."""
        element = map_structure(as_tensor, tensors)
        return Dataset(lambda: iter([element]), 1)

    @staticmethod
    def from_generator(generator: Callable[..., Iterator[Any]], *_: Any, args: Any = (), **__: Any) -> Dataset:
        """What a generator function gives; it is called for every pass.

        Args:
            generator: The function.
            args: Its arguments.
        """
        if not callable(generator):
            raise TypeError(
                f"Expected a function that returns an iterator. Received: {type(generator).__name__}; "
                "pass the generator function itself, without calling it"
            )
        return Dataset(lambda: (as_element(e) for e in generator(*(args or ()))))

    @staticmethod
    def range(*bounds: int) -> Dataset:
        """Whole numbers as Python's range gives them."""
        numbers = range(*bounds)
        return Dataset(lambda: (Tensor(np.int64(n)) for n in numbers), len(numbers))

    @staticmethod
    def zip(*datasets: Any) -> Dataset:
        """Tuples of one element of each dataset."""
        parts = datasets[0] if len(datasets) == 1 and isinstance(datasets[0], (tuple, list)) else datasets
        counts = [p._count for p in parts]
        return Dataset(lambda: zip(*parts, strict=False), None if None in counts else min(counts))

    # ------------------------------------------------------------ steps

    def map(self, function: Callable[..., Any], num_parallel_calls: Any = None, **_: Any) -> Dataset:
        """Every element changed by a function; tuples are passed as several arguments.

        Args:
            function: The function.
            num_parallel_calls: Ignored.
        """

        def one(element: Any) -> Any:
            return as_element(function(*element) if isinstance(element, tuple) else function(element))

        return Dataset(lambda: map(one, self), self._count)

    def flat_map(self, function: Callable[..., Any]) -> Dataset:
        """The elements, one after the other, of the dataset that a function makes of each element."""

        def elements() -> Iterator[Any]:
            for element in self:
                yield from function(*element) if isinstance(element, tuple) else function(element)

        return Dataset(elements)

    def window(self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False) -> Dataset:
        """Datasets of neighbouring elements, each `shift` further than the one before.

        Args:
            size: How many elements each has.
            shift: From the start of one to the start of the next; `size` by default.
            stride: From one element of a window to the next.
            drop_remainder: Whether to leave out windows at the end that are short.

        Example:
            >>> windows = Dataset.range(4).window(3, shift=1, drop_remainder=True)
            >>> [w.numpy().tolist() for w in windows.flat_map(lambda w: w.batch(3))]
            [[0, 1, 2], [1, 2, 3]]
        """
        size, stride = positive("size", size), positive("stride", stride)
        step = size if shift is None else positive("shift", shift)

        def windows() -> Iterator[Any]:
            elements = list(self)
            for start in range(0, len(elements), step):
                part = elements[start : start + (size - 1) * stride + 1 : stride]
                if len(part) == size or not drop_remainder:
                    yield Dataset(functools.partial(iter, part), len(part))

        return Dataset(windows)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """What a function makes of a state and one element after the other."""
        return functools.reduce(reduce_func, self, initial_state)

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function is true."""

        def keep(element: Any) -> bool:
            return bool(predicate(*element) if isinstance(element, tuple) else predicate(element))

        return Dataset(lambda: filter(keep, iter(self)))

    def shuffle(self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True) -> Dataset:
        """Elements drawn at random from the next `buffer_size` ones.

        Args:
            buffer_size: How many are held ready; with fewer than all, near ones stay near.
            seed: Seed; the next one of `fastnn.utils.set_random_seed` by default.
            reshuffle_each_iteration: Whether every pass has an order of its own.
        """
        return _Shuffled(self, positive("buffer_size", buffer_size), seed, reshuffle_each_iteration)

    def batch(self, batch_size: int, drop_remainder: bool = False, **_: Any) -> Dataset:
        """Several elements stacked into one.

        Args:
            batch_size: How many.
            drop_remainder: Whether to leave out a last batch that is smaller.

        Raises:
            ValueError: while iterating, if the elements of a batch differ in shape.
        """
        size = positive("batch_size", batch_size)
        count = self._count if self._count is None or self._count < 0 else (
            self._count // size if drop_remainder else -(-self._count // size)
        )  # fmt: skip
        return Dataset(lambda: self._batches(size, drop_remainder), count)

    def _batches(self, size: int, drop_remainder: bool) -> Iterator[Any]:
        elements = iter(self)
        while group := list(itertools.islice(elements, size)):
            if len(group) == size or not drop_remainder:
                yield stack(group)

    def unbatch(self) -> Dataset:
        """The rows of every element, one by one."""
        return Dataset(lambda: (row for element in self for row in Dataset.from_tensor_slices(element)))

    def repeat(self, count: int | None = None) -> Dataset:
        """All elements several times over; without end by default."""
        endless = count is None or count == -1
        times = itertools.count() if endless else range(int(count or 0))
        total = -1 if endless else None if self._count is None else self._count * int(count or 0)
        again = times if endless else list(times)
        return Dataset(lambda: (element for _ in again for element in self), total)

    def take(self, count: int) -> Dataset:
        """The first elements; all of them for -1."""
        stop = None if count == -1 else count
        known = self._count if self._count is not None and self._count >= 0 else None
        return Dataset(
            lambda: itertools.islice(self, stop),
            known if stop is None else stop if self._count == -1 else None if known is None else min(stop, known),
        )

    def skip(self, count: int) -> Dataset:
        """All but the first elements."""
        known = None if self._count is None else self._count if self._count < 0 else max(self._count - count, 0)
        return Dataset(lambda: itertools.islice(self, count, None), known)

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Every num_shards-th element, beginning with number `index`.

        Args:
            num_shards: How many parts the dataset is dealt out to.
            index: Which part, from 0.

        Raises:
            ValueError: if there is no such part.
        """
        count = positive("num_shards", num_shards)
        if isinstance(index, bool) or not isinstance(index, (int, np.integer)) or not 0 <= index < count:
            raise ValueError(f"Expected index to be a whole number from 0 to {count - 1}. Received: index={index!r}")
        known = self._count if self._count is None or self._count < 0 else len(range(index, self._count, count))
        return Dataset(lambda: itertools.islice(self, index, None, count), known)

    def concatenate(self, dataset: Dataset) -> Dataset:
        """The elements of this dataset, then those of another."""
        counts = (self._count, dataset._count)
        total = None if None in counts else -1 if -1 in counts else (counts[0] or 0) + (counts[1] or 0)
        return Dataset(lambda: itertools.chain(self, dataset), total)

    def enumerate(self, start: int = 0) -> Dataset:
        """Pairs of number and element."""
        return Dataset(lambda: ((Tensor(np.int64(i)), e) for i, e in enumerate(self, start)), self._count)

    def cache(self, filename: str = "") -> Dataset:
        """The same elements, made only once and kept in memory."""
        if filename:
            raise ValueError(f"Expected cache() without a file name. Received: {filename!r}")
        kept: list[Any] = []

        def elements() -> Iterator[Any]:
            if not kept:
                kept.extend(self)
            return iter(kept)

        return Dataset(elements, self._count)

    def prefetch(self, buffer_size: int = AUTOTUNE) -> Dataset:
        """The dataset itself: elements are made quickly enough."""
        return self

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as arrays, single numbers as numbers of NumPy."""
        return (map_structure(lambda t: t.numpy()[()], element) for element in self)


class _Rows(Dataset):
    """The rows of arrays; taken many at a time where only batches are wanted."""

    def __init__(self, arrays: Any, count: int) -> None:
        super().__init__(lambda: (self.take_rows(k) for k in range(count)), count)
        self.arrays = arrays

    def take_rows(self, rows: Any) -> Any:
        return map_structure(lambda a: Tensor(a[rows]), self.arrays)

    def _batches(self, size: int, drop_remainder: bool) -> Iterator[Any]:
        return _batches_of_rows(self, np.arange(len(self)), size, drop_remainder)


class _Shuffled(Dataset):
    """Elements in an order that is a function of seed and pass."""

    def __init__(self, source: Dataset, size: int, seed: int | None, again: bool) -> None:
        super().__init__(self._drawn, source._count)
        self.source, self.size, self.again = source, size, again
        self.seed = config.next_seed() if seed is None else config.checked_seed(seed)
        self.passes = 0

    def _next_pass(self) -> int:
        self.passes += 1
        return self.passes if self.again else 1

    def _drawn(self) -> Iterator[Any]:
        rng = np.random.default_rng([self.seed, self._next_pass()])
        elements = iter(self.source)
        held = list(itertools.islice(elements, self.size))
        for element in elements:
            place = int(rng.integers(len(held)))
            yield held[place]
            held[place] = element
        for place in rng.permutation(len(held)):
            yield held[place]

    def _batches(self, size: int, drop_remainder: bool) -> Iterator[Any]:
        if not isinstance(self.source, _Rows) or self.size < len(self.source):
            return super()._batches(size, drop_remainder)
        order = epoch_order(len(self.source), True, self.seed, self._next_pass())
        return _batches_of_rows(self.source, order, size, drop_remainder)


def _batches_of_rows(rows: _Rows, order: Any, size: int, drop_remainder: bool) -> Iterator[Any]:
    for start in range(0, len(order), size):
        if start + size <= len(order) or not drop_remainder:
            yield rows.take_rows(order[start : start + size])


def rows_as_arrays(tensors: Any) -> Any:
    """Lists of numbers are arrays; tuples and dicts are several of them."""
    if isinstance(tensors, dict):
        return {k: rows_as_arrays(v) for k, v in tensors.items()}
    if isinstance(tensors, tuple):
        return tuple(rows_as_arrays(v) for v in tensors)
    return as_array(tensors)


def as_tensor(value: Any) -> Tensor:
    """A value as a tensor."""
    return value if isinstance(value, Tensor) else Tensor(value)


def as_element(value: Any) -> Any:
    """What a function or generator gave, as tensors; lists of numbers are arrays."""
    if isinstance(value, tuple):
        return tuple(as_element(v) for v in value)
    if isinstance(value, dict):
        return {k: as_element(v) for k, v in value.items()}
    return as_tensor(value)


def stack(elements: list[Any]) -> Any:
    """Elements of one structure as one."""
    columns = []
    for column in zip(*map(flatten, elements), strict=True):
        shapes = {t.shape for t in column}
        if len(shapes) > 1:
            raise ValueError(f"Expected elements of one shape in a batch. Received: shapes {sorted(shapes)}")
        columns.append(Tensor(np.stack([t.value for t in column])))
    left = iter(columns)
    return map_structure(lambda _: next(left), elements[0])


def positive(name: str, value: Any) -> int:
    """A positive whole number.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"Expected {name} to be a positive whole number. Received: {name}={value!r}")
    return int(value)
