"""Learning rates that change with the training step; computed by operations, in the step list itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.tensor import Tensor, as_array
from fastnn.utils.registry import deserializer, serializable
from fastnn.utils.registry import serialize as serialize_any

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
MODULE = "keras.optimizers.schedules"


class LearningRateSchedule:
    """Base of schedules: subclasses write `__call__(step)`, composed of operations.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5 / (ops.cast(step, dtype="float32") + 1.0)
        >>> float(Halving()(1))
        0.25
    """

    config_names: tuple[str, ...] = ()

    def __call__(self, step: Any) -> Any:
        """The learning rate of a training step, counted from 0."""
        raise NotImplementedError(f"Schedule {type(self).__name__} does not have a `__call__()` of its own.")

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal schedule.

        Raises:
            NotImplementedError: for a subclass that does not write its own.
        """
        if not self.config_names:
            raise NotImplementedError(f"Schedule {type(self).__name__} does not have a `get_config()` of its own.")
        return {key: getattr(self, key) for key in self.config_names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule that a configuration describes."""
        return cls(**config)


def number(name: str, value: Any, above: float = -math.inf) -> float:
    """A finite number.

    Raises:
        ValueError: for anything else, or one that is too small.
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or value <= above:
        wanted = "a number" if above == -math.inf else f"a number above {above:g}"
        raise ValueError(f"Expected {name} to be {wanted}. Received: {name}={value!r}")
    return value if isinstance(value, (int, float)) else math.nan


def as_step(step: Any) -> Any:
    """A training step as a floating tensor."""
    if not isinstance(step, (Tensor, SymbolicTensor)):
        step = Tensor(as_array(step))
    return ops.cast(step, dtype="float32")


def share(step: Any, steps: float, staircase: bool = False) -> Any:
    """How many times `steps` have passed."""
    passed = step / float(steps)
    return ops.floor(passed) if staircase else passed


@serializable(MODULE)
class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate times decay_rate to the power of step / decay_steps.

    Args:
        initial_learning_rate: The rate of step 0.
        decay_steps: Steps after which it is multiplied by decay_rate.
        decay_rate: The factor.
        staircase: Whether to change only after whole decay_steps.
        name: Name.

    Example:
        >>> round(float(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)), 6)
        0.025
    """

    config_names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps, self.decay_rate = number("decay_steps", decay_steps, 0), number("decay_rate", decay_rate)
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        passed = share(as_step(step), self.decay_steps, self.staircase)
        return float(self.initial_learning_rate) * ops.power(float(self.decay_rate), passed)


@serializable(MODULE)
class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate over 1 + decay_rate * step / decay_steps.

    Args:
        initial_learning_rate: The rate of step 0.
        decay_steps: Steps that count as one.
        decay_rate: How quickly it falls.
        staircase: Whether to change only after whole decay_steps.
        name: Name.

    Example:
        >>> round(float(InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.5)(2)), 6)
        0.05
    """

    config_names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps, self.decay_rate = number("decay_steps", decay_steps, 0), number("decay_rate", decay_rate)
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        passed = share(as_step(step), self.decay_steps, self.staircase)
        return float(self.initial_learning_rate) / (1.0 + float(self.decay_rate) * passed)


