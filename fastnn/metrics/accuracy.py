"""How often predictions are right."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.losses.base import aligned, as_labels, as_prediction
from fastnn.metrics.base import FUNCTIONS, mean_of


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether predictions equal targets, number by number.

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape.

    Example:
        >>> accuracy([1.0, 2.0], [1.0, 3.0]).numpy()
        array([1., 0.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.cast(ops.equal(y_true, y_pred), dtype=y_pred.dtype)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """How often predictions are on the targets' side of a threshold, along the last axis.

    Args:
        y_true: Targets 0 or 1, shape (batch, …, n).
        y_pred: Predictions of the same shape.
        threshold: Above it a prediction counts as 1.

    Example:
        >>> binary_accuracy([[1.0, 0.0]], [[0.8, 0.7]]).numpy()
        array([0.5], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.binary_accuracy(y_true, y_pred, threshold=float(threshold))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the largest prediction is at the place of the largest target.

    Args:
        y_true: One-hot targets, shape (batch, …, classes).
        y_pred: Predictions of the same shape.

    Example:
        >>> categorical_accuracy([[0.0, 1.0]], [[0.4, 0.6]]).numpy()
        array([1.], dtype=float32)
    """
    return ops.categorical_accuracy(*aligned(y_true, y_pred))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the largest prediction is that of the true class.

    Args:
        y_true: Class numbers, shape (batch, …).
        y_pred: Predictions, shape (batch, …, classes).

    Example:
        >>> sparse_categorical_accuracy([1], [[0.4, 0.6]]).numpy()
        array([1.], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    return ops.sparse_categorical_accuracy(as_labels(y_true, y_pred), y_pred)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Whether the true class is among the k likeliest ones.

    Args:
        y_true: One-hot targets, shape (batch, …, classes).
        y_pred: Predictions of the same shape.
        k: How many count.

    Example:
        >>> top_k_categorical_accuracy([[0.0, 1.0, 0.0]], [[0.5, 0.4, 0.1]], k=2).numpy()
        array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """Whether the true class is among the k likeliest ones.

    Args:
        y_true: Class numbers, shape (batch, …).
        y_pred: Predictions, shape (batch, …, classes); or class numbers, the likeliest first.
        k: How many count.
        from_sorted_ids: Whether the predictions are class numbers.

    Raises:
        ValueError: if k is no positive whole number.

    Example:
        >>> sparse_top_k_categorical_accuracy([1], [[0.5, 0.4, 0.1]], k=2).numpy()
        array([1.], dtype=float32)
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ValueError(f"Expected k to be a positive whole number. Received: k={k!r}")
    y_pred = as_prediction(y_pred)
    labels = as_labels(y_true, y_pred)
    if from_sorted_ids:
        among = ops.equal(ops.cast(y_pred[..., :k], dtype="int32"), ops.expand_dims(ops.cast(labels, "int32"), -1))
        return ops.max(ops.cast(among, dtype=y_pred.dtype), axis=-1)
    hot = ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
    own = ops.sum(hot * y_pred, axis=-1, keepdims=True)
    better = ops.sum(ops.cast(ops.greater(y_pred, own), dtype=y_pred.dtype), axis=-1)
    return ops.cast(ops.less(better, float(k)), dtype=y_pred.dtype)


for _function in (sparse_categorical_accuracy, sparse_top_k_categorical_accuracy):
    _function.takes_labels = True  # type: ignore[attr-defined]
for _function, _class in (
    (accuracy, "Accuracy"),
    (binary_accuracy, "BinaryAccuracy"),
    (categorical_accuracy, "CategoricalAccuracy"),
    (sparse_categorical_accuracy, "SparseCategoricalAccuracy"),
    (top_k_categorical_accuracy, "TopKCategoricalAccuracy"),
    (sparse_top_k_categorical_accuracy, "SparseTopKCategoricalAccuracy"),
):
    FUNCTIONS[_function.__name__] = _function
    mean_of(_function, _class)
