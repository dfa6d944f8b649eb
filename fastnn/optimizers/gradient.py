"""Gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.tensor import Variable
from fastnn.optimizers.base import Optimizer, optimizer
from fastnn.optimizers.settings import check_settings, check_share


@optimizer
class SGD(Optimizer):
    """Gradient descent, with momentum (Polyak, 1964) or Nesterov's (Sutskever and others, 2013) if asked for.

    Args:
        learning_rate: Size of the steps.
        momentum: Share of the last step that is taken again, from 0 to 1.
        nesterov: Whether to look ahead by the momentum.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: if momentum is not from 0 to 1.

    Example:
        >>> SGD(0.1, momentum=0.9).get_config()["momentum"]
        0.9
    """

    config_names = ("momentum", "nesterov")

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        check_share("momentum", momentum)
        self.momentum, self.nesterov = momentum, nesterov
        self.slots = ("velocity",) if momentum else ()

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        if memory:
            ops.momentum(w, g, *memory, rate, momentum=float(self.momentum), nesterov=bool(self.nesterov))
        else:
            ops.sgd(w, g, rate)


@optimizer
class Lion(Optimizer):
    """Steps of equal size in the direction of a momentum's sign; Chen and others, 2023.

    Args:
        learning_rate: Size of the steps.
        beta_1: Share of the momentum in the direction, above 0.
        beta_2: Decay of the momentum.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: if a decay is not from 0 to 1.

    Example:
        >>> Lion().get_config()["beta_2"]
        0.99
    """

    slots = ("momentum",)
    config_names = ("beta_1", "beta_2")

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        check_settings("beta_2", beta_2=beta_2)
        if isinstance(beta_1, bool) or not isinstance(beta_1, (int, float)) or not 0 < beta_1 <= 1:
            raise ValueError(f"Expected beta_1 to be above 0 and at most 1. Received: beta_1={beta_1!r}")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        ops.lion(w, g, *memory, rate, beta_1=float(self.beta_1), beta_2=float(self.beta_2))
