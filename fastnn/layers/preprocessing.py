"""Layers that prepare numbers: scaling, standardising, classes as rows, bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn import config, ops
from fastnn.layers.arguments import one_of, only, whole
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable
from fastnn.utils.statistics import batches_of, bin_boundaries, mean_and_variance

ENCODINGS = ("one_hot", "multi_hot", "count")


@serializable("keras.layers")
class Rescaling(Layer):
    """Inputs times a scale plus an offset.

    Args:
        scale: A number, or one for every channel.
        offset: A number, or one for every channel.

    Example:
        >>> Rescaling(1 / 255)([0.0, 255.0]).numpy()
        array([0., 1.], dtype=float32)
    """

    supports_masking = True
    config_names = ("scale", "offset")

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = numbers("scale", scale), numbers("offset", offset)
        self.built = True

    def call(self, x: Any) -> Any:
        x = ops.cast(x, self.dtype)
        return x * self.as_tensor(self.scale) + self.as_tensor(self.offset)

    def as_tensor(self, value: Any) -> Any:
        """A number or several in the layer's type."""
        return ops.convert_to_tensor(value, self.dtype)


def numbers(name: str, value: Any) -> Any:
    """A number or a list of them; raises ValueError for anything else."""
    value = value.tolist() if hasattr(value, "tolist") else value
    parts = value if isinstance(value, (list, tuple)) else [value]
    if not parts or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in parts):
        raise ValueError(f"Expected {name} to be a number or several. Received: {name}={value!r}")
    return list(value) if isinstance(value, (list, tuple)) else value


