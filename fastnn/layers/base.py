"""What every layer has: a name, weights made by `build`, and a `call` that composes operations."""

from __future__ import annotations

import inspect
import math
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from fastnn import constraints, initializers, regularizers
from fastnn.compat.spellings import old_arguments
from fastnn.config import dtype_name
from fastnn.engine import functional, graph, nested
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.tensor import Tensor, Variable, as_array
from fastnn.errors import FastnnError
from fastnn.layers import masks
from fastnn.layers.input_spec import check_inputs
from fastnn.utils.flags import check_switches
from fastnn.utils.naming import auto_name, did_you_mean, snake_case
from fastnn.utils.registry import serialize, take_room

LARGEST_WEIGHT = 2**59  # numbers in one weight that an array can have


class NotBuiltError(ValueError, AttributeError):
    """A layer's weights were asked for before they exist."""


@dataclass
class Book:
    """What a layer remembers about itself; kept apart from the attributes in which its sublayers are found."""

    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    created: list[Variable] = field(default_factory=list)
    learnt: list[Variable] = field(default_factory=list)
    penalties: list[tuple[Variable, Any]] = field(default_factory=list)
    added_losses: list[Any] = field(default_factory=list)
    calls: list[tuple[Any, Any]] = field(default_factory=list)
    build_shape: Any = None
    states: Any = None
    shapes: list[tuple[int | None, ...]] = field(default_factory=list)  # of the latest outputs outside of a graph

    def note_shapes(self, outputs: Any) -> Any:
        """Remember the shapes of a call's outputs, for the summary, where no graph knows them; returns the outputs."""
        if not self.calls:
            self.shapes = [tuple(t.shape) for t in nested.flatten(outputs) if hasattr(t, "shape")]
        return outputs


class _Calling(threading.local):
    def __init__(self) -> None:
        self.training: list[bool] = []


_calling = _Calling()


def training_now() -> bool:
    """The training flag of the layer being called, else of the trace being written, else False."""
    if _calling.training:
        return _calling.training[-1]
    trace = graph.current_trace()
    return trace is not None and trace.training


@contextmanager
def calling(training: bool | None) -> Iterator[None]:
    """Layers called inside see that training flag, unless it is None."""
    if training is None:
        yield
        return
    _calling.training.append(bool(training))
    try:
        yield
    finally:
        _calling.training.pop()


def building(build: Callable[..., None]) -> Callable[..., None]:
    """A `build` that runs once and marks the layer as built."""

    @wraps(build)
    def wrapped(self: Layer, input_shape: Any = None, *rest: Any, **named: Any) -> None:
        if self.built:
            return
        if len(named) > 1:
            build(self, **named)
        else:
            shape = next(iter(named.values()), input_shape)
            build(self, shape, *rest) if len(inspect.signature(build).parameters) > 1 else build(self)
        self._book.build_shape = named if len(named) > 1 else next(iter(named.values()), input_shape)
        self.built = True
        if not self.trainable:
            self.trainable = False

    return wrapped


def shape_of(structure: Any) -> Any:
    """Shapes of the tensors in a nest, the batch left open."""

    def one(leaf: Any) -> Any:
        return (None, *leaf.shape[1:]) if getattr(leaf, "shape", ()) else ()

    return map_structure(one, structure)


def is_numbers(value: Any) -> bool:
    """Whether a nested list is one array rather than several tensors."""
    leaves = flatten(value)
    return isinstance(value, (list, tuple)) and bool(leaves) and all(isinstance(v, (bool, int, float)) for v in leaves)


