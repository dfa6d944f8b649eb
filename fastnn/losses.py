"""Losses: functions that give one number per sample, and classes that reduce them to one number per batch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastnn import ops
from fastnn.engine import graph
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.tensor import Tensor, as_array
from fastnn.utils.naming import did_you_mean, snake_case
from fastnn.utils.registry import deserialize, serializable

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", None)


# ---------------------------------------------------------------- what the functions share


def as_prediction(y_pred: Any) -> Any:
    """Predictions as a tensor of a floating type."""
    if isinstance(y_pred, (Tensor, SymbolicTensor)):
        return y_pred
    array = as_array(y_pred)
    return Tensor(array if array.dtype.kind == "f" else array.astype("float32"))


def as_truth(y_true: Any, y_pred: Any) -> Any:
    """Targets in the type of the predictions, and of their rank where an axis of length one makes the difference."""
    if not isinstance(y_true, SymbolicTensor):
        y_true = Tensor(as_array(y_true, y_pred.dtype))
    if y_true.ndim + 1 == y_pred.ndim and y_pred.shape[-1] == 1:
        return ops.reshape(y_true, shape=(*y_true.shape, 1))
    return y_true


def as_labels(y_true: Any, y_pred: Any) -> Any:
    """Class numbers, without a last axis of length one."""
    y_true = y_true if isinstance(y_true, (Tensor, SymbolicTensor)) else Tensor(as_array(y_true))
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        return ops.reshape(y_true, shape=tuple(y_true.shape[:-1]))
    return y_true


def argument_of(y_pred: Any, operation: str) -> Any:
    """What went into the operation that made the predictions, if it is that one and a trace knows; else None."""
    trace = graph.current_trace()
    if trace is None or not isinstance(y_pred, SymbolicTensor):
        return None
    step = trace.producer.get(y_pred.name)
    return trace.symbol(step.operand("x")) if step is not None and step.op.name == operation else None


def last_axis(axis: int, y_pred: Any) -> None:
    """Refuse classes along another axis than the last."""
    if axis not in (-1, len(y_pred.shape) - 1):
        raise ValueError(f"Expected axis=-1, classes along the last axis. Received: axis={axis}")


def smooth(y_true: Any, y_pred: Any, amount: float, target: float) -> Any:
    """Targets moved towards `target` by `amount`."""
    if not 0 <= amount <= 1:
        raise ValueError(f"Expected label_smoothing from 0 to 1. Received: label_smoothing={amount}")
    return y_true * (1.0 - amount) + amount * target if amount else y_true


# ---------------------------------------------------------------- functions


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of squared differences along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([2.5], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.mean_squared_error(as_truth(y_true, y_pred), y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of absolute differences along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([1.5], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.mean_absolute_error(as_truth(y_true, y_pred), y_pred)


def half_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Sum of half the squared differences along the last axis, as textbooks work it out by hand.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> half_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([2.5], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.half_squared_error(as_truth(y_true, y_pred), y_pred)


def squared_error(y_true: Any, y_pred: Any) -> Any:
    """Sum of squared differences along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([5.], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.squared_error(as_truth(y_true, y_pred), y_pred)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean of max(1 - y_true y_pred, 0) along the last axis, for targets -1 and 1.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> hinge([[-1.0, 1.0]], [[0.5, 3.0]]).numpy()
        array([0.75], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.mean(ops.relu(1.0 - as_truth(y_true, y_pred) * y_pred), axis=-1)


def perceptron(y_true: Any, y_pred: Any) -> Any:
    """Rosenblatt's criterion for threshold units: (y_pred - y_true) times the unit's net input, summed.

    Its gradient for the net input is y_pred - y_true: gradient descent on it is the perceptron rule.

    Args:
        y_true: Targets 0 and 1, shape (batch, …, n).
        y_pred: Output of a layer with activation 'heaviside', of the same shape.

    Raises:
        ValueError: if the predictions do not come from the operation heaviside of a model being trained.

    Source: Rosenblatt, The perceptron, 1958.
    """
    net = argument_of(y_pred, "heaviside")
    if net is None:
        raise ValueError(
            "Expected the output of a layer with activation='heaviside' in a model. Received: other predictions"
        )
    return ops.sum((y_pred - y_true) * net, axis=-1)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Minus the sum of y_true log(y_pred) along the last axis.

    Where the predictions come from a softmax in the same model, it is computed from the softmax's argument.

    Args:
        y_true: One-hot targets, shape (batch, …, classes).
        y_pred: Probabilities (or logits) of the same shape.
        from_logits: Whether the predictions are logits, before softmax.
        label_smoothing: Share of every target that is spread evenly over the classes.
        axis: -1.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    last_axis(axis, y_pred)
    y_true = smooth(as_truth(y_true, y_pred), y_pred, label_smoothing, 1.0 / y_pred.shape[-1])
    logits = y_pred if from_logits else argument_of(y_pred, "softmax")
    if logits is not None:
        return ops.softmax_cross_entropy(y_true, logits)
    return ops.categorical_crossentropy(y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """Minus the logarithm of the probability of the true class.

    Where the predictions come from a softmax in the same model, it is computed from the softmax's argument.

    Args:
        y_true: Class numbers, shape (batch, …).
        y_pred: Probabilities (or logits), shape (batch, …, classes).
        from_logits: Whether the predictions are logits, before softmax.
        ignore_class: Not available: None.
        axis: -1.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    last_axis(axis, y_pred)
    if ignore_class is not None:
        raise ValueError(f"Expected ignore_class=None. Received: ignore_class={ignore_class}")
    labels = as_labels(y_true, y_pred)
    logits = y_pred if from_logits else argument_of(y_pred, "softmax")
    if logits is not None:
        return ops.sparse_softmax_cross_entropy(labels, logits)
    return ops.sparse_categorical_crossentropy(labels, y_pred)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Mean of -(y_true log(y_pred) + (1 - y_true) log(1 - y_pred)) along the last axis.

    Where the predictions come from a sigmoid in the same model, it is computed from the sigmoid's argument.

    Args:
        y_true: Targets from 0 to 1, shape (batch, …, n).
        y_pred: Probabilities (or logits) of the same shape.
        from_logits: Whether the predictions are logits, before sigmoid.
        label_smoothing: Share of every target that moves to 1/2.
        axis: -1.

    Example:
        >>> binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    last_axis(axis, y_pred)
    y_true = smooth(as_truth(y_true, y_pred), y_pred, label_smoothing, 0.5)
    logits = y_pred if from_logits else argument_of(y_pred, "sigmoid")
    if logits is not None:
        return ops.sigmoid_cross_entropy(y_true, logits)
    return ops.binary_crossentropy(y_true, y_pred)


# ---------------------------------------------------------------- classes


def reduce(values: Any, sample_weight: Any, reduction: str | None) -> Any:
    """Weigh per-sample values and reduce them as Keras does."""
    if sample_weight is not None:
        weights = (
            sample_weight
            if isinstance(sample_weight, SymbolicTensor)
            else Tensor(as_array(sample_weight, values.dtype))
        )
        missing = values.ndim - weights.ndim
        values = values * (ops.reshape(weights, shape=(*weights.shape, *(1,) * missing)) if missing > 0 else weights)
    if reduction in ("none", None):
        return values
    return ops.sum(values) if reduction == "sum" else ops.mean(values)


class Loss:
    """Base of losses: subclasses write `call(y_true, y_pred)`, composed of operations, one number per sample.

    Args:
        name: Name of the loss.
        reduction: 'sum_over_batch_size' (the mean), 'sum', or 'none'.
        dtype: Ignored: the predictions' type decides.

    Raises:
        ValueError: for another reduction.

    Example:
        >>> class Fourth(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean(ops.square(ops.square(y_pred - y_true)), axis=-1)
        >>> float(Fourth()([[0.0]], [[2.0]]))
        16.0
    """

    labels = False  # whether targets are class numbers

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ValueError(f"Expected reduction to be one of {REDUCTIONS}. Received: reduction={reduction!r}")
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One number per sample."""
        raise NotImplementedError

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch, reduced."""
        y_pred = as_prediction(y_pred)
        y_true = as_labels(y_true, y_pred) if self.labels else as_truth(y_true, y_pred)
        return reduce(self.call(y_true, y_pred), sample_weight, self.reduction)

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal loss."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss that a configuration describes."""
        known = inspect.signature(cls).parameters
        return cls(**{k: v for k, v in config.items() if k in known or v is not None})


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
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.arguments = fn, kwargs
        self.labels = fn is sparse_categorical_crossentropy

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


@serializable("keras.losses")
class MeanSquaredError(FunctionLoss):
    """`mean_squared_error` as an object.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> float(MeanSquaredError()([[0.0], [1.0]], [[1.0], [3.0]]))
        2.5
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


@serializable("keras.losses")
class MeanAbsoluteError(FunctionLoss):
    """`mean_absolute_error` as an object.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


@serializable("fastnn.losses")
class HalfSquaredError(FunctionLoss):
    """`half_squared_error` as an object.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "half_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(half_squared_error, reduction, name, dtype)


@serializable("fastnn.losses")
class SquaredError(FunctionLoss):
    """`squared_error` as an object.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_error", dtype: Any = None
    ) -> None:
        super().__init__(squared_error, reduction, name, dtype)


@serializable("keras.losses")
class Hinge(FunctionLoss):
    """`hinge` as an object.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, reduction, name, dtype)


@serializable("keras.losses")
class CategoricalCrossentropy(FunctionLoss):
    """`categorical_crossentropy` as an object.

    Args:
        from_logits: Whether the predictions are logits.
        label_smoothing: Share of every target that is spread evenly over the classes.
        axis: -1.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **arguments)


@serializable("keras.losses")
class SparseCategoricalCrossentropy(FunctionLoss):
    """`sparse_categorical_crossentropy` as an object.

    Args:
        from_logits: Whether the predictions are logits.
        ignore_class: Not available: None.
        reduction: See `Loss`.
        axis: -1.
        name: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **arguments)


@serializable("keras.losses")
class BinaryCrossentropy(FunctionLoss):
    """`binary_crossentropy` as an object.

    Args:
        from_logits: Whether the predictions are logits.
        label_smoothing: Share of every target that moves to 1/2.
        axis: -1.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **arguments)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        binary_crossentropy, categorical_crossentropy, half_squared_error, hinge, mean_absolute_error,
        mean_squared_error, perceptron, sparse_categorical_crossentropy, squared_error,
    )
}  # fmt: skip
ALIASES = {
    "bce": binary_crossentropy, "BCE": binary_crossentropy,
    "mae": mean_absolute_error, "MAE": mean_absolute_error,
    "mse": mean_squared_error, "MSE": mean_squared_error,
}  # fmt: skip
CLASSES: dict[str, type[Loss]] = {
    c.__name__: c
    for c in (
        BinaryCrossentropy, CategoricalCrossentropy, HalfSquaredError, Hinge, MeanAbsoluteError, MeanSquaredError,
        SparseCategoricalCrossentropy, SquaredError,
    )
}  # fmt: skip


def get(identifier: Any) -> Any:
    """A loss by name, configuration, or as it is; None stays None.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("mse").__name__
        'mean_squared_error'
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    known: dict[str, Any] = {**FUNCTIONS, **ALIASES, **CLASSES}
    if not isinstance(identifier, str):
        raise ValueError(f"Expected a loss, its name or a function. Received: {identifier!r}")
    if identifier not in known:
        raise ValueError(f"Expected the name of a loss. Received: {identifier!r}; {did_you_mean(identifier, known)}")
    found = known[identifier]
    return found() if isinstance(found, type) else found


def as_loss(identifier: Any) -> Loss:
    """A loss object: functions and names are wrapped."""
    found = get(identifier)
    return found if isinstance(found, Loss) else FunctionLoss(found)
