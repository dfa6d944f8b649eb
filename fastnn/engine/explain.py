"""Why a value is what it is: a step's expression for one cell, with its numbers put in.

An explanation is data: the lines to print, the operands to follow, the terms of a sum in order of size, the engine's
number and the same number computed anew from the operands. Walkthrough and app print it; tests evaluate it.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.errors import GraphError
from fastnn.ops.terms import Expression, Formula, Index, Sum, named_parts

Arrays = Mapping[str, NDArray[Any]]
SHOWN_TERMS = 12
NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Operand:
    """A cell that a number was computed from.

    Args:
        symbol: How the formula calls it, such as `x[0, 3]`.
        name: Name of the value.
        index: Index of the cell.
        value: The number in it; an int where the value holds whole numbers.
    """

    symbol: str
    name: str
    index: Index
    value: float


@dataclass(frozen=True)
class Term:
    """One addend of a sum.

    Args:
        symbol: Such as `x[0, 3]*w[3, 1]`.
        substituted: The same with numbers.
        value: The addend.
        operands: Its factors.
    """

    symbol: str
    substituted: str
    value: float
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class Named:
    """A part of a formula that has a name, such as `m_hat` of an update.

    Args:
        name: Its name.
        symbol: How it is computed, in cells and earlier names.
        substituted: The same with numbers.
        value: What it gives; an int where it is made of whole numbers.
        operands: The cells that it reads itself.
    """

    name: str
    symbol: str
    substituted: str
    value: float
    operands: tuple[Operand, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why one number is what it is.

    Args:
        name: Name of the value.
        index: Index of the cell.
        kind: "sum", "formula", or "given" for a number that no step computed.
        symbol: The formula with symbols.
        substituted: The formula with numbers; Python, so that it can be evaluated.
        result: The engine's number; an int where the value holds whole numbers.
        recomputed: The formula's value in float64 from the unrounded operands.
        magnitude: Sum of the terms' magnitudes: the yardstick for rounding.
        operands: The cells used; for long sums those of the terms shown.
        terms: Addends of a sum, largest first where there are more than twelve.
        factors: Factors of a product with an upstream gradient: the gradient, and the local slope.
        named: Parts of a formula that have names, in the order of computing; symbol and substituted use them.
        rest: Sum of the addends that are not shown.
        total_terms: How many addends there are.
        note: A remark on conventions.
        step: Index of the step that computed it, or None.
    """

    name: str
    index: Index
    kind: str
    symbol: str
    substituted: str
    result: float
    recomputed: float
    magnitude: float
    operands: tuple[Operand, ...] = ()
    terms: tuple[Term, ...] = ()
    factors: tuple[Term, ...] = ()
    named: tuple[Named, ...] = ()
    rest: float = 0.0
    total_terms: int = 0
    note: str = ""
    step: int | None = None

    def __str__(self) -> str:
        inner = [f"{part.name} = {part.symbol} = {part.substituted} = {number(part.value, 9)}" for part in self.named]
        lines = [
            f"{label(self.name, self.index)} = {self.symbol}",
            f"= {self.substituted}",
            f"= {number(self.result, 9)}",
        ]
        return "\n".join([*inner, *lines])


