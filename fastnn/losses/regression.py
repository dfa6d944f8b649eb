"""Losses for numbers: how far predictions are from targets."""

from __future__ import annotations

import math
from typing import Any

from fastnn import ops
from fastnn.losses.base import EPSILON, aligned, checked_axis, loss


def of_one_shape(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions, repeated along axes of length one that only one of them has."""
    y_true, y_pred = aligned(y_true, y_pred)
    if y_true.shape == y_pred.shape or y_true.ndim != y_pred.ndim:
        return y_true, y_pred
    pairs = list(zip(y_true.shape, y_pred.shape, strict=True))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        return y_true, y_pred  # the operation refuses them
    shape = tuple(b if a == 1 else a for a, b in pairs)
    return ops.broadcast_to(y_true, shape), ops.broadcast_to(y_pred, shape)


@loss("MeanSquaredError", "mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of squared differences along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([2.5], dtype=float32)
    """
    return ops.mean_squared_error(*of_one_shape(y_true, y_pred))


@loss("MeanAbsoluteError", "mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of absolute differences along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([1.5], dtype=float32)
    """
    return ops.mean_absolute_error(*of_one_shape(y_true, y_pred))


@loss("HalfSquaredError", module="fastnn.losses")
def half_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Sum of half the squared differences along the last axis, as textbooks work it out by hand.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> half_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([2.5], dtype=float32)
    """
    return ops.half_squared_error(*aligned(y_true, y_pred))


@loss("SquaredError", module="fastnn.losses")
def squared_error(y_true: Any, y_pred: Any) -> Any:
    """Sum of squared differences along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([5.], dtype=float32)
    """
    return ops.squared_error(*aligned(y_true, y_pred))


@loss("MeanAbsolutePercentageError", "mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of absolute differences in percent of the targets' size, along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 5.0]]).numpy()
        array([37.5], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return 100.0 * ops.mean(ops.absolute((y_true - y_pred) / ops.maximum(ops.absolute(y_true), EPSILON)), axis=-1)


@loss("MeanSquaredLogarithmicError", "msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of squared differences of log(1 + value) along the last axis; negative values count as 0.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> mean_squared_logarithmic_error([[0.0]], [[1.0]]).numpy().round(4)
        array([0.4805], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    predicted, wanted = (ops.log(ops.maximum(y, EPSILON) + 1.0) for y in (y_pred, y_true))
    return ops.mean(ops.square(predicted - wanted), axis=-1)


@loss("Huber", name="huber_loss")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Mean along the last axis of half the squared difference, going on as a straight line beyond `delta`.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.
        delta: Difference from which on the loss is a straight line.

    Example:
        >>> huber([[0.0, 0.0]], [[0.5, 3.0]]).numpy()
        array([1.3125], dtype=float32)

    Source: Huber, Robust estimation of a location parameter, 1964.
    """
    y_true, y_pred = aligned(y_true, y_pred)
    size = ops.absolute(y_pred - y_true)
    inside, beyond = 0.5 * ops.square(y_pred - y_true), delta * size - 0.5 * delta * delta
    return ops.mean(ops.where(ops.less_equal(size, delta), inside, beyond), axis=-1)


@loss("LogCosh", "logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Mean of log(cosh(difference)) along the last axis.

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> log_cosh([[0.0]], [[1.0]]).numpy().round(4)
        array([0.4338], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    difference = y_pred - y_true
    return ops.mean(difference + ops.softplus(difference * -2.0) - math.log(2.0), axis=-1)


@loss("CosineSimilarity")
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between targets and predictions.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.
        axis: Along which the vectors lie.

    Example:
        >>> cosine_similarity([[0.0, 1.0]], [[3.0, 4.0]]).numpy().round(4)
        array([-0.8], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    axis = checked_axis(axis, y_pred.ndim)
    return -ops.sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def unit(vectors: Any, axis: int) -> Any:
    """Vectors of length one; those of length 0 stay."""
    squares = ops.sum(ops.square(vectors), axis=axis, keepdims=True)
    return vectors / ops.sqrt(ops.maximum(squares, 1e-12))
