"""What a plan runs in place of a step list where nobody looks at the values in between: fewer calls, fewer buffers.

Every rewriting leaves all bits as they are: a copy becomes a second name of the same memory, and a step that works
number by number moves into the kernel that writes those numbers. Results that are read elsewhere stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fastnn.engine import execute
from fastnn.engine.graph import Shape, Step
from fastnn.engine.steplist import KEPT, StepList
from fastnn.ops.table import Op

RENAMING = ("reshape", "flatten", "expand_dims", "squeeze", "stop_gradient")  # the same numbers in the same order
HANDED_ON = {
    "add": (0, 1),
    "subtract": (0,),
    "bias_add": (0,),
}  # backward: results that are the incoming gradient, if shapes agree
WITH_RELU = ("dense", "conv2d", "conv2d_transpose", "depthwise_conv2d")  # kernels that end with relu when asked to
WITH_MASK = (
    "dense",
    "conv2d",
    "conv2d_transpose",
    "depthwise_conv2d",
)  # kernels whose backward can set dx to 0 where a mask is not positive


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
        cellwise: Whether each number of the only result depends on the numbers at its place alone, so that it may be
            written over an operand.
    """

    kernel: str
    backward: bool
    operands: tuple[str | None, ...]
    results: tuple[str | Shape | None, ...]
    attrs: tuple[Any, ...]
    steps: tuple[int, ...]
    relu: bool = False
    mask: str | None = None
    cellwise: bool = False

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
        while name in self.homes:
            name = self.homes[name]
        return name


def as_listed(listing: StepList) -> Program:
    """One row for every step."""
    return Program(tuple(row_of(i, step) for i, step in enumerate(listing.steps)), listing.updates)


def row_of(index: int, step: Step) -> Row:
    """The row of a step."""
    shapes = dict(zip(step.op.roles(len(step.shapes)), step.shapes, strict=True))
    results = tuple(name if name is not None else shapes[role[1:]] for role, name in step.results)
    operands, attrs = tuple(n for _, n in step.operands), tuple(execute.packed(step.op, step.attrs))
    alone = len(step.outputs) == 1 and is_cellwise(step.op, step.backward)
    return Row(step.op.name, step.backward, operands, results, attrs, (index,), cellwise=alone)


def is_cellwise(op: Op, backward: bool) -> bool:
    """Whether a kernel that makes a single result may write it over an operand of the same shape."""
    return op.kind == "elementwise" and not (backward and op.name in HANDED_ON)


def fused(listing: StepList) -> Program:
    """Rows that give the same outputs, loss, watched values and variables as the list, with less work."""
    return _Fusion(listing).program()


class _Fusion:
    """Rewrites the rows of a list, one rule after the other."""

    def __init__(self, listing: StepList) -> None:
        self.listing, self.values = listing, listing.values
        self.rows: list[Row | None] = list(as_listed(listing).rows)
        self.homes: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.told = {*listing.outputs, *listing.watch.values(), listing.loss}
        self.overwritten = {n: i for i, s in enumerate(listing.steps) if s.op.in_place for n in s.outputs}

    def program(self) -> Program:
        self._hand_on()
        self._end_with_relu()
        self._end_with_mask()
        rows = tuple(row for row in self.rows if row is not None)
        updates = sum(row.steps[0] < self.listing.updates for row in rows)
        return Program(rows, updates, self.homes, frozenset(self.hidden))

    def _present(self) -> Iterable[tuple[int, Row]]:
        return ((i, row) for i, row in enumerate(self.rows) if row is not None)

    def _home(self, name: str) -> str:
        while name in self.homes:
            name = self.homes[name]
        return name

    def _readers(self) -> dict[str, list[int]]:
        """For every value with memory of its own, the rows that read it under any of its names."""
        found: dict[str, list[int]] = {}
        for i, row in self._present():
            for home in {self._home(n) for n in row.reads}:
                found.setdefault(home, []).append(i)
        return found

    # ------------------------------------------------------------ copies

    def _hand_on(self) -> None:
        """What would copy numbers gives them a second name."""
        for i, row in self._present():
            if row.kernel in RENAMING:
                if self._can_stand_for(str(row.operands[0]), row.writes[0], i):
                    self.homes[row.writes[0]] = str(row.operands[0])
                    self.rows[i] = None
            elif row.backward and row.kernel in HANDED_ON:
                self._hand_gradient_on(i, row)

    def _can_stand_for(self, name: str, copy: str, row: int) -> bool:
        """Whether `name` still holds the numbers wherever its copy is read, and both are of one type."""
        home = self._home(name)
        if self.values[name].dtype != self.values[copy].dtype or (self.values[home].role in KEPT and copy in self.told):
            return False
        changed = self.overwritten.get(home)
        return changed is None or changed > max(self.listing.read_by[copy], default=row)

    def _hand_gradient_on(self, i: int, row: Row) -> None:
        dy, results = str(row.operands[0]), list(row.results)
        for k in HANDED_ON[row.kernel]:
            name = results[k]
            if isinstance(name, str) and self.values[name].shape == self.values[dy].shape and name not in self.told:
                self.homes[name], results[k] = dy, self.values[name].shape
        wanted = any(isinstance(r, str) for r in results)
        self.rows[i] = replace(row, results=tuple(results)) if wanted else None

    # ------------------------------------------------------------ relu at the end of another kernel

    def _only_reader(self, name: str, readers: Mapping[str, list[int]]) -> Row | None:
        """The one row that reads a value which is not told to anybody."""
        found = readers.get(name, [])
        names = [name, *(n for n in self.homes if self._home(n) == name)]
        return self.rows[found[0]] if len(found) == 1 and not self.told.intersection(names) else None

    def _end_with_relu(self) -> None:
        readers = self._readers()
        for i, row in self._present():
            if row.kernel in WITH_RELU and not row.backward:
                after = self._only_reader(row.writes[0], readers)
                if after is not None and after.kernel == "relu" and not after.backward:
                    self.hidden.add(row.writes[0])
                    self._merge(i, after, replace(row, results=after.results, relu=True))

    def _end_with_mask(self) -> None:
        readers = self._readers()
        for i, row in self._present():
            if row.kernel in WITH_MASK and row.backward and isinstance(row.results[0], str):
                after = self._only_reader(row.results[0], readers)
                if after is not None and after.kernel == "relu" and after.backward and after.writes:
                    dy, y = after.operands
                    self.hidden.update({row.results[0], str(dy)})
                    self.homes[after.writes[0]] = row.results[0]
                    self._merge(i, after, replace(row, mask=y))

    def _merge(self, i: int, after: Row, merged: Row) -> None:
        """Put the merged row in the place of the first; the other is done with it."""
        self.rows[after.steps[0]] = None
        self.rows[i] = replace(merged, steps=(*merged.steps, *after.steps))
