"""What a plan runs in place of a step list where nobody looks at the values in between: fewer calls, fewer buffers.

Every rewriting leaves all bits as they are: a copy becomes a second name of the same memory, and a step that works
number by number moves into the kernel that writes those numbers. Results that are read elsewhere stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fastnn.engine.batch_norms import join_batch_norms
from fastnn.engine.rows import HANDED_ON, Program, Row, as_listed, home_of, told
from fastnn.engine.steplist import KEPT, StepList

RENAMING = ("reshape", "flatten", "expand_dims", "squeeze", "stop_gradient")  # the same numbers in the same order
WITH_RELU = ("dense", "conv2d", "conv2d_transpose", "depthwise_conv2d")  # kernels that end with relu when asked to
WITH_SUM = ("dense", "conv2d")  # kernels whose backward adds dx to what is there when asked to
WITH_MASK = WITH_RELU  # kernels whose backward sets dx to 0 where a mask is not positive, when given one


def fused(listing: StepList) -> Program:
    """Rows that give the same outputs, loss, watched values and variables as the list, with less work."""
    return Fusion(listing).program()


class Fusion:
    """Rewrites the rows of a list, one rule after the other.

    Args:
        listing: The list.
    """

    def __init__(self, listing: StepList) -> None:
        self.listing, self.values = listing, listing.values
        self.rows: list[Row | None] = list(as_listed(listing).rows)
        self.homes: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.told = set(told(listing))
        self.overwritten = [(n, i) for i, s in enumerate(listing.steps) if s.op.in_place for n in s.outputs]

    def program(self) -> Program:
        self._hand_on()
        join_batch_norms(self)
        self._end_with_relu()
        self._end_with_mask()
        self._unpool_through_relu()
        self._add_to_gradients()
        rows = tuple(row for row in self.rows if row is not None)
        updates = sum(row.steps[0] < self.listing.updates for row in rows)
        return Program(rows, updates, self.homes, frozenset(self.hidden))

    def present(self) -> Iterable[tuple[int, Row]]:
        """The rows that are left, by the index of their first step."""
        return ((i, row) for i, row in enumerate(self.rows) if row is not None)

    def home(self, name: str) -> str:
        """The value whose memory holds a value."""
        return home_of(name, self.homes)

    def readers(self) -> dict[str, list[int]]:
        """For every value with memory of its own, the rows that read it under any of its names."""
        found: dict[str, list[int]] = {}
        for i, row in self.present():
            for home in {self.home(n) for n in row.reads}:
                found.setdefault(home, []).append(i)
        return found

    def writer(self, name: str) -> int | None:
        """The row that writes a value."""
        return next((i for i, row in self.present() if name in row.writes), None)

    def is_told(self, name: str) -> bool:
        """Whether a value is read by others than the rows, under any of its names."""
        return any(self.home(told) == name for told in self.told)

    # ------------------------------------------------------------ copies

    def _hand_on(self) -> None:
        """What would copy numbers gives them a second name."""
        for i, row in self.present():
            if row.kernel in RENAMING:
                if self._can_stand_for(str(row.operands[0]), row.writes[0], i):
                    self.homes[row.writes[0]] = str(row.operands[0])
                    self.rows[i] = None
            elif row.backward and row.kernel in HANDED_ON:
                self._hand_gradient_on(i, row)

    def _can_stand_for(self, name: str, copy: str, row: int) -> bool:
        """Whether `name` still holds the numbers wherever its copy is read, and both are of one type."""
        home = self.home(name)
        if self.values[name].dtype != self.values[copy].dtype or (self.values[home].role in KEPT and copy in self.told):
            return False
        last = max(self.listing.read_by[copy], default=row)
        return not any(changed == home and row < i <= last for changed, i in self.overwritten)

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
        return self.rows[found[0]] if len(found) == 1 and not self.is_told(name) else None

    def _end_with_relu(self) -> None:
        readers = self.readers()
        for i, row in self.present():
            ending = None if row.backward else self._with_relu(row)
            after = self._only_reader(row.writes[0], readers) if ending is not None else None
            if ending is not None and after is not None and after.kernel == "relu" and not after.backward:
                self._merge(i, after, ending)

    def _with_relu(self, row: Row) -> Row | None:
        """The row as it ends with relu, if its kernel can."""
        if row.kernel in WITH_RELU:
            return replace(row, relu=True)
        shapes = {self.values[name].shape for name in (*row.reads, *row.writes)}
        return replace(row, kernel="fused_add_relu") if row.kernel == "add" and len(shapes) == 1 else None

    def _end_with_mask(self) -> None:
        readers = self.readers()
        for i, row in self.present():
            if row.kernel in WITH_MASK and row.backward and isinstance(row.results[0], str):
                after = self._only_reader(row.results[0], readers)
                if after is not None and after.kernel == "relu" and after.backward and after.writes:
                    self._merge(i, after, replace(row, mask=after.operands[1]))

    def _unpool_through_relu(self) -> None:
        """A maximum passes its gradient on if it is positive: the relu's own result need not be read."""
        readers = self.readers()
        for i, row in self.present():
            if row.kernel == "max_pool2d" and row.backward and isinstance(row.results[0], str):
                after = self._only_reader(row.results[0], readers)
                if after is not None and after.kernel == "relu" and after.backward:
                    pooled = self._pooled(str(row.operands[1]), str(after.operands[1]))
                    if pooled is not None:
                        operands = (*row.operands, pooled)
                        self._merge(i, after, replace(row, kernel="fused_max_pool2d_relu", operands=operands))

    def _pooled(self, winner: str, x: str) -> str | None:
        """The maxima that belong to a pooling's winners, if it pooled x."""
        i = self.writer(winner)
        row = None if i is None else self.rows[i]
        return row.writes[0] if row is not None and self.home(str(row.operands[0])) == self.home(x) else None

    # ------------------------------------------------------------ gradients of a value with two consumers

    def _add_to_gradients(self) -> None:
        """The row that makes the second of two gradients adds it to the first."""
        for i, row in list(self.present()):
            if row.kernel == "accumulate" and not row.backward and len(row.operands) == 2:
                readers = self.readers()
                a, b = (self.home(str(name)) for name in row.operands)
                if not self._add_to(i, row, a, b, readers):
                    self._add_to(i, row, b, a, readers)

    def _add_to(self, i: int, row: Row, first: str, second: str, readers: Mapping[str, list[int]]) -> bool:
        """Let the row that makes `second` add it to `first`, if nobody else needs either of them afterwards."""
        before, at = self.writer(first), self.writer(second)
        maker = None if at is None else self.rows[at]
        if before is None or at is None or maker is None or not before < at < i or not self._can_add(maker, second):
            return False
        if readers[second] != [i] or any(at <= k != i for k in readers[first]):
            return False
        if self.is_told(first) or self.is_told(second):
            return False
        self.hidden.update({second, *(n for n in (first, *self.homes) if self.home(n) == first)})
        self.homes[row.writes[0]] = first
        self.rows[i] = None
        results = (row.writes[0], *maker.results[1:])
        self.rows[at] = replace(maker, results=results, accumulate=True, steps=(*maker.steps, *row.steps))
        return True

    def _can_add(self, maker: Row, result: str) -> bool:
        """Whether a kernel reaches every number of its first result once, and can add it to what is there."""
        if maker.kernel not in WITH_SUM or not maker.backward or maker.mask is not None or maker.results[0] != result:
            return False
        return maker.kernel == "dense" or (maker.attrs[0] == maker.attrs[2] == (1, 1) and maker.attrs[3] == 1)

    def _merge(self, i: int, after: Row, merged: Row) -> None:
        """Let the first row do the work of the other, whose result lies where the first one's lay; that is hidden."""
        result = merged.writes[0]
        self.hidden.update({result, str(after.operands[0])})
        self.homes[after.writes[0]] = result
        self.rows[after.steps[0]] = None
        self.rows[i] = replace(merged, steps=(*merged.steps, *after.steps))
