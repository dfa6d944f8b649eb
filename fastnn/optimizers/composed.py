"""Optimizers whose updates are composed of many operations rather than one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.graph import current_trace
from fastnn.engine.tensor import Variable
from fastnn.optimizers.adaptive import Betas
from fastnn.optimizers.base import Optimizer, optimizer
from fastnn.optimizers.settings import check_settings


def places(memory: Sequence[Variable]) -> list[Any]:
    """What an optimizer remembers of a weight, as values of the list being written."""
    trace = current_trace()
    assert trace is not None
    return [trace.place(v) for v in memory]


@optimizer
class Lamb(Betas):
    """Adam's steps, made as long as the weights' norm tells, for large batches; You and others, 2020.

    Args:
        learning_rate: Size of the steps, as a share of the norm of the weights.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squared gradients.
        epsilon: Small number that keeps the division away from 0.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Example:
        >>> Lamb(0.01).beta_2
        0.999
    """

    slots = ("momentum", "velocity")

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        mean, square = places(memory)
        new_mean = mean + (g - mean) * (1.0 - self.beta_1)
        new_square = square + (ops.square(g) - square) * (1.0 - self.beta_2)
        ops.assign(mean, new_mean)
        ops.assign(square, new_square)
        step = ops.cast(self.updates + 1, dtype=w.dtype)
        unbiased = new_mean / (1.0 - ops.power(float(self.beta_1), step))
        spread = ops.sqrt(new_square / (1.0 - ops.power(float(self.beta_2), step))) + self.epsilon
        direction = unbiased / spread
        of_w, of_step = (ops.sqrt(ops.sum(ops.square(x))) for x in (w, direction))
        moving = ops.logical_and(ops.greater(of_w, 0.0), ops.greater(of_step, 0.0))
        trust = ops.where(moving, of_w / ops.where(moving, of_step, 1.0), 1.0)
        ops.assign(w, w - trust * rate * direction)


@optimizer
class Ftrl(Optimizer):
    """Follow the regularized leader, for sparse weights of shallow models; McMahan and others, 2013.

    Args:
        learning_rate: Size of the steps.
        learning_rate_power: Power of the sum of squared gradients by which steps become smaller, 0 or negative.
        initial_accumulator_value: What that sum begins with.
        l1_regularization_strength: Factor of the absolute weights; makes small ones 0.
        l2_regularization_strength: Factor of the squared weights.
        l2_shrinkage_regularization_strength: Factor of the squared weights in the gradient only.
        beta: Adds to the l2 factor beta / (2 * learning_rate).
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: for a power above 0, or another number below 0.

    Example:
        >>> Ftrl(0.1, l1_regularization_strength=0.01).learning_rate_power
        -0.5
    """

    slots = ("accumulator", "linear")
    config_names = (
        "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength",
        "l2_shrinkage_regularization_strength", "beta",
    )  # fmt: skip

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        given = (learning_rate_power, initial_accumulator_value, l1_regularization_strength,
                 l2_regularization_strength, l2_shrinkage_regularization_strength, beta)  # fmt: skip
        settings = dict(zip(self.config_names, given, strict=True))
        if isinstance(learning_rate_power, bool) or not isinstance(learning_rate_power, (int, float)):
            raise ValueError(f"Expected learning_rate_power to be a number. Received: {learning_rate_power!r}")
        if not learning_rate_power <= 0:
            raise ValueError(f"Expected learning_rate_power to be 0 or less. Received: {learning_rate_power!r}")
        check_settings(**{k: v for k, v in settings.items() if k != "learning_rate_power"})
        vars(self).update(settings)

    def initial(self, slot: str) -> float:
        return float(vars(self)["initial_accumulator_value"]) if slot == "accumulator" else 0.0

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        power, _, l1, l2, shrinkage, beta = (float(vars(self)[name]) for name in self.config_names)
        total, linear = places(memory)
        new_total = total + ops.square(g)
        before, after = (ops.power(t, -power) / rate for t in (total, new_total))
        new_linear = linear + (g + w * (2.0 * shrinkage)) - (after - before) * w
        quadratic = after + 2.0 * (l2 + beta / (2.0 * rate))
        ops.assign(linear, new_linear)
        ops.assign(total, new_total)
        ops.assign(w, (ops.clip(new_linear, -l1, l1) - new_linear) / quadratic)
