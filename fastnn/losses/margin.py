"""Losses that ask for a margin between right and wrong, and Rosenblatt's criterion."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.losses.base import FUNCTIONS, aligned, argument_of, loss


def signs(y_true: Any) -> Any:
    """Targets -1 and 1; those that are 0 and 1 only are turned into them."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


@loss("Hinge")
def hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean of max(1 - y_true y_pred, 0) along the last axis, for targets -1 and 1 (or 0 and 1).

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> hinge([[-1.0, 1.0]], [[0.5, 3.0]]).numpy()
        array([0.75], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(ops.relu(1.0 - signs(y_true) * y_pred), axis=-1)


@loss("SquaredHinge")
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean of max(1 - y_true y_pred, 0) squared along the last axis, for targets -1 and 1 (or 0 and 1).

    Args:
        y_true: Targets, shape (batch, …, n).
        y_pred: Predictions of the same shape.

    Example:
        >>> squared_hinge([[-1.0, 1.0]], [[0.5, 3.0]]).numpy()
        array([1.125], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(ops.square(ops.relu(1.0 - signs(y_true) * y_pred)), axis=-1)


@loss("CategoricalHinge")
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """How much the true class's prediction falls short of the largest other one plus 1.

    Args:
        y_true: One-hot targets, shape (batch, …, classes).
        y_pred: Predictions of the same shape.

    Example:
        >>> categorical_hinge([[0.0, 1.0]], [[0.5, 0.75]]).numpy()
        array([0.75], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    right, wrong = ops.sum(y_true * y_pred, axis=-1), ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.relu(wrong - right + 1.0)


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


FUNCTIONS["perceptron"] = perceptron
