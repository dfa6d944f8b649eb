"""Inside one number: the addends of a sum one after the other, or a formula's inner values in the order of evaluation.

Every line can be done by hand: it uses cells of the operands and the numbers of earlier lines.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.explain import Operand, factor, label, number_in, sum_term
from fastnn.ops.terms import FUNCTIONS, Expression, Formula, Sum, compiled, unnamed

Arrays = Mapping[str, NDArray[Any]]
CHAINED = ((ast.Add, ast.Sub), (ast.Mult,))  # a + b - c is one move, and so is a * b * c


@dataclass(frozen=True)
class Line:
    """One move inside a number.

    Args:
        symbol: What is computed, such as `x[0, 3]*w[3, 1]` or `exp(-x)`.
        substituted: The same with numbers; inner values by the numbers that earlier lines gave.
        value: The addend, or the inner value.
        running: The sum so far; of a formula the inner value.
        operands: Cells that this line reads.
    """

    symbol: str
    substituted: str
    value: float
    running: float
    operands: tuple[Operand, ...] = ()


class Inside:
    """The moves that lead to one number; lines are made when asked for, so that long sums cost little.

    Args:
        expression: What an operation's record says about the cell.
        names: Names of the values by role.
        arrays: The values by role.
        digits: Decimals of results; operands have two more.

    Example:
        >>> import numpy as np
        >>> arrays = {"x": np.array([2.0])}
        >>> lines = Inside(Formula("1 / (1 + x)", {"x": ("x", (0,))}), {"x": "h"}, arrays)
        >>> [(line.symbol, line.substituted) for line in lines]
        [('1 + x', '1 + 2.000000'), ('1 / (1 + x)', '1 / 3.000000')]
    """

    def __init__(self, expression: Expression, names: Mapping[str, Any], arrays: Arrays, digits: int = 4) -> None:
        self.expression, self.names, self.arrays, self.digits = expression, names, arrays, digits

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, k: int) -> Line:
        if not -len(self) <= k < len(self):
            raise IndexError(k)
        k %= len(self)
        if isinstance(self.expression, Sum):
            return self._addend(self.expression, k)
        return self._inner_line(self.expression, k)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """What every line gives, in order: a sum's addends, the sum times its scale if any, what is added at last."""
        if isinstance(self.expression, Sum):
            s, products = self.expression, self.products
            scaled = [s.scale * float(products.sum())] if s.scale != 1.0 else []
            return np.concatenate([products, scaled, [float(self.arrays[role][cell]) for role, cell in s.plus]])
        return np.array([move.value for move in self._moves], np.float64)

    @cached_property
    def running(self) -> NDArray[np.float64]:
        """Of a sum what has been added up to after every line; of a formula the lines' own values."""
        if not isinstance(self.expression, Sum):
            return self.values
        s, so_far = self.expression, np.cumsum(self.products)
        total = float(so_far[-1]) if len(so_far) else 0.0
        scaled = [s.scale * total] if s.scale != 1.0 else []
        extras = self.values[len(so_far) + len(scaled) :]
        return np.concatenate([so_far, scaled, s.scale * total + np.cumsum(extras)])

    @cached_property
    def products(self) -> NDArray[np.float64]:
        """The addends of a sum in their own order; empty for a formula."""
        return self.expression.products(self.arrays) if isinstance(self.expression, Sum) else np.zeros(0)

    @property
    def total(self) -> float:
        """What the last line leads to."""
        return self.expression.evaluate(self.arrays)

    @property
    def magnitude(self) -> float:
        """The yardstick for rounding."""
        return self.expression.magnitude(self.arrays)

    @cached_property
    def rows(self) -> dict[str, NDArray[Any]]:
        """The table beside a formula, such as softmax by class: its columns by heading; empty where there is none."""
        f = self.expression
        return f.rows.evaluate(f, self.arrays) if isinstance(f, Formula) and f.rows is not None else {}

    # ------------------------------------------------------------ sums

    def _addend(self, s: Sum, k: int) -> Line:
        value, running, count = float(self.values[k]), float(self.running[k]), len(self.products)
        if k < count:
            term = sum_term(s, k, self.names, self.arrays, value, self.digits)
            return Line(term.symbol, term.substituted, value, running, term.operands)
        if k == count and s.scale != 1.0:
            total = float(self.products.sum())
            exact = repr(float(s.scale))
            return Line(f"{exact} * (sum)", f"{exact} * {factor(total, self.digits + 2)}", value, running)
        role, cell = s.plus[k - len(self) + len(s.plus)]
        operand = self._operand(label(role, cell), role, cell)
        return Line(operand.symbol, factor(value, self.digits + 2), value, running, (operand,))

    def _operand(self, symbol: str, role: str, cell: Any) -> Operand:
        index = tuple(int(i) for i in cell)
        return Operand(symbol, str(self.names[role]), index, number_in(self.arrays[role], index))

    # ------------------------------------------------------------ formulas

    @property
    def symbols(self) -> list[str]:
        """The symbols of a formula's lines, without their numbers."""
        return [move.symbol for move in self._moves] if isinstance(self.expression, Formula) else []

    @cached_property
    def _moves(self) -> list[Move]:
        """A formula's moves that give a number; what is computed twice is left out."""
        assert isinstance(self.expression, Formula)
        moves = evaluated(self.expression.text, self.expression.values(self.arrays))
        return list({move.symbol: move for move in reversed(moves)}.values())[::-1]

    def _inner_line(self, f: Formula, k: int) -> Line:
        move = self._moves[k]
        operands = tuple(self._operand(name, *f.operands[name]) for name in move.names if name in f.operands)
        whole = frozenset(name for name, (role, _) in f.operands.items() if self.arrays[role].dtype.kind in "iub")
        return Line(move.symbol, move.substituted(self.digits + 2, whole), move.value, move.value, operands)


