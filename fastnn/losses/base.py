"""What losses share: predictions and targets of one shape, weights, and the way to one number per batch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastnn import ops
from fastnn.engine import graph
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.tensor import Tensor, as_array
from fastnn.ops.networks import mean_of_all
from fastnn.utils.flags import check_switches
from fastnn.utils.naming import checked_name, did_you_mean, snake_case
from fastnn.utils.registry import nameable, serializable

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)
EPSILON = 1e-7  # keeps logarithms and divisions away from 0
LEAST = 1e-30  # what a share that is 0 is divided by

FUNCTIONS: dict[str, Callable[..., Any]] = nameable({})
CLASSES: dict[str, type[Loss]] = {}
ALIASES: dict[str, Callable[..., Any]] = {}


# ---------------------------------------------------------------- predictions and targets


def as_tensor(value: Any, dtype: str | None = None) -> Any:
    """A value as a tensor, eager or symbolic; arrays and lists in the given type."""
    if isinstance(value, (Tensor, SymbolicTensor)):
        if dtype is not None and value.dtype != dtype:
            return ops.cast(value, dtype=dtype)
        return value
    return Tensor(as_array(value, dtype))


def as_prediction(y_pred: Any) -> Any:
    """Predictions as a tensor of a floating type."""
    y_pred = as_tensor(y_pred)
    return y_pred if y_pred.dtype.startswith("float") else as_tensor(y_pred, "float32")


def as_truth(y_true: Any, y_pred: Any) -> Any:
    """Targets in the type of the predictions, and of their rank where an axis of length one makes the difference."""
    y_true = as_tensor(y_true, y_pred.dtype)
    if y_true.ndim + 1 == y_pred.ndim and y_pred.shape[-1] == 1:
        return ops.reshape(y_true, (*y_true.shape, 1))
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        return ops.reshape(y_true, tuple(y_true.shape[:-1]))
    return y_true


def as_labels(y_true: Any, y_pred: Any) -> Any:
    """Class numbers, without a last axis of length one."""
    y_true = as_tensor(y_true)
    if y_true.dtype.startswith("float"):
        y_true = ops.cast(y_true, dtype="int32")
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        return ops.reshape(y_true, tuple(y_true.shape[:-1]))
    return y_true


def aligned(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions as tensors of one type and rank."""
    y_pred = as_prediction(y_pred)
    return as_truth(y_true, y_pred), y_pred


def argument_of(y_pred: Any, operation: str) -> Any:
    """What went into the operation that made the predictions, if it is that one and a trace knows; else None."""
    trace = graph.current_trace()
    if trace is None or not isinstance(y_pred, SymbolicTensor):
        return None
    step = trace.producer.get(y_pred.name)
    if step is None or step.op.name != operation or step.attrs.get("axis", -1) not in (-1, y_pred.ndim - 1):
        return None
    return trace.symbol(step.operand("x"))


def checked_axis(axis: Any, rank: int) -> int:
    """An axis counted from the start.

    Raises:
        ValueError: unless it is a whole number that the rank allows.
    """
    if isinstance(axis, bool) or not isinstance(axis, int) or not -rank <= axis < rank:
        raise ValueError(f"Expected axis to be a whole number from {-rank} to {rank - 1}. Received: axis={axis!r}")
    return axis % rank


def classes_last(tensor: Any, axis: int) -> Any:
    """The tensor with that axis moved to the end."""
    place = checked_axis(axis, tensor.ndim)
    return tensor if place == tensor.ndim - 1 else ops.moveaxis(tensor, place, -1)


def smooth(y_true: Any, amount: float, target: float) -> Any:
    """Targets moved towards `target` by `amount`.

    Raises:
        ValueError: unless the amount is from 0 to 1.
    """
    if not isinstance(amount, (int, float)) or not 0 <= amount <= 1:
        raise ValueError(f"Expected label_smoothing from 0 to 1. Received: label_smoothing={amount!r}")
    return y_true * (1.0 - amount) + amount * target if amount else y_true


# ---------------------------------------------------------------- reduction


def mask_of(tensor: Any) -> Any:
    """Which time steps or samples count, where layers before have said so; else None."""
    return getattr(tensor, "_keras_mask", None)


def same_rank(values: Any, weights: Any) -> tuple[Any, Any]:
    """Values and weights of one rank, where axes of length one make the difference."""
    missing = values.ndim - weights.ndim
    if missing == -1 and weights.shape[-1] == 1:
        return values, ops.reshape(weights, tuple(weights.shape[:-1]))
    if missing == 1 and values.shape[-1] == 1 and weights.ndim != 1:
        return ops.reshape(values, tuple(values.shape[:-1])), weights
    if missing > 0:
        weights = ops.reshape(weights, (*weights.shape, *(1,) * missing))
    return values, weights


