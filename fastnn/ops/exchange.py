"""Values that several processes hold a part of: what data-parallel training adds up between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

AddUp = Callable[["NDArray[Any]"], None]
_add_up: list[AddUp] = []  # the innermost last; none where a process is alone


@contextmanager
def exchanging(add_up: AddUp) -> Iterator[None]:
    """Let `all_reduce` add over processes, within the block.

    Args:
        add_up: Puts into an array the sum of what all processes have in theirs; all of them call it in one order.

    Example:
        >>> def twice(array):  # as if another process held the same numbers
        ...     array *= 2
        >>> with exchanging(twice):
        ...     print(all_reduce([1.0, 2.0], share=0.25).numpy())
        [0.5 1. ]
    """
    _add_up.append(add_up)
    try:
        yield
    finally:
        _add_up.pop()


def add_up(array: NDArray[Any]) -> None:
    """Put into an array the sum over all processes; the kernel calls this as well."""
    if _add_up:
        _add_up[-1](array)


def all_reduce_forward(x: Any, share: float) -> Any:
    total = np.array(x * np.asarray(share, x.dtype), order="C")
    add_up(total)
    return total


def all_reduce_shape(x: Shape, share: float) -> tuple[Shape, ...]:
    return (x,)


def all_reduce_explain(target: str, index: Index, shapes: Any, share: float) -> Formula:
    note = "the same is added from every other process of the group; alone, this is the sum"
    role = "x" if target == "y" else "dy"
    return Formula(f"{share} * {role}", {role: (role, index)}, note)


all_reduce = define(
    "all_reduce",
    "accumulate",
    "x",
    attrs={"share": 1.0},
    shape=all_reduce_shape,
    forward=all_reduce_forward,
    backward=lambda dy, share, **_: (all_reduce_forward(dy, share),),
    explain=all_reduce_explain,
    formula="y = sum over processes of share x, a process's share being that of its rows in the batch",
    grad_formula="dx = sum over processes of share dy, since what comes back is a mean over each process's rows",
    cases=(
        Case(((3, 5),)),
        Case(((2, 3, 1, 7),), {"share": 0.25}),
        Case(((),), {"share": 0.5}),
        Case(((0, 4),)),
        Case(((37, 110),), {"share": 0.0}),
    ),
    source="Message Passing Interface Forum, MPI: A Message-Passing Interface Standard, 2021, section 6.9",
)