# ---------------------------------------------------------------- moves of a formula


@dataclass(frozen=True)
class Hole:
    """A place in a formula's text where a number is put: from, to, the number, and its name if it is a name."""

    start: int
    end: int
    value: Any
    name: str = ""


@dataclass(frozen=True)
class Move:
    """A part of a formula that is computed in one go.

    Args:
        symbol: Its text, such as `1 + exp(-x)`; `m = max(x0, x1)` where the formula names it.
        text: The whole formula.
        span: Where the part begins and ends in it.
        holes: Places of the numbers that it is computed from.
        value: What it gives.
    """

    symbol: str
    text: str
    span: tuple[int, int]
    holes: tuple[Hole, ...]
    value: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names that it uses itself."""
        return tuple(dict.fromkeys(hole.name for hole in self.holes if hole.name))

    def substituted(self, digits: int, whole: frozenset[str] = frozenset()) -> str:
        """Its text with numbers; those of the names in `whole` have no decimals."""
        parts, at = [], self.span[0]
        for hole in self.holes:
            text = factor(int(hole.value) if hole.name in whole else hole.value, digits)
            start, end, text = self._fitted(hole, str(hole.value) if isinstance(hole.value, bool) else text)
            parts += [self.text[at:start], text]
            at = end
        return "".join([*parts, self.text[at : self.span[1]]])

    def _fitted(self, hole: Hole, text: str) -> tuple[int, int, str]:
        """A number in brackets just where it needs them: those around the hole are used up, those of a call stay."""
        before, after = self.text[: hole.start].rstrip(), self.text[hole.end :].lstrip()
        if not (before.endswith("(") and after.startswith(")")) or len(before) <= self.span[0]:
            return hole.start, hole.end, text
        if before[:-1][-1:].isidentifier() or before[:-1][-1:].isdigit():  # the bracket of a call
            return hole.start, hole.end, text.strip("()")
        return len(before) - 1, len(self.text) - len(after) + 1, text


def evaluated(text: str, values: Mapping[str, float]) -> list[Move]:
    """The moves of a formula in the order in which a person would make them; at least one.

    Args:
        text: The formula.
        values: What its names stand for.

    Example:
        >>> [(move.symbol, move.value) for move in evaluated("max(x, 0) * (x - 1)", {"x": 3.0})]
        [('max(x, 0)', 3.0), ('x - 1', 2.0), ('max(x, 0) * (x - 1)', 6.0)]
    """
    walk = _Walk(text, values)
    with np.errstate(all="ignore"):
        whole = walk.value(parsed(text))
    if not walk.moves:
        holes = (Hole(0, len(text), walk.values[text], text),) if text in values else ()
        walk.moves.append(Move(text, text, (0, len(text)), holes, float(whole)))
    return walk.moves


@lru_cache(maxsize=64)
def parsed(text: str) -> ast.expr:
    """The syntax tree of a formula."""
    return ast.parse(text, mode="eval").body


class _Walk:
    """Evaluates a formula from the inside out and notes every move; of a condition only the branch that is taken."""

    def __init__(self, text: str, values: Mapping[str, float]) -> None:
        self.text = text
        self.values: dict[str, Any] = {name: np.float64(v) for name, v in values.items()}
        self.moves: list[Move] = []

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.IfExp):
            return self.value(node.body if self.value(node.test) else node.orelse)
        if isinstance(node, ast.NamedExpr):
            return self._named(node.target.id, node.value)
        if isinstance(node, ast.Name) or is_constant(node):
            return self._run(self._text(node), {})
        return self._move(node)

    def _named(self, name: str, node: ast.expr) -> Any:
        count = len(self.moves)
        self.values[name] = found = self.value(node)
        if len(self.moves) > count:
            last = self.moves[-1]
            self.moves[-1] = Move(f"{name} = {last.symbol}", last.text, last.span, last.holes, last.value)
        return found

    def _move(self, node: ast.expr) -> Any:
        inner = [(part, self.value(part)) for part in parts_of(node)]
        holes = [self._hole(part, value) for part, value in inner if not is_constant(part)]
        start, end = span = node.col_offset, node.end_col_offset or len(self.text)
        pieces, at = [], start
        for k, hole in enumerate(holes):
            pieces += [self.text[at : hole.start], f"_{k}"]
            at = hole.end
        code = "".join([*pieces, self.text[at:end]])
        found = self._run(code, {f"_{k}": hole.value for k, hole in enumerate(holes)})
        number = as_number(found)
        if number is not None:
            self.moves.append(Move(unnamed(self._text(node)), self.text, span, tuple(holes), number))
        return found

    def _hole(self, node: ast.expr, value: Any) -> Hole:
        name = node.id if isinstance(node, ast.Name) else ""
        return Hole(node.col_offset, node.end_col_offset or 0, plain_number(value), name)

    def _text(self, node: ast.expr) -> str:
        return self.text[node.col_offset : node.end_col_offset]

    def _run(self, code: str, inner: Mapping[str, Any]) -> Any:
        return eval(
            compiled(code), {"__builtins__": {}}, {**FUNCTIONS, **self.values, **inner}
        )  # text comes from the op table


def parts_of(node: ast.expr) -> Iterator[ast.expr]:
    """The numbers that one move takes: operands of a chain, arguments of a call, cells of a list."""
    if isinstance(node, ast.BinOp):
        yield from chain(node)
        return
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):  # a function's name is no number; of `[x0, x1].index(top)` the list counts
        children = [*([node.func.value] if isinstance(node.func, ast.Attribute) else []), *node.args]
    for child in children:
        if isinstance(child, (ast.List, ast.Tuple)):
            yield from child.elts
        elif isinstance(child, ast.expr):
            yield child


def chain(node: ast.BinOp) -> list[ast.expr]:
    """The operands of a + b - c, or of a * b * c; however long it is, without recursion."""
    kinds = next((group for group in CHAINED if isinstance(node.op, group)), ())
    found, left = [node.right], node.left
    while isinstance(left, ast.BinOp) and isinstance(left.op, kinds):
        found.append(left.right)
        left = left.left
    return [left, *reversed(found)]


def is_constant(node: ast.expr) -> bool:
    """Whether a part has no names: it is as good as a number."""
    known: bool | None = getattr(node, "constant", None)  # noted in the tree, so that it goes with it
    if known is None:
        known = not any(isinstance(n, ast.Name) for n in ast.walk(node))
        setattr(node, "constant", known)  # noqa: B010
    return known


def plain_number(value: Any) -> Any:
    """A number of the same sort without its size in bits: truth, whole number or float."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return int(value) if isinstance(value, (int, np.integer)) else np.float64(value)


def as_number(value: Any) -> float | None:
    """The value as a float if it is one real number."""
    if isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating)):
        return float(value)
    return float(value) if isinstance(value, np.ndarray) and value.ndim == 0 else None


def close(found: float, expected: float, magnitude: float, tolerance: float = 1e-5) -> bool:
    """Whether two numbers agree up to rounding: within `tolerance` of the sum of the terms' magnitudes.

    Example:
        >>> close(0.1 + 0.2, 0.3, 0.3), close(float("nan"), 1.0, 1.0), close(float("inf"), float("inf"), 1.0)
        (True, False, True)
    """
    if not (math.isfinite(found) and math.isfinite(expected)):
        return str(found) == str(expected)
    return abs(found - expected) <= tolerance * max(magnitude, 1e-30)
