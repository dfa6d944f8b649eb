"""Large shapes for every operation: its record's own, or its small cases grown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from fastnn.errors import FastnnError
from fastnn.ops.table import Case, Op
from fastnn.ops.terms import Shape

Shapes = tuple[Shape | None, ...]
CELLS, QUICK_CELLS = 2**20, 2**14
BY_ROWS = ("loss", "metric", "normalization", "window", "convolution")


def cells(case: Case) -> int:
    """Numbers in the largest input."""
    return max((math.prod(s) for s in case.shapes if s is not None), default=0)


def grown_rows(shapes: Shapes, factor: float) -> Shapes:
    """More rows: the leading axis of all inputs that have as many as the first one."""
    rows = shapes[0][0] if shapes[0] else 1
    more = round(rows * factor)
    return tuple(s if not s or s[0] != rows else (more, *s[1:]) for s in shapes)


def grown_axes(shapes: Shapes, factor: float) -> Shapes:
    """Every axis longer than 1 made longer by one whole factor, so that shapes that fit still do."""
    axes = max(sum(n > 1 for n in s) for s in shapes if s is not None)
    each = max(1, round(factor ** (1 / max(axes, 1))))
    return tuple(s if s is None else tuple(n if n == 1 else n * each for n in s) for s in shapes)


def grown(op: Op, case: Case, target: int) -> Case:
    """The case with about `target` numbers in its largest input."""
    grow: Callable[[Shapes, float], Shapes] = grown_rows if op.kind in BY_ROWS else grown_axes
    return Case(grow(case.shapes, target / cells(case)), case.attrs, case.draw)


def pattern(case: Case) -> tuple[object, ...]:
    """What makes a case worth a measurement of its own: attributes, and which inputs are as large as the first."""
    return (str(dict(case.attrs)), *(None if s is None else s == case.shapes[0] for s in case.shapes))


def fits(op: Op, case: Case) -> bool:
    """Whether the operation takes these shapes: some attributes name a shape and cannot grow."""
    try:
        op.infer(case.shapes, op.complete(case.attrs))
    except FastnnError:
        return False
    return True


def grown_cases(op: Op, target: int) -> Iterator[Case]:
    """One grown case for every pattern, made of the largest case of that pattern."""
    largest: dict[tuple[object, ...], Case] = {}
    for case in op.cases:
        if cells(case) > cells(largest.get(pattern(case), Case(((0,),)))):
            largest[pattern(case)] = case
    for case in [case for case in largest.values() if cells(case) > 1] or largest.values():
        larger = grown(op, case, target)
        if fits(op, larger):
            yield larger


def large_cases(op: Op, quick: bool = False) -> list[Case]:
    """The cases that are worth timing, largest first; with `quick` one, and a smaller one where shapes can grow.

    Example:
        >>> from fastnn.ops.table import find
        >>> large_cases(find("relu"))[0].shapes
        ((58, 87, 1, 203),)
    """
    cases = list(op.bench) or sorted(grown_cases(op, QUICK_CELLS if quick else CELLS), key=cells, reverse=True)
    return [min(cases, key=cells)] if quick and op.bench else cases[: 1 if quick else None]
