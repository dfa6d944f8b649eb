"""Optimizers: what happens to weights when their gradients are known; they compose update operations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastnn import config, ops
from fastnn.compat.spellings import Renamed, old_arguments
from fastnn.engine.graph import SymbolicTensor, Trace, current_trace
from fastnn.engine.plan import Plan, finish
from fastnn.engine.tensor import Variable, as_array
from fastnn.utils.naming import did_you_mean, snake_case
from fastnn.utils.registry import deserialize, serializable

FLOATS = ("float32", "float64")


class Optimizer:
    """Base of optimizers: subclasses name their `slots` and record one update operation in `update`.

    Args:
        learning_rate: Size of the steps; a positive number.
        weight_decay: Not available: None.
        clipnorm: Not available: None.
        clipvalue: Not available: None.
        global_clipnorm: Not available: None.
        use_ema: Not available: False.
        ema_momentum: Ignored.
        ema_overwrite_frequency: Ignored.
        loss_scale_factor: Not available: None.
        gradient_accumulation_steps: Not available: None.
        name: Name of the optimizer.

    Raises:
        ValueError: for a learning rate that is not a number, or an argument that is not available.
    """

    slots: tuple[str, ...] = ()
    config_names: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or snake_case(type(self).__name__)
        unavailable = {
            "weight_decay": weight_decay, "clipnorm": clipnorm, "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm, "use_ema": use_ema or None, "loss_scale_factor": loss_scale_factor,
            "gradient_accumulation_steps": gradient_accumulation_steps,
        }  # fmt: skip
        for key, value in unavailable.items():
            if value is not None:
                raise ValueError(f"Expected {key} not to be given: it is not available. Received: {key}={value!r}")
        self._exact_rate = rate(learning_rate)
        self._learning_rate = state(self._exact_rate, config.floatx(), "learning_rate")
        self.iterations = state(0, "int64", "iterations")
        self._memory: dict[int, list[Variable]] = {}
        self._known: list[Variable] = []
        self._plans: dict[tuple[int, ...], tuple[Plan, list[str | None]]] = {}

    # ------------------------------------------------------------ state

    lr = Renamed("learning_rate")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = old_arguments("optimizer")(cls.__init__)  # type: ignore[method-assign]

    @property
    def learning_rate(self) -> Variable:
        """Size of the steps; assigning a number changes it in place."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._exact_rate = rate(value)
        self._learning_rate.assign(self._exact_rate)

    @property
    def variables(self) -> list[Variable]:
        """All that the optimizer remembers: iterations, learning rate, and slots in the order of files."""
        return [self.iterations, self._learning_rate, *self._slot_variables()]

    def _slot_variables(self) -> list[Variable]:
        return [slot for v in self._known for slot in self._memory[id(v)]]

    @property
    def built(self) -> bool:
        """Whether it has met the variables."""
        return bool(self._known)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the memory for variables that have none yet, and take their type."""
        for variable in variables:
            if id(variable) not in self._memory:
                self._memory[id(variable)] = [self._slot(variable, name) for name in self.slots]
                self._known.append(variable)
        dtype = next((v.dtype for v in variables if v.dtype in FLOATS), self._learning_rate.dtype)
        if dtype != self._learning_rate.dtype:
            self._learning_rate = state(self._exact_rate, dtype, "learning_rate")

    def _slot(self, variable: Variable, name: str) -> Variable:
        slot = Variable(np.zeros(variable.shape, variable.dtype), trainable=False, name=name)
        slot.path = f"{variable.path}/{name}"
        return slot

    # ------------------------------------------------------------ updating

    def update(self, w: Variable, g: SymbolicTensor, memory: Sequence[Variable]) -> None:
        """Record the update of one weight."""
        raise NotImplementedError

    def record(self, trace: Trace, variables: Sequence[Variable], gradients: Sequence[SymbolicTensor | None]) -> None:
        """Write the update steps of a training step: one per weight that has a gradient, then the step counter."""
        self.build(variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            if gradient is not None:
                with trace.layer(trace.values[trace.place(variable).name].layer):
                    self.update(variable, gradient, self._memory[id(variable)])
        ops.increment(trace.variable(self.iterations))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update variables at once.

        Args:
            grads_and_vars: Pairs of gradient and variable; variables whose gradient is None stay as they are.

        Returns:
            The count of updates so far.

        Raises:
            ValueError: if no gradient is given, or a shape does not fit.

        Example:
            >>> v = Variable([1.0, 2.0])
            >>> n = SGD(0.5).apply_gradients([([2.0, 2.0], v)])
            >>> v.numpy()
            array([0., 1.], dtype=float32)
        """
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self.iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update variables at once; by default those of the last time.

        Args:
            grads: One gradient per variable, or None.
            trainable_variables: The variables.

        Raises:
            ValueError: if no gradient is given, or a shape does not fit.
        """
        variables = list(self._known if trainable_variables is None else trainable_variables)
        if len(variables) != len(grads):
            raise ValueError(f"Expected one gradient per variable, {len(variables)}. Received: {len(grads)}")
        given = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not given:
            raise ValueError(f"No gradients provided for any variable. Expected: for {[v.path for v in variables]}")
        trace = current_trace()
        if trace is not None:
            self._apply_in_trace(trace, given)
            return
        arrays = [as_array(g, v.dtype) for g, v in given]
        for array, (_, v) in zip(arrays, given, strict=True):
            if array.shape != v.shape:
                raise ValueError(
                    f"Expected a gradient of shape {v.shape} for '{v.path}'. Received: shape {array.shape}"
                )
        plan, names = self._eager_plan([v for _, v in given])
        for name, array in zip(names, arrays, strict=True):
            plan.load(str(name), array)
        plan.run()

    def _apply_in_trace(self, trace: Trace, given: Sequence[tuple[Any, Variable]]) -> None:
        """Write the update steps into the trace being written."""
        phase, trace.phase = trace.phase, "update"
        grads = [g if isinstance(g, SymbolicTensor) else trace.constant(g, v.dtype) for g, v in given]
        self.record(trace, [v for _, v in given], grads)
        trace.phase = phase

    def _eager_plan(self, variables: list[Variable]) -> tuple[Plan, list[str | None]]:
        key = tuple(map(id, variables))
        if key not in self._plans:
            self.build(variables)
            with Trace() as trace:
                trace.phase = "update"
                grads = [trace.add_value(f"g{i}", v.shape, v.dtype, "input") for i, v in enumerate(variables)]
                self.record(trace, variables, grads)
            self._plans[key] = Plan(finish(trace, grads)), [g.name for g in grads]
        return self._plans[key]

    # ------------------------------------------------------------ saving

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal optimizer, with the learning rate as it is now."""
        unused = {
            "weight_decay": None, "clipnorm": None, "global_clipnorm": None, "clipvalue": None, "use_ema": False,
            "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
            "gradient_accumulation_steps": None,
        }  # fmt: skip
        own = {key: getattr(self, key) for key in self.config_names}
        return {"name": self.name, "learning_rate": float(self.learning_rate), **unused, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """The optimizer that a configuration describes."""
        return cls(**config)


def rate(value: Any) -> float:
    """A learning rate as a number."""
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"Expected learning_rate to be a number. Received: learning_rate={value!r}")
    return number


