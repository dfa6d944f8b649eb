"""Metrics: averages over batches of what is worth knowing about predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import config, losses, ops
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.tensor import Tensor, Variable, as_array
from fastnn.initializers import get as initializer_named
from fastnn.losses import as_labels, as_prediction, as_truth
from fastnn.utils.naming import auto_name, did_you_mean, snake_case
from fastnn.utils.registry import deserialize, serializable


class Metric:
    """Base of metrics: `update_state` takes batches, `result` tells, `reset_state` starts again.

    Args:
        dtype: Type of the state, the default floating type.
        name: Name in logs.
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(snake_case(type(self).__name__))
        self.dtype = dtype or config.floatx()
        self.variables: list[Variable] = []

    def add_variable(
        self, shape: tuple[int, ...] = (), initializer: Any = "zeros", dtype: Any = None, name: str = "variable"
    ) -> Variable:
        """A number or array that batches add to."""
        values = initializer_named(initializer)
        assert values is not None
        variable = Variable(values(shape, dtype=dtype or self.dtype), trainable=False, name=name)
        self.variables.append(variable)
        return variable

    def add_weight(
        self, shape: tuple[int, ...] = (), initializer: Any = "zeros", dtype: Any = None, name: str = "variable"
    ) -> Variable:
        """The same as `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch into account."""
        raise NotImplementedError

    def result(self) -> Any:
        """The metric over all batches so far."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self.variables:
            variable.value[...] = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into account and tell the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal metric."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric that a configuration describes."""
        return cls(**config)


@serializable("keras.metrics")
class Mean(Metric):
    """Weighted mean of values.

    Args:
        name: Name in logs.
        dtype: Type of the state.

    Example:
        >>> m = Mean()
        >>> m.update_state([1.0, 2.0, 6.0])
        >>> float(m.result())
        3.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        values = values if isinstance(values, Tensor) else Tensor(as_array(values, self.dtype))
        weights = None if sample_weight is None else Tensor(as_array(sample_weight, values.dtype))
        total, count = ops.sum_and_count(values, weights).numpy()
        self.total.assign_add(total)
        self.count.assign_add(count)

    def result(self) -> Any:
        return Tensor(as_array(self.finish(float(self.total), float(self.count)), self.dtype))

    def finish(self, total: float, count: float) -> float:
        """The metric from the sum of weighted values and the sum of weights."""
        return total / count if count else 0.0


@serializable("keras.metrics")
class Sum(Mean):
    """Weighted sum of values.

    Args:
        name: Name in logs.
        dtype: Type of the state.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def finish(self, total: float, count: float) -> float:
        return total


