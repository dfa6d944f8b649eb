"""Scores of whole data sets: F-scores and the coefficient of determination."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.errors import ShapeError
from fastnn.losses.base import aligned, as_tensor, same_rank
from fastnn.metrics.base import Counting, metric, ratio
from fastnn.metrics.confusion import FN, FP, TP

AVERAGES = (None, "micro", "macro", "weighted")
AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


def weighted(values: Any, sample_weight: Any) -> Any:
    """Values times weights of samples."""
    if sample_weight is None:
        return values
    return values * same_rank(values, as_tensor(sample_weight, values.dtype))[1]


@metric()
class FBetaScore(Counting):
    """Weighted harmonic mean of precision and recall, per class or averaged.

    Args:
        average: None (one score per class), 'micro' (all classes together), 'macro' (mean of the classes), 'weighted'
            (mean weighted by how often a class occurs).
        beta: How many times recall counts as much as precision; above 0.
        threshold: Above it a prediction is positive; by default the largest of a row is.
        name: Name in logs.
        dtype: Type of the state.

    Raises:
        ValueError: for other words or numbers.

    Example:
        >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 1], [1, 0]], [[0.2, 0.6], [0.8, 0.6]]).numpy().round(4)
        array([0.5556, 0.8333], dtype=float32)
    """

    larger_is_better = True

    config_names: tuple[str, ...] = ("average", "beta", "threshold")

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if average not in AVERAGES:
            raise ValueError(f"Expected average to be one of {AVERAGES}. Received: average={average!r}")
        if not isinstance(beta, float) or beta <= 0:
            raise ValueError(f"Expected beta to be a float above 0. Received: beta={beta!r}")
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            raise ValueError(f"Expected threshold above 0 and at most 1. Received: threshold={threshold!r}")
        self.average, self.beta, self.threshold = average, beta, threshold

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_true, y_pred = aligned(y_true, y_pred)
        if y_pred.ndim != 2 or y_true.ndim != 2:
            raise ShapeError(
                f"expected targets and predictions of shape (batch, classes), received {y_true.shape}, {y_pred.shape}."
            )
        if self.threshold is None:
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            positive = ops.logical_and(ops.greater_equal(y_pred, largest), ops.greater(ops.absolute(y_pred), 1e-9))
        else:
            positive = ops.greater(y_pred, self.threshold)
        guess = ops.cast(positive, dtype=y_pred.dtype)
        axis = None if self.average == "micro" else 0
        parts = (guess * y_true, guess * (1.0 - y_true), (1.0 - guess) * y_true, y_true)
        return ops.stack([ops.sum(weighted(p, sample_weight), axis=axis) for p in parts], axis=0)

    def answer(self, counters: Any) -> Any:
        precision = ratio(counters[TP], counters[TP] + counters[FP])
        recall = ratio(counters[TP], counters[TP] + counters[FN])
        squared = self.beta**2
        score = ratio((1.0 + squared) * precision * recall, squared * precision + recall)
        if self.average == "weighted":
            occurs = counters[3]
            return ops.sum(score * ratio(occurs, ops.sum(occurs)))
        return ops.mean(score) if self.average is not None else score


@metric()
class F1Score(FBetaScore):
    """Harmonic mean of precision and recall, per class or averaged.

    Args:
        average: See `FBetaScore`.
        threshold: See `FBetaScore`.
        name: Name in logs.
        dtype: Type of the state.

    Example:
        >>> F1Score(threshold=0.5)([[1, 1], [1, 0]], [[0.2, 0.6], [0.8, 0.6]]).numpy().round(4)
        array([0.6667, 0.6667], dtype=float32)
    """

    config_names = ("average", "threshold")

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)


@metric()
class R2Score(Counting):
    """Coefficient of determination: the share of the targets' variance that predictions explain.

    Args:
        class_aggregation: 'uniform_average' (mean over outputs), 'variance_weighted_average', or None (one each).
        num_regressors: Number of independent variables, for the adjusted score; 0 is the plain one.
        name: Name in logs.
        dtype: Type of the state.

    Raises:
        ValueError: for other words or numbers.

    Example:
        >>> round(float(R2Score()([[1], [4], [3]], [[2], [4], [4]])), 4)
        0.5714
    """

    larger_is_better = True

    config_names = ("class_aggregation", "num_regressors")

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(
                f"Expected class_aggregation to be one of {AGGREGATIONS}. "
                f"Received: class_aggregation={class_aggregation!r}"
            )
        if isinstance(num_regressors, bool) or not isinstance(num_regressors, int) or num_regressors < 0:
            raise ValueError(
                "Expected num_regressors to be a whole number, 0 or larger. "
                f"Received: num_regressors={num_regressors!r}"
            )
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_true, y_pred = aligned(y_true, y_pred)
        if y_pred.ndim != 2:
            raise ShapeError(f"expected predictions of shape (batch, outputs), received {y_pred.shape}.")
        weights = weighted(ops.ones_like(y_true), sample_weight)
        parts = (y_true * weights, ops.square(y_true) * weights, ops.square(y_true - y_pred) * weights, weights,
                 ops.ones_like(y_true))  # fmt: skip
        return ops.stack([ops.sum(p, axis=0) for p in parts], axis=0)

    def answer(self, counters: Any) -> Any:
        total, squares, errors, count, samples = (counters[k] for k in range(5))
        spread = squares - total * ratio(total, count)
        scores = 1.0 - errors / spread
        scores = ops.where(ops.isinf(scores), 0.0, scores)  # targets that are all the same
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation is not None:
            scores = ratio(ops.sum(scores * spread), ops.sum(spread))
        if not self.num_regressors:
            return scores
        numbers = ops.sum(samples)
        return 1.0 - (1.0 - scores) * (numbers - 1.0) / (numbers - float(self.num_regressors) - 1.0)