def label(name: str, index: Index) -> str:
    """A cell as NumPy would index it: `fc.kernel[3, 1]`; a scalar has no brackets."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def number(value: float, digits: int = 6) -> str:
    """A number for people: `digits` decimals where they say enough, otherwise mantissa and exponent; zero is 0.

    Plain decimals are used up to 1e4, and down to 1e-3, or 10 to the power of -digits / 2 if that is less.

    Example:
        >>> number(0.05, 4), number(-1.5e-6, 4), number(0.0), number(float("inf"))
        ('0.0500', '-1.5000e-06', '0', 'inf')
    """
    if value == 0 or isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if 10.0 ** -max(3, digits // 2) <= abs(value) < 1e4:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}e}"


def factor(value: float, digits: int) -> str:
    """A number as it stands inside a formula: negative ones in brackets."""
    text = number(value, digits)
    return f"({text})" if text.startswith("-") else text


def given(name: str, index: Index, value: float, note: str) -> Explanation:
    """The explanation of a number that no step computed."""
    text = number(value, 6)
    return Explanation(name, index, "given", label(name, index), text, value, value, abs(value), note=note)


def explain_step(
    step: Step, name: str, index: Index, arrays: Arrays, result: float, digits: int = 4, at: int | None = None
) -> Explanation:
    """Explain one cell of a value that a step writes.

    Args:
        step: The step.
        name: One of its outputs.
        index: Index of the cell.
        arrays: The step's operands and results by role, as they were when it ran.
        result: The engine's number.
        digits: Decimals of results; operands have two more.
        at: Index of the step in its list.

    Raises:
        GraphError: if the operation cannot explain itself, or the step does not write that value.
    """
    expression = expression_of(step, name, index)
    names = dict((*step.operands, *step.results))
    if isinstance(expression, Sum):
        return _of_sum(expression, names, name, index, arrays, result, digits, at)
    return _of_formula(expression, names, name, index, arrays, result, digits, at)


def expression_of(step: Step, name: str, index: Index) -> Expression:
    """What the operation's record says about one cell of a value that a step writes.

    Raises:
        GraphError: if the operation cannot explain itself, or the step does not write that value.
    """
    target = next((role for role, n in step.results if n == name), None)
    if target is None or step.op.explain is None:
        raise GraphError(f"expected one of {step.outputs}, received {name!r}.", operation=step.op.name)
    return step.op.explain(target, index, step.shapes, **step.attrs)


def _operand(names: Mapping[str, Any], role: str, index: Index, arrays: Arrays, symbol: str | None = None) -> Operand:
    cell = tuple(int(i) for i in index)
    return Operand(symbol or label(role, cell), str(names[role]), cell, number_in(arrays[role], cell))


def alike(value: float, result: float) -> float:
    """The value as an int where it and the result are whole."""
    return int(value) if isinstance(result, int) and value.is_integer() else value


def number_in(array: NDArray[Any], cell: Index) -> float:
    """A cell's number; an int where the array holds whole numbers.

    Example:
        >>> number_in(np.array([3]), (0,)), number_in(np.array([3.0]), (0,))
        (3, 3.0)
    """
    return int(array[cell]) if array.dtype.kind in "iub" else float(array[cell])


def _of_formula(
    f: Formula,
    names: Mapping[str, Any],
    name: str,
    index: Index,
    arrays: Arrays,
    result: float,
    digits: int,
    at: int | None,
) -> Explanation:
    operands = tuple(_operand(names, role, cell, arrays, symbol) for symbol, (role, cell) in f.operands.items())
    addends, factors = split(f.text)
    parts = {text: _part(f, text, operands, arrays, digits) for text in (*addends, *factors)}
    value, computed = f.run(arrays)
    numbers = _texts(operands, digits)
    named = _named(f, operands, computed, numbers, digits)
    return Explanation(
        name, index, "formula", f.short, _numbered(f.short, numbers), result,
        alike(value, result), max(abs(n) for n in (value, *(computed[o.symbol] for o in operands))), operands,
        tuple(parts[t] for t in addends), tuple(parts[t] for t in factors), named,
        total_terms=len(addends), note=f.note, step=at,
    )  # fmt: skip


def _named(
    f: Formula, operands: tuple[Operand, ...], computed: Mapping[str, float], numbers: dict[str, str], digits: int
) -> tuple[Named, ...]:
    """The parts of a formula that have names; their values join the numbers as texts."""
    values: dict[str, float] = {o.symbol: o.value for o in operands}
    found = []
    for name, text in named_parts(f.text):
        if name not in computed:  # in the branch that is not taken
            continue
        names = set(NAME.findall(text))
        whole = "/" not in text and all(isinstance(values[n], int) for n in names & values.keys())
        value = int(computed[name]) if whole and computed[name].is_integer() else computed[name]
        used = tuple(o for o in operands if o.symbol in names)
        found.append(Named(name, text, _numbered(text, numbers), value, used))
        values[name], numbers[name] = value, factor(value, digits + 2)
    return tuple(found)


def _texts(operands: Iterable[Operand], digits: int) -> dict[str, str]:
    """The numbers of operands as they stand inside a formula, by symbol."""
    return {o.symbol: factor(o.value, digits + 2) for o in operands}


def _numbered(text: str, numbers: Mapping[str, str]) -> str:
    """The formula with numbers in place of its names."""
    return NAME.sub(lambda m: numbers.get(m.group(), m.group()), text)


def _part(f: Formula, text: str, operands: tuple[Operand, ...], arrays: Arrays, digits: int) -> Term:
    """A piece of a formula as a term of its own."""
    used = tuple(o for o in operands if re.search(rf"\b{o.symbol}\b", text))
    value = Formula(text, {o.symbol: f.operands[o.symbol] for o in used}).evaluate(arrays)
    return Term(text, _numbered(text, _texts(used, digits)), value, used)


@lru_cache(maxsize=1024)
def split(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addends of a formula that is a sum, or upstream gradient and local slope of one that is their product.

    Example:
        >>> split("a*b + c"), split("dy * y * (1 - y)"), split("max(x, 0)")
        ((('a * b', 'c'), ()), ((), ('dy', 'y * (1 - y)')), ((), ()))
    """
    if ":=" in text:  # its parts share a name
        return (), ()
    tree = ast.parse(text, mode="eval").body
    addends = _operands_of(tree, ast.Add)
    if any(isinstance(a, ast.BinOp) for a in addends) and len(addends) > 1:
        return (tuple(map(ast.unparse, addends)) if len(addends) <= SHOWN_TERMS else ()), ()
    factors = _operands_of(tree, ast.Mult)
    if len(factors) > 1 and isinstance(factors[0], ast.Name) and factors[0].id == "dy":
        rest = [ast.unparse(f) for f in factors[1:]]
        alone = len(rest) == 1
        slope = " * ".join(
            f"({p})" if isinstance(f, ast.BinOp) and not alone else p for f, p in zip(factors[1:], rest, strict=True)
        )
        return (), ("dy", slope)
    return (), ()


