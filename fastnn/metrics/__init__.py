"""Metrics: what is worth knowing about predictions, over all batches of an epoch."""

from __future__ import annotations

from typing import Any

from fastnn.metrics import accuracy as _accuracy
from fastnn.metrics import area, confusion, regions, scores, simple  # noqa: F401  each registers its metrics
from fastnn.metrics.base import ALIASES, CLASSES, FUNCTIONS, MeanMetricWrapper, Metric
from fastnn.utils.absent import missing
from fastnn.utils.naming import did_you_mean
from fastnn.utils.registry import deserializer

__all__ = ["Metric", "deserialize", "get", "serialize"]
__all__.extend((*CLASSES, *FUNCTIONS))
ALIASES.update(
    {
        short: CLASSES[name]
        for name, shorts in (
            ("BinaryCrossentropy", ("bce", "BCE")),
            ("MeanSquaredError", ("mse", "MSE")),
            ("MeanAbsoluteError", ("mae", "MAE")),
            ("MeanAbsolutePercentageError", ("mape", "MAPE")),
            ("MeanSquaredLogarithmicError", ("msle", "MSLE")),
            ("CosineSimilarity", ("cosine_proximity", "cosine")),
        )
        for short in shorts
    }
)
BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")  # names whose meaning depends on loss and shapes

del _accuracy
globals().update(FUNCTIONS)
globals().update(CLASSES)


def __getattr__(name: str) -> Any:
    raise missing("metrics", name, __all__)


def by_shape(identifier: str, labels: bool, classes: int) -> Any:
    """What 'accuracy' or 'crossentropy' means for class numbers or not, and so many output values."""
    kind = "binary" if classes == 1 else "sparse_categorical" if labels else "categorical"
    return FUNCTIONS[f"{kind}_{'accuracy' if identifier in ('accuracy', 'acc') else 'crossentropy'}"]


deserialize = deserializer("keras.metrics")


def get(identifier: Any) -> Any:
    """A metric by name, configuration, or as it is; None stays None.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("mae").name
        'mean_absolute_error'
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    known: dict[str, Any] = {**FUNCTIONS, **ALIASES, **CLASSES}
    if not isinstance(identifier, str):
        raise ValueError(f"Expected a metric, its name or a function. Received: {identifier!r}")
    if identifier not in known:
        names = [*known, *BY_SHAPE]
        raise ValueError(f"Expected the name of a metric. Received: {identifier!r}; {did_you_mean(identifier, names)}")
    found = known[identifier]
    return found() if isinstance(found, type) else found


def serialize(metric: Any) -> Any:
    """A metric as JSON: the name of a known function, or the configuration of an object.

    Example:
        >>> serialize(get("mae"))["class_name"]
        'MeanAbsoluteError'
    """
    from fastnn.utils.registry import serialize as serialize_any

    return metric.__name__ if metric in FUNCTIONS.values() else serialize_any(metric)


def as_metric(identifier: Any, labels: bool, classes: int) -> Metric:
    """A metric object; functions and names are wrapped, and 'accuracy' is resolved by shape.

    Args:
        identifier: Name, function, class or object.
        labels: Whether targets are class numbers.
        classes: Length of the predictions' last axis.
    """
    if isinstance(identifier, str) and identifier.lower() in BY_SHAPE:
        return MeanMetricWrapper(by_shape(identifier.lower(), labels, classes), name=identifier)
    found = get(identifier)
    if not isinstance(found, Metric):
        found = MeanMetricWrapper(found)
    if isinstance(identifier, str):
        found.name = identifier
    return found
