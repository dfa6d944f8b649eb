"""What a plan runs, said for people: its rows, the steps that each does the work of, their memory and their work."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.engine.memory import size_of
from fastnn.engine.rows import HANDED_ON, Row
from fastnn.engine.steplist import FED, KEPT
from fastnn.ops.work import backward_flops, forward_flops, moved

if TYPE_CHECKING:
    from fastnn.engine.plan import Plan


@dataclass(frozen=True)
class Line:
    """One row of a plan.

    Args:
        index: Its place in the program.
        phase: forward, loss, backward or update.
        layer: Name of the layer that its first step belongs to.
        work: What it does, fused steps named: "conv2d + relu", "dense backward, masked by relu".
        steps: Indices of the steps that it does the work of.
        reads: Names of the values that it reads.
        writes: Names of the values that it writes.
        shapes: Shapes of what it reads, then of what it writes.
        memory: Where it writes: the number of a shared buffer as `#3`, or the name of a value that has its own.
        over: Names of the values that it writes over: they are not needed any more.
        flops: Floating-point operations, by the definition of its steps.
        bytes: Bytes that it reads and writes.
    """

    index: int
    phase: str
    layer: str
    work: str
    steps: tuple[int, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    shapes: tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]
    memory: tuple[str, ...]
    over: tuple[str, ...]
    flops: int
    bytes: int

    def __str__(self) -> str:
        where = " ".join(self.memory) + (f" over {', '.join(self.over)}" if self.over else "")
        return f"{self.index:3}  {self.layer or f'({self.phase})'}: {self.work} -> {', '.join(self.writes)} in {where}"


class Description:
    """The rows of a plan, and what they take together; printing it gives a table.

    Args:
        plan: The plan.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((4,)), fastnn.layers.Dense(3, "relu", name="hidden")])
        >>> model.compile("sgd", "mse")
        >>> found = model.plan(batch_size=8)
        >>> [line.work for line in found.rows][:2]
        ['dense + relu', 'mean_squared_error']
        >>> found.totals["variable_bytes"]  # 12 weights, 3 biases, learning rate and counter of training steps
        72
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._memory = _Memory(plan)

    # ------------------------------------------------------------ rows

    @cached_property
    def rows(self) -> tuple[Line, ...]:
        """What is run, in order."""
        return tuple(self._line(i, row) for i, row in enumerate(self.plan.program.rows))

    def _line(self, index: int, row: Row) -> Line:
        steps, values = [self.plan.listing.steps[i] for i in row.steps], self.plan.listing.values
        reads, writes = tuple(dict.fromkeys(row.reads)), row.writes
        shapes = tuple(tuple(values[n].shape for n in names) for names in (reads, writes))
        return Line(
            index,
            steps[0].phase,
            steps[0].layer,
            work_of(row, steps),
            row.steps,
            self._shown(reads),
            self._shown(writes),
            (shapes[0], shapes[1]),
            tuple(dict.fromkeys(self._memory.label(n) for n in writes)),
            self._shown(self._memory.over(row)),
            sum(step_flops(step, self._made(step)) for step in steps),
            self._bytes(row, steps[0]),
        )

    def _made(self, step: Step) -> list[str]:
        """Roles of the results that a step computes: not those that are the incoming gradient under a second name."""
        handed = self.plan.program.homes if step.backward and step.op.name in HANDED_ON else ()
        return [role for role, name in step.results if name is not None and name not in handed]

    def _bytes(self, row: Row, step: Step) -> int:
        sizes = [self.plan.buffers[n].nbytes for n in dict.fromkeys(row.reads)]
        return moved(step.op, row.backward, sizes, sum(self.plan.buffers[n].nbytes for n in row.writes))

    # ------------------------------------------------------------ what was done away with

    @cached_property
    def second_names(self) -> Mapping[str, str]:
        """Values that are other values under a second name, and those."""
        program, told, buffers = self.plan.program, self._told, self.plan.buffers
        homes = {n: program.home(n) for n in program.homes if n not in program.hidden and n in buffers}
        return {name: told.get(home, home) for name, home in homes.items() if told.get(home, home) != name}

    @cached_property
    def _told(self) -> dict[str, str]:
        """For a value whose memory only ever holds another one, the name of that."""
        program, buffers = self.plan.program, self.plan.buffers
        names = [n for n in program.homes if n not in program.hidden and n in buffers]
        return {program.home(n): n for n in names if program.home(n) in program.hidden}  # the last is really written

    def _shown(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._told.get(name, name) for name in names)

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """Values that are nowhere in memory by themselves: a row goes from what is before to what is behind them."""
        hidden, buffers = self.plan.program.hidden, self.plan.buffers
        return tuple(n for n in self.plan.listing.values if n in hidden or n not in buffers)

    @cached_property
    def steps_not_run(self) -> tuple[int, ...]:
        """Indices of the steps that no row does the work of, since their results have second names."""
        done = {i for row in self.plan.program.rows for i in row.steps}
        return tuple(i for i in range(len(self.plan.listing.steps)) if i not in done)

    # ------------------------------------------------------------ sums

    @cached_property
    def totals(self) -> dict[str, int]:
        """Steps, rows, steps fused into others' rows, steps not run, buffers, and bytes of all kinds of memory.

        `buffer_bytes` is the shared memory of values between steps, `fed_bytes` what a batch is copied to,
        `variable_bytes` weights and the optimizer's memory, `scratch_bytes` what kernels use inside of a row;
        `unshared_bytes` is what `buffer_bytes` would be if every value of the list had memory of its own.
        """
        plan, memory = self.plan, self._memory
        values = plan.listing.values.values()
        computed = [v for v in values if v.role not in (*FED, *KEPT)]
        sizes = {v.name: plan.buffers[v.name].nbytes for v in values if v.name in plan.buffers}
        return {
            "steps": len(plan.listing.steps),
            "rows": len(plan.program.rows),
            "fused": sum(len(row.steps) - 1 for row in plan.program.rows),
            "not_run": len(self.steps_not_run),
            "buffers": len(memory.sizes),
            "buffer_bytes": sum(memory.sizes.values()),
            "unshared_bytes": sum(size_of(v) for v in computed),
            "fed_bytes": sum(sizes[v.name] for v in values if v.role in FED),
            "variable_bytes": sum(sizes[v.name] for v in values if v.role in ("parameter", "state")),
            "constant_bytes": sum(sizes[v.name] for v in values if v.role == "constant"),
            "scratch_bytes": plan.scratch_bytes,
            "flops": sum(line.flops for line in self.rows),
            "bytes": sum(line.bytes for line in self.rows),
        }

    # ------------------------------------------------------------ printing

    def table(self) -> list[tuple[str, ...]]:
        """The cells of the printed table, headings first."""
        head = ("row", "layer", "kernel", "reads", "writes", "memory", "moves", "flop")
        return [head, *(self._cells(line) for line in self.rows)]

    def _cells(self, line: Line) -> tuple[str, ...]:
        memory = ", ".join(line.memory) + (f" over {', '.join(line.over)}" if line.over else "")
        reads, writes = (" ".join(map(shape_text, shapes)) for shapes in line.shapes)
        done = (str(line.index), line.layer or f"({line.phase})", line.work, reads, writes)
        return (*done, memory, f"{amount(line.bytes)}B", amount(line.flops).strip() if line.flops else "")

    def remarks(self) -> Iterator[str]:
        """The lines below the table."""
        t = self.totals
        yield (
            f"{count(t['steps'], 'step')} in {count(t['rows'], 'row')}: {t['fused']} done within another's "
            f"kernel, {t['not_run']} not run since their results are second names."
        )
        if self.hidden:
            yield f"Never written: {', '.join(self.hidden)}."
        if self.second_names:
            yield f"Second names: {', '.join(f'{n} = {home}' for n, home in self.second_names.items())}."
        yield (
            f"Memory: {count(t['buffers'], 'buffer')} of {amount(t['buffer_bytes'])}B "
            f"({amount(t['unshared_bytes'])}B if every value had its own), batch {amount(t['fed_bytes'])}B, "
            f"variables {amount(t['variable_bytes'])}B, scratch {amount(t['scratch_bytes'])}B."
        )
        yield f"Work: {amount(t['flops'])}flop, {amount(t['bytes'])}B read and written."

    def __str__(self) -> str:
        return "\n".join(
            [*aligned_lines(self.table(), right=("row", "moves", "flop")), "", *map(wrapped, self.remarks())]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from fastnn.rich.page import note, page, table

        head, *rows = self.table()
        return page("Plan", table(head, rows, right=(0, 6, 7)), *map(note, self.remarks()))


class _Memory:
    """Names for the memory that a plan's values lie in: `#k` for the k-th shared buffer that a row writes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.labels: dict[int, str] = {}
        self.sizes: dict[str, int] = {}
        for value in plan.listing.values.values():
            if value.role in (*FED, *KEPT):
                self.labels.setdefault(self._address(value.name), value.name)
        for row in plan.program.rows:
            for name in row.writes:
                self._count(name)

    def _count(self, name: str) -> None:
        label = self.labels.setdefault(self._address(name), f"#{len(self.sizes)}")
        if label.startswith("#"):
            self.sizes[label] = max(self.sizes.get(label, 0), self.plan.buffers[name].nbytes)

    def _address(self, name: str) -> int:
        array: NDArray[Any] = self.plan.buffers[name]
        return int(array.__array_interface__["data"][0])

    def label(self, name: str) -> str:
        """Where a value lies."""
        return self.labels[self._address(name)]

    def over(self, row: Row) -> tuple[str, ...]:
        """Operands whose memory a row writes another value to."""
        home = self.plan.program.home
        lost = [n for n in dict.fromkeys(row.reads) if not any(home(n) == home(w) for w in row.writes)]
        places = {self._address(n) for n in row.writes}
        return tuple(n for n in lost if self._address(n) in places and not self._variable(n))

    def _variable(self, name: str) -> bool:
        return self.plan.listing.values[name].role in KEPT


# ---------------------------------------------------------------- one row


def work_of(row: Row, steps: Sequence[Step]) -> str:
    """What a row does, in words: the steps that have become one kernel, and its name where it is made for them."""
    names = [step.op.name for step in steps]
    if not row.backward:
        text = " + ".join(names)
    elif row.mask is not None:
        text = f"{names[0]} backward, masked by {names[-1]}"
    elif row.accumulate:
        text = f"{names[0]} backward + {names[-1]}"
    else:
        text = f"{', '.join(names)} backward"
    return text if row.kernel in names else f"{row.kernel}: {text}"


def step_flops(step: Step, made: Sequence[str] | None = None) -> int:
    """Floating-point operations of a step.

    Args:
        step: The step.
        made: Roles of the results that are computed; all by default.
    """
    if not step.backward:
        return forward_flops(step.op, step.shapes, step.attrs)
    roles = [role for role, name in step.results if name is not None] if made is None else made
    return backward_flops(step.op, step.shapes, step.attrs, [role[1:] for role in roles])


# ---------------------------------------------------------------- text


def shape_text(shape: Sequence[int]) -> str:
    """A shape as `32x784`; `1` for a single number.

    Example:
        >>> shape_text((32, 784)), shape_text(())
        ('32x784', '1')
    """
    return "x".join(map(str, shape)) or "1"


def wrapped(text: str) -> str:
    """A remark in lines of 120 letters."""
    return textwrap.fill(text, 120, subsequent_indent="  ", break_long_words=False)


def count(number: int, thing: str) -> str:
    """How many there are.

    Example:
        >>> count(1, "row"), count(2, "row")
        ('1 row', '2 rows')
    """
    return f"{number} {thing}{'' if number == 1 else 's'}"


def amount(number: float) -> str:
    """A number with three digits and the letter of its thousands.

    Example:
        >>> [amount(n) for n in (0, 64, 1500, 15_052_800, 2.5e12)]
        ['0 ', '64 ', '1.50 k', '15.1 M', '2.50 T']
    """
    for letter in ("", "k", "M", "G"):
        if abs(number) < 999.5:
            return f"{number:.0f} " if letter == "" else f"{number:#.3g}".rstrip(".") + f" {letter}"
        number /= 1000
    return f"{number:#.3g}".rstrip(".") + " T"


def aligned_lines(cells: Sequence[Sequence[str]], right: Sequence[str] = ()) -> Iterator[str]:
    """A table as lines of text.

    Args:
        cells: Its rows, headings first.
        right: Headings of the columns whose cells end at the right.

    Example:
        >>> list(aligned_lines([("name", "n"), ("a", "10")], right=("n",)))
        ['name   n', 'a     10']
    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sides = [">" if name in right else "<" for name in cells[0]]
    for row in cells:
        fields = (f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True))
        yield "  ".join(fields).rstrip()
