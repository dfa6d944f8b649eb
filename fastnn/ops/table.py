"""The operation record, the register of all operations, and look-up by name.

An `Op` is the one place where an operation is described: shape rule, NumPy reference, backward, explanation,
formulas and test cases. The C kernel of the same name is its fast twin.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from fastnn.errors import GraphError, ShapeError
from fastnn.ops.attributes import Choice, checked
from fastnn.ops.terms import Expression, Shape

KINDS = (
    "elementwise",
    "contraction",
    "convolution",
    "window",
    "normalization",
    "reduction",
    "rearrangement",
    "gather",
    "random",
    "recurrence",
    "loss",
    "metric",
    "accumulate",
    "update",
)


LARGEST_SIZE = 2**48


@dataclass(frozen=True)
class Case:
    """One small example of an operation, read by tests, gradient check and benchmarks.

    Args:
        shapes: Shapes of the inputs; None leaves an optional input out.
        attrs: Attributes that differ from their defaults.
        draw: For every input how to fill it: "normal" (default), "positive", "unit" (0..1, open),
            "above" (1), "distinct" (no ties), "wide" (no ties, from about -10 to 10), "probability" (rows sum to 1),
            "one_hot", "binary", "labels:N" (integers below N), "step" (a training step counter), "truth", "int32",
            "int64", "uint8" (of that type, whatever the others).
    """

    shapes: tuple[Shape | None, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    draw: tuple[str, ...] = ()


@dataclass(frozen=True)
class Op:
    """One operation: what it computes, its derivative, and why every number is what it is.

    Args:
        name: Public name; the C kernel has the same.
        kind: One of `KINDS`; the app draws by it.
        inputs: Input roles in calling order; a single `*xs` takes any number.
        forward: NumPy reference `forward(*inputs, **attrs)`: the output, or a tuple of outputs and extras.
        shape: `shape(*shapes, **attrs)`: shape of every output and extra; raises ShapeError.
        formula: One line for people.
        attrs: Attributes with their defaults; a `Choice` for words.
        optional: Inputs that may be None.
        outputs: Output roles.
        extra: Roles of further results that forward writes for backward (arg-max, mask).
        saves: Inputs, outputs or extras that backward reads.
        backward: Reference `backward(*d_outputs, *saved, shapes, **attrs)`: tuple of gradients for `gradients`.
        gradients: Inputs that have a gradient; all of them by default.
        backward_extra: Roles of inner gradients that backward writes behind the others, for people to see.
        backward_shape: `backward_shape(*shapes, **attrs)`: their shapes.
        grad_formula: One line for people.
        explain: `explain(target, index, shapes, **attrs)` for a target in outputs, extra or `d<input>`.
        dtypes: Types by role where they are not the computing type, such as `{"labels": "int32"}`; `{"y": "{dtype}"}`
            takes the type from the attribute of that name.
        intermediates: Named inner values worth seeing.
        unit: Results that lie between 0 and 1 by nature: probabilities, gates.
        in_place: For updates: output role to the input role whose buffer it overwrites.
        integer: Keeps integers as they are; otherwise they become the floating type. Rearrangements keep them.
        boolean: Keeps booleans as they are; otherwise they become int32, where integers are kept. Rearrangements do.
        widen: Computes in int32 where the inputs are of uint8, so that sums have room.
        cases: Small examples.
        bench: Large examples for benchmarks, where shapes matter; otherwise the small ones are grown.
        flops: `flops(*shapes, **attrs)`: floating-point operations by result or gradient, such as `{"y": 8, "dw": 8}`;
            left out where every cell is worth one (see `work.py`).
        expand: `expand(*inputs, **attrs)`: the same up to rounding in other operations, or None where there is no way.
        numpy_fast: What a good NumPy programmer would write, where `forward` is a teaching loop.
        source: Where the mathematics is from.
        spellings: Keras' argument names where they differ, and the record's. Two inputs a and b are also x1 and x2.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    forward: Callable[..., Any]
    shape: Callable[..., tuple[Shape, ...]]
    formula: str
    attrs: Mapping[str, Any] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("y",)
    extra: tuple[str, ...] = ()
    saves: tuple[str, ...] = ()
    backward: Callable[..., tuple[Any, ...]] | None = None
    gradients: tuple[str, ...] | None = None
    backward_extra: tuple[str, ...] = ()
    backward_shape: Callable[..., tuple[Shape, ...]] | None = None
    grad_formula: str = ""
    explain: Callable[..., Expression] | None = None
    dtypes: Mapping[str, str] = field(default_factory=dict)
    intermediates: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    in_place: Mapping[str, str] = field(default_factory=dict)
    integer: bool | None = None
    boolean: bool | None = None
    widen: bool = False
    cases: tuple[Case, ...] = ()
    bench: tuple[Case, ...] = ()
    flops: Callable[..., Mapping[str, int]] | None = None
    expand: Callable[..., Any] | None = None
    numpy_fast: Callable[..., Any] | None = None
    source: str = ""
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeps_integers(self) -> bool:
        """Whether integers stay what they are; otherwise they become the floating type."""
        return self.kind == "rearrangement" if self.integer is None else self.integer

    @property
    def keeps_booleans(self) -> bool:
        """Whether booleans stay what they are; otherwise they become int32 or the floating type."""
        return self.keeps_integers and (self.kind == "rearrangement" if self.boolean is None else self.boolean)

    @property
    def variadic(self) -> bool:
        """Whether the operation takes any number of inputs."""
        return self.inputs[0].startswith("*")

    def roles(self, count: int) -> tuple[str, ...]:
        """The input roles for `count` inputs: `*xs` becomes `xs0, xs1, …`."""
        if self.variadic:
            return tuple(f"{self.inputs[0][1:]}{i}" for i in range(count))
        return self.inputs

    def gradient_roles(self, count: int) -> tuple[str, ...]:
        """The input roles that have a gradient, for `count` inputs."""
        if self.backward is None:
            return ()
        if self.variadic or self.gradients is None:
            return self.roles(count)
        return self.gradients

    def inner_gradients(self, shapes: Sequence[Shape | None], attrs: Mapping[str, Any]) -> dict[str, Shape]:
        """The inner gradients that backward writes, with their shapes."""
        if self.backward_shape is None:
            return {}
        return dict(zip(self.backward_extra, self.backward_shape(*shapes, **attrs), strict=True))

    def gradient_shapes(self, shapes: Sequence[Shape | None], attrs: Mapping[str, Any]) -> list[Shape | None]:
        """Shapes of what backward writes: gradients of inputs, None for an input that is not there, then inner ones."""
        by_role = dict(zip(self.roles(len(shapes)), shapes, strict=True))
        own = [by_role[role] for role in self.gradient_roles(len(shapes))]
        return [*own, *self.inner_gradients(shapes, attrs).values()]

    def saved_roles(self, count: int) -> tuple[str, ...]:
        """The roles that backward reads, for `count` inputs."""
        if self.variadic and self.inputs[0] in self.saves:
            return self.roles(count)
        return self.saves

    def dtype_of(self, role: str, computing: Any, attrs: Mapping[str, Any]) -> Any:
        """The type of a role, given the type that the operation computes in."""
        return self.dtypes[role].format(**attrs) if role in self.dtypes else computing

    def complete(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes with defaults filled in and words checked; raises GraphError naming the wrong one."""
        unknown = set(attrs) - set(self.attrs)
        if unknown:
            raise GraphError(
                f"expected attributes {sorted(self.attrs)}, received {sorted(unknown)}.", operation=self.name
            )
        full = {}
        for key, default in self.attrs.items():
            value = attrs.get(key, default)
            try:
                full[key] = checked(default, value)
            except TypeError as error:
                raise GraphError(f"expected {key} to be {error}, received {value!r}.", operation=self.name) from None
        return full

    def infer(self, shapes: Sequence[Shape | None], attrs: Mapping[str, Any]) -> tuple[Shape, ...]:
        """Shapes of outputs and extras; raises ShapeError that names the operation and its shapes."""
        self.check_count(len(shapes))
        try:
            results = self.shape(*shapes, **attrs)
            check_sizes(results)
            return results
        except ShapeError as error:
            error.operation = error.operation or self.name
            error.shapes = tuple(s for s in shapes if s is not None)
            roles = [f"{r} is {s}" for r, s in zip(self.roles(len(shapes)), shapes, strict=True) if s is not None]
            error.message += f" {', '.join(roles)}."
            raise

    def check_count(self, count: int) -> None:
        """Raise GraphError unless `count` inputs can be passed."""
        if not self.variadic and count != len(self.inputs):
            raise GraphError(f"expected inputs {self.inputs}, received {count} of them.", operation=self.name)
        if self.variadic and count == 0:
            raise GraphError("expected at least one input, received none.", operation=self.name)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Split a Python call into inputs and complete attributes; attributes may follow inputs by position."""
        if self.variadic:
            if not args and self.inputs[0][1:] in kwargs:
                args = (kwargs.pop(self.inputs[0][1:]),)
            if args and isinstance(args[0], (list, tuple)) and not any(map(is_nest, args[1:])):
                return list(args[0]), self.complete({**dict(zip(self.attrs, args[1:], strict=False)), **kwargs})
            return list(args), self.complete(kwargs)
        names = [*self.inputs, *self.attrs]
        kwargs = {self.own_name(key): value for key, value in kwargs.items()}
        if len(args) > len(names):
            raise GraphError(f"expected at most {len(names)} arguments, received {len(args)}.", operation=self.name)
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        missing = [i for i in self.inputs if given.get(i) is None and i not in self.optional]
        if missing:
            raise GraphError(f"expected inputs {self.inputs}, received none for {missing}.", operation=self.name)
        inputs = [given.pop(name, None) for name in self.inputs]
        return inputs, self.complete(given)

    def own_name(self, argument: str) -> str:
        """The record's name of an argument that Keras calls otherwise."""
        if self.inputs == ("a", "b") and argument in ("x1", "x2"):
            return "ab"[int(argument[1]) - 1]
        return self.spellings.get(argument, argument)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run on arrays or tensors, or record on symbolic tensors."""
        inputs, attrs = self.bind(args, kwargs)
        if _dispatch is None:
            return _reference(self, inputs, attrs)
        return _dispatch(self, inputs, attrs)

    @property
    def __signature__(self) -> inspect.Signature:
        """The arguments by Keras' names, as calling takes them."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        other = {own: name for name, own in self.spellings.items()}
        if self.inputs == ("a", "b"):
            other = {"a": "x1", "b": "x2", **other}
        found = []
        for role in self.inputs:
            needed = None if role in self.optional else inspect.Parameter.empty
            found.append(inspect.Parameter(other.get(role, role).lstrip("*"), kind, default=needed))
        for name, value in self.attrs.items():
            default = value.words[0] if isinstance(value, Choice) else value
            found.append(inspect.Parameter(other.get(name, name), kind, default=default))
        return inspect.Signature(found)

    def __reduce__(self) -> tuple[Any, ...]:
        return op_named, (self.name,)

    def __repr__(self) -> str:
        return f"<op {self.name}{inspect.Signature([])}>".replace("()", f"({', '.join(self.inputs)})")


def is_nest(x: Any) -> bool:
    """Whether x is an array, tensor or list rather than an attribute."""
    return isinstance(x, (list, tuple)) or hasattr(x, "shape")


def check_sizes(shapes: Sequence[Shape]) -> None:
    """Raise ShapeError for a result that no memory can hold, even if an axis of length 0 makes it empty."""
    for shape in shapes:
        if math.prod(n or 1 for n in shape) > LARGEST_SIZE:
            raise ShapeError(f"expected a result of at most 2**48 numbers, received shape {shape}.")


def _reference(op: Op, inputs: list[Any], attrs: dict[str, Any]) -> Any:
    arrays = [None if x is None else np.asarray(x) for x in inputs]
    op.infer([None if a is None else a.shape for a in arrays], attrs)
    return op.forward(*arrays, **attrs)


_dispatch: Callable[[Op, list[Any], dict[str, Any]], Any] | None = None
_compose: Callable[..., Any] | None = None
_wrap: Callable[[Any], Any] = np.asarray


def set_dispatch(
    function: Callable[[Op, list[Any], dict[str, Any]], Any],
    compose: Callable[..., Any] | None = None,
    wrap: Callable[[Any], Any] = np.asarray,
) -> None:
    """Tell records and compositions who runs them; the engine calls this once when it is imported.

    Args:
        function: Runs a record on inputs and complete attributes.
        compose: Runs a composition: `compose(public, function, args, kwargs)`.
        wrap: Makes a tensor of an array.
    """
    global _dispatch, _compose, _wrap
    _dispatch, _compose, _wrap = function, compose, wrap


def tensor(value: Any) -> Any:
    """The engine's tensor of a value; tensors, symbolic ones too, stay as they are."""
    return value if hasattr(value, "shape") and not isinstance(value, (np.ndarray, np.generic)) else _wrap(value)


COMPOSED: dict[str, Callable[..., Any]] = {}
Function = TypeVar("Function", bound=Callable[..., Any])


def composed(function: Function) -> Function:
    """A public function made of records; on symbolic tensors of a functional model it is one call of the graph."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs) if _compose is None else _compose(call, function, args, kwargs)

    call.name = function.__name__  # type: ignore[attr-defined]
    COMPOSED[function.__name__] = call
    return call  # type: ignore[return-value]


OPS: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Add a record to the register and return it; its docstring is made from the record."""
    if op.name in OPS:
        raise GraphError(f"expected a new name, received {op.name!r} twice.")
    if op.kind not in KINDS:
        raise GraphError(f"expected a kind of {KINDS}, received {op.kind!r}.", operation=op.name)
    object.__setattr__(op, "__name__", op.name)
    object.__setattr__(op, "__doc__", describe(op))
    OPS[op.name] = op
    return op


def op_named(name: str) -> Op:
    """The operation of that name: what a pickled one becomes again."""
    return OPS[name]


def define(name: str, kind: str, inputs: str, **fields: Any) -> Op:
    """Build and register a record; word lists may be written as one string: `inputs="x w b"`."""
    for key in ("optional", "outputs", "extra", "saves", "gradients", "backward_extra", "intermediates", "unit"):
        if isinstance(fields.get(key), str):
            fields[key] = tuple(fields[key].split())
    return register(Op(name=name, kind=kind, inputs=tuple(inputs.split()), **fields))


def find(name: str) -> Op:
    """The operation of that name; raises GraphError that suggests the nearest names.

    Example:
        >>> import fastnn
        >>> from fastnn.ops.table import find
        >>> find("relu").formula
        'y = max(x, 0)'
    """
    if name in OPS:
        return OPS[name]
    near = difflib.get_close_matches(name, OPS, n=3)
    raise GraphError(f"expected the name of an operation, received {name!r}; did you mean {near or sorted(OPS)}?")


def describe(op: Op) -> str:
    """The docstring of an operation, made from its record."""
    attrs = ", ".join(f"{k}={v.words[0] if isinstance(v, Choice) else v!r}" for k, v in op.attrs.items())
    lines = [f"{op.formula}", "", f"Inputs: {', '.join(op.inputs)}. Kind: {op.kind}."]
    if attrs:
        lines.append(f"Attributes: {attrs}.")
    if op.grad_formula:
        lines.append(f"Gradient: {op.grad_formula}.")
    if op.source:
        lines.append(f"Source: {op.source}.")
    return "\n".join(lines)
