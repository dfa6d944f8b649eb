"""Losses that compare whole regions or sets: overlap of areas, similarity of samples of one class."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.losses.base import EPSILON, aligned, as_prediction, as_tensor, counting, loss


@loss("Dice")
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """One minus twice the overlap of targets and predictions over the sum of their areas.

    Args:
        y_true: Targets from 0 to 1.
        y_pred: Predictions of the same shape.
        axis: Axes that are summed over; all by default.

    Example:
        >>> round(float(dice([[1.0, 0.0]], [[1.0, 1.0]])), 4)
        0.3333

    Source: Milletari and others, V-Net, 2016.
    """
    y_true, y_pred = aligned(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    return 1.0 - 2.0 * both / (ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + EPSILON)


@loss("Tversky")
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """One minus the overlap over itself plus what is missed and what is too much, each with a weight.

    Args:
        y_true: Targets from 0 to 1.
        y_pred: Predictions of the same shape.
        alpha: Weight of what is missed.
        beta: Weight of what is too much.
        axis: Axes that are summed over; all by default.

    Example:
        >>> round(float(tversky([[1.0, 0.0]], [[1.0, 1.0]])), 4)
        0.3333

    Source: Salehi and others, Tversky loss function for image segmentation, 2017.
    """
    y_true, y_pred = aligned(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum((1.0 - y_pred) * y_true, axis=axis)
    extra = ops.sum(y_pred * (1.0 - y_true), axis=axis)
    return 1.0 - both / (both + missed * alpha + extra * beta + EPSILON)


@loss("Circle")
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Any:
    """Pulls vectors of one class together and those of different classes apart, each pair by how far it is off.

    Args:
        y_true: Class numbers, shape (batch,).
        y_pred: Vectors of length one, shape (batch, n).
        ref_labels: Class numbers of the vectors to compare with; y_true by default.
        ref_embeddings: Vectors to compare with; y_pred by default.
        remove_diagonal: Whether a vector is not compared with itself.
        gamma: Factor of the exponents.
        margin: Distance that classes should keep.

    Source: Sun and others, Circle loss, 2020.
    """
    y_pred = as_prediction(y_pred)
    labels = ops.reshape(ops.cast(as_tensor(y_true), dtype="int32"), (-1, 1))
    others = labels if ref_labels is None else ops.reshape(ops.cast(as_tensor(ref_labels), dtype="int32"), (-1, 1))
    vectors = y_pred if ref_embeddings is None else as_prediction(ref_embeddings)
    distance = ops.relu(1.0 - ops.matmul(y_pred, ops.transpose(vectors)))
    same = ops.cast(ops.equal(labels, ops.transpose(others)), dtype=y_pred.dtype)
    different = 1.0 - same
    if remove_diagonal:
        same = same * (1.0 - ops.eye(distance.shape[0], distance.shape[1], dtype=y_pred.dtype))
    near = -gamma * ops.relu((margin + distance) * same) * (margin - distance)
    far = gamma * ops.relu((1.0 + margin - distance) * different) * (1.0 - margin - distance)
    values = ops.softplus(among(near, same) + among(far, different))
    return counting(values, ops.greater(values, 0.0))


def among(values: Any, chosen: Any) -> Any:
    """The logarithm of the sum of exponentials of the chosen values of every row."""
    return ops.logsumexp(ops.where(ops.greater(chosen, 0.0), values, -1e30), axis=1)
