"""A step list with memory: buffers for its values, and the loop that runs it, in C or by the NumPy references."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute
from fastnn.engine.fusion import fused
from fastnn.engine.graph import Step, Value
from fastnn.engine.memory import allocate
from fastnn.engine.rows import as_listed, told
from fastnn.engine.steplist import FED, KEPT, StepList, finish, write_backward
from fastnn.engine.tensor import Variable
from fastnn.errors import DTypeError, GraphError, ShapeError

if TYPE_CHECKING:
    from fastnn.engine.description import Description

__all__ = ["Plan", "StepList", "finish", "write_backward"]
Array = NDArray[Any]


class Plan:
    """A step list bound to buffers, ready to run whole or step by step.

    Args:
        listing: What to run. float32 lists run in C, float64 lists by the references.
        keep: Give every value a buffer of its own, as stepping needs; otherwise buffers are reused.
        storage: Arrays to use for variables instead of their own, by variable; a copy of a model's state.

    Example:
        >>> import fastnn
        >>> from fastnn.engine.graph import Trace
        >>> with Trace() as trace:
        ...     x = trace.add_value("x", (2,), "float32", "input")
        ...     y = fastnn.ops.relu(x)
        >>> p = Plan(finish(trace, [x], outputs=[y]))
        >>> p.load("x", [-1.0, 2.0])
        >>> p.run()
        >>> p.array(y.name)
        array([0., 2.], dtype=float32)
    """

    def __init__(self, listing: StepList, keep: bool = False, storage: Mapping[Variable, Array] | None = None) -> None:
        self.listing, self.keep = listing, keep
        self.lock = threading.RLock()  # held by whoever uses the buffers
        self.in_c = listing.dtype == "float32"
        self.program = fused(listing) if self.in_c and not keep else as_listed(listing)
        self.buffers = self._bind(storage or {})
        watched = listing.watch
        self._watched = [self.buffers[name] for name in watched.values()]
        self._direct = not keep and not {self.program.home(n) for n in told(listing)} & set(listing.feeds)
        self._compiled = execute.Plan(self._rows(), self.program.updates) if self.in_c else None

    # ------------------------------------------------------------ buffers

    def _bind(self, storage: Mapping[Variable, Array]) -> dict[str, Array]:
        given, alone = {}, []
        for value in self.listing.values.values():
            if isinstance(value.source, Variable):
                given[value.name] = self._variable(storage.get(value.source, value.source.value), value)
            elif value.role in KEPT:
                given[value.name] = np.array(value.source, value.dtype, order="C")
            elif self.keep or value.role in FED:
                alone.append(value.name)
        return {**given, **allocate(self.listing, self.program, given, alone)}

    def _variable(self, array: Array, value: Value) -> Array:
        if array.dtype != value.dtype:
            raise DTypeError(f"expected variable '{value.name}' of {value.dtype}, received {array.dtype}.")
        return array

    @property
    def bytes(self) -> int:
        """Memory of the buffers that the plan owns, shared ones counted once."""
        owned = {a.__array_interface__["data"][0]: a.nbytes for n, a in self.buffers.items()}
        return sum(owned.values())

    @property
    def scratch_bytes(self) -> int:
        """Memory that kernels use within a row."""
        return 0 if self._compiled is None else int(self._compiled.scratch_bytes)

    def describe(self) -> Description:
        """What is run, row by row, with memory and work; printing it gives a table."""
        from fastnn.engine.description import Description

        return Description(self)

    def array(self, name: str) -> Array:
        """The buffer of a value."""
        if name not in self.buffers or name in self.program.hidden:
            known = name in self.listing.values
            raise GraphError(f"expected the name of a value{' that this plan keeps' * known}, received {name!r}.")
        return self.buffers[name]

    def load(self, name: str, data: Any) -> None:
        """Copy data into a value's buffer."""
        buffer, array = self.array(name), np.asarray(data)
        if array.shape != buffer.shape:
            raise ShapeError(f"expected '{name}' of shape {buffer.shape}, received {array.shape}.")
        buffer[...] = array

    # ------------------------------------------------------------ running

    def _rows(self) -> list[Any]:
        return [
            (
                row.kernel,
                row.backward,
                [self._buffer(n) for n in row.operands],
                [self.buffers[r] if isinstance(r, str) else r for r in row.results],
                row.attrs,
                row.relu,
                self._buffer(row.mask),
                row.accumulate,
            )
            for row in self.program.rows
        ]

    def _buffer(self, name: str | None) -> Array | None:
        return None if name is None else self.buffers[name]

    def run(self, begin: int = 0, end: int | None = None) -> None:
        """Run steps [begin, end); all of them by default.

        Raises:
            GraphError: for a part of the list, unless the plan keeps every value.
            KernelError: naming layer and operation, if a kernel meets a value that it cannot work with.
        """
        whole = len(self.listing.steps)
        end = whole if end is None else end
        if len(self.program.rows) != whole:
            if (begin, end) != (0, whole):
                raise GraphError(f"expected a plan that keeps every value, to run steps {begin} to {end} of {whole}.")
            end = len(self.program.rows)
        if self._compiled is None:
            for step in self.listing.steps[begin:end]:
                self._run_reference(step)
            return
        try:
            self._compiled.run(begin, end)
        except execute.KernelFailed as failure:
            raise self._explain(failure) from None

    def run_timed(self) -> Array:
        """Run all rows once; returns the seconds that each took."""
        seconds = np.zeros(len(self.program.rows))
        if self._compiled is None:
            for i, step in enumerate(self.listing.steps):
                start = time.perf_counter()
                self._run_reference(step)
                seconds[i] = time.perf_counter() - start
            return seconds
        try:
            self._compiled.run_timed(seconds)
        except execute.KernelFailed as failure:
            raise self._explain(failure) from None
        return seconds

    def _explain(self, failure: Exception) -> Exception:
        step = self.listing.steps[self.program.rows[failure.args[1]].steps[0]]
        return execute.kernel_error(failure, step.op, step.layer or None)

    def _run_reference(self, step: Step) -> None:
        operands = [self._buffer(n) for _, n in step.operands]
        if step.backward:
            if step.op.backward is None:
                raise GraphError("expected an operation with a derivative.", operation=step.op.name)
            results = step.op.backward(*operands, shapes=step.shapes, **step.attrs)
        else:
            results = execute.as_tuple(step.op.forward(*operands, **step.attrs))
        for (_, name), result in zip(step.results, results, strict=True):
            if name is not None:
                self.buffers[name][...] = result

    def run_batches(
        self,
        feeds: Mapping[str, Array],
        order: Array,
        first: int,
        last: int,
        seconds: float = math.inf,
        totals: Array | None = None,
        losses: Array | None = None,
    ) -> int:
        """Run whole training steps on batches first … last - 1; another thread that does so waits.

        Args:
            feeds: Whole arrays by value name; rows are taken from them.
            order: Row numbers (int64); batch k is `order[k * size : (k + 1) * size]`.
            first: First batch.
            last: One past the last batch.
            seconds: Return early, between training steps, after this time.
            totals: What `new_totals` gave; the watched values of every training step are added to it.
            losses: Room for the loss of every training step (float64), for lists that run in C.

        Returns:
            How many batches were run.

        Raises:
            KeyboardInterrupt: on Ctrl-C; a training step whose update had not begun is discarded.
        """
        totals = self.new_totals() if totals is None else totals
        with self.lock:
            if self._compiled is None:
                return self._run_batches_reference(feeds, order, first, last, seconds, totals)
            loss = None if losses is None else self.buffers[str(self.listing.loss)]
            pairs = [(feeds[name], self.buffers[name]) for name in self.listing.feeds]
            try:
                return int(
                    self._compiled.run_batches(
                        pairs, order, first, last, self._watched, totals, min(seconds, 1e9), loss, losses, self._direct
                    )
                )
            except execute.KernelFailed as failure:
                raise self._explain(failure) from None

    def _run_batches_reference(
        self, feeds: Mapping[str, Array], order: Array, first: int, last: int, seconds: float, totals: Array
    ) -> int:
        stop = time.monotonic() + seconds
        for k in range(first, last):
            self.load_rows(feeds, order, k)
            self.run()
            totals += np.concatenate([a.ravel() for a in self._watched] or [np.zeros(0)])
            if time.monotonic() > stop:
                return k + 1 - first
        return last - first

    def load_rows(self, feeds: Mapping[str, Array], order: Array, batch: int) -> None:
        """Copy one batch's rows into the buffers."""
        for name in self.listing.feeds:
            buffer = self.buffers[name]
            if feeds[name].dtype != buffer.dtype:
                raise DTypeError(f"expected '{name}' of {buffer.dtype}, received {feeds[name].dtype}.")
            size = len(buffer)
            np.take(feeds[name], order[batch * size : (batch + 1) * size], axis=0, out=buffer)

    def new_totals(self) -> Array:
        """Room for the sums of the watched values over batches."""
        return np.zeros(sum(a.size for a in self._watched))

    def by_name(self, totals: Array) -> dict[str, Array]:
        """Sums of the watched values by metric name."""
        parts, at = {}, 0
        for key, array in zip(self.listing.watch, self._watched, strict=True):
            parts[key] = totals[at : at + array.size].reshape(array.shape).copy()
            at += array.size
        return parts
