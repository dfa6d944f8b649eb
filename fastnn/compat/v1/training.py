"""Gradients, optimizers, and variables in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from fastnn import ops, optimizers
from fastnn.compat.v1.graphs import (
    GraphTensor,
    Operation,
    Variable,
    _state,
    as_graph_tensor,
    constant,
    get_default_graph,
    global_variables,
    made,
    trainable_variables,
)
from fastnn.compat.v1.sessions import Session, _Run
from fastnn.engine import tensor as eager
from fastnn.engine.graph import Node, SymbolicTensor
from fastnn.engine.nested import flatten
from fastnn.engine.steplist import write_backward
from fastnn.errors import GraphError
from fastnn.utils.checkpoints import restore_variables, save_variables

Function = Callable[..., Any]


def gradients(ys: Any, xs: Any, name: str | None = None) -> list[GraphTensor]:
    """Gradients of a sum with respect to tensors or variables.

    Args:
        ys: A tensor, or several.
        xs: The tensors to differentiate by.
        name: Ignored.
    """
    targets, sources = flatten(ys), flatten(xs)
    total = made(lambda *given: sum_of(given), *targets, name="sum")

    def gradient(k: int) -> Function:
        def call(loss: Any, *given: Any) -> Any:
            run = _state.runs[-1]
            key = (id(total), *(id(s) for s in sources))
            if key not in run.gradients:
                wanted = [s.variable if isinstance(s, Variable) else g for s, g in zip(sources, given, strict=True)]
                run.gradients[key] = write_backward(run.trace, loss, wanted, required=False)
                run.trace.phase = "forward"
            found = run.gradients[key][k]
            return found if found is not None else eager.Tensor(np.zeros(given[k].shape, given[k].dtype))

        return call

    results = []
    for k, source in enumerate(sources):
        node = Node(gradient(k), (total, *sources), {})
        title = get_default_graph().unique(f"{source.name}/gradient")
        results.append(GraphTensor(None if source.unknown else source.shape, source.dtype, title, node))
        node.outputs.append(results[-1])
    return results


def sum_of(tensors: Sequence[Any]) -> Any:
    """The sum of all numbers of all tensors."""
    total = ops.sum(tensors[0])
    for more in tensors[1:]:
        total = total + ops.sum(more)
    return total


class Optimizer:
    """An optimizer of that time around one of today.

    Args:
        optimizer: Today's.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    def minimize(
        self, loss: GraphTensor, global_step: Variable | None = None, var_list: Any = None, name: str | None = None
    ) -> Operation:
        """The operation that makes a loss smaller by one step.

        Args:
            loss: The loss; several numbers are summed.
            global_step: Variable that counts steps.
            var_list: The variables; all that are trainable by default.
            name: Ignored.
        """
        return self.apply_gradients(self.compute_gradients(loss, var_list), global_step)

    def compute_gradients(self, loss: GraphTensor, var_list: Any = None) -> list[tuple[GraphTensor, Variable]]:
        """Pairs of gradient and variable.

        Raises:
            ValueError: if there are no variables.
        """
        variables = trainable_variables() if var_list is None else list(var_list)
        if not variables:
            raise ValueError("Expected variables to train. Received: a graph without trainable ones")
        return list(zip(gradients(loss, variables), variables, strict=True))

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None
    ) -> Operation:
        """The operation that changes variables by their gradients."""
        pairs = [(as_graph_tensor(g), v) for g, v in grads_and_vars if g is not None]
        counted = None if global_step is None else global_step.assign_add(constant(1, global_step.dtype))

        def write(run: _Run) -> None:
            grads = [run.value(g) for g, _ in pairs]
            run.trace.phase = "update"
            constants = [g if isinstance(g, SymbolicTensor) else run.trace.constant(g, g.dtype) for g in grads]
            self.optimizer.record(run.trace, [v.variable for _, v in pairs], constants)
            if counted is not None and counted.write is not None:
                counted.write(run)

        needs = [g for g, _ in pairs] + list(counted.needs if counted else ())
        return Operation(None, write, needs)


def GradientDescentOptimizer(learning_rate: float, name: str | None = None) -> Optimizer:
    """Gradient descent."""
    return Optimizer(optimizers.SGD(learning_rate))


def MomentumOptimizer(
    learning_rate: float, momentum: float, use_nesterov: bool = False, name: str | None = None
) -> Optimizer:
    """Gradient descent with momentum."""
    return Optimizer(optimizers.SGD(learning_rate, momentum=momentum, nesterov=use_nesterov))


def AdamOptimizer(
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    name: str | None = None,
) -> Optimizer:
    """Adam."""
    return Optimizer(optimizers.Adam(learning_rate, beta1, beta2, epsilon))


def AdagradOptimizer(learning_rate: float, initial_accumulator_value: float = 0.1, **_: Any) -> Optimizer:
    """Adagrad."""
    return Optimizer(optimizers.Adagrad(learning_rate, initial_accumulator_value))


def RMSPropOptimizer(
    learning_rate: float, decay: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-10, **_: Any
) -> Optimizer:
    """RMSprop."""
    return Optimizer(optimizers.RMSprop(learning_rate, rho=decay, momentum=momentum, epsilon=epsilon))


class Saver:
    """Writes variables to a file by their names, and reads them.

    Args:
        var_list: The variables, or a dict of them by other names; all by default.
    """

    def __init__(self, var_list: Any = None, **_: Any) -> None:
        self.chosen = var_list

    def _variables(self) -> list[Any]:
        chosen = global_variables() if self.chosen is None else self.chosen
        return list(chosen.values()) if isinstance(chosen, Mapping) else list(chosen)

    def save(self, sess: Session, save_path: Any, global_step: Any = None) -> str:
        """Write the variables; returns the path.

        Raises:
            GraphError: if one is not initialised.
        """
        variables = self._variables()
        for variable in variables:
            if not variable.initialised:
                raise GraphError(f"expected initialised variables to save, received '{variable.name}'.")
        path = f"{save_path}-{int(sess.run(global_step)) if isinstance(global_step, GraphTensor) else global_step}" \
            if global_step is not None else str(save_path)  # fmt: skip
        save_variables([v.variable for v in variables], path)
        return path

    def restore(self, sess: Session, save_path: Any) -> None:
        """Read the variables; they count as initialised then.

        Raises:
            ValueError: if a name is missing in the file, or has another shape there.
        """
        variables = self._variables()
        restore_variables([v.variable for v in variables], save_path)
        for variable in variables:
            variable.initialised = True


train = SimpleNamespace(
    GradientDescentOptimizer=GradientDescentOptimizer, MomentumOptimizer=MomentumOptimizer, AdamOptimizer=AdamOptimizer,
    AdagradOptimizer=AdagradOptimizer, RMSPropOptimizer=RMSPropOptimizer, Saver=Saver,
)  # fmt: skip
