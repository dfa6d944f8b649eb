"""The eager driver: runs an operation at once, and writes it down while a `GradientTape` listens."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute, functional, graph, nested
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.steplist import write_backward
from fastnn.engine.tensor import Tensor, Variable, as_array
from fastnn.errors import DTypeError, GraphError, ShapeError
from fastnn.ops.derivatives import DERIVATIVES
from fastnn.ops.table import COMPOSED, Op, find, set_dispatch


@dataclass
class Record:
    """One executed operation, as backward needs it."""

    op: Op
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    saved: tuple[Any, ...]
    shapes: tuple[Any, ...]
    attrs: Mapping[str, Any]


class _Listening(threading.local):
    def __init__(self) -> None:
        self.tapes: list[GradientTape] = []


_listening = _Listening()


def dispatch(op: Op, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Run an operation on eager values, or add it to the graph if one of them is symbolic."""
    op.check_count(len(inputs))
    if graph.is_symbolic(inputs) or (graph.current_trace() is not None and has_variable(inputs)):
        return functional.apply(op, inputs, attrs)
    return eager(op, inputs, attrs)


def compose(public: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function made of operations; outside a trace, on symbolic tensors, it becomes one call of the graph."""
    if not graph.is_symbolic((args, kwargs)):
        return function(*args, **kwargs)
    trace = graph.current_trace()
    if trace is None:
        return functional.connect(public, args, kwargs, function)
    return functional.in_trace(trace, function(*args, **kwargs))


def has_variable(inputs: list[Any]) -> bool:
    """Whether an input is a variable: inside a trace its value is that of the training step, not of now."""
    return any(isinstance(x, Variable) for x in inputs)


def eager(op: Op, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    """Run an operation and wrap its outputs."""
    arrays, results = execute.forward(op, [None if x is None else as_array(x) for x in inputs], attrs)
    outputs = tuple(Tensor(r) for r in results[: len(op.outputs)])
    for tape in _listening.tapes:
        tape.write(op, inputs, arrays, outputs, results, attrs)
    return outputs[0] if len(outputs) == 1 else outputs


class GradientTape:
    """Records operations on watched tensors so that gradients can be asked for afterwards.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Whether trainable variables are watched by themselves.

    Example:
        >>> import fastnn
        >>> x = fastnn.Variable(3.0)
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self._records: list[Record] = []
        self._watched: dict[int, Tensor] = {}
        self._used = False

    def __enter__(self) -> GradientTape:
        _listening.tapes.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _listening.tapes.remove(self)

    def watch(self, tensor: Any) -> None:
        """Follow what is computed from a tensor, or from those of a nest of lists and dicts."""
        for t in nested.flatten(tensor):
            if isinstance(t, SymbolicTensor):
                continue  # a trace remembers everything
            if not isinstance(t, Tensor):
                raise GraphError(f"expected a Tensor to watch, received {type(t).__name__}.")
            self._watched[id(t)] = t

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that the tape follows, in the order in which it met them."""
        return tuple(t for t in self._watched.values() if isinstance(t, Variable))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """What is computed inside is not written down."""
        with paused(self):
            yield

    def reset(self) -> None:
        """Forget everything that was written down and watched."""
        self._records.clear()
        self._watched.clear()
        self._used = False

    def write(self, op: Op, inputs: Any, arrays: Any, outputs: Any, results: Any, attrs: Any) -> None:
        """Remember an operation if it depends on something watched; the eager driver calls this."""
        if self.watch_accessed_variables:
            self._watched.update({id(x): x for x in inputs if isinstance(x, Variable) and x.trainable})
        if not any(id(x) in self._watched for x in inputs):
            return
        self._watched.update({id(y): y for y in outputs})
        count = len(inputs)
        values = dict(zip((*op.roles(count), *op.outputs, *op.extra), (*arrays, *results), strict=True))
        saved = tuple(keep(values[r], inputs) for r in op.saved_roles(count))
        shapes = tuple(None if a is None else a.shape for a in arrays)
        self._records.append(Record(op, tuple(inputs), outputs, saved, shapes, attrs))

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """Gradient of the target (summed, if it has several cells) with respect to every source.

        While another tape listens the gradient is computed by operations that it follows, so that it has a gradient
        itself; that is available for the operations of `fastnn.ops.derivatives`.

        Args:
            target: A tensor computed while the tape was listening, or a nest of them, which are added.
            sources: A tensor or variable, or a nest of them; the answer has the same structure.
            output_gradients: Weights of the target's cells; ones by default.
            unconnected_gradients: What to give for a source that the target does not depend on: "none" or "zero".

        Raises:
            GraphError: if the tape was used before and is not persistent, or a gradient of a gradient is asked of an
                operation that has none.
            ShapeError: if the output gradients have another shape than the target.
            ValueError: for another word for unconnected gradients.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"Expected unconnected_gradients to be 'none' or 'zero'. Received: {unconnected_gradients!r}"
            )
        self._use()
        if isinstance(target, SymbolicTensor):
            found = gradient_in_trace(self, target, sources, output_gradients)
            fill = unconnected_gradients == "zero"
            return map_pair(lambda s, g: np.zeros(s.shape, s.dtype) if g is None and fill else g, sources, found)
        targets = nested.flatten(target)
        alone = not isinstance(target, (list, tuple, dict))
        given = [output_gradients] if alone else nested.flatten(output_gradients)
        given = [None] * len(targets) if output_gradients is None else given
        seeds = [seed_for(t, g) for t, g in zip(targets, given, strict=True)]
        grads = self._gradients(targets, seeds)

        def answer(source: Any) -> Any:
            if id(source) in grads:
                return grads[id(source)]
            return Tensor(np.zeros_like(as_array(source))) if unconnected_gradients == "zero" else None

        return nested.map_structure(answer, sources)

    def jacobian(self, target: Tensor, sources: Any, unconnected_gradients: str = "none") -> Any:
        """The gradient of every cell of the target: for every source a tensor of both shapes, the target's first.

        Args:
            target: A tensor computed while the tape was listening.
            sources: A tensor or variable, or a nest of them; the answer has the same structure.
            unconnected_gradients: What to give for a source that the target does not depend on: "none" or "zero".

        Example:
            >>> x = Variable([1.0, 2.0])
            >>> with GradientTape() as tape:
            ...     y = x * x
            >>> tape.jacobian(y, x).numpy()
            array([[2., 0.],
                   [0., 4.]], dtype=float32)
        """
        self._use()
        cells = np.eye(target.value.size, dtype=target.dtype).reshape(-1, *target.shape)
        rows = [self._gradients([target], [Tensor(cell)]) for cell in cells]

        def answer(source: Any) -> Any:
            if not any(id(source) in row for row in rows):
                missing = np.zeros((*target.shape, *source.shape), source.dtype)
                return Tensor(missing) if unconnected_gradients == "zero" else None
            zeros = Tensor(np.zeros_like(as_array(source)))
            stacked = COMPOSED["stack"]([row.get(id(source), zeros) for row in rows])
            return find("reshape")(stacked, shape=(*target.shape, *source.shape))

        return nested.map_structure(answer, sources)

    def batch_jacobian(self, target: Tensor, source: Tensor) -> Any:
        """The Jacobian of every sample: shape (batch, rest of the target's shape, rest of the source's).

        Args:
            target: A tensor computed while the tape was listening; row k depends on the source's row k only.
            source: A tensor with the same first axis.

        Raises:
            ShapeError: if the first axes differ.
        """
        if not target.shape or not source.shape or target.shape[0] != source.shape[0]:
            raise ShapeError(f"expected the same first axis, received {target.shape} and {source.shape}.")
        self._use()
        inner = target.shape[1:]
        columns = np.eye(math.prod(inner), dtype=target.dtype).reshape(-1, *inner)
        zeros = Tensor(np.zeros_like(as_array(source)))
        rows = []
        for column in columns:
            seed = Tensor(np.broadcast_to(column, target.shape).copy())
            rows.append(self._gradients([target], [seed]).get(id(source), zeros))
        return find("reshape")(COMPOSED["stack"](rows, axis=1), shape=(*target.shape, *source.shape[1:]))

    def _use(self) -> None:
        if self._used and not self.persistent:
            raise GraphError(
                "expected a persistent tape for a second call of gradient, received GradientTape(persistent=False)."
            )
        self._used = True

    def _gradients(self, targets: Sequence[Any], seeds: Sequence[Tensor]) -> dict[int, Tensor]:
        """The gradients of all that the targets depend on, by identity."""
        for target in targets:
            if not isinstance(target, Tensor):
                raise GraphError(f"expected a Tensor as target, received {type(target).__name__}.")
        others = [tape for tape in _listening.tapes if tape is not self]
        with paused(self) if self in _listening.tapes and not self.persistent else nullcontext():
            if followers := self._followers(others):
                return walk_back(self._records, targets, seeds, Recorded(self._watched, followers))
            arrays = walk_back(self._records, targets, [s.value for s in seeds], Direct(self._watched))
        return {key: Tensor(array) for key, array in arrays.items()}

    def _followers(self, others: Sequence[GradientTape]) -> list[GradientTape]:
        """The tapes that follow something of what this one wrote down."""
        found = [t for t in others if any(id(x) in t._watched for r in self._records for x in r.inputs)]
        within = self.persistent and self in _listening.tapes
        if within and not found and all(r.op.name in DERIVATIVES for r in self._records):
            return [self]
        return found


