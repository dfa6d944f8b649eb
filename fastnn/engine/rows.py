"""What a plan runs: rows, one for every step of its list or one for several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastnn.engine import execute
from fastnn.engine.graph import Shape, Step
from fastnn.engine.steplist import StepList
from fastnn.ops.table import Op

# Backward: results that are the incoming gradient itself, where shapes agree.
HANDED_ON = {"add": (0, 1), "subtract": (0,), "bias_add": (0,)}


@dataclass(frozen=True)
class Row:
    """One call of a kernel.

    Args:
        kernel: Its name.
        backward: Whether its backward is called.
        operands: Names of the values that it reads, in order; None for one left out.
        results: Names of the values that it writes; for a gradient that nobody needs its shape, or None.
        attrs: Attributes as the kernel takes them.
        steps: Indices of the steps that it does the work of.
        relu: Whether negative results become 0.
        mask: A value of the first result's size: where it is not positive, that becomes 0.
        accumulate: Whether the first result is added to what lies there.
        over: A result that depends, number by number, on nothing but the numbers at its place of some operands, and
            these: it may be written over one of them.
    """

    kernel: str
    backward: bool
    operands: tuple[str | None, ...]
    results: tuple[str | Shape | None, ...]
    attrs: tuple[Any, ...]
    steps: tuple[int, ...]
    relu: bool = False
    mask: str | None = None
    accumulate: bool = False
    over: tuple[str, tuple[str, ...]] | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the values that are read."""
        return tuple(n for n in (*self.operands, self.mask) if n is not None)

    @property
    def writes(self) -> tuple[str, ...]:
        """Names of the values that are written."""
        return tuple(n for n in self.results if isinstance(n, str))


@dataclass
class Program:
    """The rows of a plan.

    Args:
        rows: In the order in which they run.
        updates: Index of the first row that changes parameters; the number of rows if there is none.
        homes: Values that have another value's memory, and that value.
        hidden: Values that are nowhere to be read, since a row does not write them by themselves.
    """

    rows: tuple[Row, ...]
    updates: int
    homes: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def home(self, name: str) -> str:
        """The value whose memory holds a value: itself, if it has its own."""
        return home_of(name, self.homes)


def home_of(name: str, homes: Mapping[str, str]) -> str:
    """The value whose memory holds a value that is a second name, or a second name of one."""
    while name in homes:
        name = homes[name]
    return name


def told(listing: StepList) -> tuple[str, ...]:
    """Values that are read by others than the steps: outputs, the loss, what metrics watch."""
    return tuple(n for n in (*listing.outputs, *listing.watch.values(), listing.loss) if n is not None)


def as_listed(listing: StepList) -> Program:
    """One row for every step."""
    return Program(tuple(row_of(i, step) for i, step in enumerate(listing.steps)), listing.updates)


def row_of(index: int, step: Step) -> Row:
    """The row of a step."""
    shapes = dict(zip(step.op.roles(len(step.shapes)), step.shapes, strict=True))
    results = tuple(name if name is not None else shapes[role[1:]] for role, name in step.results)
    operands, attrs = tuple(n for _, n in step.operands), tuple(execute.packed(step.op, step.attrs))
    alone = len(step.outputs) == 1 and is_cellwise(step.op, step.backward)
    first_alone = step.op.name == "accumulate" and not step.backward  # its kernel reads the others more than once
    over = (step.outputs[0], step.inputs[:1] if first_alone else step.inputs) if alone or first_alone else None
    return Row(step.op.name, step.backward, operands, results, attrs, (index,), over=over)


def is_cellwise(op: Op, backward: bool) -> bool:
    """Whether a kernel that makes a single result may write it over an operand of the same shape."""
    return op.kind == "elementwise" and not (backward and op.name in HANDED_ON)