def check_settings(*decays: str, **settings: Any) -> None:
    """Refuse decays that are not from 0 to 1 (1 excluded), and other settings that are not numbers from 0 on.

    Raises:
        ValueError: naming the setting.
    """
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value < (1 if name in decays else math.inf):
            wanted = "a number from 0 to less than 1" if name in decays else "a number of 0 or more"
            raise ValueError(f"Expected {name} to be {wanted}. Received: {name}={value!r}")


def state(value: Any, dtype: str, name: str) -> Variable:
    """A single number that training may read or change."""
    return Variable(np.asarray(value, dtype), trainable=False, name=name)


@serializable("keras.optimizers")
class SGD(Optimizer):
    """Gradient descent, with momentum (Polyak, 1964) or Nesterov's (Sutskever and others, 2013) if asked for.

    Args:
        learning_rate: Size of the steps.
        momentum: Share of the last step that is taken again, from 0 to 1.
        nesterov: Whether to look ahead by the momentum.
        **kwargs: See `Optimizer`.

    Raises:
        ValueError: if momentum is not from 0 to 1.

    Example:
        >>> SGD(0.1, momentum=0.9).get_config()["momentum"]
        0.9
    """

    config_names = ("momentum", "nesterov")

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise ValueError(f"Expected momentum to be from 0 to 1. Received: momentum={momentum!r}")
        self.momentum, self.nesterov = momentum, nesterov
        self.slots = ("velocity",) if momentum else ()

    def update(self, w: Variable, g: SymbolicTensor, memory: Sequence[Variable]) -> None:
        if memory:
            ops.momentum(w, g, *memory, self.learning_rate, momentum=float(self.momentum), nesterov=bool(self.nesterov))
        else:
            ops.sgd(w, g, self.learning_rate)


