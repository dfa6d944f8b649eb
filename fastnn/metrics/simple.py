"""Metrics that average a function over samples: errors, cross-entropies, hinges."""

from __future__ import annotations

from typing import Any

from fastnn import losses, ops  # noqa: F401  the losses register themselves
from fastnn.losses.base import FUNCTIONS as LOSSES
from fastnn.losses.base import aligned, checked_axis
from fastnn.losses.regression import unit
from fastnn.metrics.base import FUNCTIONS, MeanMetricWrapper, mean_of, metric, sum_and_count

FUNCTIONS.update(LOSSES)

for _name, _class, _label in (
    ("mean_squared_error", "MeanSquaredError", None),
    ("mean_absolute_error", "MeanAbsoluteError", None),
    ("mean_absolute_percentage_error", "MeanAbsolutePercentageError", None),
    ("mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", None),
    ("log_cosh", "LogCoshError", "logcosh"),
    ("hinge", "Hinge", None),
    ("squared_hinge", "SquaredHinge", None),
    ("categorical_hinge", "CategoricalHinge", None),
    ("kl_divergence", "KLDivergence", None),
    ("poisson", "Poisson", None),
    ("categorical_crossentropy", "CategoricalCrossentropy", None),
    ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", None),
    ("binary_crossentropy", "BinaryCrossentropy", None),
):
    mean_of(LOSSES[_name], _class, _label)


@metric()
class RootMeanSquaredError(MeanMetricWrapper):
    """Root of the mean of squared differences.

    Args:
        name: Name in logs.
        dtype: Type of the state.

    Example:
        >>> float(RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]]))
        5.0
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(squared, name, dtype)

    def answer(self, counters: Any) -> Any:
        return ops.sqrt(super().answer(counters))

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return sum_and_count(self.values(y_true, y_pred), sample_weight)


def squared(y_true: Any, y_pred: Any) -> Any:
    """Squared differences of all numbers."""
    return ops.square(y_pred - y_true)


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between targets and predictions along an axis."""
    y_true, y_pred = aligned(y_true, y_pred)
    axis = checked_axis(axis, y_pred.ndim)
    return ops.sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation of targets and predictions along an axis.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.
        axis: The axis.

    Example:
        >>> pearson_correlation([[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]]).numpy().round(4)
        array([1.], dtype=float32)
    """
    y_true, y_pred = (standard(y, axis) for y in aligned(y_true, y_pred))
    return ops.mean(y_true * y_pred, axis=axis)


def standard(values: Any, axis: int) -> Any:
    """Values with mean 0 and variance 1 along an axis."""
    centred = values - ops.mean(values, axis=axis, keepdims=True)
    return centred / ops.sqrt(ops.mean(ops.square(centred), axis=axis, keepdims=True))


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Lin's concordance of targets and predictions along an axis: correlation that also asks for equal values.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.
        axis: The axis.

    Example:
        >>> concordance_correlation([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]]).numpy().round(4)
        array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    means = [ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred)]
    apart = [y - m for y, m in zip((y_true, y_pred), means, strict=True)]
    variances = [ops.mean(ops.square(d), axis=axis) for d in apart]
    between = ops.square(ops.mean(y_true, axis=axis) - ops.mean(y_pred, axis=axis))
    return 2.0 * ops.mean(apart[0] * apart[1], axis=axis) / (variances[0] + variances[1] + between + 1e-7)


mean_of(cosine, "CosineSimilarity", "cosine_similarity")
mean_of(pearson_correlation, "PearsonCorrelation")
mean_of(concordance_correlation, "ConcordanceCorrelation")
FUNCTIONS.update(pearson_correlation=pearson_correlation, concordance_correlation=concordance_correlation)
