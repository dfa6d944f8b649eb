"""What optimizers share: state, clipping, decay, schedules, and how updates become steps of a list."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from fastnn import config, ops
from fastnn.compat.spellings import Renamed, old_arguments, say
from fastnn.engine.graph import SymbolicTensor, Trace, current_trace
from fastnn.engine.plan import Plan, finish
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Variable, as_array
from fastnn.optimizers.schedules import InverseTimeDecay, LearningRateSchedule
from fastnn.utils.naming import snake_case
from fastnn.utils.registry import deserialize, serializable
from fastnn.utils.registry import serialize as serialize_any

FLOATS = ("float32", "float64")


class Optimizer:
    """Base of optimizers: subclasses name their `slots` and record one update operation in `update`.

    Args:
        learning_rate: Size of the steps: a number, or a `LearningRateSchedule`.
        weight_decay: Share of the weights, times the learning rate, that every step takes off beside the gradient.
        clipnorm: Largest norm of the gradient of one weight array; larger ones are scaled down.
        clipvalue: Largest size of a gradient's numbers; larger ones are cut.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Not available: False.
        ema_momentum: Ignored.
        ema_overwrite_frequency: Ignored.
        loss_scale_factor: Not available: None.
        gradient_accumulation_steps: Not available: None.
        name: Name of the optimizer.
        decay: Old spelling: how quickly the learning rate falls, as 1 / (1 + decay * step).

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
        *,
        decay: float | None = None,
    ) -> None:
        self.name = name or snake_case(type(self).__name__)
        unavailable = {
            "use_ema": use_ema or None, "loss_scale_factor": loss_scale_factor,
            "gradient_accumulation_steps": gradient_accumulation_steps,
        }  # fmt: skip
        for key, value in unavailable.items():
            if value is not None:
                raise ValueError(f"Expected {key} not to be given: it is not available. Received: {key}={value!r}")
        self.clipnorm, self.clipvalue, self.global_clipnorm = (
            clipping(key, value)
            for key, value in (("clipnorm", clipnorm), ("clipvalue", clipvalue), ("global_clipnorm", global_clipnorm))
        )
        given = [k for k in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, k) is not None]
        if len(given) > 1:
            raise ValueError(f"Expected only one of clipnorm, clipvalue and global_clipnorm. Received: {given}")
        if weight_decay is not None:
            check_settings(weight_decay=weight_decay)
        self.weight_decay = weight_decay
        self._undecayed: tuple[set[int], list[str]] = (set(), [])
        if decay is not None:
            say(f"{type(self).__name__}(decay=...)", "learning_rate=InverseTimeDecay(learning_rate, 1, decay)", 4)
            learning_rate = InverseTimeDecay(learning_rate, 1, decay) if decay else learning_rate
        self._schedule = learning_rate if isinstance(learning_rate, LearningRateSchedule) else None
        self._exact_rate = 0.0 if self._schedule is not None else rate(learning_rate)
        self._learning_rate = state(self._exact_rate, config.floatx(), "learning_rate")
        self.iterations = state(0, "int64", "iterations")
        self._memory: dict[int, list[Variable]] = {}
        self._known: list[Variable] = []
        self._plans: dict[Any, tuple[Plan, list[str | None]]] = {}

    # ------------------------------------------------------------ state

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles are made of: all but the plans, which are made anew."""
        chosen, names = self._undecayed
        kept = [v for v in self._known if id(v) in chosen]
        return {**vars(self), "_plans": {}, "_memory": list(self._memory.values()), "_undecayed": (kept, names)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._memory = {id(v): slots for v, slots in zip(self._known, state["_memory"], strict=True)}
        chosen, names = state["_undecayed"]
        self._undecayed = {id(v) for v in chosen}, names

    lr = Renamed("learning_rate")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = old_arguments("optimizer")(cls.__init__)  # type: ignore[method-assign]

    @property
    def learning_rate(self) -> Any:
        """Size of the steps: a variable, or what the schedule says now; assigning a number changes it in place."""
        return self._learning_rate if self._schedule is None else self._schedule(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule):
            self._schedule = value
            return
        if self._schedule is not None:
            raise TypeError(
                f"Expected the learning rate to be left to {type(self._schedule).__name__}. "
                f"Received: learning_rate={value!r}"
            )
        self._exact_rate = rate(value)
        self._learning_rate.assign(self._exact_rate)

    @property
    def variables(self) -> list[Variable]:
        """All that the optimizer remembers: iterations, learning rate, and slots in the order of files."""
        rates = [self._learning_rate] if self._schedule is None else []
        return [self.iterations, *rates, *self._slot_variables()]

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
        first = np.full(variable.shape, self.initial(name), variable.dtype)
        slot = Variable(first, trainable=False, name=name)
        slot.path = f"{variable.path}/{name}"
        return slot

    def initial(self, slot: str) -> float:
        """The number that a slot begins with."""
        return 0.0

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Leave weights out of the decay; to be called before training.

        Args:
            var_list: Weights.
            var_names: Parts of weights' paths, such as 'bias'.
        """
        chosen, names = self._undecayed
        chosen.update(id(v) for v in var_list or ())
        names.extend(var_names or ())

    def _decays(self, variable: Variable) -> bool:
        chosen, names = self._undecayed
        left_out = id(variable) in chosen or any(re.search(name, variable.path) for name in names)
        return self.weight_decay is not None and not left_out

    # ------------------------------------------------------------ updating

    def update(self, w: Any, g: Any, memory: Sequence[Variable], rate: Any) -> None:
        """Record the update of one weight."""
        raise NotImplementedError(f"Optimizer {type(self).__name__} does not have an `update()` of its own.")

    def record(self, trace: Trace, variables: Sequence[Variable], gradients: Sequence[SymbolicTensor | None]) -> None:
        """Write the update steps of a training step: clipping, then every weight's, then the step counter's.

        Args:
            trace: The trace, in its phase 'update'.
            variables: The weights.
            gradients: Their gradients, None for weights that stay.
        """
        self.build(variables)
        pairs = [(v, g) for v, g in zip(variables, gradients, strict=True) if g is not None]
        step_size = self._learning_rate if self._schedule is None else self._scheduled(trace)
        for (variable, _), gradient in zip(pairs, self.clipped([g for _, g in pairs]), strict=True):
            layer = trace.values[trace.place(variable).name].layer
            with trace.layer(layer) if layer else nullcontext():
                place = trace.place(variable)
                if self._decays(variable):
                    ops.decay(place, step_size, rate=float(self.weight_decay or 0.0))
                if type(self).update_step is not Optimizer.update_step:
                    self.update_step(gradient, variable, step_size)
                else:
                    self.update(place, gradient, self._memory[id(variable)], step_size)
                if variable.constraint is not None:
                    ops.assign(place, variable.constraint(place))
        ops.increment(trace.place(self.iterations))

    def _scheduled(self, trace: Trace) -> Any:
        """What the schedule says for the step, in the weights' type."""
        found = self._schedule(trace.place(self.iterations)) if self._schedule is not None else None
        return ops.cast(found, dtype=self._learning_rate.dtype)

    # ------------------------------------------------------------ for subclasses in Keras' style

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """What a subclass may write in place of `update`: operations, and `assign` for what changes.

        Args:
            gradient: The gradient, a symbolic tensor.
            variable: The weight.
            learning_rate: Size of the step.

        Example:
            >>> class Plain(Optimizer):
            ...     def update_step(self, gradient, variable, learning_rate):
            ...         self.assign_sub(variable, gradient * learning_rate)
            >>> v = Variable([3.0])
            >>> n = Plain(0.5).apply_gradients([([2.0], v)])
            >>> v.numpy()
            array([2.], dtype=float32)
        """
        raise NotImplementedError

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A variable of the shape and type of a weight, for what the optimizer remembers of it."""
        first = 0.0 if initializer == "zeros" else 1.0
        value = np.full(reference_variable.shape, first, reference_variable.dtype)
        slot = Variable(value, trainable=False, name=name or "slot")
        slot.path = f"{reference_variable.path}/{slot.name}"
        self._memory.setdefault(id(reference_variable), []).append(slot)
        return slot

    def assign(self, variable: Variable, value: Any) -> None:
        """Write the step that changes a variable."""
        trace = current_trace()
        if trace is None:
            variable.assign(value)
        else:
            ops.assign(trace.place(variable), value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Write the step that adds to a variable."""
        self.assign(variable, variable + value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Write the step that subtracts from a variable."""
        self.assign(variable, variable - value)

    def _get_variable_index(self, variable: Variable) -> int:
        """The place of a weight among those that the optimizer knows."""
        return next(k for k, known in enumerate(self._known) if known is variable)

    @property
    def settings_key(self) -> Any:
        """What the update steps are written for: if it changes, they are written anew."""
        config = {k: v for k, v in self.get_config().items() if k != "learning_rate"}
        return repr(sorted(config.items(), key=lambda item: item[0])), id(self._schedule)

    def clipped(self, gradients: list[Any]) -> list[Any]:
        """Gradients made smaller where they are too large."""
        if self.clipvalue is not None:
            return [ops.clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [g * (self.clipnorm / ops.maximum(norm([g]), self.clipnorm)) for g in gradients]
        if self.global_clipnorm is not None and gradients:
            scale = self.global_clipnorm / ops.maximum(norm(gradients), self.global_clipnorm)
            return [g * scale for g in gradients]
        return gradients

    def minimize(self, loss: Any, var_list: Sequence[Variable] | None = None, tape: Any = None) -> Variable:
        """One step that makes a loss smaller.

        Args:
            loss: A function without arguments; or a tensor, with the tape that listened to it.
            var_list: The variables; those that the tape watched by default.
            tape: The tape.

        Returns:
            The count of updates so far.

        Example:
            >>> from fastnn.optimizers import SGD
            >>> v = Variable([1.0])
            >>> n = SGD(0.25).minimize(lambda: ops.sum(v * v), [v])
            >>> v.numpy()
            array([0.5], dtype=float32)
        """
        if tape is None:
            if not callable(loss):
                raise ValueError("Expected a function, or a tensor with its tape. Received: a tensor alone")
            with GradientTape() as tape:
                loss = loss()
        variables = list(var_list if var_list is not None else tape.watched_variables())
        return self.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

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
            >>> from fastnn.optimizers import SGD
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
        key: Any = (tuple(map(id, variables)), self.settings_key)
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
        shared = {
            "weight_decay": self.weight_decay, "clipnorm": self.clipnorm, "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue, "use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None,
            "loss_scale_factor": None, "gradient_accumulation_steps": None,
        }  # fmt: skip
        own = {key: getattr(self, key) for key in self.config_names}
        now = float(self._learning_rate) if self._schedule is None else serialize_any(self._schedule)
        return {"name": self.name, "learning_rate": now, **shared, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """The optimizer that a configuration describes."""
        given = config.get("learning_rate")
        return cls(**{**config, "learning_rate": deserialize(given) if isinstance(given, dict) else given})


def rate(value: Any) -> float:
    """A learning rate as a number."""
    if callable(value):
        raise ValueError(
            f"Expected learning_rate to be a number or a LearningRateSchedule, which is part of the step list. "
            f"Received: the function {getattr(value, '__name__', value)!r}"
        )
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"Expected learning_rate to be a number. Received: learning_rate={value!r}")
    return number


def clipping(name: str, value: Any) -> float | None:
    """A largest size as a number.

    Raises:
        ValueError: unless it is None or a number above 0.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"Expected {name} to be a number above 0. Received: {name}={value!r}")
    return float(value)


def norm(gradients: Sequence[Any]) -> Any:
    """The root of the sum of squares of all numbers."""
    squares = [ops.sum(ops.square(g)) for g in gradients]
    total = squares[0]
    for more in squares[1:]:
        total = total + more
    return ops.sqrt(total)


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


CLASSES: dict[str, type[Optimizer]] = {}


def optimizer(cls: type[Optimizer]) -> type[Optimizer]:
    """A class decorator that registers an optimizer."""
    CLASSES[cls.__name__.lower()] = cls
    return serializable("keras.optimizers")(cls)
