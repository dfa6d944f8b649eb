"""Why a number is what it is: small expressions over cells of an operation's operands.

An operation answers `explain(target, index, shapes, **attrs)` with one of these. The same answer gives the
input cells that a result depends on, the addends to print, the text to show and the value to check against.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.ops.special import erf, erfinv

if TYPE_CHECKING:
    from numpy.typing import NDArray

Index = tuple[int, ...]
Shape = tuple[int, ...]
Arrays = Mapping[str, "NDArray[np.generic]"]


def _sparsemax(x: Any) -> Any:
    falling = -np.sort(-x)
    thresholds = (np.cumsum(falling) - 1) / np.arange(1, len(x) + 1)
    return np.maximum(x - thresholds[falling > thresholds][-1], 0)


BY_CELL = (
    "exp exp2 expm1 log log1p log2 log10 sqrt sign floor ceil rint trunc sin cos tan arcsin arccos arctan arctan2 sinh "
    "cosh tanh arcsinh arccosh arctanh hypot where abs"
)
FUNCTIONS = {
    **{name: getattr(np, name) for name in BY_CELL.split()},
    "erf": erf,
    "erfinv": erfinv,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "sparsemax": lambda j, *xs: _sparsemax(np.array(xs))[j],
    "inf": np.inf,
    "min": min,
    "max": max,
    "sum": sum,
    "float": float,
    "float32": np.float32,
    "float64": np.float64,
    "argmin": lambda *xs: float(np.argmin(xs)),
    "argmax": lambda *xs: float(np.argmax(xs)),
    "count_equal": lambda top, *xs: float(sum(x == top for x in xs)),
    "int": int,
}


def cells_of(array: Any, cells: Any) -> NDArray[np.float64]:
    """Some cells of an array, which may be large, in float64.

    Args:
        array: The array.
        cells: Indices of shape (cells, rank).

    Example:
        >>> cells_of(np.eye(2, dtype=np.float32), [(0, 0), (1, 0)])
        array([1., 0.])
    """
    return np.asarray(np.asarray(array)[tuple(np.asarray(cells).T)], np.float64)


@dataclass(frozen=True)
class Sum:
    """A sum of products: `scale * sum_t prod_f operand_f[index_f[t]] + plus cells`.

    Args:
        factors: For every factor the operand's role and an index array of shape (terms, rank).
        plus: Single cells added at the end, such as a bias.
        scale: A number that multiplies the sum (not `plus`), such as 1/n of a mean.
        note: A remark for the reader, such as "padding counts as 0".
        term: How an addend is made where it is not the product of its factors: `dy / b`; names are the roles.
        numbers: Further names in `term`, with one number per addend, such as each addend's position.
    """

    factors: tuple[tuple[str, NDArray[np.int64]], ...]
    plus: tuple[tuple[str, Index], ...] = ()
    scale: float = 1.0
    note: str = ""
    term: str = ""
    numbers: tuple[tuple[str, NDArray[np.int64]], ...] = ()

    def __len__(self) -> int:
        return len(self.factors[0][1]) if self.factors else 0

    def products(self, arrays: Arrays) -> NDArray[np.float64]:
        """The addends, in order, in float64."""
        values = [np.broadcast_to(cells_of(arrays[role], index), len(index)) for role, index in self.factors]
        if not self.term:
            return np.prod(values, axis=0) if values else np.ones(0)
        names = {**FUNCTIONS, **dict(self.numbers)}
        names.update({role: v for (role, _), v in zip(self.factors, values, strict=True)})
        with np.errstate(all="ignore"):
            addends = eval(self.term, {"__builtins__": {}}, names)  # text comes from the op table
        return np.asarray(addends, np.float64)

    def evaluate(self, arrays: Arrays) -> float:
        """The value of the whole expression in float64."""
        offset = sum(float(arrays[role][index]) for role, index in self.plus)
        return float(self.scale * self.products(arrays).sum() + offset)

    def magnitude(self, arrays: Arrays) -> float:
        """Sum of the addends' magnitudes: the yardstick for rounding."""
        offset = sum(abs(float(arrays[role][index])) for role, index in self.plus)
        return float(abs(self.scale) * np.abs(self.products(arrays)).sum() + offset)

    def cells(self) -> dict[str, NDArray[np.int64]]:
        """The cells used, by role: index arrays of shape (cells, rank)."""
        found: dict[str, list[NDArray[np.int64]]] = {}
        for role, index in self.factors:
            found.setdefault(role, []).append(np.asarray(index, np.int64))
        for role, cell in self.plus:
            found.setdefault(role, []).append(np.asarray(cell, np.int64).reshape(1, -1))
        return {role: np.concatenate(parts) for role, parts in found.items()}


