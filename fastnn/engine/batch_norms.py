"""Batch normalization, from the mean to the relu behind it, as one row forward and one backward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastnn.engine.rows import Row
from fastnn.engine.steplist import KEPT

if TYPE_CHECKING:
    from fastnn.engine.fusion import Fusion

KERNEL = "fused_batch_norm"


def join_batch_norms(fusion: Fusion) -> None:
    """Join the rows of every batch normalization whose values in between nobody else reads."""
    for i, row in list(fusion.present()):
        if row.kernel == "standardize" and not row.backward and _over_columns(fusion, i):
            _Chain(fusion, i).join()


def _over_columns(fusion: Fusion, i: int) -> bool:
    """Whether the groups are the last axis, of more than one number."""
    step = fusion.listing.steps[i]
    shape = step.shapes[0]
    return shape is not None and shape[-1] > 1 and step.attrs["axis"] == tuple(range(len(shape) - 1))


class _Chain:
    """The rows behind one `standardize`: multiply by gamma, add beta, add a shortcut, relu; and their way back."""

    def __init__(self, fusion: Fusion, start: int) -> None:
        self.fusion, self.readers = fusion, fusion.readers()
        self.rows, self.way = fusion.rows, [start]
        self.x = str(self._row(start).operands[0])
        self.normal, *self.statistics = (str(name) for name in self._row(start).results)
        self.end = self.normal
        self.gamma = self._vector("multiply")
        self.beta = self._vector("add")
        self.shortcut = self._shortcut()
        self.relu = self._take(self._only("relu"))

    def _row(self, i: int) -> Row:
        row = self.rows[i]
        assert row is not None
        return row

    # ------------------------------------------------------------ forward

    def _only(self, kernel: str) -> int | None:
        """The row of a kernel that alone reads the end of the chain forward; backward `normal` alone is read too."""
        found = self.readers.get(self.end, [])
        forward = [i for i in found if not self._row(i).backward]
        if self.fusion.is_told(self.end) or len(forward) != 1 or (self.end != self.normal and len(found) > 1):
            return None
        row = self._row(forward[0])
        return forward[0] if row.kernel == kernel and self.end in row.operands else None

    def _take(self, i: int | None) -> bool:
        """Make a row the end of the chain."""
        if i is None:
            return False
        self.way.append(i)
        self.end = self._row(i).writes[0]
        return True

    def _other(self, i: int) -> str:
        """The operand of a row that is not the end of the chain."""
        a, b = (str(name) for name in self._row(i).operands)
        return b if self.fusion.home(a) == self.end else a

    def _vector(self, kernel: str) -> str | None:
        """Gamma or beta: a variable with a number for each column."""
        i = self._only(kernel)
        if i is None:
            return None
        name, values = self.fusion.home(self._other(i)), self.fusion.values
        columns = values[self.normal].shape[-1]
        if (
            values[name].role not in KEPT
            or values[name].shape[-1:] != (columns,)
            or np.prod(values[name].shape) != columns
        ):
            return None
        self._take(i)
        return name

    def _shortcut(self) -> str | None:
        """What is added to the result, if it is there before the chain begins."""
        i = self._only("add")
        if i is None:
            return None
        name = self._other(i)
        born = self.fusion.listing.written_by.get(self.fusion.home(name), -1)
        if (
            self.fusion.values[name].shape != self.fusion.values[self.end].shape
            or born > self.way[0]
            or name == self.end
        ):
            return None
        self._take(i)
        return name

    # ------------------------------------------------------------ backward

    def join(self) -> None:
        """Put one row in the place of the chain, and one in the place of its way back; or leave all as they are."""
        back = [i for i in self.readers.get(self.normal, []) if self._row(i).backward]
        if len(self.way) == 1 or self.fusion.is_told(self.normal):
            return
        if back:
            joined = self._backward(back)
            if joined is None:
                return
            self._put(joined)
        operands = (self.x, self.gamma, self.beta, self.shortcut)
        self._put(Row(KERNEL, False, operands, (self.end, *self.statistics), self._attrs, tuple(sorted(self.way))))

    @property
    def _attrs(self) -> tuple[float, bool]:
        return self._row(self.way[0]).attrs[1], self.relu

    def _put(self, joined: Row) -> None:
        """The first of its rows is replaced by the joined one, the others are gone."""
        for i in joined.steps:
            self.rows[i] = None
        self.rows[joined.steps[0]] = joined

    def _backward(self, back: Sequence[int]) -> Row | None:
        """The way back as one row; None if it is another way than expected."""
        kernels = {self._row(i).kernel: i for i in back}
        if set(kernels) != {"standardize", *(["multiply"] if self.gamma else [])} or len(back) != len(kernels):
            return None
        last = kernels["standardize"]
        upstream, *outer = self._row(last).operands[:3]
        way, dgamma = [last], None
        if self.gamma:
            i = kernels["multiply"]
            product = self._row(i)
            part, dgamma = product.results if product.operands[1] == self.normal else product.results[::-1]
            if part != upstream or self.readers[str(part)] != [last]:
                return None
            upstream, way = product.operands[0], [i, last]
        dy, incoming = str(upstream), self.fusion.home(str(upstream))
        dbeta, added = self._of_beta(incoming)
        way = [*added, *way]
        elsewhere = set(self.readers[incoming]) - set(way)
        dshortcut = None
        if self.relu:
            masked = self.fusion.writer(incoming)
            if masked is None or self._row(masked).kernel != "relu" or (elsewhere and not self.shortcut):
                return None
            dshortcut = incoming if elsewhere else None
            dy, kept = (str(name) for name in self._row(masked).operands)
            if self.fusion.home(kept) != self.fusion.home(self.end) or not self._row(masked).backward:
                return None
            way = [masked, *way]
        if self.fusion.values[dy].shape != self.fusion.values[self.x].shape:
            return None
        slopes = tuple(None if self._is_zero(str(name)) else name for name in outer)
        if any(name is not None and self.fusion.listing.written_by[name] > min(way) for name in slopes):
            return None
        sign = self.end if self.relu and self.shortcut else None
        mean, _, inverse = self.statistics
        operands = (dy, self.x, mean, inverse, self.gamma, self.beta, sign, *slopes)
        dx = self._row(last).results[0]
        results = (dx, dgamma, dbeta, dshortcut)
        over = (str(dx if dshortcut is None else dshortcut), (dy,))
        return Row(KERNEL, True, operands, results, self._attrs, tuple(sorted(way)), over=over)

    def _of_beta(self, incoming: str) -> tuple[str | None, list[int]]:
        """The gradient of beta and the row that sums it up; nothing if it is not wanted."""
        for i in self.readers[incoming] if self.beta else []:
            row = self._row(i)
            if row.kernel == "add" and row.backward:
                for name in row.writes:
                    if np.prod(self.fusion.values[name].shape) == self.fusion.values[self.normal].shape[-1]:
                        return name, [i]
        return None, []

    def _is_zero(self, name: str) -> bool:
        value = self.fusion.values[name]
        return value.role == "constant" and not np.any(value.source)
