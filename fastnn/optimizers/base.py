"""What optimizers share: state, clipping, decay, schedules, and how updates become steps of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from fastnn import ops
from fastnn.compat.spellings import old_arguments, say
from fastnn.engine.graph import SymbolicTensor, Trace, current_trace
from fastnn.engine.plan import Plan
from fastnn.engine.tensor import Variable
from fastnn.optimizers.eager import Eager
from fastnn.optimizers.over_steps import average_towards, beside, every, mean_so_far, only_if
from fastnn.optimizers.rate import Rated, state
from fastnn.optimizers.settings import check_settings, check_share, clipping, count, refuse_unknown
from fastnn.optimizers.stored import Stored
from fastnn.utils.flags import check_switches
from fastnn.utils.naming import checked_name, snake_case
from fastnn.utils.registry import deserialize, serializable

FLOATS = ("float32", "float64")
SHARED = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
          "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps")  # fmt: skip


class Optimizer(Rated, Eager, Stored):
    """Base of optimizers: subclasses name their `slots` and record one update operation in `update`.

    Args:
        learning_rate: Size of the steps: a number, a `LearningRateSchedule`, or a function without arguments that is
            asked before every step.
        weight_decay: Share of the weights, times the learning rate, that every step takes off beside the gradient.
        clipnorm: Largest norm of the gradient of one weight array; larger ones are scaled down.
        clipvalue: Largest size of a gradient's numbers; larger ones are cut.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Whether to keep an average of every weight over the steps, which `fit` puts in its place at the end.
        ema_momentum: Share of that average that stays in every step.
        ema_overwrite_frequency: Steps after which the weights are set to their averages; None for only at the end.
        loss_scale_factor: Factor of the loss, by which gradients are divided again.
        gradient_accumulation_steps: Training steps whose mean gradient makes one update; None for one.
        name: Name of the optimizer.
        decay: Old spelling: how quickly the learning rate falls, as 1 / (1 + decay * step).
        **unknown: Refused, with what may have been meant.

    Raises:
        ValueError: for a value that does not fit its argument, or an unknown argument.
    """

    slots: tuple[str, ...] = ()
    config_names: tuple[str, ...] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if "keras_module" in vars(cls):
            check_switches(cls, args, kwargs)
        return super().__new__(cls)

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
        **unknown: Any,
    ) -> None:
        refuse_unknown(type(self), unknown)
        self.name = checked_name(name) or snake_case(type(self).__name__)
        check_switches(Optimizer, (), {"use_ema": use_ema})
        self.use_ema, self.ema_momentum = bool(use_ema), check_share("ema_momentum", ema_momentum)
        self.ema_overwrite_frequency = count("ema_overwrite_frequency", ema_overwrite_frequency or None, 1)
        self.loss_scale_factor = clipping("loss_scale_factor", loss_scale_factor)
        self.gradient_accumulation_steps = count("gradient_accumulation_steps", gradient_accumulation_steps or None, 2)
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
        super().__init__(learning_rate, decay or 0.0)
        self._averages: list[Variable] = []  # one per weight, where the optimizer keeps averages; so the next
        self._sums: list[Variable] = []
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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = old_arguments("optimizer")(cls.__init__)  # type: ignore[method-assign]

    @property
    def variables(self) -> list[Variable]:
        """All that the optimizer remembers: iterations, learning rate, and slots in the order of files."""
        rates = [] if self._schedule is not None or self.decay else [self._learning_rate]
        return [self.iterations, *rates, *self._averages, *self._sums, *self._slot_variables()]

    def _slot_variables(self) -> list[Variable]:
        return [slot for v in self._known for slot in self._memory[id(v)]]

    @property
    def built(self) -> bool:
        """Whether it has met the variables."""
        return bool(self._known)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the memory for the variables to be trained, and take their type.

        Raises:
            ValueError: for variables that are not among those it was built for first.
        """
        fresh = self._unknown(variables)
        if self._known and fresh:
            raise ValueError(
                f"Unknown variable: '{fresh[0].path}'. Expected the {len(self._known)} variables that this "
                f"{type(self).__name__} was built for, '{self._known[0].path}' among them; other variables (of another "
                "model, or unfrozen since) need an optimizer of their own."
            )
        self.extend(variables)

    def _unknown(self, variables: Sequence[Variable]) -> list[Variable]:
        return [v for v in variables if id(v) not in self._memory]

    def extend(self, variables: Sequence[Variable]) -> None:
        """Make the memory for variables that a model meets later, on a path that its first batches did not take."""
        fresh = self._unknown(variables)
        memory = {id(v): [beside(v, name, self.initial(name)) for name in self.slots] for v in fresh}
        averages = [beside(v, "average") for v in fresh if self.use_ema]
        sums = [beside(v, "gradient_accumulator") for v in fresh if self.gradient_accumulation_steps]
        self._memory.update(memory)  # all of it is there now: nothing is known by half if memory is short
        self._known += fresh
        self._averages += averages
        self._sums += sums
        dtype = next((v.dtype for v in variables if v.dtype in FLOATS), self._learning_rate.dtype)
        if dtype != self._learning_rate.dtype:
            self._learning_rate = state(self._exact_rate, dtype, "learning_rate")

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

    def decay_of(self, variable: Variable) -> float | None:
        """The weight decay of a weight, or None."""
        chosen, names = self._undecayed
        left_out = id(variable) in chosen or any(re.search(name, variable.path) for name in names)
        return None if left_out else self.weight_decay

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
        given: list[Any] = [g for _, g in pairs]
        if self.loss_scale_factor is not None:
            given = [g / self.loss_scale_factor for g in given]
        due = None
        if steps := self.gradient_accumulation_steps:
            due = every(trace.place(self.iterations), steps)
            sums = [trace.place(self._sums[self._get_variable_index(v)]) for v, _ in pairs]
            given = [mean_so_far(held, g, due, steps) for held, g in zip(sums, given, strict=True)]
        step_size = self._scheduled(trace)
        with only_if(due, trace, self.shared):
            self.before_updates(trace)
        for (variable, _), gradient in zip(pairs, self.clipped(given), strict=True):
            layer = trace.values[trace.place(variable).name].layer
            changed = [variable, *self._memory[id(variable)]]
            with trace.layer(layer) if layer else nullcontext(), only_if(due, trace, changed):
                if self.decay_of(variable) is not None:
                    ops.decay(trace.place(variable), step_size, rate=float(self.decay_of(variable) or 0.0))
                self.update_step(gradient, variable, step_size)
        for variable, average in self.averages():
            w, kept = trace.place(variable), trace.place(average)
            average_towards(kept, w, self.updates, self.ema_momentum)
            if self.ema_overwrite_frequency:
                ops.assign(w, ops.where(every(self.updates, self.ema_overwrite_frequency), kept, w))
        for variable, _ in pairs:
            if variable.constraint is not None:
                ops.assign(trace.place(variable), variable.constraint(trace.place(variable)))
        ops.increment(trace.place(self.iterations))

    shared: Sequence[Variable] = ()  # what the optimizer remembers beside the slots of weights

    def before_updates(self, trace: Trace) -> None:
        """Write what changes once per update rather than once per weight."""

    @property
    def updates(self) -> Any:
        """Updates so far: the training steps, or fewer where gradients are accumulated."""
        steps = self.gradient_accumulation_steps
        return self.iterations if steps is None else self.iterations // steps

    def scale_loss(self, loss: Any) -> Any:
        """The loss that gradients are taken of: larger by `loss_scale_factor`, if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Set weights to their averages, if the optimizer keeps some; `fit` does so at its end.

        Args:
            var_list: The weights.
        """
        for variable in var_list if self._averages else ():
            variable.assign(self._averages[self._get_variable_index(variable)])

    def averages(self) -> list[tuple[Variable, Variable]]:
        """The weights with their averages, if the optimizer keeps some and has met the weights."""
        return list(zip(self._known, self._averages, strict=False))

    # ------------------------------------------------------------ for subclasses in Keras' style

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Record the update of one weight; a subclass may write it anew, by operations, and `assign` for what changes.

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
        trace = current_trace()
        if trace is None:
            raise ValueError("Expected update_step to be called by `apply`. Received: a call outside of it")
        self.update(trace.place(variable), gradient, self._memory[id(variable)], learning_rate)

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A variable of the shape and type of a weight, for what the optimizer remembers of it."""
        slot = beside(reference_variable, name or "slot", 0.0 if initializer == "zeros" else 1.0)
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
        return repr([getattr(self, name) for name in ("decay", *SHARED, *self.config_names)]), id(self._schedule)

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

    # ------------------------------------------------------------ saving

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal optimizer, with the learning rate as it is now."""
        settings = {key: getattr(self, key) for key in (*SHARED, *self.config_names)}
        return {"name": self.name, "learning_rate": self.rate_config, **settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """The optimizer that a configuration describes."""
        return cls(**{k: deserialize(v) if isinstance(v, dict) else v for k, v in config.items()})


def norm(gradients: Sequence[Any]) -> Any:
    """The root of the sum of squares of all numbers."""
    squares = [ops.sum(ops.square(g)) for g in gradients]
    total = squares[0]
    for more in squares[1:]:
        total = total + more
    return ops.sqrt(total)


CLASSES: dict[str, type[Optimizer]] = {}


def optimizer(cls: type[Optimizer]) -> type[Optimizer]:
    """A class decorator that registers an optimizer."""
    CLASSES[cls.__name__.lower()] = cls
    return serializable("keras.optimizers")(cls)
