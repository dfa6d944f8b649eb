"""Initial values of weights; each initializer gives the same values every time it is called with the same shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.utils.absent import missing
from fastnn.utils.naming import did_you_mean, snake_case
from fastnn.utils.registry import deserializer, serializable

Shape = tuple[int, ...]
Array = NDArray[Any]
CUT = "cut at two deviations of what was drawn"
TRUNCATED_SPREAD = 0.87962566103423978  # standard deviation of a unit normal cut at two deviations
BLOCK = 1 << 15  # numbers drawn at once


class Initializer:
    """Base of initializers: a callable of shape and type.

    Example:
        >>> class Twos(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.full(shape, 2.0, dtype or "float32")
        >>> Twos()((2,))
        array([2., 2.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        """An array of that shape and type."""
        raise NotImplementedError

    def describe(self, shape: Shape) -> str:
        """Where the numbers of a weight of that shape come from, with the rule's numbers; "" where there is no rule.

        Example:
            >>> GlorotUniform(seed=0).describe((64, 32))
            'drawn from U(-0.25, 0.25), limit = sqrt(6 / (fan_in + fan_out)) = sqrt(6 / (64 + 32)) = 0.25'
        """
        return ""

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal initializer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer that a configuration describes."""
        return cls(**config)


@serializable("keras.initializers")
class Zeros(Initializer):
    """All zeros.

    Example:
        >>> Zeros()((2,))
        array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        return np.zeros(shape, dtype or config.floatx())

    def describe(self, shape: Shape) -> str:
        return "all zeros"


@serializable("keras.initializers")
class Ones(Initializer):
    """All ones.

    Example:
        >>> Ones()((2,))
        array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        return np.ones(shape, dtype or config.floatx())

    def describe(self, shape: Shape) -> str:
        return "all ones"


@serializable("keras.initializers")
class Constant(Initializer):
    """The same value everywhere, or a whole array of values.

    Args:
        value: A number, or an array of the shape that will be asked for.

    Example:
        >>> Constant(0.5)((2,))
        array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        values = np.asarray(self.value, dtype or config.floatx())
        if values.ndim and values.shape != tuple(shape):
            raise ValueError(f"Expected a constant of shape {tuple(shape)}. Received: one of shape {values.shape}")
        return np.broadcast_to(values, shape).copy()

    def describe(self, shape: Shape) -> str:
        return "given numbers" if np.ndim(self.value) else f"all {float(self.value):g}"

    def get_config(self) -> dict[str, Any]:
        return {"value": np.asarray(self.value).tolist()}


class Random(Initializer):
    """Base of random initializers: keeps a seed, drawn when none is given.

    Args:
        seed: A whole number; None draws one, repeatably after `set_random_seed`.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed, self._drawn = seed, config.next_seed() if seed is None else config.checked_seed(seed)

    @property
    def generator(self) -> np.random.Generator:
        """A fresh generator of the seed."""
        return np.random.default_rng(self._drawn)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


def filled(shape: Shape, dtype: Any, draw: Callable[[int], Array]) -> Array:
    """An array of numbers drawn in float64, a block that the cache holds after the other.

    Args:
        shape: Its shape.
        dtype: Its type; that of `config.floatx` for None.
        draw: Draws that many numbers.
    """
    found = np.empty(shape, dtype or config.floatx())
    flat = found.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        block = flat[start : start + BLOCK]
        block[:] = draw(block.size)
    return found


def truncated(generator: np.random.Generator, count: int) -> Array:
    """Unit normal numbers, drawn again where they are beyond two deviations."""
    values = generator.standard_normal(count)
    while (beyond := np.abs(values) > 2).any():
        values = np.where(beyond, generator.standard_normal(count), values)
    return values


@serializable("keras.initializers")
class RandomNormal(Random):
    """Normal numbers.

    Args:
        mean: Their mean.
        stddev: Their standard deviation.
        seed: See `Random`.

    Example:
        >>> RandomNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        generator = self.generator
        return filled(shape, dtype, lambda count: self.mean + self.stddev * self.units(generator, count))

    def units(self, generator: np.random.Generator, count: int) -> Array:
        """Numbers of mean 0 and deviation 1."""
        return generator.standard_normal(count)

    def describe(self, shape: Shape) -> str:
        return f"drawn from N({self.mean:g}, {self.stddev:g}²)"

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


@serializable("keras.initializers")
class TruncatedNormal(RandomNormal):
    """Normal numbers, those beyond two standard deviations drawn again.

    Args:
        mean: Mean before truncation.
        stddev: Standard deviation before truncation.
        seed: See `Random`.

    Example:
        >>> bool(abs(TruncatedNormal(stddev=1.0, seed=1)((1000,))).max() <= 2)
        True
    """

    def units(self, generator: np.random.Generator, count: int) -> Array:
        return truncated(generator, count)

    def describe(self, shape: Shape) -> str:
        return f"{super().describe(shape)}, {CUT}"


@serializable("keras.initializers")
class RandomUniform(Random):
    """Numbers spread evenly over an interval.

    Args:
        minval: Lower end.
        maxval: Upper end, not reached.
        seed: See `Random`.

    Example:
        >>> bool(abs(RandomUniform(seed=1)((100,))).max() <= 0.05)
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        generator = self.generator
        return filled(shape, dtype, lambda count: generator.uniform(self.minval, self.maxval, count))

    def describe(self, shape: Shape) -> str:
        return f"drawn from U({self.minval:g}, {self.maxval:g})"

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


def fans(shape: Shape) -> tuple[float, float]:
    """How many inputs and outputs a weight connects.

    Example:
        >>> fans((784, 10)), fans((3, 3, 16, 32))
        ((784, 10), (144, 288))
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


@serializable("keras.initializers")
class VarianceScaling(Random):
    """Random numbers whose variance is `scale` over the number of connections.

    Args:
        scale: Positive factor.
        mode: 'fan_in', 'fan_out' or 'fan_avg'.
        distribution: 'truncated_normal', 'untruncated_normal' or 'uniform'.
        seed: See `Random`.

    Raises:
        ValueError: for another scale, mode or distribution.

    Example:
        >>> w = VarianceScaling(2.0, seed=0)((1000, 50))
        >>> bool(abs(w.var() * 1000 / 2.0 - 1) < 0.05)
        True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        if scale <= 0:
            raise ValueError(f"Expected scale to be positive. Received: scale={scale}")
        if mode not in {"fan_in", "fan_out", "fan_avg"}:
            raise ValueError(f"Expected mode to be 'fan_in', 'fan_out' or 'fan_avg'. Received: mode={mode!r}")
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in {"uniform", "truncated_normal", "untruncated_normal"}:
            raise ValueError(
                "Expected distribution to be 'truncated_normal', 'untruncated_normal' or 'uniform'. "
                f"Received: distribution={distribution!r}"
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        fan_in, fan_out = fans(tuple(shape))
        connections = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, connections)
        generator = self.generator
        return filled(shape, dtype, lambda count: self.draw(generator, count, variance))

    def draw(self, generator: np.random.Generator, count: int, variance: float) -> Array:
        """Numbers of that variance."""
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return generator.uniform(-limit, limit, count)
        if self.distribution == "untruncated_normal":
            return math.sqrt(variance) * generator.standard_normal(count)
        return math.sqrt(variance) / TRUNCATED_SPREAD * truncated(generator, count)

    def describe(self, shape: Shape) -> str:
        fan_in, fan_out = fans(tuple(shape))
        words, numbers, share = {
            "fan_in": ("fan_in", f"{fan_in}", 1),
            "fan_out": ("fan_out", f"{fan_out}", 1),
            "fan_avg": ("(fan_in + fan_out)", f"({fan_in} + {fan_out})", 2),
        }[self.mode]
        connections = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": fan_in + fan_out}[self.mode]
        above = self.scale * share * (3 if self.distribution == "uniform" else 1)
        width = math.sqrt(above / max(connections, share))
        rule = f"sqrt({above:g} / {words}) = sqrt({above:g} / {numbers}) = {width:.4g}"
        if self.distribution == "uniform":
            return f"drawn from U(-{width:.4g}, {width:.4g}), limit = {rule}"
        cut = f", {CUT}" if self.distribution == "truncated_normal" else ""
        return f"drawn from N(0, {width:.4g}²){cut}, deviation = {rule}"

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, **super().get_config()}


class Named(VarianceScaling):
    """Base of the scalings that have a name; their only argument is the seed."""

    rule: tuple[float, str, str] = (1.0, "fan_avg", "uniform")

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.rule, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        return cls(config.get("seed"))


@serializable("keras.initializers")
class GlorotUniform(Named):
    """Uniform within sqrt(6 / (fan_in + fan_out)); Glorot and Bengio, 2010.

    Args:
        seed: See `Random`.

    Example:
        >>> bool(abs(GlorotUniform(seed=0)((3, 3))).max() <= 1)
        True
    """

    rule = (1.0, "fan_avg", "uniform")


@serializable("keras.initializers")
class GlorotNormal(Named):
    """Truncated normal of variance 2 / (fan_in + fan_out); Glorot and Bengio, 2010.

    Args:
        seed: See `Random`.
    """

    rule = (1.0, "fan_avg", "truncated_normal")


@serializable("keras.initializers")
class HeUniform(Named):
    """Uniform within sqrt(6 / fan_in); He and others, 2015.

    Args:
        seed: See `Random`.
    """

    rule = (2.0, "fan_in", "uniform")


@serializable("keras.initializers")
class HeNormal(Named):
    """Truncated normal of variance 2 / fan_in; He and others, 2015.

    Args:
        seed: See `Random`.
    """

    rule = (2.0, "fan_in", "truncated_normal")


@serializable("keras.initializers")
class LecunUniform(Named):
    """Uniform within sqrt(3 / fan_in); LeCun and others, 1998.

    Args:
        seed: See `Random`.
    """

    rule = (1.0, "fan_in", "uniform")


@serializable("keras.initializers")
class LecunNormal(Named):
    """Truncated normal of variance 1 / fan_in; LeCun and others, 1998.

    Args:
        seed: See `Random`.
    """

    rule = (1.0, "fan_in", "truncated_normal")


@serializable("keras.initializers")
class Orthogonal(Random):
    """A matrix with orthogonal columns, or rows where there are fewer of them; Saxe and others, 2014.

    Args:
        gain: Factor.
        seed: See `Random`.

    Example:
        >>> w = Orthogonal(seed=0)((4, 3))
        >>> bool(np.allclose(w.T @ w, np.eye(3), atol=1e-6))
        True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        if len(shape) < 2:
            raise ValueError(f"Expected at least two axes. Received: shape={tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(self.generator.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return (self.gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype or config.floatx())

    def describe(self, shape: Shape) -> str:
        return f"a random matrix with orthogonal columns, or rows where there are fewer, times {self.gain:g}"

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


@serializable("keras.initializers")
class Identity(Initializer):
    """The identity matrix times a factor; further columns or rows are zero.

    Args:
        gain: Factor.

    Raises:
        ValueError: when called, for a shape that is not that of a matrix.

    Example:
        >>> Identity(2.0)((2, 3))
        array([[2., 0., 0.],
               [0., 2., 0.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Expected the shape of a matrix. Received: shape={tuple(shape)}")
        return (self.gain * np.eye(*shape)).astype(dtype or config.floatx())

    def describe(self, shape: Shape) -> str:
        return f"the identity matrix times {self.gain:g}"

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal
KNOWN: dict[str, type[Initializer]] = {
    snake_case(cls.__name__): cls
    for cls in (
        Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal, LecunUniform, Ones,
        Orthogonal, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Zeros,
    )
}  # fmt: skip
ALIASES = {
    "zero": "zeros", "one": "ones", "normal": "random_normal", "uniform": "random_uniform",
    "identity_initializer": "identity", "orthogonal_initializer": "orthogonal",
}  # fmt: skip
globals().update(KNOWN)  # each class by its lower-case name, too


deserialize = deserializer("keras.initializers")


def get(identifier: Any) -> Callable[..., Any] | None:
    """An initializer by name, configuration, class or as it is; None stays None.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("zeros")((1,))
        array([0.], dtype=float32)
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        name = snake_case(identifier) if identifier[:1].isupper() else identifier
        name = ALIASES.get(name, name)
        if name in ("stft", "stft_initializer"):
            raise ValueError("The initializer STFT is not available: Fourier transforms are not.")
        if name not in KNOWN:
            raise ValueError(
                f"Expected the name of an initializer. Received: {identifier!r}; {did_you_mean(identifier, KNOWN)}"
            )
        return KNOWN[name]()
    if isinstance(identifier, (np.ndarray, int, float)) and np.isfinite(identifier).all():
        return Constant(identifier)
    if callable(identifier):
        return identifier() if isinstance(identifier, type) else identifier
    raise ValueError(f"Expected an initializer, its name or a function. Received: {identifier!r}")


def serialize(initializer: Any) -> Any:
    """An initializer as JSON.

    Example:
        >>> serialize(Identity(2.0))["config"]
        {'gain': 2.0}
    """
    from fastnn.utils.registry import serialize as serialize_any

    return serialize_any(initializer)


def __getattr__(name: str) -> Any:
    raise missing("initializers", name, [n for n, v in globals().items() if getattr(v, "__module__", None) == __name__])
