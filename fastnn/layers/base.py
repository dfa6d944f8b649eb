"""What every layer has: a name, weights made by `build`, and a `call` that composes operations."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from fastnn import regularizers
from fastnn.compat.spellings import old_arguments
from fastnn.config import dtype_name
from fastnn.engine import functional, graph
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.tensor import Tensor, Variable, as_array
from fastnn.errors import FastnnError
from fastnn.layers import masks
from fastnn.layers.arguments import lengths
from fastnn.layers.calling import calling, training_now
from fastnn.layers.configured import Configured, map_shapes
from fastnn.layers.input_spec import check_inputs
from fastnn.layers.weights import Book, Holder
from fastnn.utils import limits
from fastnn.utils.flags import check_switches
from fastnn.utils.naming import auto_name, checked_name, did_you_mean, snake_case


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


class Layer(Holder, Configured):
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
        self.name = auto_name(snake_case(type(self).__name__)) if name is None else checked_name(name, "/")
        self.dtype = dtype_name(dtype)
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        check_switches(Layer, (), {"trainable": trainable})
        self._trainable = bool(trainable)

    def build(self, input_shape: Any) -> None:
        """Make the weights; called once, when the shape of the input is known."""
        self.built = True

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
        limits.take_call(self.name)
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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def _repr_html_(self) -> str:
        from fastnn.rich.layers import layer_page

        return layer_page(self)


def open_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Takes `input_shape`, `input_dim` or `batch_input_shape` out of the arguments; the shape with its batch axis."""
    sample, length, batch = (kwargs.pop(k, None) for k in ("input_shape", "input_dim", "batch_input_shape"))
    if batch is not None:
        return lengths("batch_input_shape", batch)
    if length is not None:
        return (None, int(length))
    return None if sample is None else (None, *lengths("input_shape", (sample,) if isinstance(sample, int) else sample))


def layers_within(layer: Layer) -> Iterator[Layer]:
    """A layer and all in it, outer ones first."""
    yield layer
    for inner in layer.sublayers():
        yield from layers_within(inner)
