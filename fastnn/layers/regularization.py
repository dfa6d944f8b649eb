"""Noise in training that keeps a network from learning by heart, and penalties on outputs.

All random numbers are a function of the seed, the training step and the place, so that a step can be repeated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn import ops, regularizers
from fastnn.engine import graph
from fastnn.layers.arguments import drawn_seed, layout, number, share, whole
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


class Noise(Layer):
    """What layers with random numbers share: a seed, and a shape along which numbers are the same."""

    supports_masking = True

    def _set_seed(self, seed: int | None) -> None:
        self.seed = drawn_seed(seed)
        self.built = True

    def _noise_shape(self, x: Any, given: Sequence[int | None]) -> tuple[int, ...]:
        """The given shape, with the input's lengths for None."""
        if len(given) != len(x.shape) or any(n not in (None, 1, m) for n, m in zip(given, x.shape, strict=True)):
            raise ValueError(
                f"Layer '{self.name}': expected a noise_shape that broadcasts to the input. "
                f"Received: noise_shape={given}, input of shape {tuple(x.shape)}"
            )
        return tuple(m if n is None else n for n, m in zip(given, x.shape, strict=True))

    def _dropped(self, x: Any, rate: float, shape: tuple[int, ...]) -> Any:
        """X times 0 or 1 / (1 - rate), one number for every cell of `shape`."""
        return x * ops.dropout(ops.ones(shape, dtype=x.dtype), graph.training_step(), rate=rate, seed=self.seed)

    def _normal(self, x: Any) -> Any:
        """Normal numbers, one for every cell of x."""
        drawn = ops.random_normal(graph.training_step(), shape=tuple(x.shape), seed=self.seed)
        return drawn if x.dtype == drawn.dtype else ops.cast(drawn, dtype=x.dtype)