class MeanMetricWrapper(Mean):
    """Mean of a function of targets and predictions that gives one number per sample.

    Args:
        fn: Function of (y_true, y_pred), composed of operations.
        name: Name in logs; the function's own by default.
        dtype: Type of the state.
        **kwargs: Further arguments of the function.

    Example:
        >>> m = MeanMetricWrapper(lambda t, p: ops.mean(p - t, axis=-1), name="bias")
        >>> float(m([[1.0]], [[3.0]]))
        2.0
    """

    labels = False

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name or getattr(fn, "__name__", "metric"), dtype)
        self.fn, self.arguments = fn, kwargs
        self.labels = fn in LABEL_FUNCTIONS

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """One number per sample."""
        return self.fn(y_true, y_pred, **self.arguments)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_pred = as_prediction(y_pred)
        y_true = as_labels(y_true, y_pred) if self.labels else as_truth(y_true, y_pred)
        super().update_state(self.values(y_true, y_pred), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


# ---------------------------------------------------------------- functions


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Share of places along the last axis where y_true is 1 exactly if y_pred is above the threshold.

    Args:
        y_true: Targets 0 and 1, shape (batch, …, n).
        y_pred: Predictions of the same shape.
        threshold: Between 0 and 1.

    Example:
        >>> binary_accuracy([[1.0], [0.0]], [[0.7], [0.9]]).numpy()
        array([1., 0.], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.binary_accuracy(as_truth(y_true, y_pred), y_pred, threshold=threshold)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the largest target, otherwise 0.

    Args:
        y_true: One-hot targets, shape (batch, …, classes).
        y_pred: Predictions of the same shape.

    Example:
        >>> categorical_accuracy([[0.0, 1.0]], [[0.2, 0.8]]).numpy()
        array([1.], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.categorical_accuracy(as_truth(y_true, y_pred), y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the true class, otherwise 0.

    Args:
        y_true: Class numbers, shape (batch, …).
        y_pred: Predictions, shape (batch, …, classes).

    Example:
        >>> sparse_categorical_accuracy([1], [[0.2, 0.8]]).numpy()
        array([1.], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.sparse_categorical_accuracy(as_labels(y_true, y_pred), y_pred)


LABEL_FUNCTIONS = (losses.sparse_categorical_crossentropy, sparse_categorical_accuracy)


# ---------------------------------------------------------------- classes


@serializable("keras.metrics")
class BinaryAccuracy(MeanMetricWrapper):
    """Mean of `binary_accuracy`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
        threshold: Between 0 and 1.

    Example:
        >>> float(BinaryAccuracy()([[1.0], [0.0]], [[0.7], [0.9]]))
        0.5
    """

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@serializable("keras.metrics")
class CategoricalAccuracy(MeanMetricWrapper):
    """Mean of `categorical_accuracy`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
    """

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@serializable("keras.metrics")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """Mean of `sparse_categorical_accuracy`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
    """

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@serializable("keras.metrics")
class MeanSquaredError(MeanMetricWrapper):
    """Mean of `losses.mean_squared_error`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
    """

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


@serializable("keras.metrics")
class MeanAbsoluteError(MeanMetricWrapper):
    """Mean of `losses.mean_absolute_error`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
    """

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


@serializable("keras.metrics")
class RootMeanSquaredError(MeanMetricWrapper):
    """Square root of the mean squared error.

    Args:
        name: Name in logs.
        dtype: Type of the state.

    Example:
        >>> float(RootMeanSquaredError()([[0.0]], [[3.0]]))
        3.0
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)

    def finish(self, total: float, count: float) -> float:
        return float(super().finish(total, count) ** 0.5)


@serializable("keras.metrics")
class BinaryCrossentropy(MeanMetricWrapper):
    """Mean of `losses.binary_crossentropy`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
        from_logits: Whether the predictions are logits.
        label_smoothing: Share of every target that moves to 1/2.
    """

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **arguments)


@serializable("keras.metrics")
class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean of `losses.categorical_crossentropy`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
        from_logits: Whether the predictions are logits.
        label_smoothing: Share of every target that is spread evenly over the classes.
        axis: -1.
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **arguments)


@serializable("keras.metrics")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean of `losses.sparse_categorical_crossentropy`.

    Args:
        name: Name in logs.
        dtype: Type of the state.
        from_logits: Whether the predictions are logits.
        axis: -1.
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, axis=axis)


CLASSES: dict[str, type[Metric]] = {
    c.__name__: c
    for c in (
        BinaryAccuracy, BinaryCrossentropy, CategoricalAccuracy, CategoricalCrossentropy, Mean, MeanAbsoluteError,
        MeanSquaredError, RootMeanSquaredError, SparseCategoricalAccuracy, SparseCategoricalCrossentropy, Sum,
    )
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **losses.FUNCTIONS,
    **losses.ALIASES,
    **{f.__name__: f for f in (binary_accuracy, categorical_accuracy, sparse_categorical_accuracy)},
}
BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")  # names whose meaning depends on loss and shapes


def by_shape(identifier: str, labels: bool, classes: int) -> Callable[..., Any]:
    """What 'accuracy' or 'crossentropy' means for class numbers or not, and so many output values."""
    kind = "binary" if classes == 1 else "sparse_categorical" if labels else "categorical"
    return FUNCTIONS[f"{kind}_{'accuracy' if identifier in ('accuracy', 'acc') else 'crossentropy'}"]


def get(identifier: Any) -> Any:
    """A metric by name, configuration, or as it is; None stays None.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("mae").__name__
        'mean_absolute_error'
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    known: dict[str, Any] = {**FUNCTIONS, **CLASSES}
    if not isinstance(identifier, str):
        raise ValueError(f"Expected a metric, its name or a function. Received: {identifier!r}")
    if identifier not in known:
        names = [*known, *BY_SHAPE]
        raise ValueError(f"Expected the name of a metric. Received: {identifier!r}; {did_you_mean(identifier, names)}")
    found = known[identifier]
    return found() if isinstance(found, type) else found


def as_metric(identifier: Any, labels: bool, classes: int) -> Metric:
    """A metric object; functions and names are wrapped, and 'accuracy' is resolved by shape.

    Args:
        identifier: Name, function, class or object.
        labels: Whether targets are class numbers.
        classes: Length of the predictions' last axis.
    """
    if identifier in BY_SHAPE:
        return MeanMetricWrapper(by_shape(identifier, labels, classes), name=identifier)
    found = get(identifier)
    if isinstance(found, Metric):
        return found
    return MeanMetricWrapper(found, name=identifier if isinstance(identifier, str) else None)


def symbolic_sums(metric: MeanMetricWrapper, y_true: SymbolicTensor, y_pred: SymbolicTensor, weights: Any) -> Any:
    """The metric's weighted sum and sum of weights for a batch, as steps of a trace."""
    return ops.sum_and_count(metric.values(y_true, y_pred), weights)
