"""Optimizers that adapt the steps of every weight to its past gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.engine.graph import Trace
from fastnn.engine.tensor import Variable
from fastnn.optimizers.base import Optimizer, optimizer
from fastnn.optimizers.settings import check_settings


@optimizer
class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square; Hinton, 2012.

    Args:
        learning_rate: Size of the steps.
        rho: Decay of the mean of squared gradients.
        momentum: Share of the last step that is taken again.
        epsilon: Small number that keeps the division away from 0.
        centered: Whether to use the gradients' variance instead of their mean square.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Example:
        >>> RMSprop().get_config()["rho"]
        0.9
    """

    config_names = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        check_settings("rho", rho=rho, momentum=momentum, epsilon=epsilon)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slots = ("velocity", "average", "moment") if centered else ("velocity", "moment")[: 2 if momentum else 1]

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        attrs = {"rho": float(self.rho), "epsilon": float(self.epsilon)}
        if self.centered:
            ops.rmsprop_centered(w, g, *memory, rate, momentum=float(self.momentum), **attrs)
        elif self.momentum:
            ops.rmsprop_momentum(w, g, *memory, rate, momentum=float(self.momentum), **attrs)
        else:
            ops.rmsprop(w, g, *memory, rate, **attrs)

    def _slot_variables(self) -> list[Variable]:
        """Keras keeps all velocities together, then all moments, then all averages; moments only where used."""
        names = ["velocity", *(["moment"] if self.momentum else []), *(["average"] if self.centered else [])]
        return [slot for name in names for v in self._known for slot in self._memory[id(v)] if slot.name == name]


class Betas(Optimizer):
    """Base of optimizers with a mean of gradients and a mean of their sizes, or squares.

    Args:
        learning_rate: Size of the steps.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squared gradients.
        epsilon: Small number that keeps the division away from 0.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: if a decay is not from 0 to less than 1.
    """

    slots: tuple[str, ...] = ("m", "v")
    config_names: tuple[str, ...] = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        check_settings("beta_1", "beta_2", beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    @property
    def attrs(self) -> dict[str, float]:
        """The settings as attributes of the operations."""
        return {"beta_1": float(self.beta_1), "beta_2": float(self.beta_2), "epsilon": float(self.epsilon)}


@optimizer
class Adam(Betas):
    """Adaptive moment estimation; Kingma and Ba, 2015.

    Args:
        learning_rate: Size of the steps.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squared gradients.
        epsilon: Small number that keeps the division away from 0.
        amsgrad: Whether the mean of squares never shrinks; Reddi, Kale and Kumar, 2018.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Example:
        >>> float(Adam().learning_rate)
        0.0010000000474974513
    """

    config_names = (*Betas.config_names, "amsgrad")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *args, **kwargs)
        self.amsgrad = bool(amsgrad)
        self.slots = ("m", "v", "v_hat") if self.amsgrad else ("m", "v")

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        (ops.adam_amsgrad if self.amsgrad else ops.adam)(w, g, *memory, rate, self.updates, **self.attrs)

    def _slot_variables(self) -> list[Variable]:
        """Keras keeps both means of a weight together, and all largest ones behind."""
        found = super()._slot_variables()
        return [v for v in found if v.name != "v_hat"] + [v for v in found if v.name == "v_hat"]


@optimizer
class AdamW(Adam):
    """Adam with decay of weights that does not pass through the means; Loshchilov and Hutter, 2019.

    Args:
        learning_rate: Size of the steps.
        weight_decay: Share of the weights, times the learning rate, that every step takes off.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squared gradients.
        epsilon: Small number that keeps the division away from 0.
        amsgrad: Whether the mean of squares never shrinks.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: if weight_decay is None.

    Example:
        >>> AdamW().get_config()["weight_decay"]
        0.004
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise ValueError("Expected weight_decay to be a number. Received: weight_decay=None")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, *args, **kwargs)


@optimizer
class Adamax(Betas):
    """Adam with the largest gradient size instead of the mean of squares; Kingma and Ba, 2015.

    Args:
        learning_rate: Size of the steps.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the largest size.
        epsilon: Small number that keeps the division away from 0.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Example:
        >>> Adamax().get_config()["beta_2"]
        0.999
    """

    slots = ("m", "u")

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        ops.adamax(w, g, *memory, rate, self.updates, **self.attrs)


@optimizer
class Nadam(Betas):
    """Adam with Nesterov's momentum; Dozat, 2016.

    Args:
        learning_rate: Size of the steps.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squared gradients.
        epsilon: Small number that keeps the division away from 0.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Example:
        >>> Nadam().get_config()["beta_1"]
        0.9
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *args, **kwargs)
        self._product = Variable(1.0, trainable=False, name="u_product")  # of all momenta so far; Keras' files have it

    @property
    def shared(self) -> list[Variable]:  # type: ignore[override]
        return [self._product]

    @property
    def variables(self) -> list[Variable]:
        return [*super().variables, *(self.shared if self.built else [])]

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        ops.nadam(w, g, *memory, rate, self.updates, **self.attrs)

    def before_updates(self, trace: Trace) -> None:
        step = ops.cast(self.updates + 1, dtype=self._product.dtype)
        momentum = float(self.beta_1) * (1.0 - 0.5 * ops.power(0.96, step))
        ops.assign(trace.place(self._product), trace.place(self._product) * momentum)


@optimizer
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares so far; Duchi, Hazan and Singer, 2011.

    Args:
        learning_rate: Size of the steps.
        initial_accumulator_value: What the sum begins with.
        epsilon: Small number that keeps the division away from 0.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: for negative numbers.

    Example:
        >>> Adagrad().get_config()["initial_accumulator_value"]
        0.1
    """

    slots = ("accumulator",)
    config_names = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        check_settings(initial_accumulator_value=initial_accumulator_value, epsilon=epsilon)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def initial(self, slot: str) -> float:
        return float(self.initial_accumulator_value)

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        ops.adagrad(w, g, *memory, rate, epsilon=float(self.epsilon))


@optimizer
class Adadelta(Optimizer):
    """Steps of the size of the mean of past ones, over that of past gradients; Zeiler, 2012.

    Args:
        learning_rate: Factor of the steps; 1 in the paper.
        rho: Decay of both means.
        epsilon: Small number that keeps roots away from 0.
        *args: See `Optimizer`, from weight_decay on.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: if rho is not from 0 to less than 1.

    Example:
        >>> Adadelta().get_config()["rho"]
        0.95
    """

    slots = ("accumulated_grad", "accumulated_delta_var")
    config_names = ("rho", "epsilon")

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, *args, **kwargs)
        check_settings("rho", rho=rho, epsilon=epsilon)
        self.rho, self.epsilon = rho, epsilon

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        ops.adadelta(w, g, *memory, rate, rho=float(self.rho), epsilon=float(self.epsilon))
