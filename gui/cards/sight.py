"""The number that a card explains, with everything around it that figures are made of. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.explain import Explanation, number_in
from fastnn.engine.graph import Step
from fastnn.engine.inside import Inside
from fastnn.errors import FastnnError
from fastnn.ops.terms import Formula, Sum, cells_of
from gui.cards.figure import Link
from gui.content import label_letters
from gui.inner_sums import InnerSum, inner_sums

Index = tuple[int, ...]


@dataclass(frozen=True)
class Sight:
    """A number that a step computed.

    Args:
        session: The session.
        explanation: Why it is what it is.
        step: The step.
        role: What the value is for the step, such as "y" or "dw".
        inside: The moves that lead to it.
        order: "size" or "index": how long sums are sorted.
        term: The move in focus, or None.
        unfolded: Whether a formula's lines are all shown.
    """

    session: Any
    explanation: Explanation
    step: Step
    role: str
    inside: Inside
    order: str = "size"
    term: int | None = None
    unfolded: bool = False

    @property
    def name(self) -> str:
        """The value's name."""
        return self.explanation.name

    @property
    def index(self) -> Index:
        """The cell."""
        return self.explanation.index

    @property
    def sum(self) -> Sum | None:
        """The expression, if it is a sum."""
        found = self.inside.expression
        return found if isinstance(found, Sum) else None

    @property
    def formula(self) -> Formula | None:
        """The expression, if it is a formula."""
        found = self.inside.expression
        return found if isinstance(found, Formula) else None

    @cached_property
    def inner(self) -> tuple[InnerSum, ...]:
        """Sums of products inside the formula, if it is one."""
        return inner_sums(self.formula.text, self.explanation.operands) if self.formula is not None else ()

    @property
    def tabled(self) -> frozenset[tuple[str, Index]]:
        """Cells that stand in the table beside the formula."""
        rows = self.formula.rows if self.formula is not None else None
        found = rows.lines.values() if rows is not None else ()
        return frozenset((self.called(role), tuple(int(i) for i in cell)) for role, cells in found for cell in cells)

    def array(self, role: str) -> NDArray[Any] | None:
        """An operand or result of the step as it was when the step ran."""
        return self.inside.arrays.get(role)

    def called(self, role: str) -> str:
        """The name of the value in a role."""
        return str(self.inside.names[role])

    def letters(self, role: str) -> tuple[str, ...]:
        """Letters of a value's axes."""
        return label_letters(self.session.listing, self.called(role))

    def item(self, role: str, value: float) -> float:
        """A number of an operand; whole where the operand holds whole numbers."""
        return int(value) if self.inside.arrays[role].dtype.kind in "iub" else float(value)

    def link(self, role: str, cell: Index) -> Link:
        """A cell of an operand or result, as it was when the step ran."""
        return Link(number_in(self.inside.arrays[role], cell), self.called(role), cell)

    def gathered(self, factor: int) -> NDArray[np.float64]:
        """The numbers of one factor of a sum, term by term."""
        assert self.sum is not None
        role, cells = self.sum.factors[factor]
        return np.broadcast_to(cells_of(self.inside.arrays[role], cells), len(cells))


def sight_of(session: Any, order: str = "size", unfolded: bool = False) -> Sight | None:
    """The selected number, or None if no step has computed it, or while a training run owns the numbers."""
    explanation = session.explanation()
    if explanation is None or explanation.step is None or session.moment.arrays is not None:
        return None
    try:
        inside = session.stepper.inside(explanation.name, explanation.index, session.digits)
    except FastnnError:
        return None
    step = session.steps[explanation.step]
    role = next(r for r, n in step.results if n == explanation.name)
    return Sight(session, explanation, step, role, inside, order, session.term, unfolded)