class Layer:
    """A function with weights; subclasses write `build` (make weights) and `call` (compose operations).

    Args:
        trainable: Whether optimizers change its weights.
        dtype: Floating type, 'float32' unless `fastnn.config.set_floatx` says otherwise; float64 runs the references.
        name: Name; made from the class name by default.
        activity_regularizer: Penalty on the output, added to the loss.
        input_shape: Shape of one sample, for the first layer of a Sequential model without `Input`.

    Raises:
        ValueError: for unknown arguments.

    Example:
        >>> import fastnn
        >>> class Twice(Layer):
        ...     def call(self, x):
        ...         return x + x
        >>> Twice()([1.0, 2.0]).numpy()
        array([2., 4.], dtype=float32)
    """

    supports_masking: bool = False
    input_spec: Any = None
    config_names: tuple[str, ...] = ()
    weight_names: tuple[str, ...] = ()
    _book: Book

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        if "keras_module" in vars(cls):
            check_switches(cls, args, kwargs)
        object.__setattr__(layer, "_book", Book((args, kwargs)))
        object.__setattr__(layer, "built", False)
        return layer

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = old_arguments("layer")(cls.__init__)  # type: ignore[method-assign]
        if "build" in vars(cls):
            cls.build = building(cls.build)  # type: ignore[method-assign]
        if "compute_mask" in vars(cls) and "supports_masking" not in vars(cls):
            cls.supports_masking = True

    def __init__(
        self,
        *,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        activity_regularizer: Any = None,
        autocast: bool = True,
        **kwargs: Any,
    ) -> None:
        self.batch_input_shape = open_shape(kwargs)
        if kwargs:
            raise ValueError(
                f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}; "
                + did_you_mean(next(iter(kwargs)), list(inspect.signature(type(self).__init__).parameters)[1:])
            )
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"Expected name to be a string without '/'. Received: name={name!r}")
        self.name = auto_name(snake_case(type(self).__name__)) if name is None else name
        self.dtype = dtype_name(dtype)
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = bool(trainable)

    # ------------------------------------------------------------ weights

    def build(self, input_shape: Any) -> None:
        """Make the weights; called once, when the shape of the input is known."""
        self.built = True

    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new weight of this layer.

        Args:
            shape: Its shape; a single number by default.
            initializer: Name or function of the initial values; Glorot's uniform one by default.
            dtype: Its type; the layer's by default.
            trainable: Whether optimizers change it.
            regularizer: Penalty on it, added to the loss.
            constraint: What it is put back to after every update.
            name: Its name within the layer.
        """
        self._check_initialised()
        values = initializers.get(initializer or "glorot_uniform")
        assert values is not None
        dtype = dtype_name(dtype) if dtype else self.dtype
        shape = tuple(shape or ())
        if None in shape:
            raise ValueError(f"Layer '{self.name}': expected a weight shape without open axes. Received: shape={shape}")
        count = math.prod(shape)
        try:
            take_room(self.name, count)
            if count >= LARGEST_WEIGHT:
                raise MemoryError("more than any array can have")
            content = as_array(values(shape, dtype=dtype), dtype)
        except MemoryError as error:
            raise MemoryError(f"Layer '{self.name}': no room for a weight of shape {shape}: {error}") from None
        variable = Variable(content, trainable=trainable, name=name or "variable")
        variable.constraint = constraints.get(constraint)
        book = self._book
        variable.path = self._free_path(f"{self.name}/{variable.name}")
        book.created.append(variable)
        if trainable:
            book.learnt.append(variable)
        if regularizer is not None:
            book.penalties.append((variable, regularizers.get(regularizer)))
        return variable

    def _free_path(self, path: str) -> str:
        """The path, numbered if the layer has a weight of that name already."""
        taken, k = {v.path for v in self._book.created}, 1
        free = path
        while free in taken:
            free, k = f"{path}_{k}", k + 1
        return free

    def __getattr__(self, name: str) -> Any:
        if name in type(self).weight_names:
            raise NotBuiltError(
                f"Layer '{vars(self).get('name')}' has no {name} yet. Expected: a call of the layer, or build, before"
            )
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def sublayers(self) -> list[Layer]:
        """Layers found in this layer's attributes, also in lists and dicts, in order."""
        found = {id(x): x for x in flatten(list(vars(self).values())) if isinstance(x, Layer)}
        return list(found.values())

    def own_variables(self) -> list[Variable]:
        """Variables of this layer itself."""
        held = [x for x in flatten(list(vars(self).values())) if isinstance(x, Variable)]
        return list({id(v): v for v in [*self._book.created, *held]}.values())

    @property
    def weights(self) -> list[Variable]:
        """All weights: its own, then those of its sublayers."""
        found = self.own_variables() + [v for layer in self.sublayers() for v in layer.weights]
        return list({id(v): v for v in found}.values())

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that optimizers change."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that optimizers leave alone."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its weights; setting it also sets all sublayers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._book.learnt:
            variable.trainable = self._trainable
        for layer in self.sublayers():
            layer.trainable = value

    def get_weights(self) -> list[Any]:
        """Copies of all weights as arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite all weights with arrays, in the order of `get_weights`.

        Raises:
            ValueError: if their number or shapes do not fit.
        """
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                f"Layer '{self.name}': expected {len(variables)} weights. Received: {len(weights)}"
                + ("" if self.built else " (the layer is not built yet)")
            )
        arrays = [as_array(w, v.dtype) for v, w in zip(variables, weights, strict=True)]
        for variable, array in zip(variables, arrays, strict=True):
            if variable.shape != array.shape:
                raise ValueError(f"Expected '{variable.path}' of shape {variable.shape}. Received: {array.shape}")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """How many numbers the weights hold.

        Raises:
            ValueError: if the layer is not built.
        """
        if not self.built:
            raise NotBuiltError(
                f"Layer '{self.name}': expected a built layer to count. Received: one without weights yet"
            )
        return sum(math.prod(v.shape) for v in self.weights)

    # ------------------------------------------------------------ losses

    def penalties(self) -> list[tuple[str, Variable, Any]]:
        """Layer name, weight and regularizer of every regularised weight."""
        own = [(self.name, v, r) for v, r in self._book.penalties]
        return own + [p for layer in self.sublayers() for p in layer.penalties()]

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to the loss of the model."""
        trace = graph.current_trace()
        (self._book.added_losses if trace is None else trace.added_losses).append(loss)

    @property
    def losses(self) -> list[Any]:
        """Penalties on weights and, after an eager call, losses added by it."""
        trace = graph.current_trace()
        added = [x for layer in (self, *self.sublayers()) for x in layer._book.added_losses]
        added = added if trace is None else list(trace.added_losses)
        return added + [regularizer(v) for _, v, regularizer in self.penalties() if v.trainable]

    # ------------------------------------------------------------ calling

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes, composed of operations."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method implemented.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer to arrays (at once), or to symbolic tensors (a graph)."""
        self._check_initialised()
        if graph.current_trace() is not None:
            return self._call_in_trace(args, kwargs)
        if graph.is_symbolic((args, kwargs)):
            self._check_inputs(args, kwargs)
            self._ensure_built(args, kwargs)
            outputs = functional.connect(self, args, kwargs)
            self._connect_masks(args, kwargs, outputs)
            self._book.calls.append((args[0] if args else next(iter(kwargs.values())), outputs))
            return outputs
        return self._call_eagerly(args, kwargs)

    def _check_inputs(self, args: Any, kwargs: Any) -> None:
        if self.input_spec is not None:
            check_inputs(self.name, self.input_spec, args[0] if args else next(iter(kwargs.values()), None))

    def _check_initialised(self) -> None:
        if "_trainable" not in vars(self):
            raise RuntimeError(
                f"Expected super().__init__() in the constructor of {type(self).__name__}, before anything else."
            )

    def _ensure_built(self, args: Any, kwargs: Any) -> None:
        if not self.built:
            tensors = [a for a in (*args, *kwargs.values()) if any(hasattr(x, "shape") for x in flatten(a))]
            named = self._shapes_by_name(args, kwargs)
            self.build(**named) if named else self.build(shape_of(tensors[0]) if tensors else None)

    def _shapes_by_name(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Shapes for a `build` that takes several, such as query_shape and value_shape; else nothing."""
        wanted = masks.parameters(type(self).build)
        if len(wanted) < 2 or not all(name.endswith("_shape") for name in wanted):
            return {}
        given = masks.bound(masks.parameters(type(self).call), args, kwargs)
        return {name: shape_of(given[name[:-6]]) for name in wanted if given.get(name[:-6]) is not None}

    def _call_in_trace(self, args: Any, kwargs: Any) -> Any:
        trace = graph.current_trace()
        assert trace is not None
        self._check_inputs(args, kwargs)
        with trace.layer(self.name):
            if not self.built:
                with graph.outside_traces():  # initial values are assigned at once, not by the list
                    self._ensure_built(args, kwargs)
            return self._book.note_shapes(self._run(args, kwargs))

    def _call_eagerly(self, args: Any, kwargs: Any) -> Any:
        self._book.added_losses.clear()
        args = tuple(self._convert(a) for a in args)
        kwargs = {k: v if k == "training" else self._convert(v) for k, v in kwargs.items()}
        self._check_inputs(args, kwargs)
        try:
            self._ensure_built(args, kwargs)
            return self._book.note_shapes(self._run(args, kwargs))
        except FastnnError as error:
            raise error.in_layer(self.name) from error.__cause__

    def _run(self, args: Any, kwargs: Any) -> Any:
        given = kwargs.pop("training", None) if "training" in kwargs else None
        names = masks.parameters(type(self).call)
        with calling(given):
            if "training" in names:
                kwargs = {**kwargs, "training": training_now()}
            kwargs = masks.with_masks(names, args, kwargs)
            previous = self._previous_mask(args, kwargs)
            outputs = self.call(*args, **kwargs)
            if self.activity_regularizer is not None:
                for tensor in flatten(outputs):
                    rows = tensor.shape[0] if tensor.shape else 1  # the same strength whatever the batch size
                    self.add_loss(self.activity_regularizer(tensor) / max(rows, 1))
            self._pass_on(args, kwargs, previous, outputs)
        return outputs

    # ------------------------------------------------------------ masks

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the output: by default that of the input; None for outputs without one."""
        return previous_mask

    def _previous_mask(self, args: Any, kwargs: Any) -> Any:
        """The mask given, else what the first argument carries."""
        if kwargs.get("mask") is not None:
            return kwargs["mask"]
        return masks.masks_of(args[0] if args else next(iter(kwargs.values()), None))

    def _pass_on(self, args: Any, kwargs: Any, previous: Any, outputs: Any) -> None:
        """Let the outputs carry the masks that `compute_mask` gives."""
        if not self.supports_masking and masks.any_mask(previous):
            warnings.warn(
                f"Layer '{self.name}' ({type(self).__name__}) was passed a mask, which it does not support: layers "
                "behind it will not see the mask.",
                stacklevel=4,
            )
        if self._has_mask_for(outputs, previous):
            first = args[0] if args else next(iter(kwargs.values()), None)
            masks.put_masks(outputs, self.compute_mask(first, previous))

    def _has_mask_for(self, outputs: Any, previous: Any) -> bool:
        if not self.supports_masking or all(masks.mask_of(y) is not None for y in flatten(outputs)):
            return False
        return masks.any_mask(previous) or type(self).compute_mask is not Layer.compute_mask

    def _connect_masks(self, args: Any, kwargs: Any, outputs: Any) -> None:
        """The same in a functional graph: masks are symbolic tensors that remember how they are made."""
        previous = self._previous_mask(args, kwargs)
        if not self._has_mask_for(outputs, previous):
            return
        places: list[int] = []

        def given(first: Any, previous: Any) -> list[Any]:
            found = flatten(self.compute_mask(first, previous))
            places[:] = [k for k, mask in enumerate(found) if mask is not None]
            return [found[k] for k in places]

        first = args[0] if args else next(iter(kwargs.values()), None)
        known = functional.connect(given, (first, previous), {})
        leaves = flatten(outputs)
        for k, mask in zip(places, known, strict=True):
            masks.put_masks(leaves[k : k + 1], mask)

    def _convert(self, value: Any) -> Any:
        """Arrays and numbers as tensors; floating ones in the layer's type."""
        if is_numbers(value):
            return self._convert(as_array(value))
        if isinstance(value, (list, tuple, dict)):
            return map_structure(self._convert, value)
        if (
            value is None
            or isinstance(value, (bool, str))
            or not (hasattr(value, "__array__") or isinstance(value, (int, float)))
        ):
            return value
        array = as_array(value)
        if self.autocast and array.dtype.kind == "f" and array.dtype != self.dtype:
            return masks.carried_over(Tensor(array.astype(self.dtype)), value)
        return value if isinstance(value, Tensor) else Tensor(array)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output for a shape of the input, None for open axes; builds the layer."""
        spec = map_shapes(lambda s: SymbolicTensor(s, self.dtype), input_shape)
        self._ensure_built((spec,), {})
        return map_structure(lambda t: t.shape, functional.infer(self, (spec,), {}))

    @property
    def path(self) -> str:
        """The layer's name."""
        return self.name

    @property
    def compute_dtype(self) -> str:
        """The type in which the layer computes, which is that of its weights."""
        return self.dtype

    @property
    def variable_dtype(self) -> str:
        """The type of the layer's weights."""
        return self.dtype

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic outputs for symbolic inputs, without a place in a graph."""
        self._ensure_built(args, kwargs)
        return functional.infer(self, args, kwargs)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Write the layer's own weights, without those of layers in it, into a dict by number."""
        for k, variable in enumerate(self._book.created):
            store[str(k)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Read what `save_own_variables` wrote.

        Raises:
            ValueError: for another number of weights, or another shape.
        """
        own = self._book.created
        if len(store) != len(own):
            raise ValueError(f"Layer '{self.name}': expected {len(own)} arrays. Received: {len(store)}")
        for k, variable in enumerate(own):
            variable.assign(store[str(k)])

    def quantize(self, *_: Any, **__: Any) -> None:
        """Not available: everything is computed in float32 or float64."""
        raise NotImplementedError("Expected float32 or float64. Received: quantize, which is not available")

    # ------------------------------------------------------------ places in a graph

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's first use in a graph."""
        return self._first_call()[0]

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's first use in a graph."""
        return self._first_call()[1]

    def _first_call(self) -> tuple[Any, Any]:
        if not self._book.calls:
            raise ValueError(
                f"Layer '{self.name}' is not part of a graph. Expected: a call on an Input, or a built model"
            )
        return self._book.calls[0]

    # ------------------------------------------------------------ saving

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal layer."""
        named = {key: self.config_value(key) for key in self.config_names}
        given = {} if "keras_module" in vars(type(self)) else self._given_arguments()
        return {**self.base_config(), **named, **given}

    def base_config(self) -> dict[str, Any]:
        """The arguments that every layer has."""
        policy = {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": self.dtype},
            "registered_name": None,
        }
        return {"name": self.name, "trainable": self.trainable, "dtype": policy}

    def config_value(self, key: str) -> Any:
        """One argument as JSON."""
        return serialize(getattr(self, key))

    def _given_arguments(self) -> dict[str, Any]:
        """The constructor's arguments, for layers of users that do not write `get_config`."""
        args, kwargs = self._book.arguments
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs).arguments
        rest = [p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
        bound.update(bound.pop(rest[0], {}) if rest else {})
        skip = {next(iter(signature.parameters)), "name", "trainable", "dtype"}
        return {k: serialize(v) for k, v in bound.items() if k not in skip}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that a configuration describes; entries of Keras that say "not used" are passed over."""
        return cls(**{k: v for k, v in config.items() if not is_idle(k, v, cls)})

    def get_build_config(self) -> dict[str, Any] | None:
        """The input shape that the layer was built for."""
        shape = self._book.build_shape
        if isinstance(shape, dict) and all(key.endswith("_shape") for key in shape):
            return {"shapes_dict": serialize(shape)}
        return None if shape is None else {"input_shape": serialize(shape)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shape that `get_build_config` gave."""
        if config and config.get("input_shape") is not None:
            self.build(map_shapes(tuple, config["input_shape"]))
        elif config and config.get("shapes_dict"):
            self.build(**{name: map_shapes(tuple, shape) for name, shape in config["shapes_dict"].items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def open_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Takes `input_shape`, `input_dim` or `batch_input_shape` out of the arguments; the shape with its batch axis."""
    sample, length, batch = (kwargs.pop(k, None) for k in ("input_shape", "input_dim", "batch_input_shape"))
    if batch is not None:
        return tuple(batch)
    if length is not None:
        return (None, int(length))
    return None if sample is None else (None, *((sample,) if isinstance(sample, int) else tuple(sample)))


def map_shapes(function: Callable[[Any], Any], structure: Any) -> Any:
    """Replace every shape (a list or tuple of numbers and None) in a nest."""
    if isinstance(structure, dict):
        return {k: map_shapes(function, v) for k, v in structure.items()}
    if all(n is None or isinstance(n, int) for n in structure):
        return function(structure)
    return [map_shapes(function, s) for s in structure]


def is_idle(key: str, value: Any, cls: type) -> bool:
    """Whether a configuration's entry is one that this class does not know and that switches nothing on."""
    parameters: set[str] = set()
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            parameters |= set(inspect.signature(vars(base)["__init__"]).parameters)
    return key not in parameters and (value is None or value is False)