class Direct:
    """Backward on plain arrays, by the kernels."""

    def __init__(self, watched: Mapping[int, Any]) -> None:
        self.watched = watched

    def zeros(self, like: Tensor) -> NDArray[Any]:
        return np.zeros_like(like.value)

    def back(self, record: Record, inputs: list[Any], d_outputs: list[Any]) -> Sequence[Any]:
        """One gradient per input that has one."""
        dtypes = [np.dtype(getattr(x, "dtype", d_outputs[0].dtype)) for x in inputs]
        wanted = [id(x) in self.watched and d.kind == "f" for x, d in zip(inputs, dtypes, strict=True)]
        saved, shapes, attrs = record.saved, record.shapes, record.attrs
        return execute.backward(record.op, d_outputs, saved, shapes, attrs, wanted, dtypes)


class Recorded:
    """Backward by operations that other tapes, or a trace, write down."""

    def __init__(self, watched: Mapping[int, Any], followers: Sequence[GradientTape] = ()) -> None:
        self.watched, self.followers = watched, followers

    def zeros(self, like: Any) -> Any:
        return np.zeros(like.shape, like.dtype)

    def _is_followed(self, values: Sequence[Any]) -> bool:
        return not self.followers or any(id(x) in tape._watched for tape in self.followers for x in values)

    def back(self, record: Record, inputs: list[Any], d_outputs: list[Any]) -> Sequence[Any]:
        """One gradient per input that has one; raises GraphError where that cannot be followed."""
        op = record.op
        if op.name not in DERIVATIVES and not self._is_followed((*record.inputs, *d_outputs)):
            arrays = [as_array(d) for d in d_outputs]
            return [None if g is None else Tensor(g) for g in Direct(self.watched).back(record, inputs, arrays)]
        if op.name not in DERIVATIVES:
            raise GraphError(
                "expected no other tape to listen while gradients are computed, "
                f"received one that follows '{op.name}': "
                "gradients of gradients are not available for this operation."
            )
        values = dict(zip((*op.roles(len(record.inputs)), *op.outputs), (*record.inputs, *record.outputs), strict=True))
        values = {role: x if x is None or hasattr(x, "trace") else as_tensor(x) for role, x in values.items()}
        grads = DERIVATIVES[op.name](values, *d_outputs, **record.attrs)
        return [g if id(x) in self.watched else None for g, x in zip(grads, inputs, strict=True)]


