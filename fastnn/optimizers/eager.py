"""Updates at once: gradients that are known already, outside of a model's step lists."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fastnn.engine.graph import SymbolicTensor, Trace, current_trace
from fastnn.engine.plan import Plan, finish
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Variable, as_array


class Eager:
    """Mixin of optimizers: `minimize`, `apply_gradients` and `apply`."""

    iterations: Variable
    _known: list[Variable]
    _plans: dict[Any, tuple[Plan, list[str | None]]]

    if TYPE_CHECKING:
        settings_key: Any

        def build(self, variables: Sequence[Variable]) -> None: ...
        def prepare(self) -> None: ...
        def record(self, trace: Trace, variables: Sequence[Variable], gradients: Sequence[Any]) -> None: ...

    def minimize(self, loss: Any, var_list: Sequence[Variable] | None = None, tape: Any = None) -> Variable:
        """One step that makes a loss smaller.

        Args:
            loss: A function without arguments; or a tensor, with the tape that listened to it.
            var_list: The variables; those that the tape watched by default.
            tape: The tape.

        Returns:
            The count of updates so far.

        Example:
            >>> from fastnn import ops
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
        self.build(variables)
        given = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not given:
            raise ValueError(f"No gradients provided for any variable. Expected: for {[v.path for v in variables]}")
        if len(given) < len(variables):
            missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
            warnings.warn(
                f"Gradients do not exist for variables {missing} when minimizing the loss, which stay as they are. If "
                "using `model.compile()`, did you forget to provide a `loss` argument?",
                stacklevel=3,
            )
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
        self.prepare()
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
            with Trace() as trace:
                trace.phase = "update"
                grads = [trace.add_value(f"g{i}", v.shape, v.dtype, "input") for i, v in enumerate(variables)]
                self.record(trace, variables, grads)
            self._plans[key] = Plan(finish(trace, grads)), [g.name for g in grads]
        return self._plans[key]
