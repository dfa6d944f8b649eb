"""`tf.random`."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastnn as keras
from fastnn.compat.tensorflow.numbers import extents
from fastnn.compat.tensorflow.renaming import renamed


def set_seed(seed: int | None = None) -> None:
    """Make random numbers the same every time."""
    keras.utils.set_random_seed(0 if seed is None else seed)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Numbers of a normal distribution."""
    return keras.random.normal(extents(shape), mean, stddev, dtype, seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Numbers of a normal distribution, none further than two standard deviations from the mean."""
    return keras.random.truncated_normal(extents(shape), mean, stddev, dtype, seed)


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Numbers spread evenly, whole ones if the type is.

    Raises:
        ValueError: for whole numbers without an upper bound.
    """
    if "int" not in np.dtype(dtype).name:
        return keras.random.uniform(extents(shape), minval, 1.0 if maxval is None else maxval, dtype, seed)
    if maxval is None:
        raise ValueError("Expected maxval for random whole numbers. Received: maxval=None")
    return keras.random.randint(extents(shape), int(minval), int(maxval), dtype, seed)


RANDOM = {
    "set_seed": set_seed, "normal": normal, "truncated_normal": truncated_normal, "uniform": uniform,
    "shuffle": renamed(keras.random.shuffle, "value seed"),
    "categorical": renamed(keras.random.categorical, "logits num_samples dtype seed", dtype="int64"),
}  # fmt: skip
