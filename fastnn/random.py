"""Random tensors by Keras' names; every number is a function of (seed, how many draws before, element).

Inside a model the second of these is the training step: a traced call draws anew in every step, and stepping back
shows the same numbers again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from fastnn import config, ops
from fastnn.engine.graph import current_trace, training_step
from fastnn.ops.conversion import as_type, floating
from fastnn.ops.creation import dimensions
from fastnn.ops.random import LARGEST_SEED
from fastnn.utils.absent import missing

Shape = int | Sequence[int]


class SeedGenerator:
    """A source of different random numbers for every draw.

    Args:
        seed: A whole number; drawn from the seed of the process if left out.
        name: Name for people.

    Raises:
        ValueError: if the seed is not a whole number, or negative.

    Example:
        >>> generator = SeedGenerator(1337)
        >>> a, b = (float(uniform((), seed=generator)) for _ in range(2))
        >>> a != b, a == float(uniform((), seed=SeedGenerator(1337)))
        (True, True)
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"Expected seed and name. Received: {sorted(kwargs)}")
        self._initial_seed = seed
        self.seed = (config.next_seed() if seed is None else config.checked_seed(seed)) % LARGEST_SEED
        self.name = name or "seed_generator"
        self.count = 0
        self._in_trace: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def next(self) -> tuple[int, Any]:
        """Seed and step of the next draw; inside a trace every call has a seed of its own and the training step."""
        trace = current_trace()
        if trace is None:
            self.count += 1
            return self.seed, np.asarray(self.count - 1, np.int64)
        draw = self._in_trace.get(trace, 0)
        self._in_trace[trace] = draw + 1
        return (self.seed + draw * 0x9E3779B97F4A7) % LARGEST_SEED, training_step()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal generator."""
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, settings: dict[str, Any]) -> SeedGenerator:
        """The generator of a configuration."""
        return cls(**settings)


_default: WeakKeyDictionary[config.Seeding, SeedGenerator] = WeakKeyDictionary()  # begins anew when a seed is set


def source(seed: int | SeedGenerator | None) -> tuple[int, Any]:
    """Seed and step of a draw: a plain seed always gives the same numbers."""
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is not None:
        return config.checked_seed(seed) % LARGEST_SEED, np.zeros((), np.int64)
    seeding = config.seeding()
    if seeding not in _default:
        _default[seeding] = SeedGenerator(seeding.seed)
    return _default[seeding].next()


def drawn(record: Any, shape: Shape, seed: Any, dtype: Any) -> Any:
    """Numbers of a random operation, in a floating type."""
    key, step = source(seed)
    numbers = record(step, shape=dimensions(shape), seed=key)
    return as_type(numbers, dtype or config.floatx())


def moved(x: Any, factor: float, offset: float) -> Any:
    """X times a factor plus an offset; no step where they change nothing."""
    x = x if factor == 1 else x * factor
    return x if offset == 0 else x + offset


def uniform(
    shape: Shape,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Numbers spread evenly from `minval` up to, not including, `maxval`.

    Args:
        shape: Length along every axis.
        minval: Least number.
        maxval: Upper bound.
        dtype: Floating type; the default one if left out.
        seed: A whole number gives the same numbers every time, a SeedGenerator or None others.
    """
    return moved(drawn(ops.random_uniform, shape, seed, dtype), maxval - minval, minval)


def normal(
    shape: Shape,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Numbers of a normal distribution.

    Args:
        shape: Length along every axis.
        mean: Their mean.
        stddev: Their standard deviation.
        dtype: Floating type; the default one if left out.
        seed: A whole number gives the same numbers every time, a SeedGenerator or None others.

    Example:
        >>> normal((2, 3), seed=0).shape
        (2, 3)
    """
    return moved(drawn(ops.random_normal, shape, seed, dtype), stddev, mean)


def truncated_normal(
    shape: Shape,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Numbers of a normal distribution without those more than two standard deviations from the mean."""
    edge = math.erf(2 / math.sqrt(2))
    share = moved(drawn(ops.random_uniform, shape, seed, dtype), 2 * edge, -edge)
    return moved(ops.erfinv(share), stddev * math.sqrt(2), mean)


def randint(
    shape: Shape, minval: int, maxval: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None
) -> Any:
    """Whole numbers from `minval` up to, not including, `maxval`.

    Raises:
        ValueError: if maxval is not larger than minval.
    """
    if not maxval > minval:
        raise ValueError(f"Expected maxval to be larger than minval. Received: minval={minval}, maxval={maxval}")
    numbers = as_type(ops.floor(uniform(shape, 0.0, float(maxval - minval), None, seed)), dtype)
    return numbers + int(minval) if minval else numbers


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None) -> Any:
    """Class numbers drawn with the probabilities that softmax gives.

    Args:
        logits: Unnormalised log-probabilities, shape (rows, classes).
        num_samples: How many for every row.
        dtype: Integer type of the result.
        seed: A whole number gives the same numbers every time, a SeedGenerator or None others.

    Returns:
        A tensor of shape (rows, num_samples).
    """
    logits = floating(logits)
    if len(logits.shape) != 2:
        raise ValueError(f"Expected logits of shape (rows, classes). Received: shape {logits.shape}")
    rows, classes = logits.shape
    noise = uniform((rows, num_samples, classes), 2**-25, 1 + 2**-25, logits.dtype, seed)
    gumbel = -ops.log(-ops.log(noise * (1 - 2**-24)))
    return as_type(ops.argmax(ops.expand_dims(logits, axis=1) + gumbel, axis=-1), dtype)


def shuffle(x: Any, axis: int = 0, seed: int | SeedGenerator | None = None) -> Any:
    """The parts of x along an axis in random order."""
    x = ops.convert_to_tensor(x)
    order = ops.argsort(uniform((x.shape[axis],), seed=seed))
    return ops.take(x, order, axis=axis)


def dropout(
    inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | SeedGenerator | None = None
) -> Any:
    """Cells set to 0 at random, the others scaled so that the mean stays.

    Args:
        inputs: Tensor of any shape.
        rate: Share of the cells that become 0.
        noise_shape: Shape of the random choice, which is broadcast; the inputs' shape by default.
        seed: A whole number gives the same choice every time, a SeedGenerator or None others.
    """
    inputs = floating(inputs)
    key, step = source(seed)
    if noise_shape is None or tuple(noise_shape) == tuple(inputs.shape):
        return ops.dropout(inputs, step, rate=rate, seed=key)
    shape = tuple(size if n is None else n for n, size in zip(noise_shape, inputs.shape, strict=True))
    return inputs * ops.dropout(ops.ones(shape, inputs.dtype), step, rate=rate, seed=key)


def __getattr__(name: str) -> Any:
    raise missing("random", name, [n for n, v in globals().items() if getattr(v, "__module__", None) == __name__])
