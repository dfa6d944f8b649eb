"""The learning rate of optimizers: a number, a schedule in the step list, or a function of Python's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import config, ops
from fastnn.compat.spellings import Renamed
from fastnn.engine.graph import Trace
from fastnn.engine.tensor import Tensor, Variable
from fastnn.errors import ValueNeededError
from fastnn.optimizers.schedules import InverseTimeDecay, LearningRateSchedule
from fastnn.optimizers.settings import check_settings, rate
from fastnn.utils.registry import serialize


class Rated:
    """Mixin of optimizers: their learning rate and the count of their steps.

    Args:
        learning_rate: Size of the steps: a number, a schedule, or a function without arguments.
        decay: How quickly a number falls, over 1 + decay * step; the number itself may be changed all the same.
    """

    def __init__(self, learning_rate: Any, decay: float = 0.0) -> None:
        check_settings(decay=decay)
        if decay and is_asked(learning_rate):
            raise ValueError(f"Expected learning_rate to be a number beside decay. Received: {learning_rate!r}")
        self.decay = float(decay)
        self.iterations = state(0, "int64", "iterations")
        self.iterations.counts = True
        self._schedule: Callable[..., Any] | None = None
        self._exact_rate = 0.0 if is_asked(learning_rate) else rate(learning_rate)
        self._learning_rate = state(self._exact_rate, config.floatx(), "learning_rate")
        self._deciding: dict[int, bool] = {}  # schedules known to decide on the step's number in Python, or not to
        self.learning_rate = learning_rate

    lr = Renamed("learning_rate")

    @property
    def learning_rate(self) -> Any:
        """Size of the steps: a variable, or what the schedule or function says now; a number changes it in place."""
        if self._schedule is None:
            return self._learning_rate
        return self._schedule(self.iterations) if isinstance(self._schedule, LearningRateSchedule) else self._schedule()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if is_asked(value):
            self._schedule = value
            return
        if isinstance(self._schedule, LearningRateSchedule):
            raise TypeError(
                f"Expected the learning rate to be left to {type(self._schedule).__name__}. "
                f"Received: learning_rate={value!r}"
            )
        self._exact_rate, self._schedule = rate(value), None
        self._learning_rate.assign(self._exact_rate)

    @property
    def asks_every_step(self) -> bool:
        """Whether Python is asked for the learning rate before every training step, so that each runs for itself."""
        if not isinstance(self._schedule, LearningRateSchedule):
            return self._schedule is not None
        if id(self._schedule) not in self._deciding:
            self._deciding = {id(self._schedule): decides(self._schedule)}
        return self._deciding[id(self._schedule)]

    def rate_at(self, step: int) -> float:
        """The learning rate of a training step, counted from 0, where Python is asked for it."""
        assert self._schedule is not None
        schedule = self._schedule
        return rate(schedule(Tensor(step, "int64")) if isinstance(schedule, LearningRateSchedule) else schedule())

    def _decayed(self, now: Any, trace: Trace) -> Any:
        if not self.decay:
            return now
        return now / (1.0 + self.decay * ops.cast(trace.place(self.iterations), dtype=now.dtype))

    @property
    def rate_config(self) -> Any:
        """The learning rate as `get_config` tells it."""
        if self._schedule is not None:
            return serialize(self._schedule)
        now = float(self._learning_rate)
        return serialize(InverseTimeDecay(now, 1, self.decay)) if self.decay else now

    def prepare(self) -> None:
        """Ask for the learning rate of the next training step, where that is Python's to say."""
        if self.asks_every_step:
            self._learning_rate.value[...] = self.rate_at(int(self.iterations.value))

    def _scheduled(self, trace: Trace) -> Any:
        """The size of the step: a variable, or what the schedule says, in the weights' type."""
        if self._schedule is None or self.asks_every_step:
            return self._decayed(trace.place(self._learning_rate), trace)
        return ops.cast(self._schedule(trace.place(self.iterations)), dtype=self._learning_rate.dtype)


def is_asked(learning_rate: Any) -> bool:
    """Whether a learning rate is a schedule or a function, rather than a number."""
    return callable(learning_rate) and not isinstance(learning_rate, Tensor)


def decides(schedule: LearningRateSchedule) -> bool:
    """Whether a schedule needs to know the step's number, so that no step list can hold it."""
    try:
        with Trace() as trace:
            schedule(trace.place(state(0, "int64", "step")))
    except ValueNeededError:
        return True
    return False


def state(value: Any, dtype: str, name: str) -> Variable:
    """A single number that training may read or change."""
    return Variable(np.asarray(value, dtype), trainable=False, name=name)
