"""Sessions: what some fetches need becomes a step list, which is remembered and run in C."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.compat.v1.graphs import (
    GraphTensor,
    Operation,
    _state,
)
from fastnn.engine import tensor as eager
from fastnn.engine.graph import Node, SymbolicTensor, Trace
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.plan import Plan, finish
from fastnn.errors import GraphError

Function = Callable[..., Any]


class _Run:
    """A trace of what some fetches need."""

    def __init__(self, feeds: Mapping[int, np.ndarray]) -> None:
        self.trace = Trace(counter=eager.Variable(np.int64(0), trainable=False, name="step"))
        self.table: dict[int, Any] = {}
        self.inputs: list[tuple[Any, SymbolicTensor]] = []
        self.drawn: list[tuple[Function, SymbolicTensor]] = []
        self.gradients: dict[tuple[int, ...], list[Any]] = {}
        self.feeds = feeds

    def feed(self, key: GraphTensor, array: np.ndarray) -> None:
        """An input for a fed tensor."""
        symbol = self.trace.add_value(key.name, array.shape, array.dtype, "input")
        self.table[id(key)] = symbol
        self.inputs.append((id(key), symbol))

    def draw(self, shape: tuple[int, ...], dtype: str, function: Function) -> SymbolicTensor:
        """An input that every run is given new random numbers for."""
        symbol = self.trace.add_value("random", shape, dtype, "input")
        self.drawn.append((function, symbol))
        return symbol

    def value(self, tensor: SymbolicTensor) -> Any:
        """What stands for a tensor in this trace; calls before it are repeated first, without recursion."""
        stack = [tensor]
        while stack:
            wanted = stack[-1]
            if id(wanted) in self.table:
                stack.pop()
                continue
            if wanted.node is None:
                raise GraphError(f"expected a value for the placeholder '{wanted.name}', received none in feed_dict.")
            missing = [p for p in wanted.node.parents() if id(p) not in self.table]
            if missing:
                stack += missing
                continue
            self.table[id(wanted)] = self._call(wanted.node)
        return self.table[id(tensor)]

    def _call(self, node: Node) -> Any:
        def swap(leaf: Any) -> Any:
            return self.table[id(leaf)] if isinstance(leaf, SymbolicTensor) else leaf

        return node.callable(*map_structure(swap, node.args), **map_structure(swap, dict(node.kwargs)))


class Session:
    """Runs tensors and operations of a graph.

    Args:
        target: Ignored.
        graph: Ignored: tensors know what they are made of.
        config: Ignored.

    Example:
        >>> from fastnn.compat import v1 as tf
        >>> x = tf.placeholder(tf.float32)
        >>> with tf.Session() as session:
        ...     float(session.run(tf.add(x, 1.0), {x: 2.0}))
        3.0
    """

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        self._plans: dict[Any, Any] = {}

    def __enter__(self) -> Session:
        _state.sessions.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _state.sessions.remove(self)

    def close(self) -> None:
        """Forget the plans."""
        self._plans.clear()

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """The values of tensors; operations are run, and give None.

        Args:
            fetches: A tensor or operation, or a list, tuple or dict of them.
            feed_dict: Values by placeholder (or any other tensor).

        Raises:
            GraphError: for a placeholder without a value, a variable that is not initialised, or something else.
            ValueError: for values that do not fit a placeholder.
        """
        wanted = flatten(fetches)
        for fetch in wanted:
            if not isinstance(fetch, (GraphTensor, Operation)):
                raise GraphError(f"expected tensors or operations to run, received {fetch!r}.")
        feeds = {key: as_fed(key, value) for key, value in (feed_dict or {}).items()}
        for fetch in wanted:
            if isinstance(fetch, Operation) and fetch.at_once is not None:
                fetch.at_once(self, feed_dict or {})
        found = iter(self._values([f for f in wanted if not getattr(f, "at_once", None)], feeds))
        return map_structure(lambda f: None if getattr(f, "at_once", None) else next(found), fetches)

    def _values(self, fetches: list[Any], feeds: Mapping[Any, np.ndarray]) -> list[Any]:
        texts = [text_of(f, feeds) for f in fetches]
        if not fetches or all(t is not None for t in texts):
            return texts
        key = (tuple(id(f) for f in fetches), tuple((id(k), a.shape, str(a.dtype)) for k, a in feeds.items()))
        if key not in self._plans:
            self._plans[key] = (self._written(fetches, feeds), fetches, list(feeds))
        (plan, run, outputs), _, _ = self._plans[key]
        by_id = {id(k): a for k, a in feeds.items()}
        for name, symbol in run.inputs:
            plan.load(symbol.name, by_id[name])
        for draw, symbol in run.drawn:
            plan.load(symbol.name, draw())
        check_initialised(plan)
        plan.run()
        return [None if o is None else plain(plan.array(o) if isinstance(o, str) else o) for o in outputs]

    def _written(self, fetches: Sequence[Any], feeds: Mapping[Any, np.ndarray]) -> tuple[Plan, _Run, list[Any]]:
        run = _Run({id(k): a for k, a in feeds.items()})
        with run.trace as trace:
            _state.runs.append(run)
            try:
                for key, array in feeds.items():
                    run.feed(key, array)
                values = [None if isinstance(f, Operation) else run.value(f) for f in fetches]
                for fetch in fetches:
                    if isinstance(fetch, Operation):
                        for tensor in fetch.needs:
                            run.value(tensor)
                for fetch in fetches:
                    if isinstance(fetch, Operation) and fetch.write is not None:
                        fetch.write(run)
                trace.write_assignments()
            finally:
                _state.runs.remove(run)
            symbols = [v for v in values if isinstance(v, SymbolicTensor)]
            inputs = [s for _, s in (*run.inputs, *run.drawn)]
            plan = Plan(finish(trace, inputs, outputs=symbols), keep=True)
        return plan, run, [v.name if isinstance(v, SymbolicTensor) else v for v in values]


class InteractiveSession(Session):
    """A session that is the default one from now on."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        _state.sessions.append(self)

    def close(self) -> None:
        """Stop being the default session."""
        super().close()
        if self in _state.sessions:
            _state.sessions.remove(self)