@dataclass(frozen=True)
class Rows:
    """A table beside a formula: a row for every cell of a line, such as every class, with what is made of it.

    Args:
        axis: What the rows are, such as "class".
        lines: For every letter in the columns' texts the operand's role and its cells, (rows, rank).
        columns: Headings and texts; a text is a formula in letters, `k` (the row's number) and the formula's names.
        sums: Headings of the columns whose sum is worth stating.
        title: What the table shows.
    """

    axis: str
    lines: Mapping[str, tuple[str, NDArray[np.int64]]]
    columns: tuple[tuple[str, str], ...]
    sums: tuple[str, ...] = ()
    title: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.lines.values()))[1])

    def evaluate(self, formula: Formula, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """The columns' numbers by heading, in float64; what counts or marks in whole numbers."""
        names: dict[str, Any] = {**FUNCTIONS, **formula.inner_values(arrays), "k": np.arange(len(self))}
        for letter, (role, cells) in self.lines.items():
            names[letter] = cells_of(arrays[role], cells)
        with np.errstate(all="ignore"):
            found = {head: eval(text, {"__builtins__": {}}, names) for head, text in self.columns}
        return {head: np.broadcast_to(value, len(self)) for head, value in found.items()}


NAMING = re.compile(r"\((\w+) := ")
BRACKET = re.compile(r"[()]")


def closing(text: str, start: int) -> int:
    """The place behind the bracket that closes what begins at `start`, which lies inside of it."""
    depth = 1
    for found in BRACKET.finditer(text, start):
        depth += 1 if found.group() == "(" else -1
        if not depth:
            return found.end()
    raise ValueError(f"expected a closing bracket in {text!r}")


@lru_cache(maxsize=256)
def unnamed(text: str) -> str:
    """A text where parts that get a name are written as that name.

    Example:
        >>> unnamed("exp(x0 - (m := max(x0, x1))) + m")
        'exp(x0 - m) + m'
    """
    while (found := NAMING.search(text)) is not None:
        text = text[: found.start()] + found.group(1) + text[closing(text, found.end()) :]
    return text


@lru_cache(maxsize=1024)
def named_parts(text: str) -> tuple[tuple[str, str], ...]:
    """Name and text of every part that a formula names, inner ones first; their texts use earlier names.

    Example:
        >>> named_parts("w - (d := (m := a + g) * 2) + m")
        (('m', 'a + g'), ('d', 'm * 2'))
    """
    found = [(closing(text, m.end()), m) for m in NAMING.finditer(text)]
    return tuple((m.group(1), unnamed(text[m.end() : end - 1])) for end, m in sorted(found, key=lambda pair: pair[0]))


@dataclass(frozen=True)
class Formula:
    """A formula in a few cells, written in Python: `1 / (1 + exp(-x))`.

    Args:
        text: The formula; its names are the keys of `operands`, functions are those of `FUNCTIONS`. Parts worth a
            line of their own are named in it: `w - (change := learning_rate * g)`.
        operands: For every name in the text the operand's role and the index of its cell.
        note: A remark for the reader, such as the rule for ties.
        rows: A table beside it.
    """

    text: str
    operands: Mapping[str, tuple[str, Index]] = field(default_factory=dict)
    note: str = ""
    rows: Rows | None = None

    def values(self, arrays: Arrays) -> dict[str, float]:
        """The numbers that the names stand for."""
        return {name: float(arrays[role][index]) for name, (role, index) in self.operands.items()}

    def evaluate(self, arrays: Arrays) -> float:
        """The value of the formula in float64."""
        return self.run(arrays)[0]

    def run(self, arrays: Arrays) -> tuple[float, dict[str, float]]:
        """The value of the formula, and the numbers that its names stand for, as `inner_values` gives them."""
        names = {**FUNCTIONS, **{k: np.float64(v) for k, v in self.values(arrays).items()}}
        with np.errstate(all="ignore"):
            value = float(eval(compiled(self.text), {"__builtins__": {}}, names))
        parts = [name for name, _ in named_parts(self.text) if name in names]
        return value, {name: float(names[name]) for name in (*self.operands, *parts)}

    @property
    def short(self) -> str:
        """The formula with the names of its named parts in their place."""
        return unnamed(self.text)

    def inner_values(self, arrays: Arrays) -> dict[str, float]:
        """The numbers that names stand for, those of named parts among them; not of a branch that is not taken."""
        return self.run(arrays)[1]

    def magnitude(self, arrays: Arrays) -> float:
        """The yardstick for rounding: the largest of the result and its operands."""
        return max([abs(self.evaluate(arrays)), *map(abs, self.values(arrays).values())])

    def cells(self) -> dict[str, NDArray[np.int64]]:
        """The cells used, by role: index arrays of shape (cells, rank)."""
        found: dict[str, list[Index]] = {}
        for role, index in self.operands.values():
            found.setdefault(role, []).append(index)
        return {r: np.asarray(ix, np.int64).reshape(len(ix), -1) for r, ix in found.items()}


Expression = Sum | Formula


@lru_cache(maxsize=256)
def compiled(text: str) -> CodeType:
    """A formula's text, ready to be evaluated."""
    return compile(text.strip(), "formula", "eval")


def in_arrays(text: str) -> Callable[..., Any]:
    """The formula as a function of arrays by name: what a reference computes where the formula says it all."""
    code = compiled(text)
    by_array = {"min": np.minimum, "max": np.maximum, "float": np.asarray}

    def compute(**arrays: Any) -> Any:
        like = next(iter(arrays.values()))
        with np.errstate(all="ignore"):
            found = eval(code, {"__builtins__": {}}, {**FUNCTIONS, **by_array, **arrays})
        return np.broadcast_to(np.asarray(found, like.dtype), like.shape)

    return compute


def broadcast_index(index: Index, shape: Shape) -> Index:
    """The cell of an operand of `shape` that broadcasting reads for the result's cell `index`."""
    tail = index[len(index) - len(shape) :] if shape else ()
    return tuple(0 if size == 1 else i for i, size in zip(tail, shape, strict=True))


def grid(*axes: NDArray[np.int64] | range | list[int] | int) -> NDArray[np.int64]:
    """All combinations of the axes' positions, last axis fastest: an index array (terms, rank)."""
    ranges = [np.atleast_1d(np.asarray(a, np.int64)) for a in axes]
    if not ranges:
        return np.zeros((1, 0), np.int64)
    return np.stack([g.ravel() for g in np.meshgrid(*ranges, indexing="ij")], axis=1)