def checked_noise_shape(value: Any) -> tuple[int | None, ...] | None:
    """Lengths from 1, None for the input's; raises ValueError for anything else."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or any(n is not None and not isinstance(n, int) for n in value):
        raise ValueError(
            f"Expected noise_shape to be a tuple of whole numbers and None. Received: noise_shape={value!r}"
        )
    return tuple(None if n is None else whole("noise_shape", n) for n in value)


def share_below_one(name: str, value: Any) -> float:
    """A number from 0 up to, not including, 1; raises ValueError for anything else."""
    if share(name, value) == 1:
        raise ValueError(f"Expected {name} to be a number from 0 to 1, 1 excluded. Received: {name}={value!r}")
    return float(value)


@serializable("keras.layers")
class Dropout(Noise):
    """In training, sets a share of the numbers to 0 and divides the others by 1 - rate; Srivastava and others, 2014.

    Which ones is a function of the seed, the training step and the place, so that a step can be repeated.

    Args:
        rate: Share that is dropped, from 0 to 1.
        noise_shape: Shape of the choice, which is the same along axes of length 1; None stands for the input's length.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.

    Raises:
        ValueError: if the rate is not from 0 to 1, or the noise_shape does not fit.

    Example:
        >>> Dropout(0.5)([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    config_names = ("rate", "seed", "noise_shape")

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape = share("rate", rate), checked_noise_shape(noise_shape)
        self._set_seed(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return x
        if self.noise_shape is None:
            return ops.dropout(x, graph.training_step(), rate=self.rate, seed=self.seed)
        return self._dropped(x, self.rate, self._noise_shape(x, self.noise_shape))


class SpatialDropout(Noise):
    """Dropout of whole channels: what the layers for sequences and images share."""

    channels_first = False
    spatial = 1

    def call(self, x: Any, training: bool = False) -> Any:
        if len(x.shape) != self.spatial + 2:
            raise ValueError(
                f"Layer '{self.name}': expected an input of rank {self.spatial + 2}. Received: shape {tuple(x.shape)}"
            )
        if not training or self.rate == 0:
            return x
        places = (1,) * self.spatial
        shape = (None, None, *places) if self.channels_first else (None, *places, None)
        return self._dropped(x, self.rate, self._noise_shape(x, shape))


@serializable("keras.layers")
class SpatialDropout1D(SpatialDropout):
    """Dropout of whole features of a sequence, in training; Tompson and others, 2015.

    Args:
        rate: Share of the features that is dropped, from 0 to 1.
        seed: A whole number; drawn by default.
        name: Name of the layer.
        dtype: Floating type.

    Raises:
        ValueError: if the rate is not from 0 to 1.

    Example:
        >>> SpatialDropout1D(0.5)([[[1.0, 2.0]]]).numpy()
        array([[[1., 2.]]], dtype=float32)
    """

    config_names = ("rate", "seed")

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.rate = share("rate", rate)
        self._set_seed(seed)


@serializable("keras.layers")
class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of images, in training; Tompson and others, 2015.

    Args:
        rate: Share of the channels that is dropped, from 0 to 1.
        data_format: 'channels_last' (default) or 'channels_first'.
        seed: A whole number; drawn by default.
        name: Name of the layer.
        dtype: Floating type.

    Raises:
        ValueError: if the rate is not from 0 to 1, or for another layout.

    Example:
        >>> SpatialDropout2D(0.5)([[[[1.0, 2.0]]]]).numpy()
        array([[[[1., 2.]]]], dtype=float32)
    """

    config_names = ("rate", "seed", "data_format")
    spatial = 2

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.rate, self.data_format = share("rate", rate), layout(data_format)
        self.channels_first = self.data_format == "channels_first"
        self._set_seed(seed)


@serializable("keras.layers")
class GaussianDropout(Noise):
    """In training, multiplies by normal numbers of mean 1 and variance rate / (1 - rate); Srivastava and others, 2014.

    Args:
        rate: From 0 up to, not including, 1.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: if the rate is not in that range.

    Example:
        >>> GaussianDropout(0.5)([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    config_names = ("rate", "seed")

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = share_below_one("rate", rate)
        self._set_seed(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return x
        return x * (1.0 + self._normal(x) * math.sqrt(self.rate / (1 - self.rate)))


@serializable("keras.layers")
class GaussianNoise(Noise):
    """In training, adds normal numbers.

    Args:
        stddev: Their standard deviation, from 0 to 1.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: if the deviation is not from 0 to 1.

    Example:
        >>> GaussianNoise(0.5)([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    config_names = ("stddev", "seed")

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = share("stddev", stddev)
        self._set_seed(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        return x + self._normal(x) * self.stddev if training and self.stddev > 0 else x


@serializable("keras.layers")
class AlphaDropout(Noise):
    """Dropout for selu networks: keeps mean 0 and variance 1 as they are; Klambauer and others, 2017.

    Args:
        rate: Share that is dropped, from 0 up to, not including, 1.
        noise_shape: Shape of the choice, which is the same along axes of length 1; None stands for the input's length.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: if the rate is not in that range, or the noise_shape does not fit.

    Example:
        >>> AlphaDropout(0.5)([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    config_names = ("rate", "seed", "noise_shape")

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape = share_below_one("rate", rate), checked_noise_shape(noise_shape)
        self._set_seed(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return x
        shape = self._noise_shape(x, self.noise_shape or (None,) * len(x.shape))
        kept = self._kept(x, shape)
        floor = -SELU_ALPHA * SELU_SCALE
        factor = ((1 - self.rate) * (1 + self.rate * floor**2)) ** -0.5
        return factor * (x * kept + floor * (1.0 - kept)) - factor * floor * self.rate

    def _kept(self, x: Any, shape: tuple[int, ...]) -> Any:
        """1 where a number stays, 0 where it is dropped."""
        drawn = ops.random_uniform(graph.training_step(), shape=shape, seed=self.seed)
        return ops.cast(ops.greater_equal(drawn, self.rate), dtype=x.dtype)


@serializable("keras.layers")
class ActivityRegularization(Layer):
    """The input itself, with a penalty on it: l1 sum |x| + l2 sum x^2, per sample.

    Args:
        l1: Factor of the magnitudes, 0 or larger.
        l2: Factor of the squares, 0 or larger.

    Raises:
        ValueError: for a negative factor.

    Example:
        >>> layer = ActivityRegularization(l2=0.5)
        >>> layer([[2.0]]).numpy(), float(layer.losses[0])
        (array([[2.]], dtype=float32), 2.0)
    """

    supports_masking = True
    config_names = ("l1", "l2")

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        self.l1, self.l2 = number("l1", l1, 0), number("l2", l2, 0)
        super().__init__(activity_regularizer=regularizers.L1L2(l1=self.l1, l2=self.l2), **kwargs)
        self.built = True

    def call(self, x: Any) -> Any:
        return x