@serializable("keras.optimizers")
class Adam(Optimizer):
    """Adaptive moment estimation; Kingma and Ba, 2015.

    Args:
        learning_rate: Size of the steps.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squared gradients.
        epsilon: Small number that keeps the division away from 0.
        amsgrad: Not available: False.
        **kwargs: See `Optimizer`.

    Example:
        >>> float(Adam().learning_rate)
        0.0010000000474974513
    """

    slots = ("m", "v")
    config_names = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if amsgrad:
            raise ValueError(f"Expected amsgrad=False, the only one available. Received: amsgrad={amsgrad}")
        check_settings("beta_1", "beta_2", beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def update(self, w: Variable, g: SymbolicTensor, memory: Sequence[Variable]) -> None:
        attrs = {"beta_1": float(self.beta_1), "beta_2": float(self.beta_2), "epsilon": float(self.epsilon)}
        ops.adam(w, g, *memory, self.learning_rate, self.iterations, **attrs)


@serializable("keras.optimizers")
class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square; Hinton, 2012.

    Args:
        learning_rate: Size of the steps.
        rho: Decay of the mean of squared gradients.
        momentum: Share of the last step that is taken again.
        epsilon: Small number that keeps the division away from 0.
        centered: Whether to use the gradients' variance instead of their mean square.
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
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        check_settings("rho", rho=rho, momentum=momentum, epsilon=epsilon)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slots = ("velocity", "average", "moment") if centered else ("velocity", "moment")[: 2 if momentum else 1]

    def update(self, w: Variable, g: SymbolicTensor, memory: Sequence[Variable]) -> None:
        attrs = {"rho": float(self.rho), "epsilon": float(self.epsilon)}
        if self.centered:
            ops.rmsprop_centered(w, g, *memory, self.learning_rate, momentum=float(self.momentum), **attrs)
        elif self.momentum:
            ops.rmsprop_momentum(w, g, *memory, self.learning_rate, momentum=float(self.momentum), **attrs)
        else:
            ops.rmsprop(w, g, *memory, self.learning_rate, **attrs)

    def _slot_variables(self) -> list[Variable]:
        """Keras keeps all velocities together, then all moments, then all averages; moments only where used."""
        names = ["velocity", *(["moment"] if self.momentum else []), *(["average"] if self.centered else [])]
        return [slot for name in names for v in self._known for slot in self._memory[id(v)] if slot.name == name]


CLASSES: dict[str, type[Optimizer]] = {"adam": Adam, "rmsprop": RMSprop, "sgd": SGD}


def get(identifier: Any) -> Optimizer:
    """An optimizer by name, configuration, class or as it is.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("sgd").name
        'sgd'
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if not isinstance(identifier, str):
        raise ValueError(f"Expected an optimizer or its name. Received: {identifier!r}")
    if identifier.lower() not in CLASSES:
        raise ValueError(
            f"Expected the name of an optimizer. Received: {identifier!r}; {did_you_mean(identifier, CLASSES)}"
        )
    return CLASSES[identifier.lower()]()
