"""The graph: its tensors, variables and operations, and their names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn import config, ops
from fastnn.engine import functional, graph
from fastnn.engine import tensor as eager
from fastnn.engine.graph import Node, SymbolicTensor
from fastnn.engine.nested import flatten
from fastnn.errors import GraphError

Function = Callable[..., Any]

if TYPE_CHECKING:
    from fastnn.compat.v1.sessions import Session, _Run


class Graph:
    """The variables made while it is the default graph, and the names given so far.

    Example:
        >>> with Graph().as_default():
        ...     v = Variable([1.0])
        >>> v.name
        'Variable'
    """

    def __init__(self) -> None:
        self.variables: list[Variable] = []
        self.names: dict[str, int] = {}
        self.scopes: list[str] = []

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Variables made inside belong to this graph."""
        _state.graphs.append(self)
        try:
            yield self
        finally:
            _state.graphs.remove(self)

    def unique(self, name: str) -> str:
        """The name within the scopes, numbered if it was given before."""
        name = "/".join([*self.scopes, name])
        count = self.names.get(name, 0)
        self.names[name] = count + 1
        return f"{name}_{count}" if count else name


class _State(threading.local):
    def __init__(self) -> None:
        self.graphs = [Graph()]
        self.sessions: list[Session] = []
        self.runs: list[_Run] = []


_state = _State()


def get_default_graph() -> Graph:
    """The graph that variables are added to."""
    return _state.graphs[-1]


def reset_default_graph() -> None:
    """Begin a graph without variables."""
    _state.graphs[-1] = Graph()


def set_random_seed(seed: int) -> None:
    """Let random tensors begin anew."""
    config.set_random_seed(seed)


@contextmanager
def variable_scope(name: str, reuse: Any = None) -> Iterator[str]:
    """Names of variables made inside begin with this one."""
    scopes = get_default_graph().scopes
    scopes.append(name)
    try:
        yield name
    finally:
        scopes.pop()


name_scope = variable_scope


class GraphTensor(SymbolicTensor):
    """A value of the graph: what it is follows when a session runs it.

    Args:
        shape: Length along every axis, None where open; None if not even the number of axes is known.
        dtype: Element type.
        name: Name.
        node: The call that makes it.
    """

    def __init__(self, shape: Any, dtype: str, name: str, node: Node | None = None) -> None:
        super().__init__(() if shape is None else shape, dtype, name, node)
        self.unknown = shape is None

    def eval(self, feed_dict: Mapping[Any, Any] | None = None, session: Session | None = None) -> Any:
        """The value in the default session, or a given one."""
        return (session or default_session()).run(self, feed_dict)

    def get_shape(self) -> Any:
        """Length along every axis, None where open."""
        return None if self.unknown else self.shape

    def _decided(self, *_: Any) -> Any:
        raise GraphError(
            f"expected a session to run the tensor '{self.name}', received Python code that asks for its value."
        )

    __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = _decided

    def __neg__(self) -> Any:
        return made(ops.negative, self)


def operator(function: Function, swapped: bool = False) -> Function:
    """The method behind an operator."""

    def method(self: Any, other: Any) -> Any:
        return function(other, self) if swapped else function(self, other)

    return method