def with_mask(weights: Any, mask: Any, dtype: str, reduction: str | None) -> Any:
    """Weights that leave out what the mask does; means are then taken over what is left."""
    if mask is None:
        return weights
    counted = ops.cast(mask, dtype=dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        valid = mean_of_all(counted, tuple(range(counted.ndim)))  # of the whole batch, where processes have parts of it
        counted = counted / ops.maximum(valid, LEAST)
    if weights is None:
        return counted
    counted, weights = same_rank(counted, as_tensor(weights, dtype))
    return weights * counted


def reduce(values: Any, sample_weight: Any, reduction: str | None, mask: Any = None) -> Any:
    """Weigh per-sample values and reduce them as Keras does."""
    weights = with_mask(sample_weight, mask, values.dtype, reduction)
    if weights is not None:
        values, weights = same_rank(values, as_tensor(weights, values.dtype))
        values = values * weights
    if reduction in ("none", None) or values.ndim == 0:
        return values
    if reduction == "mean_with_sample_weight" and weights is not None:
        total = ops.sum(weights)
        return ops.sum(values) / ops.where(ops.equal(total, 0.0), 1.0, total)
    return ops.sum(values) if reduction == "sum" else ops.mean(values)


def counting(values: Any, mask: Any) -> Any:
    """The values, with the mask that says which of them count."""
    values._keras_mask = mask
    return values


class Loss:
    """Base of losses: subclasses write `call(y_true, y_pred)`, composed of operations, one number per sample.

    Args:
        name: Name of the loss.
        reduction: 'sum_over_batch_size' or 'mean' (the mean), 'mean_with_sample_weight' (divided by the sum of the
            weights), 'sum', or 'none'.
        dtype: Type to compute in, 'float32' or 'float64'; the predictions' by default.

    Raises:
        ValueError: for another reduction or type.

    Example:
        >>> class Fourth(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean(ops.square(ops.square(y_pred - y_true)), axis=-1)
        >>> float(Fourth()([[0.0]], [[2.0]]))
        16.0
    """

    labels = False  # whether targets are class numbers

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if "keras_module" in vars(cls):
            check_switches(cls, args, kwargs)
        return super().__new__(cls)

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ValueError(f"Expected reduction to be one of {REDUCTIONS}. Received: reduction={reduction!r}")
        self.name = checked_name(name) or snake_case(type(self).__name__)
        self.reduction = reduction
        if dtype not in (None, "float32", "float64"):
            raise ValueError(f"Expected dtype to be 'float32' or 'float64'. Received: dtype={dtype!r}")
        self.dtype = dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One number per sample."""
        raise NotImplementedError(f"Loss {type(self).__name__} does not have a `call()` method implemented.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch, reduced."""
        mask = mask_of(y_pred)
        y_pred = as_prediction(y_pred) if self.dtype is None else as_tensor(y_pred, self.dtype)
        y_true = as_labels(y_true, y_pred) if self.labels else as_truth(y_true, y_pred)
        values = as_tensor(self.call(y_true, y_pred))
        if mask is not None and mask.ndim > values.ndim:
            mask = None  # the function has already put those axes together
        if mask_of(values) is not None:
            mask = mask_of(values) if mask is None else ops.logical_and(mask, mask_of(values))
        return reduce(values, sample_weight, self.reduction, mask)

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal loss."""
        typed = {} if self.dtype is None else {"dtype": self.dtype}
        return {"name": self.name, "reduction": self.reduction, **typed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss that a configuration describes."""
        known = inspect.signature(cls).parameters
        return cls(**{k: v for k, v in config.items() if k in known or v is not None})


def name_of(fn: Any) -> str | None:
    """The name of a function, fit for logs and step lists."""
    name = getattr(fn, "__name__", None)
    return "lambda" if name == "<lambda>" else name


class FunctionLoss(Loss):
    """A loss function with its arguments as an object.

    Args:
        fn: Function of (y_true, y_pred).
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.
        **kwargs: Further arguments of the function.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or name_of(fn), reduction, dtype)
        self.fn, self.arguments = fn, kwargs
        self.labels = getattr(fn, "takes_labels", False)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


# ---------------------------------------------------------------- one declaration for function and class


def loss(
    class_name: str, *aliases: str, module: str = "keras.losses", name: str | None = None, labels: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that registers a loss function, and makes the class of that name from it.

    Args:
        class_name: Name of the class; its arguments are the function's, then reduction, name and dtype.
        aliases: Further names of the function.
        module: Where files say that the class is.
        name: Name of the class's objects, if not the function's.
        labels: Whether targets are class numbers.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        function.takes_labels = labels  # type: ignore[attr-defined]
        FUNCTIONS[function.__name__] = function
        ALIASES.update(dict.fromkeys(aliases, function))
        CLASSES[class_name] = serializable(module)(class_of(function, class_name, name or function.__name__))
        return function

    return declare


def class_of(function: Callable[..., Any], class_name: str, name: str) -> type[Loss]:
    """The class that calls a loss function."""
    own = list(inspect.signature(function).parameters.values())[2:]
    shared = list(inspect.signature(Loss.__init__).parameters.values())
    shared = [shared[2], shared[1].replace(default=name), shared[3]]  # reduction, name, dtype
    signature = inspect.Signature([*own, *shared])

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{class_name}: {error}; {hint(kwargs, signature)}") from None
        bound.apply_defaults()
        given = dict(bound.arguments)
        FunctionLoss.__init__(self, function, given.pop("reduction"), given.pop("name"), given.pop("dtype"), **given)

    __init__.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD), *own, *shared]
    )
    text = (
        f"`{function.__name__}` as an object.\n\nArgs:\n"
        + "".join(f"    {p.name}: See `{function.__name__}`.\n" for p in own)
        + "    reduction: See `Loss`.\n    name: See `Loss`.\n    dtype: See `Loss`."
    )
    body = {"__init__": __init__, "__doc__": text, "__module__": "fastnn.losses", "labels": False}
    return type(class_name, (FunctionLoss,), body)


def hint(kwargs: dict[str, Any], signature: inspect.Signature) -> str:
    """The end of a sentence about an unknown argument."""
    wrong = next((k for k in kwargs if k not in signature.parameters), "")
    return did_you_mean(wrong, list(signature.parameters))
