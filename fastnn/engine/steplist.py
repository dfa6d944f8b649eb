"""A training step as data: the finished list, and how backward steps are written behind the loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from fastnn.engine.axes import pictures
from fastnn.engine.graph import Step, SymbolicTensor, Trace, Value
from fastnn.engine.tensor import Variable
from fastnn.errors import GraphError
from fastnn.ops.table import find

PHASES = ("forward", "loss", "backward", "update")
FED = ("input", "target", "weight")  # roles of values that every batch brings anew
KEPT = ("parameter", "state", "constant")  # roles of values that outlive a training step


@dataclass(frozen=True)
class StepList:
    """A list of steps over named values; printable, and the same for fit, stepper and app.

    Args:
        values: All values by name.
        steps: In the order in which they run: forward, loss, backward, update.
        inputs: Names of the model's inputs.
        targets: Names of the values that the outputs are compared with.
        weights: Names of sample weights.
        outputs: Names of the model's outputs.
        loss: Name of the scalar that is minimised, or None.
        watch: Names of metrics and losses, and the value that holds each.
    """

    values: Mapping[str, Value]
    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    targets: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    loss: str | None = None
    watch: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def dtype(self) -> str:
        """The floating type that the list computes in."""
        floats = [v.dtype for v in self.values.values() if v.dtype.startswith("float")]
        return "float64" if "float64" in floats else "float32"

    @cached_property
    def feeds(self) -> tuple[str, ...]:
        """Names of the values that every batch brings."""
        return (*self.inputs, *self.targets, *self.weights)

    @cached_property
    def updates(self) -> int:
        """Index of the first update step; the number of steps if there is none."""
        return next((i for i, s in enumerate(self.steps) if s.phase == "update"), len(self.steps))

    @cached_property
    def written_by(self) -> Mapping[str, int]:
        """For every value that a step writes, the index of that step."""
        return {name: i for i, step in enumerate(self.steps) for name in step.outputs}

    @cached_property
    def read_by(self) -> Mapping[str, tuple[int, ...]]:
        """For every value, the indices of the steps that read it."""
        found: dict[str, list[int]] = {name: [] for name in self.values}
        for i, step in enumerate(self.steps):
            for name in dict.fromkeys(step.inputs):
                found[name].append(i)
        return {name: tuple(readers) for name, readers in found.items()}

    @cached_property
    def given(self) -> frozenset[str]:
        """Values that come from inputs, targets and constants alone: nothing learnt has a part in them."""
        found = {name for name, value in self.values.items() if value.role in (*FED, "constant")}
        for step in self.steps[: self.updates]:
            if step.phase in ("forward", "loss") and found.issuperset(step.inputs):
                found.update(step.outputs)
        return frozenset(found)

    @cached_property
    def pictures(self) -> frozenset[str]:
        """Values (n, h, w): pictures without an axis for channels."""
        return pictures(self)

    def gradient_of(self, name: str) -> str | None:
        """Name of the value that holds the loss's derivative with respect to a value, or None."""
        return f"{name}.grad" if f"{name}.grad" in self.values else None

    def __str__(self) -> str:
        return "\n".join(f"{i:4}  {step}" for i, step in enumerate(self.steps))


def finish(
    trace: Trace,
    inputs: Sequence[SymbolicTensor],
    targets: Sequence[SymbolicTensor] = (),
    weights: Sequence[SymbolicTensor] = (),
    outputs: Sequence[SymbolicTensor] = (),
    loss: SymbolicTensor | None = None,
    watch: Mapping[str, SymbolicTensor] | None = None,
) -> StepList:
    """The finished list of a trace."""
    fed, compared, weighing, given = (tuple(t.name for t in group) for group in (inputs, targets, weights, outputs))
    watched = {key: t.name for key, t in (watch or {}).items()}
    scalar = loss.name if loss is not None else None
    return StepList(dict(trace.values), tuple(trace.steps), fed, compared, weighing, given, scalar, watched)