def walk_back(records: Sequence[Record], targets: Sequence[Any], seeds: Sequence[Any], way: Any) -> dict[int, Any]:
    """Gradients by identity of what they belong to, from the last record to the first."""
    grads: dict[int, Any] = {}
    for target, seed in zip(targets, seeds, strict=True):
        grads[id(target)] = grads[id(target)] + seed if id(target) in grads else seed
    for record in reversed(list(records)):
        d_outputs = [grads.get(id(y)) for y in record.outputs]
        op, count = record.op, len(record.inputs)
        if all(d is None for d in d_outputs) or op.backward is None:
            continue
        filled = [way.zeros(y) if d is None else d for y, d in zip(record.outputs, d_outputs, strict=True)]
        if np.dtype(filled[0].dtype).kind != "f":
            raise DTypeError("expected floating numbers to differentiate, received integers.", operation=op.name)
        inputs = [record.inputs[op.roles(count).index(r)] for r in op.gradient_roles(count)]
        for x, dx in zip(inputs, way.back(record, inputs, filled)[: len(inputs)], strict=True):
            if dx is not None:
                grads[id(x)] = grads[id(x)] + dx if id(x) in grads else dx
    return grads


@contextmanager
def paused(tape: GradientTape) -> Iterator[None]:
    """The tape does not listen inside."""
    listening = _listening.tapes
    _listening.tapes = [t for t in listening if t is not tape]
    try:
        yield
    finally:
        _listening.tapes = listening


