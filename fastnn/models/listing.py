"""Writes a model's step list: forward; loss and metrics; backward; update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from fastnn import ops
from fastnn.engine.graph import Step, SymbolicTensor, Trace
from fastnn.engine.nested import flatten
from fastnn.engine.part import Part
from fastnn.engine.peek import Peek
from fastnn.engine.plan import StepList, finish, write_backward
from fastnn.errors import GraphError
from fastnn.models.compiling import Aim
from fastnn.models.data import target_name, weight_name

Feeds = Mapping[str, NDArray[Any]]


class Writer:
    """One list being written for a model.

    Args:
        model: The model.
        batch: Rows of a batch.
        feeds: Data by value name; their shapes and types are read.
        aims: What every output is compared with; empty to predict only.
        training: Whether to add backward and update steps.
        peek: Answers for data, if the model decides on values.
        part: The part of every batch that the list is for, where processes train together.
    """

    def __init__(
        self,
        model: Any,
        batch: int,
        feeds: Feeds,
        aims: Sequence[Aim],
        training: bool,
        peek: Peek | None = None,
        part: Part | None = None,
    ) -> None:
        self.model, self.batch, self.feeds, self.aims, self.training = model, batch, feeds, aims, training
        self.part = part
        counter = model.optimizer.iterations if model.optimizer is not None else None
        self.trace = Trace(training=training, counter=counter, peek=peek, part=part)
        self.targets: dict[str, SymbolicTensor] = {}
        self.weights: dict[str, SymbolicTensor] = {}
        self.watch: dict[str, SymbolicTensor] = {}

    def write(self) -> StepList:
        """The finished list."""
        with self.trace as trace:
            inputs = {name: self.fed(name, "input") for name in self.model.feed_names()}
            outputs = flatten(self.model.run_named(inputs))
            loss = self.compare(outputs) if self.aims else None
            if self.training and loss is not None:
                self.learn(loss)
            trace.write_assignments()
            given = (list(inputs.values()), list(self.targets.values()), list(self.weights.values()))
            return finish(trace, *given, outputs=outputs, loss=loss, watch=self.watch)

    def fed(self, name: str, role: str) -> SymbolicTensor:
        """A value that every batch brings."""
        array = self.feeds[name]
        return self.trace.add_value(name, (self.batch, *array.shape[1:]), array.dtype, role)

    def compare(self, outputs: Sequence[SymbolicTensor]) -> SymbolicTensor | None:
        """Write losses and metrics; returns the total loss."""
        self.trace.phase = "loss"
        terms = [t for aim, y in zip(self.aims, outputs, strict=True) if (t := self.loss_of(aim, y)) is not None]
        terms += [*self.penalties(), *self.trace.added_losses]
        if not terms:
            raise ValueError("No loss to compute. Expected a `loss` argument in `compile()`. Received: None")
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        watched, self.watch = self.watch, {"loss": total}
        self.watch.update(watched)
        for aim, y in zip(self.aims, outputs, strict=True):
            self.measure(aim, y)
        return total

    def loss_of(self, aim: Aim, y_pred: SymbolicTensor) -> Any:
        """The weighted loss of one output, or None."""
        several = len(self.aims) > 1
        if aim.compared:
            if target_name(aim, several) not in self.feeds:
                raise ValueError(f"Expected targets y for output '{aim.name}'. Received: None")
            self.targets[aim.name] = self.fed(target_name(aim, several), "target")
            if weight_name(aim, several) in self.feeds:
                self.weights[aim.name] = self.fed(weight_name(aim, several), "weight")
        if aim.loss is None:
            return None
        value = aim.loss(self.targets[aim.name], y_pred, self.weights.get(aim.name))
        if any(n != 1 for n in value.shape):
            raise GraphError(f"expected a loss of one number, received shape {value.shape} from '{aim.loss.name}'.")
        if sum(other.loss is not None for other in self.aims) > 1:
            self.watch[f"{aim.name}_loss"] = value
        return value if aim.weight == 1 else value * aim.weight

    def penalties(self) -> list[Any]:
        """The penalties on regularised weights."""
        found = []
        for layer, variable, regularizer in self.model.penalties():
            if variable.trainable:
                with self.trace.layer(layer):
                    found.append(regularizer(self.trace.variable(variable)))
        return found

    def measure(self, aim: Aim, y_pred: SymbolicTensor) -> None:
        """Write the metrics of one output."""
        for name, metric in aim.metrics:
            self.see(name, metric, self.targets[aim.name], y_pred)
        for name, metric in aim.weighted:
            self.see(name, metric, self.targets[aim.name], y_pred, sample_weight=self.weights.get(aim.name))

    def see(self, name: str, metric: Any, *batch: SymbolicTensor, **weights: Any) -> None:
        """Let a metric see the batch: its counts are watched, or its variables change at the end of the list."""
        if metric.counts:
            self.watch[name] = metric.count(*batch, **weights)
        else:
            metric.update_state(*batch, **weights)

    def learn(self, loss: SymbolicTensor) -> None:
        """Write backward and update."""
        optimizer, variables = self.model.optimizer, self.model.trainable_weights
        gradients = write_backward(self.trace, optimizer.scale_loss(loss), variables)
        if self.trace.peek is not None:
            optimizer.extend(variables)
            met = [k for k, g in enumerate(gradients) if g is not None]  # the other paths' weights wait, as they should
            gradients, variables = [gradients[k] for k in met], [variables[k] for k in met]
        if self.part is not None:
            gradients = self.add_up(gradients, self.part.share)
        if any(g is not None for g in gradients):
            optimizer.apply(gradients, variables)
        else:
            self.trace.phase = "update"
            optimizer.record(self.trace, [], [])

    def add_up(self, gradients: Sequence[SymbolicTensor | None], share: float) -> list[SymbolicTensor | None]:
        """Write the sums over the processes that train together: of gradients, and of what layers remember."""
        for variable, symbol in list(self.trace.assigned.values()):
            if symbol.dtype.startswith("float"):
                self.trace.assign(variable, self.total(symbol, share))
        return [None if g is None else self.total(g, share) for g in gradients]

    def total(self, part: SymbolicTensor, share: float) -> SymbolicTensor:
        """Write the sum of a value over the processes."""
        value = self.trace.values[part.name]
        name = self.trace.unique(f"{part.name}.total")
        self.trace.values[name] = replace(value, name=name)
        pairs = ((("x", part.name),), (("y", name),))
        self.trace.steps.append(
            Step(ops.all_reduce, "backward", value.layer, *pairs, {"share": share}, shapes=(value.shape,))
        )
        return self.trace.symbol(name)