def in_float64(listing: StepList) -> StepList:
    """The same list over float64 values: the references run it, and finite differences can be trusted."""
    values = {n: replace(v, dtype="float64") if v.dtype == "float32" else v for n, v in listing.values.items()}
    return replace(listing, values=values, steps=tuple(map(_casting_to_float64, listing.steps)))


def _casting_to_float64(step: Step) -> Step:
    wide = {**step.attrs, "dtype": "float64"}
    return replace(step, attrs=wide) if step.attrs.get("dtype") == "float32" else step


def write_backward(
    trace: Trace,
    loss: SymbolicTensor,
    sources: Sequence[Variable | SymbolicTensor],
    seed: SymbolicTensor | None = None,
    required: bool = True,
) -> list[SymbolicTensor | None]:
    """Append the backward steps that give the loss's gradients with respect to variables or values.

    A value with several consumers gets one gradient from each, and a visible `accumulate` step that adds them.

    Args:
        trace: The trace that holds forward and loss steps.
        loss: A scalar of that trace; with a seed of any shape.
        sources: The variables or values to differentiate by.
        seed: The gradient of the loss itself; 1 by default.
        required: Whether at least one source must have a gradient.

    Returns:
        For every source its gradient's symbolic tensor, or None where the loss does not depend on it.

    Raises:
        GraphError: if the loss has more than one cell, depends on none of the sources, or a step in between has
            overwritten what the backward pass would read.
    """
    if not isinstance(loss, SymbolicTensor):
        raise GraphError(f"expected a loss that depends on the model's output, received {loss!r}.")
    if seed is None and any(n != 1 for n in loss.shape):
        raise GraphError(f"expected a loss of one number, received '{loss.name}' of shape {loss.shape}.")
    names = [(trace.place(s) if isinstance(s, Variable) else s).name for s in sources]
    writer = _Backward(trace, loss.name, names)
    trace.phase = "backward"
    writer.write(seed)
    grads = [trace.symbol(writer.totals[n]) if n in writer.totals else None for n in names]
    if required and sources and all(g is None for g in grads):
        raise GraphError(f"expected a loss that depends on trainable weights, received '{loss.name}', which does not.")
    return grads


