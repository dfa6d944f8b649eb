"""Symbolic tensors: layers and operations applied to them become a graph, and a trace of it becomes a step list.

Two uses. Outside a trace a symbolic tensor remembers the call that made it (`Node`), so that a functional model can
be found between its inputs and outputs. Inside a trace (fixed shapes, fixed training flag) every operation adds a
`Step` to a flat list; no data is touched in either.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.engine.execute import FLOATS, common_dtype, contiguous
from fastnn.engine.nested import flatten
from fastnn.engine.part import Part
from fastnn.engine.peek import Peek
from fastnn.engine.tensor import Operators, Tensor, Variable, as_array
from fastnn.errors import DTypeError, FastnnError, GraphError, ShapeError, ValueNeededError
from fastnn.ops.table import Op, find
from fastnn.utils import limits
from fastnn.utils.naming import Unique

Shape = tuple[int, ...]
OpenShape = tuple["int | None", ...]


@dataclass(frozen=True)
class Value:
    """A named array of a step list, described without its data.

    Args:
        name: Unique in its list, such as `conv1.conv2d` or `conv1.kernel.grad`.
        shape: Length along every axis.
        dtype: Element type.
        role: input, target, weight, parameter, state, constant, activation or gradient.
        layer: Name of the layer that owns or makes it.
        source: The variable or array that holds its data, for parameter, state and constant.
    """

    name: str
    shape: Shape
    dtype: str
    role: str
    layer: str = ""
    source: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Step:
    """One operation of a step list.

    Args:
        op: The operation.
        phase: forward, loss, backward or update.
        layer: Name of the layer it belongs to; empty outside of layers.
        operands: Pairs (role, value name); None for an optional input left out.
        results: Pairs (role, value name); None for a gradient that nobody needs.
        attrs: Complete attributes.
        backward: Whether the operation's backward is run.
        shapes: Shapes of the operation's forward inputs.
    """

    op: Op
    phase: str
    layer: str
    operands: tuple[tuple[str, str | None], ...]
    results: tuple[tuple[str, str | None], ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    backward: bool = False
    shapes: tuple[Shape | None, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the values that the step reads."""
        return tuple(name for _, name in self.operands if name is not None)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the values that the step writes."""
        return tuple(name for _, name in self.results if name is not None)

    @property
    def formula(self) -> str:
        """The operation's formula, or its gradient's for a backward step."""
        return self.op.grad_formula if self.backward else self.op.formula

    def operand(self, role: str) -> str:
        """Name of the value in a role, operand or result."""
        for known, name in (*self.operands, *self.results):
            if known == role and name is not None:
                return name
        raise KeyError(role)

    def __str__(self) -> str:
        arrow = "∂" if self.backward else ""
        where = f"{self.layer}: " if self.layer else ""
        return f"{self.phase:8} {where}{', '.join(self.outputs)} = {arrow}{self.op.name}({', '.join(self.inputs)})"


@dataclass(frozen=True)
class Node:
    """One call in a functional graph: a layer or an operation, its arguments, and the tensors it gave."""

    callable: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: list[SymbolicTensor] = field(default_factory=list)

    def parents(self) -> list[SymbolicTensor]:
        """The symbolic tensors among the arguments."""
        return [t for t in flatten((self.args, dict(self.kwargs))) if isinstance(t, SymbolicTensor)]


class SymbolicTensor(Operators):
    """A tensor without data: shape (None where open), type, and where it comes from.

    Args:
        shape: Length along every axis; None for an axis known only when data comes.
        dtype: Element type.
        name: Name for people; inside a trace the value's name.
        node: The call that made it, in a functional graph.
        trace: The trace it belongs to, if any.
    """

    def __init__(
        self,
        shape: OpenShape,
        dtype: str = "float32",
        name: str = "",
        node: Node | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.shape, self.dtype, self.name, self.node, self.trace = tuple(shape), str(dtype), name, node, trace

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def numpy(self) -> NDArray[Any]:
        """The data, where the trace that the tensor belongs to was given some."""
        return self._data("data").copy()

    def _data(self, wanted: str) -> NDArray[Any]:
        if self.trace is None or self.trace.peek is None:
            raise ValueNeededError(
                f"expected {wanted}, received the symbolic tensor '{self.name}': its data is not known yet."
            )
        return self.trace.peek.data(self.trace, self.name)

    def __bool__(self) -> bool:
        return bool(self._data("a value to decide on"))

    def __float__(self) -> float:
        return float(self._data("a number"))

    def __int__(self) -> int:
        return int(self._data("a number"))

    def __index__(self) -> int:
        return self._data("a number").__index__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._data("data for NumPy (use fastnn.ops instead)"), dtype)

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise GraphError(f"expected a known length, received the symbolic tensor '{self.name}' of {self.shape}.")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


KerasTensor = SymbolicTensor  # its name elsewhere


def is_keras_tensor(x: Any) -> bool:
    """Whether something is a symbolic tensor.

    Example:
        >>> import fastnn
        >>> is_keras_tensor(fastnn.Input((2,))), is_keras_tensor([1.0])
        (True, False)
    """
    return isinstance(x, SymbolicTensor)


def is_symbolic(structure: Any) -> bool:
    """Whether a symbolic tensor is among the leaves."""
    return any(isinstance(leaf, SymbolicTensor) for leaf in flatten(structure))


# ---------------------------------------------------------------- tracing


class _Active(threading.local):
    def __init__(self) -> None:
        self.traces: list[Trace] = []


_active = _Active()
_eager_step = Variable(np.zeros((), np.int64), trainable=False, name="training_step")


def current_trace() -> Trace | None:
    """The innermost trace being written in this thread, or None."""
    return _active.traces[-1] if _active.traces else None


def in_parts() -> bool:
    """Whether the list being written is for a part of every batch, where processes train together."""
    trace = current_trace()
    return trace is not None and trace.part is not None


@contextmanager
def outside_traces() -> Iterator[None]:
    """Calls inside see no trace: a graph can be built while another is being traced."""
    suspended, _active.traces = _active.traces, []
    try:
        yield
    finally:
        _active.traces = suspended


def training_step() -> Any:
    """The counter of training steps, as a tensor: of the trace being written, or of eager calls."""
    trace = current_trace()
    if trace is not None:
        return trace.variable(trace.counter)
    _eager_step.assign_add(1)
    return Tensor(_eager_step.numpy())


_expands: ContextVar[bool] = ContextVar("expands", default=False)


@contextmanager
def expanding(expand: bool) -> Iterator[None]:
    """Traces begun inside write operations that can be expanded as the operations that they consist of."""
    token = _expands.set(expand)
    try:
        yield
    finally:
        _expands.reset(token)


def expands() -> bool:
    """Whether a trace begun now writes operations out."""
    return _expands.get()


class Trace:
    """A step list being written: values by name, steps in order.

    Args:
        training: The training flag that layers see.
        counter: The training step counter that random operations read.
        peek: Answers for the data of values, where Python may decide on them; by default only shapes are known.
        owner: The model whose steps these are; its own name is left out of the layers' names.
        part: The part of every batch that the list is for, where processes train together: random numbers are those
            that its rows have in the whole batch.
    """

    def __init__(
        self,
        training: bool = False,
        counter: Variable | None = None,
        peek: Peek | None = None,
        owner: Any = None,
        part: Part | None = None,
    ) -> None:
        self.training, self.peek, self.owner, self.part = training, peek, owner, part
        self.expands = expands()
        self.counter = counter if counter is not None else _eager_step
        self.phase = "forward"
        self.values: dict[str, Value] = {}
        self._free = Unique(first=2)
        self.steps: list[Step] = []
        self.producer: dict[str, Step] = {}
        self.added_losses: list[SymbolicTensor] = []
        self.assigned: dict[int, tuple[Variable, SymbolicTensor]] = {}
        self._scope: list[str] = []
        self._sources: dict[int, str] = {}

    def __enter__(self) -> Trace:
        _active.traces.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _active.traces.remove(self)

    @contextmanager
    def layer(self, name: str) -> Iterator[None]:
        """Steps recorded inside belong to that layer; errors raised inside name it."""
        self._scope.append(name)
        try:
            yield
        except FastnnError as error:
            raise error.in_layer("/".join(self._scope)) from error.__cause__
        finally:
            self._scope.pop()

    @property
    def layer_path(self) -> str:
        """Names of the layers being called, outermost first, joined by '/'."""
        return "/".join(self._scope)

    def add_value(self, name: str, shape: Shape, dtype: Any, role: str, source: Any = None) -> SymbolicTensor:
        """A new value with a unique name."""
        name = self.unique(name)
        self.values[name] = Value(name, tuple(shape), str(np.dtype(dtype)), role, self.layer_path, source)
        return self.symbol(name)

    def symbol(self, name: str) -> SymbolicTensor:
        """The symbolic tensor of a value."""
        value = self.values[name]
        return SymbolicTensor(value.shape, value.dtype, name, trace=self)

    def unique(self, name: str) -> str:
        """The name, numbered if there is a value of that name already."""
        return self._free.name(name)

    def variable(self, variable: Variable) -> SymbolicTensor:
        """The value that stands for a variable: what was assigned to it last in this trace, else its place."""
        return self.assigned[id(variable)][1] if id(variable) in self.assigned else self.place(variable)

    def place(self, variable: Variable) -> SymbolicTensor:
        """The value that holds a variable's memory; what a step reads there is from before this list's assignments."""
        if id(variable) not in self._sources:
            role = "parameter" if variable.trainable else "state"
            name = variable.path.replace("/", ".")
            tensor = self.add_value(name, variable.shape, variable.dtype, role, variable)
            self._sources[id(variable)] = tensor.name
        return self.symbol(self._sources[id(variable)])

    def assign(self, variable: Variable, value: Any) -> None:
        """Let later reads of a variable in this trace see a value; its memory changes at the end of the list.

        Args:
            variable: The variable.
            value: A tensor of this trace, or a number or array, of the variable's shape.

        Raises:
            ShapeError: if the shape differs.
            DTypeError: if the type differs.
        """
        symbol = self._operand(value, np.dtype(variable.dtype), "a value", find("assign"))
        if symbol is None or symbol.shape != variable.shape:
            found = None if symbol is None else symbol.shape
            raise ShapeError(
                f"expected a value of shape {variable.shape} for variable '{variable.path}', received {found}."
            )
        self.assigned[id(variable)] = (variable, symbol)

    def write_assignments(self) -> None:
        """Add the steps that put assigned values into the variables' memory, once everything else is written."""
        self.phase = "update"
        for variable, symbol in self.assigned.values():
            place = self.place(variable)
            with self.layer(self.values[place.name].layer) if self.values[place.name].layer else nullcontext():
                self.record(find("assign"), [place, symbol], {})

    def constant(self, value: Any, dtype: Any, name: str = "constant") -> SymbolicTensor:
        """A value that never changes."""
        array = as_array(value)
        limits.take_numbers(array.size, *self._scope, name)
        if dtype is not None:
            array = contiguous(array, dtype)
        return self.add_value(name, array.shape, array.dtype, "constant", np.array(array, order="C"))

    def _operand(self, x: Any, dtype: np.dtype[Any], role: str, op: Op) -> SymbolicTensor | None:
        """The value for an input role; one of another type is cast in a step of its own if it loses nothing thereby."""
        operand = self._symbol_of(x, dtype)
        if operand is None or operand.dtype == dtype:
            return operand
        positions = op.kind == "gather" and np.dtype(operand.dtype).kind in "iu" and dtype.kind in "iu"
        if widens(np.dtype(operand.dtype), dtype) or positions:
            return self.record(find("cast"), [operand], {"dtype": str(dtype)})
        raise DTypeError(
            f"expected {role} of {dtype}, received '{operand.name}' of {operand.dtype}; use ops.cast.",
            operation=op.name,
        )

    def _symbol_of(self, x: Any, dtype: np.dtype[Any]) -> SymbolicTensor | None:
        if x is None:
            return None
        if isinstance(x, SymbolicTensor):
            if x.trace is not self:
                raise GraphError(f"expected a tensor of this trace, received '{x.name}' of another one.")
            return x
        return self.variable(x) if isinstance(x, Variable) else self.constant(x, dtype)

    def record(self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """Add an operation; returns its symbolic outputs."""
        limits.take_call(*self._scope, op.name)
        dtype = self._dtype(op, inputs)
        operands = [
            self._operand(x, np.dtype(op.dtype_of(r, dtype, attrs)), r, op)
            for r, x in zip(op.roles(len(inputs)), inputs, strict=True)
        ]
        shapes: Any = tuple(None if x is None else x.shape for x in operands)
        result_shapes = op.infer(shapes, attrs)
        expanded = op.expand(*operands, **attrs) if self.expands and op.expand is not None else None
        if expanded is not None:
            return expanded
        if op.kind == "random" and self.part and result_shapes[0][:1] == (self.part.size,):
            attrs = {**attrs, "start": attrs["start"] + self.part.first * math.prod(result_shapes[0][1:])}
        roles = (*op.outputs, *op.extra)
        by_role = dict(zip(op.roles(len(inputs)), operands, strict=True))
        types = [op.dtype_of(r, dtype, attrs) for r in roles]
        names = [self._result(op, r, s, t, by_role) for r, s, t in zip(roles, result_shapes, types, strict=True)]
        pairs = tuple((r, None if x is None else x.name) for r, x in by_role.items())
        step = Step(op, self.phase, self.layer_path, pairs, tuple(zip(roles, names, strict=True)), attrs, shapes=shapes)
        self.steps.append(step)
        self.producer.update({n: step for r, n in zip(roles, names, strict=True) if r not in op.in_place})
        outputs = tuple(self.symbol(n) for n in names[: len(op.outputs)])
        return outputs[0] if len(outputs) == 1 else outputs

    def _result(self, op: Op, role: str, shape: Shape, dtype: Any, by_role: Mapping[str, Any]) -> str:
        if role in op.in_place:
            return str(by_role[op.in_place[role]].name)
        base = f"{self.layer_path}.{op.name}" if self._scope else op.name
        name = base if role in op.outputs[:1] else f"{base}.{role}"
        return self.add_value(name, shape, dtype, "activation").name

    def _dtype(self, op: Op, inputs: Sequence[Any]) -> np.dtype[Any]:
        roles = op.roles(len(inputs))
        typed = [
            x
            for r, x in zip(roles, inputs, strict=True)
            if isinstance(x, (SymbolicTensor, Variable)) and r not in op.dtypes
        ]
        dtypes = {np.dtype(x.dtype) for x in typed}
        if len(dtypes & set(FLOATS)) > 1:
            found = ", ".join(f"{getattr(x, 'path', x.name)} {x.dtype}" for x in typed)
            raise DTypeError(f"expected one floating type in a graph, received {found}.", operation=op.name)
        return common_dtype(op, dtypes if dtypes & set(FLOATS) else dtypes | self._constant_dtypes(op, inputs))

    def _constant_dtypes(self, op: Op, inputs: Sequence[Any]) -> set[np.dtype[Any]]:
        """Types of the constants among the inputs, floats as the default floating type."""
        pairs = zip(op.roles(len(inputs)), inputs, strict=True)
        given = [x for r, x in pairs if x is not None and r not in op.dtypes]
        kinds = {as_array(x).dtype for x in given if not isinstance(x, (SymbolicTensor, Variable))}
        return {np.dtype(config.floatx()) if d.kind == "f" else d for d in kinds}


def widens(old: np.dtype[Any], new: np.dtype[Any]) -> bool:
    """Whether numbers may change their type by themselves: integers to floats and wider ones, anything to a truth."""
    return new.kind == "b" or (old.kind in "biu" and (new.kind == "f" or np.can_cast(old, new)))
