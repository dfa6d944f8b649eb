"""The eager driver: runs an operation at once, and writes it down while a `GradientTape` listens."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute, graph
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.steplist import write_backward
from fastnn.engine.tensor import Tensor, Variable, as_array
from fastnn.errors import DTypeError, GraphError, ShapeError
from fastnn.ops.table import Op, set_dispatch


@dataclass
class Record:
    """One executed operation, as backward needs it."""

    op: Op
    inputs: tuple[Any, ...]
    outputs: tuple[Tensor, ...]
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
        return graph.apply(op, inputs, attrs)
    return eager(op, inputs, attrs)


def compose(public: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function made of operations; outside a trace, on symbolic tensors, it becomes one call of the graph."""
    if not graph.is_symbolic((args, kwargs)):
        return function(*args, **kwargs)
    trace = graph.current_trace()
    if trace is None:
        return graph.connect(public, args, kwargs, function)
    return graph.in_trace(trace, function(*args, **kwargs))


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

    def watch(self, tensor: Tensor | Sequence[Tensor]) -> None:
        """Follow what is computed from a tensor (or several)."""
        for t in tensor if isinstance(tensor, (list, tuple)) else [tensor]:
            if isinstance(t, SymbolicTensor):
                continue  # a trace remembers everything
            if not isinstance(t, Tensor):
                raise GraphError(f"expected a Tensor to watch, received {type(t).__name__}.")
            self._watched[id(t)] = t

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

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """Gradient of the target (summed, if it has several cells) with respect to every source.

        Args:
            target: A tensor computed while the tape was listening.
            sources: A tensor or variable, or a list or dict of them; the answer has the same structure.
            output_gradients: Weights of the target's cells; ones by default.

        Raises:
            GraphError: if the tape was used before and is not persistent, or another tape listens (gradients of
                gradients).
            ShapeError: if the output gradients have another shape than the target.
        """
        if self._used and not self.persistent:
            raise GraphError(
                "expected a persistent tape for a second call of gradient, received GradientTape(persistent=False)."
            )
        self._used = True
        if isinstance(target, SymbolicTensor):
            return gradient_in_trace(target, sources, output_gradients)
        if not isinstance(target, Tensor):
            raise GraphError(f"expected a Tensor as target, received {type(target).__name__}.")
        seed = np.ones_like(target.value) if output_gradients is None else as_array(output_gradients, target.dtype)
        if seed.shape != target.shape:
            raise ShapeError(f"expected output_gradients of the target's shape {target.shape}, received {seed.shape}.")
        self._refuse_outer_tapes()
        grads = self._walk_back(target, seed)
        return graph.map_structure(lambda s: Tensor(grads[id(s)]) if id(s) in grads else None, sources)

    def _refuse_outer_tapes(self) -> None:
        """Backward runs on plain arrays, which no tape can follow: say so rather than answer None later."""
        outer = {id_ for tape in _listening.tapes if tape is not self for id_ in tape._watched}
        seen = sorted({r.op.name for r in self._records if any(id(x) in outer for x in r.inputs)})
        if seen:
            raise GraphError(
                f"expected no other tape to listen while gradients are computed, received one that follows {seen}: "
                "gradients of gradients are not available for these operations."
            )

    def _walk_back(self, target: Tensor, seed: NDArray[Any]) -> dict[int, NDArray[Any]]:
        grads: dict[int, NDArray[Any]] = {id(target): seed}
        for record in reversed(self._records):
            d_outputs = [grads.get(id(y)) for y in record.outputs]
            if all(d is None for d in d_outputs):
                continue
            filled = [
                np.zeros_like(y.value) if d is None else d for y, d in zip(record.outputs, d_outputs, strict=True)
            ]
            for x, dx in zip(*self._one_back(record, filled), strict=True):
                if dx is not None:
                    grads[id(x)] = grads[id(x)] + dx if id(x) in grads else dx
        return grads

    def _one_back(self, record: Record, d_outputs: list[NDArray[Any]]) -> tuple[list[Any], list[Any]]:
        op, count = record.op, len(record.inputs)
        roles = op.gradient_roles(count)
        if op.backward is None:
            return [], []
        inputs = [record.inputs[op.roles(count).index(r)] for r in roles]
        dtypes = [np.dtype(getattr(x, "dtype", d_outputs[0].dtype)) for x in inputs]
        wanted = [id(x) in self._watched and d.kind == "f" for x, d in zip(inputs, dtypes, strict=True)]
        if d_outputs[0].dtype.kind != "f":
            raise DTypeError("expected floating numbers to differentiate, received integers.", operation=op.name)
        saved, shapes, attrs = record.saved, record.shapes, record.attrs
        return inputs, execute.backward(op, d_outputs, saved, shapes, attrs, wanted, dtypes)[: len(inputs)]


def gradient_in_trace(target: SymbolicTensor, sources: Any, output_gradients: Any) -> Any:
    """Write backward steps into the trace that the target belongs to; the gradients are values of that trace."""
    trace = graph.current_trace()
    if trace is None or target.trace is not trace:
        raise GraphError(f"expected a tensor with data as target, received the symbolic tensor '{target.name}'.")
    phase = trace.phase
    seed = output_gradients
    if not isinstance(seed, SymbolicTensor):
        seed = trace.constant(np.ones(target.shape) if seed is None else seed, target.dtype)
    if seed.shape != target.shape:
        raise ShapeError(f"expected output_gradients of the target's shape {target.shape}, received {seed.shape}.")
    flat = graph.flatten(sources)
    found = iter(write_backward(trace, target, flat, seed, required=False))
    trace.phase = phase
    return graph.map_structure(lambda _: next(found), sources)


def keep(array: Any, inputs: Any) -> Any:
    """A saved value; a variable's is copied, since training overwrites it in place."""
    shared = any(isinstance(x, Variable) and np.may_share_memory(x.value, array) for x in inputs)
    return array.copy() if shared else array


set_dispatch(dispatch, compose, Tensor)