@serializable("keras.layers")
class Normalization(Layer):
    """Inputs with mean 0 and variance 1, by statistics of the data that `adapt` saw.

    Args:
        axis: The axis, or axes, with statistics of their own; None for one mean and variance of everything.
        mean: The mean, if it is known; with `variance`.
        variance: The variance, if it is known.
        invert: Whether to go back from standardised numbers.

    Raises:
        ValueError: if only one of mean and variance is given, or the axis does not exist or is open.

    Example:
        >>> layer = Normalization(axis=None)
        >>> layer.adapt([[1.0, 3.0]])
        >>> layer([[1.0, 3.0]]).numpy()
        array([[-1.,  1.]], dtype=float32)
    """

    supports_masking = True
    config_names = ("axis", "invert")

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"Expected both mean and variance, or neither. Received: mean={mean!r}, variance={variance!r}"
            )
        places = () if axis is None else axis if isinstance(axis, (list, tuple)) else (axis,)
        self.axis = tuple(whole("axis", a, least=-(2**31)) for a in places)
        self.input_mean = None if mean is None else nested(mean)
        self.input_variance = None if variance is None else nested(variance)
        self.invert = bool(invert)

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(f"Layer '{self.name}': expected axes of rank {rank}. Received: axis={self.axis}")
        self._places = sorted(a % rank for a in self.axis)
        if len(set(self._places)) < len(self._places) or any(input_shape[a] is None for a in self._places):
            raise ValueError(
                f"Layer '{self.name}': expected different axes of known extent. "
                f"Received: axis={self.axis}, input shape {tuple(input_shape)}"
            )
        self._own = tuple(input_shape[a] for a in self._places)
        self._kept = tuple(input_shape[d] if d in self._places else 1 for d in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(self._own, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(self._own, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take mean and variance from data.

        Args:
            data: An array, or an iterable of batches such as a Dataset.
            batch_size: Accepted for Keras' sake.
            steps: How many batches to look at; all by default.

        Raises:
            ValueError: if mean and variance were given to the constructor, or there is no data.
        """
        if self.input_mean is not None:
            raise ValueError(f"Layer '{self.name}': expected no `adapt` where mean and variance are given.")
        batches = list(batches_of(data, batch_size, steps))
        if not batches:
            raise ValueError(f"Layer '{self.name}': expected data to adapt to. Received: none")
        if not self.built:
            self.build((None, *batches[0].shape[1:]))
        mean, variance, rows = mean_and_variance(batches, self._places)
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)
        self.count.assign(rows)

    def call(self, x: Any) -> Any:
        x = ops.cast(x, self.dtype)
        mean, spread = self.mean, ops.maximum(ops.sqrt(self.variance), config.epsilon())
        return mean + x * spread if self.invert else (x - mean) / spread

    @property
    def mean(self) -> Any:
        """The mean, in a shape that broadcasts with inputs; None before that is known."""
        return self._beside_inputs(0)

    @property
    def variance(self) -> Any:
        """The variance, in a shape that broadcasts with inputs; None before that is known."""
        return self._beside_inputs(1)

    def _beside_inputs(self, which: int) -> Any:
        if not self.built:
            return None
        pair = (self.adapt_mean, self.adapt_variance) if self.input_mean is None else self.given()
        return ops.reshape(pair[which], shape=self._kept)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again; the mean and variance that were given, not those learnt."""
        return {**super().get_config(), "mean": self.input_mean, "variance": self.input_variance}

    def given(self) -> tuple[Any, Any]:
        """Mean and variance of the constructor, one number per position."""
        mean, variance = (ops.convert_to_tensor(v, self.dtype) for v in (self.input_mean, self.input_variance))
        size = math.prod(self._own)
        flat = [ops.reshape(v, shape=(-1,)) if v.shape else v for v in (mean, variance)]
        mean, variance = (ops.broadcast_to(v, shape=(size,)) if v.shape in ((), (1,)) else v for v in flat)
        return mean, variance


def nested(values: Any) -> Any:
    """Numbers as Python has them, nested as they were."""
    values = values.tolist() if hasattr(values, "tolist") else values
    return [nested(v) for v in values] if isinstance(values, (list, tuple)) else numbers("mean and variance", values)


def encoded(x: Any, depth: int, mode: str, weights: Any = None) -> Any:
    """Class numbers as rows: one row for each, or one for all along the last axis."""
    x = ops.convert_to_tensor(x)
    x = ops.reshape(x, shape=(1,)) if not x.shape else x
    if mode == "one_hot":
        x = ops.squeeze(x, axis=-1) if len(x.shape) > 1 and x.shape[-1] == 1 else x
        return ops.one_hot(x, depth)
    hot = ops.one_hot(x, depth)
    if mode == "multi_hot":
        return ops.max(hot, axis=-2)
    hot = hot if weights is None else hot * ops.expand_dims(ops.cast(weights, hot.dtype), axis=-1)
    return ops.sum(hot, axis=-2)


@serializable("keras.layers")
class CategoryEncoding(Layer):
    """Class numbers as rows of zeros and ones, or of counts.

    Args:
        num_tokens: How many classes; numbers must be from 0 to num_tokens - 1.
        output_mode: 'one_hot' (a row for each number), 'multi_hot' (a 1 for each that occurs along the last axis) or
            'count' (how often each occurs there).
        sparse: Not available: False.

    Raises:
        ValueError: for other modes, and for numbers out of range where the data is known.

    Example:
        >>> CategoryEncoding(3)([[0, 2], [1, 1]]).numpy()
        array([[1., 0., 1.],
               [0., 1., 0.]], dtype=float32)
    """

    config_names = ("num_tokens", "output_mode", "sparse")

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.output_mode = one_of("output_mode", output_mode, ENCODINGS)
        if num_tokens is None:
            raise ValueError("Expected num_tokens, a whole number, 1 or larger. Received: num_tokens=None")
        self.num_tokens = whole("num_tokens", num_tokens)
        only("sparse", sparse, False)
        self.sparse = False
        self.built = True

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f"Layer '{self.name}': expected count_weights only with output_mode='count'. "
                f"Received: output_mode={self.output_mode!r}"
            )
        if not ops.control.is_symbolic(inputs):
            values = ops.convert_to_numpy(inputs)
            if values.size and (values.min() < 0 or values.max() >= self.num_tokens):
                raise ValueError(
                    f"Layer '{self.name}': expected numbers from 0 to {self.num_tokens - 1}. "
                    f"Received: {values.min()} to {values.max()}"
                )
        return encoded(ops.cast(inputs, "int32"), self.num_tokens, self.output_mode, count_weights)


@serializable("keras.layers")
class Discretization(Layer):
    """Numbers as the number of the bin that they lie in.

    Args:
        bin_boundaries: Where bins end, rising; there is one bin more than boundaries.
        num_bins: How many bins `adapt` should make, if no boundaries are given.
        epsilon: How exact `adapt` is: a small share, near 0.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        sparse: Not available: False.

    Raises:
        ValueError: unless exactly one of bin_boundaries and num_bins is given; for boundaries that do not rise.

    Example:
        >>> Discretization([0.0, 1.0])([-1.5, 0.5, 3.0]).numpy()
        array([0, 1, 2], dtype=int32)
    """

    config_names = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse")

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                "Expected either bin_boundaries or num_bins. "
                f"Received: bin_boundaries={bin_boundaries!r}, num_bins={num_bins!r}"
            )
        self.bin_boundaries = None if bin_boundaries is None else [float(b) for b in bin_boundaries]
        if self.bin_boundaries is not None and self.bin_boundaries != sorted(self.bin_boundaries):
            raise ValueError(f"Expected bin_boundaries that rise. Received: bin_boundaries={bin_boundaries!r}")
        self.num_bins = None if num_bins is None else whole("num_bins", num_bins)
        if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or not 0 < epsilon < 1:
            raise ValueError(f"Expected epsilon to be a number between 0 and 1. Received: epsilon={epsilon!r}")
        self.epsilon = epsilon
        self.output_mode = one_of("output_mode", output_mode, ("int", *ENCODINGS))
        only("sparse", sparse, False)
        self.sparse = False
        self.built = True

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Choose boundaries so that the bins hold about equally many numbers of the data.

        Raises:
            ValueError: if boundaries were given, or there is no data.
        """
        if self.num_bins is None:
            raise ValueError(f"Layer '{self.name}': expected no `adapt` where bin_boundaries are given.")
        self.bin_boundaries = bin_boundaries(batches_of(data, None, steps), self.num_bins, self.epsilon)

    def call(self, x: Any) -> Any:
        if self.bin_boundaries is None:
            raise ValueError(f"Layer '{self.name}': expected a call of `adapt` before the layer is used.")
        row = ops.convert_to_tensor(self.bin_boundaries, self.dtype)
        bins = ops.searchsorted(row, ops.cast(x, self.dtype), side="right")
        return bins if self.output_mode == "int" else encoded(bins, len(self.bin_boundaries) + 1, self.output_mode)