@serializable(MODULE)
class PiecewiseConstantDecay(LearningRateSchedule):
    """One rate up to a step, another up to the next, and so on.

    Args:
        boundaries: Steps up to which each rate but the last is used, rising.
        values: The rates, one more than boundaries.
        name: Name.

    Raises:
        ValueError: if their numbers do not fit, or boundaries do not rise.

    Example:
        >>> rate = PiecewiseConstantDecay([2, 5], [0.1, 0.01, 0.001])
        >>> [round(float(rate(step)), 6) for step in (2, 3, 6)]
        [0.1, 0.01, 0.001]
    """

    config_names = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        for given in ("boundaries", "values"):
            some = {"boundaries": boundaries, "values": values}[given]
            if not isinstance(some, (list, tuple)):
                raise ValueError(f"Expected {given} to be a list of numbers. Received: {given}={some!r}")
            for item in some:
                number(given, item)
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"Expected one value more than boundaries. Received: {len(boundaries)} boundaries, {len(values)} values"
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(f"Expected boundaries that rise. Received: boundaries={list(boundaries)}")
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step: Any) -> Any:
        step = as_step(step)
        rate = ops.zeros_like(step) + float(self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = ops.where(ops.greater(step, float(boundary)), float(value), rate)
        return rate


@serializable(MODULE)
class PolynomialDecay(LearningRateSchedule):
    """From one rate to another along a power of the share of steps that is left.

    Args:
        initial_learning_rate: The rate of step 0.
        decay_steps: Steps until the end is reached.
        end_learning_rate: The rate at the end.
        power: The power; 1 is a straight line.
        cycle: Whether to begin anew, over twice, three times as many steps, when the end is reached.
        name: Name.

    Example:
        >>> round(float(PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.0)(5)), 6)
        0.05
    """

    config_names = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = number("decay_steps", decay_steps, 0)
        self.end_learning_rate, self.power = number("end_learning_rate", end_learning_rate), number("power", power)
        self.cycle, self.name = cycle, name

    def __call__(self, step: Any) -> Any:
        step, steps = as_step(step), float(self.decay_steps)
        if self.cycle:
            passed = step / (steps * ops.maximum(ops.ceil(step / steps), 1.0))
        else:
            passed = ops.minimum(step, steps) / steps
        span = float(self.initial_learning_rate) - float(self.end_learning_rate)
        return span * ops.power(1.0 - passed, float(self.power)) + float(self.end_learning_rate)


@serializable(MODULE)
class CosineDecay(LearningRateSchedule):
    """Down along half a cosine, after a straight warm-up if asked for; Loshchilov and Hutter, 2017.

    Args:
        initial_learning_rate: The rate of step 0.
        decay_steps: Steps of the decay.
        alpha: Share of the rate that is left at the end.
        name: Name.
        warmup_target: The rate at the end of the warm-up; no warm-up by default.
        warmup_steps: Steps of the warm-up.

    Example:
        >>> round(float(CosineDecay(0.1, decay_steps=10)(5)), 6)
        0.05
    """

    config_names = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps, self.alpha = number("decay_steps", decay_steps, 0), number("alpha", alpha)
        self.name, self.warmup_steps = name, number("warmup_steps", warmup_steps)
        self.warmup_target = None if warmup_target is None else number("warmup_target", warmup_target)

    def __call__(self, step: Any) -> Any:
        step, start = as_step(step), float(self.initial_learning_rate)
        if self.warmup_target is None:
            return self.decayed(step, start)
        top, steps = float(self.warmup_target), float(self.warmup_steps)
        rising = start + (top - start) * step / steps if steps else step * 0.0 + top
        return ops.where(ops.less(step, steps), rising, self.decayed(step - steps, top))

    def decayed(self, step: Any, start: float) -> Any:
        """The rate so many steps after the top."""
        passed = ops.minimum(step, float(self.decay_steps)) / float(self.decay_steps)
        return start * half_cosine(passed, self.alpha)


def half_cosine(passed: Any, alpha: float) -> Any:
    """From 1 to alpha along half a cosine."""
    return (1.0 - float(alpha)) * 0.5 * (1.0 + ops.cos(math.pi * passed)) + float(alpha)


@serializable(MODULE)
class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after the other, each longer and lower than the one before; Loshchilov and Hutter, 2017.

    Args:
        initial_learning_rate: The rate of step 0.
        first_decay_steps: Steps of the first one.
        t_mul: How many times longer the next one is.
        m_mul: How many times higher the next one begins.
        alpha: Share of the rate that is left at the end of each.
        name: Name.

    Example:
        >>> round(float(CosineDecayRestarts(0.1, first_decay_steps=10)(15)), 6)
        0.085355
    """

    config_names = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = number("first_decay_steps", first_decay_steps, 0)
        self.t_mul, self.m_mul, self.alpha = number("t_mul", t_mul, 0), number("m_mul", m_mul), number("alpha", alpha)
        self.name = name

    def __call__(self, step: Any) -> Any:
        passed = as_step(step) / float(self.first_decay_steps)
        longer = np.float32(self.t_mul)  # the type that decides, exactly at a restart, on which side of it a step is
        if longer == 1.0:
            restarts = ops.floor(passed)
            passed = passed - restarts
        else:
            restarts = ops.floor(ops.log(1.0 - passed * (1 - longer)) / np.log(longer))
            gone = (1.0 - ops.power(longer, restarts)) / (1 - longer)
            passed = (passed - gone) / ops.power(longer, restarts)
        top = float(self.initial_learning_rate) * ops.power(float(self.m_mul), restarts)
        return top * half_cosine(passed, self.alpha)


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """A schedule as JSON."""
    return serialize_any(learning_rate_schedule)


deserialize = deserializer(MODULE)
