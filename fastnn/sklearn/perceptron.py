"""The model of an estimator that is told none: a multilayer perceptron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.layers import Dense, Input
from fastnn.models import Sequential


def perceptron(meta: Mapping[str, Any], hidden: int | Sequence[int], activation: Any) -> Sequential:
    """Dense layers, then as many outputs as the data ask for.

    Args:
        meta: What is known of the data, see `fastnn.sklearn`.
        hidden: Units of every hidden layer; a number is one layer.
        activation: Their activation.

    Example:
        >>> meta = {"input_shape": (4,), "n_outputs": 3, "output_activation": "softmax"}
        >>> perceptron(meta, (5,), "relu").count_params()
        43
    """
    layers = [Dense(units, activation) for units in ([hidden] if isinstance(hidden, int) else hidden)]
    head = Dense(meta["n_outputs"], meta["output_activation"])
    return Sequential([Input(meta["input_shape"]), *layers, head])
