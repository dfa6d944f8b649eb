"""The model of an estimator that is told none: a multilayer perceptron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from fastnn.layers import Dense, Input
from fastnn.models import Sequential


def perceptron(meta: Mapping[str, Any], hidden: int | Sequence[int], activation: Any) -> Sequential:
    """Dense layers, then as many outputs as the data ask for.

    Args:
        meta: What is known of the data, see `fastnn.sklearn`.
        hidden: Units of every hidden layer; a number is one layer.
        activation: Their activation.

    Raises:
        ValueError: for hidden that are no whole numbers of 1 or more.

    Example:
        >>> meta = {"input_shape": (4,), "n_outputs": 3, "output_activation": "softmax"}
        >>> perceptron(meta, (5,), "relu").count_params()
        43
    """
    layers = [Dense(units, activation) for units in sizes(hidden)]
    head = Dense(meta["n_outputs"], meta["output_activation"])
    return Sequential([Input(meta["input_shape"]), *layers, head])


def sizes(hidden: Any) -> list[int]:
    """Units of every layer; of text, no digits are taken."""
    units = hidden.tolist() if isinstance(hidden, np.ndarray) else hidden
    units = [units] if isinstance(units, Integral) else units
    if not isinstance(units, Sequence) or isinstance(units, (str, bytes)) or not all(map(is_size, units)):
        raise ValueError(
            f"Expected hidden as a whole number of 1 or more, or a sequence of them. Received: hidden={hidden!r}"
        )
    return [int(number) for number in units]


def is_size(number: Any) -> bool:
    """Whether it is a whole number of 1 or more, of any integer type."""
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) > 0