def _operands_of(tree: ast.expr, kind: type[ast.operator]) -> list[ast.expr]:
    """The operands of a chain of one operator."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, kind):
        return [*_operands_of(tree.left, kind), tree.right]
    return [tree]


def _of_sum(
    s: Sum,
    names: Mapping[str, Any],
    name: str,
    index: Index,
    arrays: Arrays,
    result: float,
    digits: int,
    at: int | None,
) -> Explanation:
    products = s.products(arrays)
    order = np.argsort(-np.abs(products), kind="stable")
    short = len(products) <= SHOWN_TERMS
    shown = np.arange(len(products)) if short else order[:SHOWN_TERMS]
    terms = tuple(sum_term(s, int(t), names, arrays, float(products[t]), digits) for t in shown)
    extra = tuple(_operand(names, role, cell, arrays) for role, cell in s.plus)
    rest = 0.0 if short else float(products[order[SHOWN_TERMS:]].sum())
    symbol, substituted = _lines(s, terms, extra, rest, len(products) - len(terms), digits)
    operands = tuple(dict.fromkeys((*(o for t in terms for o in t.operands), *extra)))
    return Explanation(
        name, index, "sum", symbol, substituted, result, alike(s.evaluate(arrays), result),
        s.magnitude(arrays), operands, terms, rest=rest, total_terms=len(products), note=s.note, step=at,
    )  # fmt: skip


def sum_term(s: Sum, t: int, names: Mapping[str, Any], arrays: Arrays, value: float, digits: int) -> Term:
    """One addend of a sum, by its place."""
    operands = tuple(_operand(names, role, tuple(cells[t]), arrays) for role, cells in s.factors)
    symbols = [o.symbol for o in operands]
    numbers = [factor(o.value, digits + 2) for o in operands]
    if s.term:
        called = [*(role for role, _ in s.factors), *(name for name, _ in s.numbers)]
        own = [str(values[t]) for _, values in s.numbers]
        return Term(_filled(s.term, called, symbols + own), _filled(s.term, called, numbers + own), value, operands)
    return Term("*".join(symbols), "*".join(numbers), value, operands)


def _filled(text: str, names: Sequence[str], words: Sequence[str]) -> str:
    """The formula with words in place of its names."""
    put = dict(zip(names, words, strict=True))
    return NAME.sub(lambda m: put.get(m.group(), m.group()), text)


def _lines(
    s: Sum, terms: tuple[Term, ...], extra: tuple[Operand, ...], rest: float, hidden: int, digits: int
) -> tuple[str, str]:
    """Symbol line and substituted line of a sum."""
    symbols, numbers = [t.symbol for t in terms], [t.substituted for t in terms]
    if hidden:
        symbols.append(f"(sum of {hidden} more)")
        numbers.append(factor(rest, digits + 2))
    symbol, substituted = " + ".join(symbols) or "0", " + ".join(numbers) or "0"
    if s.scale != 1.0:
        scale = number(s.scale, digits + 4)
        symbol, substituted = f"{scale}*({symbol})", f"{scale}*({substituted})"
    for o in extra:
        symbol, substituted = f"{symbol} + {o.symbol}", f"{substituted} + {factor(o.value, digits + 2)}"
    return symbol, substituted