def as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(x)


def seed_for(target: Any, given: Any) -> Any:
    """The weights of a target's cells: as given, or ones."""
    if not isinstance(target, Tensor):
        return None
    seed = given if isinstance(given, Tensor) else Tensor(np.ones_like(target.value) if given is None else given)
    if seed.shape != target.shape:
        raise ShapeError(f"expected output_gradients of the target's shape {target.shape}, received {seed.shape}.")
    return seed if seed.dtype == target.dtype else Tensor(seed.value.astype(target.dtype))


def map_pair(function: Any, structure: Any, other: Any) -> Any:
    """The function on the leaves of two nests alike, in the structure of the first."""
    rest = iter(nested.flatten(other))
    return nested.map_structure(lambda leaf: function(leaf, next(rest)), structure)


def gradient_in_trace(tape: GradientTape, target: SymbolicTensor, sources: Any, output_gradients: Any) -> Any:
    """The gradients as values of the trace that the target belongs to.

    By backward steps; by operations where another tape listens, which may ask for a gradient of the gradient.
    """
    trace = graph.current_trace()
    if trace is None or target.trace is not trace:
        raise GraphError(f"expected a tensor with data as target, received the symbolic tensor '{target.name}'.")
    phase = trace.phase
    seed = output_gradients
    if not isinstance(seed, SymbolicTensor):
        seed = trace.constant(np.ones(target.shape) if seed is None else seed, target.dtype)
    if seed.shape != target.shape:
        raise ShapeError(f"expected output_gradients of the target's shape {target.shape}, received {seed.shape}.")
    flat = nested.flatten(sources)
    if any(other is not tape for other in _listening.tapes):
        found = iter(recorded_in_trace(trace, target, flat, seed))
    else:
        found = iter(write_backward(trace, target, flat, seed, required=False))
    trace.phase = phase
    return nested.map_structure(lambda _: next(found), sources)


def recorded_in_trace(trace: graph.Trace, target: SymbolicTensor, sources: Sequence[Any], seed: Any) -> list[Any]:
    """Gradients by operations that the trace records like any other."""
    symbols = {name: trace.symbol(name) for name in trace.values}
    names = [x.name if isinstance(x, SymbolicTensor) else trace.place(x).name for x in sources]
    needed = set(names)
    records = []
    for step in trace.steps:
        inputs = tuple(None if n is None else symbols[n] for _, n in step.operands)
        if step.backward or not needed & {n for _, n in step.operands}:
            continue
        results = dict(step.results)
        outputs = tuple(symbols[str(results[role])] for role in step.op.outputs)
        needed.update(y.name for y in outputs)
        records.append(Record(step.op, inputs, outputs, (), step.shapes, step.attrs))
    watched = {id(symbols[name]): symbols[name] for name in needed}
    grads = walk_back(records, [symbols[target.name]], [seed], Recorded(watched))
    return [grads.get(id(symbols[name])) for name in names]


def keep(array: Any, inputs: Any) -> Any:
    """A saved value; a variable's is copied, since training overwrites it in place."""
    shared = any(isinstance(x, Variable) and np.may_share_memory(x.value, array) for x in inputs)
    return array.copy() if shared else array


set_dispatch(dispatch, compose, Tensor)
