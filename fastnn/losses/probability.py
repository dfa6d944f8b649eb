"""Losses for probabilities: cross-entropies and their relatives.

Where predictions come from a softmax or sigmoid of the same model, cross-entropies are computed from its argument.
"""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.losses.base import (
    EPSILON,
    aligned,
    argument_of,
    as_labels,
    as_prediction,
    checked_axis,
    classes_last,
    counting,
    loss,
    smooth,
)
from fastnn.ops import loss as records


@loss("BinaryCrossentropy", "bce", "BCE")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Mean of -(y_true log(y_pred) + (1 - y_true) log(1 - y_pred)) along an axis.

    Args:
        y_true: Targets from 0 to 1, shape (batch, …, n).
        y_pred: Probabilities (or logits) of the same shape.
        from_logits: Whether the predictions are logits, before sigmoid.
        label_smoothing: Share of every target that moves to 1/2.
        axis: The axis.

    Example:
        >>> binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 0.5)
    logits = y_pred if from_logits else argument_of(y_pred, "sigmoid")
    y_true = classes_last(y_true, axis)
    if logits is not None:
        return ops.sigmoid_cross_entropy(y_true, classes_last(logits, axis))
    return records.binary_crossentropy(y_true, classes_last(y_pred, axis))


@loss("CategoricalCrossentropy")
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Minus the sum of y_true log(y_pred) along an axis.

    Args:
        y_true: One-hot targets, shape (batch, …, classes).
        y_pred: Probabilities (or logits) of the same shape.
        from_logits: Whether the predictions are logits, before softmax.
        label_smoothing: Share of every target that is spread evenly over the classes.
        axis: Along which the classes lie.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    checked_axis(axis, y_pred.ndim)
    y_true = classes_last(smooth(y_true, label_smoothing, 1.0 / y_pred.shape[-1]), axis)
    logits = y_pred if from_logits else argument_of(y_pred, "softmax")
    if logits is not None:
        return ops.softmax_cross_entropy(y_true, classes_last(logits, axis))
    return records.categorical_crossentropy(y_true, classes_last(y_pred, axis))


@loss("SparseCategoricalCrossentropy", labels=True)
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """Minus the logarithm of the probability of the true class.

    Args:
        y_true: Class numbers, shape (batch, …).
        y_pred: Probabilities (or logits), shape (batch, …, classes).
        from_logits: Whether the predictions are logits, before softmax.
        ignore_class: Class number of samples that do not count, such as -1 or 255.
        axis: Along which the classes lie.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_pred = as_prediction(y_pred)
    logits = y_pred if from_logits else argument_of(y_pred, "softmax")
    labels = as_labels(y_true, y_pred)
    counted = None
    if ignore_class is not None:
        counted = ops.not_equal(labels, ignore_class)
        labels = ops.where(counted, labels, ops.zeros_like(labels))
    if logits is not None:
        values = ops.sparse_softmax_cross_entropy(labels, classes_last(logits, axis))
    else:
        values = records.sparse_categorical_crossentropy(labels, classes_last(y_pred, axis))
    if counted is None:
        return values
    return counting(values * ops.cast(counted, dtype=values.dtype), counted)


@loss("BinaryFocalCrossentropy")
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy in which samples that are predicted well count less.

    Args:
        y_true: Targets from 0 to 1, shape (batch, …, n).
        y_pred: Probabilities (or logits) of the same shape.
        apply_class_balancing: Whether to weigh class 1 with alpha and class 0 with 1 - alpha.
        alpha: Weight of class 1.
        gamma: How much less: the factor is (1 - probability of the truth) to this power.
        from_logits: Whether the predictions are logits.
        label_smoothing: Share of every target that moves to 1/2.
        axis: Along which the mean is taken.

    Example:
        >>> binary_focal_crossentropy([[1.0]], [[0.5]]).numpy().round(4)
        array([0.1733], dtype=float32)

    Source: Lin and others, Focal loss for dense object detection, 2017.
    """
    y_true, y_pred = aligned(y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 0.5)
    y_pred = ops.sigmoid(y_pred) if from_logits else y_pred
    kept = ops.clip(y_pred, EPSILON, 1.0 - EPSILON)
    entropy = -(y_true * ops.log(kept) + (1.0 - y_true) * ops.log(1.0 - kept))
    truth = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    values = ops.power(1.0 - truth, gamma) * entropy
    if apply_class_balancing:
        values = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * values
    return ops.mean(values, axis=checked_axis(axis, y_pred.ndim))


@loss("CategoricalFocalCrossentropy")
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Categorical cross-entropy in which samples that are predicted well count less.

    Args:
        y_true: One-hot targets, shape (batch, …, classes).
        y_pred: Probabilities (or logits) of the same shape.
        alpha: Weight of all classes, or one per class.
        gamma: How much less: the factor is (1 - probability) to this power.
        from_logits: Whether the predictions are logits.
        label_smoothing: Share of every target that is spread evenly over the classes.
        axis: Along which the classes lie.

    Example:
        >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.0433], dtype=float32)

    Source: Lin and others, Focal loss for dense object detection, 2017.
    """
    y_true, y_pred = aligned(y_true, y_pred)
    axis = checked_axis(axis, y_pred.ndim)
    y_true = smooth(y_true, label_smoothing, 1.0 / y_pred.shape[-1])
    y_pred = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    share = ops.clip(y_pred / ops.sum(y_pred, axis=axis, keepdims=True), EPSILON, 1.0 - EPSILON)
    weight = ops.power(1.0 - share, gamma) * alpha
    return -ops.sum(weight * (y_true * ops.log(share)), axis=axis)


@loss("KLDivergence", "kld", "KLD", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Sum of y_true log(y_true / y_pred) along the last axis.

    Args:
        y_true: Probabilities, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).numpy().round(4)
        array([0.1438], dtype=float32)

    Source: Kullback and Leibler, On information and sufficiency, 1951.
    """
    y_true, y_pred = (ops.clip(y, EPSILON, 1.0) for y in aligned(y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@loss("Poisson")
def poisson(y_true: Any, y_pred: Any) -> Any:
    """Mean of y_pred - y_true log(y_pred) along the last axis: the predicted rate of counts.

    Args:
        y_true: Counts, shape (batch, …, n).
        y_pred: Rates of the same shape.

    Example:
        >>> poisson([[1.0]], [[2.0]]).numpy().round(4)
        array([1.3069], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + EPSILON), axis=-1)


@loss("CategoricalGeneralizedCrossEntropy", labels=True)
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float = 0.5) -> Any:
    """(1 - p^q) / q for the probability p of the true class: between cross-entropy and absolute error.

    Args:
        y_true: Class numbers, shape (batch, …).
        y_pred: Probabilities, shape (batch, …, classes).
        q: Above 0 and below 1; the larger, the less wrong labels count.

    Raises:
        ValueError: for another q.

    Example:
        >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]]).numpy()
        array([1.], dtype=float32)

    Source: Zhang and Sabuncu, Generalized cross entropy loss, 2018.
    """
    if not isinstance(q, (int, float)) or not 0 < q < 1:
        raise ValueError(f"Expected q to be above 0 and below 1. Received: q={q!r}")
    y_pred = as_prediction(y_pred)
    hot = ops.one_hot(as_labels(y_true, y_pred), y_pred.shape[-1], dtype=y_pred.dtype)
    return (1.0 - ops.power(ops.sum(y_pred * hot, axis=-1), q)) / q