def as_fed(key: Any, value: Any) -> np.ndarray:
    """What is fed, checked against the placeholder.

    Raises:
        GraphError: if the key is no tensor.
        ValueError: if type or shape do not fit.
    """
    if not isinstance(key, GraphTensor):
        raise GraphError(f"expected placeholders as keys of feed_dict, received {key!r}.")
    if key.dtype == "str":
        return np.asarray(value)
    array = eager.as_array(value)
    if array.dtype.kind == "f" and np.dtype(key.dtype).kind in "iu" and not np.array_equal(array, np.trunc(array)):
        raise ValueError(
            f"Expected whole numbers for '{key.name}' of {key.dtype}. Received: {array.dtype} with fractions"
        )
    array = np.ascontiguousarray(array, key.dtype).reshape(array.shape)
    fits: bool = key.unknown or (
        len(key.shape) == array.ndim and all(n is None or n == array.shape[k] for k, n in enumerate(key.shape))
    )
    if not fits:
        raise ValueError(f"Expected a value of shape {key.shape} for '{key.name}'. Received: shape {array.shape}")
    return array


def text_of(fetch: Any, feeds: Mapping[Any, np.ndarray]) -> Any:
    """The value of a tensor of text, which no operation works on; None for others."""
    if not isinstance(fetch, GraphTensor) or fetch.dtype != "str":
        return None
    value = feeds.get(fetch)
    if value is None:
        if fetch.node is None:
            raise GraphError(f"expected a value for the placeholder '{fetch.name}', received none in feed_dict.")
        value = fetch.node.callable().value
    return str(value).encode() if np.ndim(value) == 0 else value


def plain(value: Any) -> Any:
    """An array, or a NumPy number for a single value."""
    array = np.array(value.value if isinstance(value, eager.Tensor) else value)
    return array[()] if array.ndim == 0 else array


def check_initialised(plan: Plan) -> None:
    """Raise GraphError if a run reads a variable that has no value yet."""
    known = {id(v.variable): v for g in _state.graphs for v in g.variables}
    for value in plan.listing.values.values():
        variable = known.get(id(value.source))
        if variable is not None and not variable.initialised:
            raise GraphError(
                f"expected initialised variables, received '{variable.name}'; run global_variables_initializer() first."
            )
