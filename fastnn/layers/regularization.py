"""Dropout."""

from __future__ import annotations

from typing import Any

from fastnn import config, ops
from fastnn.engine import graph
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable


@serializable("keras.layers")
class Dropout(Layer):
    """In training, sets a share of the numbers to 0 and divides the others by 1 - rate; Srivastava and others, 2014.

    Which ones is a function of the seed, the training step and the place, so that a step can be repeated.

    Args:
        rate: Share that is dropped, from 0 to 1.
        noise_shape: Not available: None.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.

    Raises:
        ValueError: if the rate is not from 0 to 1.

    Example:
        >>> Dropout(0.5)([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    supports_masking = True
    config_names = ("rate", "seed", "noise_shape")

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError(f"Expected rate to be a number from 0 to 1. Received: rate={rate!r}")
        if noise_shape is not None:
            raise ValueError(f"Expected noise_shape=None. Received: noise_shape={noise_shape!r}")
        self.rate, self.noise_shape = rate, noise_shape
        self.seed = config.next_seed() % 2**31 if seed is None else int(seed)  # files of Keras hold 31 bits
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return x
        return ops.dropout(x, graph.training_step(), rate=float(self.rate), seed=self.seed)