class _Backward:
    """Writes backward steps: which values need a gradient, in how many parts it comes, and when the parts are added."""

    def __init__(self, trace: Trace, loss: str, wanted: Sequence[str]) -> None:
        self.trace, self.loss = trace, loss
        self.forward = [step for step in trace.steps if step.phase in ("forward", "loss")]
        self.needed = self._depends_on(set(wanted))
        self.steps = self._on_the_way()
        self.parts_expected = Counter(n for s in self.steps for n in self._wanted_inputs(s))
        self.parts: dict[str, list[str]] = {}
        self.totals: dict[str, str] = {}  # the finished gradient of every value
        self._check_not_overwritten()

    def _check_not_overwritten(self) -> None:
        """An update between forward and backward would make the backward pass read other numbers."""
        order = {id(step): i for i, step in enumerate(self.trace.steps)}
        changed = {n: i for i, s in enumerate(self.trace.steps) if s.op.in_place for n in s.outputs}
        for step in self.steps if changed else []:
            by_role = dict((*step.operands, *step.results))
            for role in step.op.saved_roles(len(step.operands)):
                if changed.get(str(by_role[role]), -1) > order[id(step)]:
                    raise GraphError(
                        f"expected gradients before the update of '{by_role[role]}', received an update first.",
                        layer=step.layer or None,
                        operation=step.op.name,
                    )

    def _depends_on(self, wanted: set[str]) -> set[str]:
        needed = set(wanted)
        for step in self.forward:
            if self._wanted_inputs(step, needed):
                outputs = [name for role, name in step.results if role in step.op.outputs and name]
                needed.update(name for name in outputs if self.trace.values[name].dtype.startswith("float"))
        return needed

    def _on_the_way(self) -> list[Step]:
        """Steps that lie between wanted values and the loss, last first."""
        reached, found = {self.loss}, []
        for step in reversed(self.forward):
            inputs = self._wanted_inputs(step)
            if inputs and reached & {n for r, n in step.results if r in step.op.outputs}:
                found.append(step)
                reached.update(inputs)
        return found

    def _wanted_inputs(self, step: Step, needed: set[str] | None = None) -> list[str]:
        """The step's operands that have a derivative and need one; a value used twice appears twice."""
        needed = self.needed if needed is None else needed
        roles = step.op.gradient_roles(len(step.operands))
        return [name for role, name in step.operands if role in roles and name in needed]

    def write(self, seed: SymbolicTensor | None) -> None:
        loss = self.trace.values[self.loss]
        name = f"{self.loss}.grad"
        if seed is None:
            ones = np.ones(loss.shape, loss.dtype)
            seed = self.trace.add_value(name, loss.shape, loss.dtype, "constant", ones)
        self.parts[self.loss], self.totals[self.loss] = [seed.name], seed.name
        for step in self.steps:
            self._write_step(step)

    def _write_step(self, step: Step) -> None:
        trace, op, count = self.trace, step.op, len(step.operands)
        by_role = dict((*step.operands, *step.results))
        upstream = tuple((f"d{role}", self._upstream(str(by_role[role]))) for role in op.outputs)
        saved = tuple((role, by_role[role]) for role in op.saved_roles(count))
        results = []
        for role in op.gradient_roles(count):
            name = by_role[role]
            part = self._new_part(name, step.layer) if name is not None and name in self.needed else None
            if part is None and name is not None and op.backward_extra:  # the inner gradients are explained by it
                part = self._add_gradient(f"{name}.grad", trace.values[name], step.layer)
            results.append((f"d{role}", part))
        base = str(by_role[op.outputs[0]])
        for role, shape in op.inner_gradients(step.shapes, step.attrs).items():
            inner = Value(f"{base}.{role}", shape, trace.values[base].dtype, "gradient", step.layer)
            results.append((role, self._add_gradient(inner.name, inner, step.layer)))
        trace.steps.append(
            Step(op, "backward", step.layer, (*upstream, *saved), tuple(results), step.attrs, True, step.shapes)
        )
        for name in dict.fromkeys(self._wanted_inputs(step)):
            if len(self.parts[name]) == self.parts_expected[name] > 1:
                self._accumulate(name, step.layer)

    def _upstream(self, name: str) -> str:
        if name in self.totals:
            return self.totals[name]
        value = self.trace.values[name]  # an output that the loss does not depend on
        zeros = np.zeros(value.shape, value.dtype)
        self.totals[name] = self.trace.add_value(f"{name}.grad", value.shape, value.dtype, "constant", zeros).name
        return self.totals[name]

    def _new_part(self, name: str, layer: str) -> str:
        value = self.trace.values[name]
        parts = self.parts.setdefault(name, [])
        alone = self.parts_expected[name] == 1
        suffix = "" if alone else f".{len(parts) + 1}"
        parts.append(self._add_gradient(f"{name}.grad{suffix}", value, layer))
        if alone:
            self.totals[name] = parts[-1]
        return parts[-1]

    def _add_gradient(self, name: str, value: Value, layer: str) -> str:
        name = self.trace.unique(name)
        self.trace.values[name] = Value(name, value.shape, value.dtype, "gradient", value.layer or layer)
        return name

    def _accumulate(self, name: str, layer: str) -> None:
        value, parts = self.trace.values[name], self.parts[name]
        total = self.totals[name] = self._add_gradient(f"{name}.grad", value, layer)
        operands = tuple((f"xs{i}", part) for i, part in enumerate(parts))
        shapes = tuple(value.shape for _ in parts)
        step = Step(find("accumulate"), "backward", value.layer, operands, (("y", total),), {}, shapes=shapes)
        self.trace.steps.append(step)