def made(
    function: Function, *args: Any, name: str | None = None, result_like: Any = None, result_dtype: str | None = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """The tensor that a call will give: like another, or of a type that is known even where shapes are not."""
    title = get_default_graph().unique(str(name or getattr(function, "__name__", "tensor")))
    node = Node(function, args, kwargs)
    if result_like is not None and not result_like.unknown:
        result = GraphTensor(result_like.shape, result_like.dtype, title, node)
    elif any(getattr(a, "unknown", False) for a in flatten((args, kwargs))):
        known = result_dtype or next((a.dtype for a in flatten(args) if isinstance(a, SymbolicTensor)), "float32")
        result = GraphTensor(None, known, title, node)
    else:
        spec = functional.infer(function, args, kwargs)
        result = GraphTensor(spec.shape, spec.dtype, title, node)
    node.outputs.append(result)
    return result


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> GraphTensor:
    """A tensor that never changes: numbers or text.

    Args:
        value: Number, text, or nested lists of them.
        dtype: Type; int32 for whole numbers, float32 for others.
        shape: Shape that a single value fills.
        name: Name.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "SU":
        array = eager.as_array(value, dtype)
    if shape is not None:
        array = np.broadcast_to(array, tuple(shape)).copy()
    kind = "str" if array.dtype.kind in "SU" else str(array.dtype)
    node = Node(lambda: eager.Tensor(array), (), {})
    result = GraphTensor(array.shape, kind, get_default_graph().unique(name), node)
    node.outputs.append(result)
    return result


def placeholder(dtype: Any, shape: Any = None, name: str = "Placeholder") -> GraphTensor:
    """A tensor whose value every run is given.

    Args:
        dtype: Type.
        shape: Shape, None where open; or None if anything may be fed.
        name: Name.
    """
    shape = None if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    dtype = "float32" if dtype == "float" else dtype  # TensorFlow's float is of 32 bits, NumPy's of 64
    return GraphTensor(shape, str(np.dtype(dtype)) if dtype != "str" else "str", get_default_graph().unique(name))


class Variable(GraphTensor):
    """A tensor that keeps its value between runs, once it has been initialised.

    Args:
        initial_value: Tensor, array, number, or a function that gives one.
        trainable: Whether optimizers change it.
        name: Name; files refer to it.
        dtype: Type; the initial value's by default.
    """

    def __init__(
        self, initial_value: Any = None, trainable: bool = True, name: str = "Variable", dtype: Any = None, **_: Any
    ) -> None:
        given = initial_value() if callable(initial_value) else initial_value
        if given is None:
            raise ValueError("Expected an initial_value. Received: None")
        self.initial = as_graph_tensor(given, dtype)
        if self.initial.unknown or None in self.initial.shape:
            raise GraphError("expected an initial value of known shape, received one with open axes.")
        path = get_default_graph().unique(name)
        start = np.zeros(tuple(n or 0 for n in self.initial.shape), self.initial.dtype)
        self.variable = eager.Variable(start, trainable=trainable, name=path)
        self.initialised = False
        super().__init__(self.initial.shape, self.initial.dtype, path, Node(lambda: read(self), (), {}))
        get_default_graph().variables.append(self)

    @property
    def initializer(self) -> Operation:
        """The operation that gives it its initial value."""
        return Operation(lambda session, feed: initialise([self], session, feed))

    def assign(self, value: Any) -> Operation:
        """The operation that changes its value."""
        new = as_graph_tensor(value, self.dtype)
        return Operation(None, lambda run: run.trace.assign(self.variable, run.value(new)), (new,))

    def assign_add(self, value: Any) -> Operation:
        """The operation that adds to its value."""
        return self.assign(self + value)


def assign(ref: Variable, value: Any, name: str | None = None) -> Operation:
    """The operation that changes a variable's value."""
    return ref.assign(value)


def assign_add(ref: Variable, value: Any, name: str | None = None) -> Operation:
    """The operation that adds to a variable's value."""
    return ref.assign_add(value)


def read(variable: Variable) -> Any:
    """A variable's value inside a run."""
    trace = graph.current_trace()
    assert trace is not None
    return trace.variable(variable.variable)


def as_graph_tensor(value: Any, dtype: Any = None) -> GraphTensor:
    """A value as a tensor of the graph."""
    return value if isinstance(value, GraphTensor) else constant(value, dtype)


def get_variable(
    name: str, shape: Any = None, dtype: Any = "float32", initializer: Any = None, **more: Any
) -> Variable:
    """A variable by its name.

    Args:
        name: Name.
        shape: Its shape.
        dtype: Its type.
        initializer: Function of the shape that gives the initial value, or the value; Glorot's uniform one by default.
        **more: See `Variable`.
    """
    from fastnn import initializers

    if initializer is None:
        initializer = initializers.GlorotUniform()
    value = initializer(tuple(shape)) if callable(initializer) else initializer
    return Variable(value, name=name, dtype=dtype if not isinstance(value, GraphTensor) else None, **more)


def global_variables() -> list[Variable]:
    """All variables of the default graph."""
    return list(get_default_graph().variables)


def trainable_variables() -> list[Variable]:
    """Those that optimizers change."""
    return [v for v in global_variables() if v.variable.trainable]


class Operation:
    """Something to run that has no value: an initialisation, an assignment, a training step.

    Args:
        at_once: Called with session and feeds, instead of a trace.
        write: Called with the run whose trace is being written.
        needs: Tensors that it reads.
    """

    def __init__(
        self, at_once: Function | None, write: Function | None = None, needs: Sequence[SymbolicTensor] = ()
    ) -> None:
        self.at_once, self.write, self.needs = at_once, write, tuple(needs)

    def run(self, feed_dict: Mapping[Any, Any] | None = None, session: Session | None = None) -> None:
        """Run it in the default session, or a given one."""
        (session or default_session()).run(self, feed_dict)


def initialise(variables: Sequence[Variable], session: Session, feed: Mapping[Any, Any]) -> None:
    """Give variables their initial values."""
    for variable in variables:
        variable.variable.assign(session.run(variable.initial, feed))
        variable.initialised = True


def global_variables_initializer() -> Operation:
    """The operation that gives all variables of the default graph their initial values."""
    return Operation(lambda session, feed: initialise(global_variables(), session, feed))


initialize_all_variables = global_variables_initializer


def variables_initializer(var_list: Sequence[Variable]) -> Operation:
    """The operation that gives these variables their initial values."""
    return Operation(lambda session, feed: initialise(var_list, session, feed))


def default_session() -> Session:
    """The innermost session.

    Raises:
        GraphError: if there is none.
    """
    if not _state.sessions:
        raise GraphError("expected a session (with Session() as session: …), received none.")
    return _state.sessions[-1]
