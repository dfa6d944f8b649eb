"""Arithmetic cell by cell with two inputs, which are broadcast as in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.cases import WHOLE
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, broadcast_index, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAIRS: tuple[tuple[Shape, Shape], ...] = (
    ((3, 5), (3, 5)),
    ((3, 5), (5,)),
    ((4, 3), ()),
    ((), (7,)),
    ((3, 1), (3, 5)),
    ((2, 1, 4), (3, 1)),
    ((2, 3, 1, 5), (3, 4, 1)),
    ((1,), (1, 1)),
    ((0, 4), (4,)),
    ((1, 3), (0, 3)),
    ((37, 10), (10,)),
    ((2, 1100), (1100,)),
)


def pair_cases(a: str = "normal", b: str = "normal") -> tuple[Case, ...]:
    """Cases of a binary operation whose inputs are drawn in these ways."""
    return tuple(Case(shapes, draw=(a, b)) for shapes in PAIRS)


INTEGER_CASES = tuple(Case(((3, 5), (5,)), draw=(t, t)) for t in WHOLE)


def broadcast_shape(a: Shape, b: Shape, **_: Any) -> tuple[Shape, ...]:
    try:
        return (np.broadcast_shapes(a, b),)
    except ValueError:
        raise ShapeError("expected shapes that broadcast: from the last axis on equal, or 1.") from None


def sum_to(gradient: Any, shape: Shape) -> Any:
    """The gradient of an input of `shape` from that of its broadcast copy: the sum over the copies."""
    missing = gradient.ndim - len(shape)
    gradient = gradient.sum(tuple(range(missing)))
    repeated = tuple(d for d, size in enumerate(shape) if size == 1 and gradient.shape[d] != 1)
    return gradient.sum(repeated, keepdims=True)


def operand_cells(cells: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    """The cells of an operand of `shape` that broadcasting reads for the result's `cells`."""
    tail = cells[:, cells.shape[1] - len(shape) :]
    return tail * (np.asarray(shape, np.int64) != 1)


def readers(index: Index, shape: Shape, y: Shape) -> NDArray[np.int64]:
    """The result's cells that read cell `index` of an operand of `shape`."""
    missing = len(y) - len(shape)
    axes: list[Any] = [range(size) for size in y[:missing]]
    for at, size, y_size in zip(index, shape, y[missing:], strict=True):
        axes.append(range(y_size) if size == 1 else at)
    return grid(*axes)


def explain_pair(y: str, da: str, db: str, note: str = "") -> Callable[..., Expression]:
    """Explanation of a binary operation from its three formulas in a, b, y and dy."""

    def explain(target: str, index: Index, shapes: Any, **_: Any) -> Expression:
        result = np.broadcast_shapes(*shapes)
        if target == "y":
            pair = zip("ab", shapes, strict=True)
            return Formula(y, {role: (role, broadcast_index(index, s)) for role, s in pair}, note)
        text = da if target == "da" else db
        shape_of = {"dy": result, "a": shapes[0], "b": shapes[1], "y": result}
        cells = readers(index, shapes[0] if target == "da" else shapes[1], result)
        used = [role for role in shape_of if role in names_in(text)]
        if len(cells) == 1:
            only = tuple(int(i) for i in cells[0])
            return Formula(text, {role: (role, broadcast_index(only, shape_of[role])) for role in used}, note)
        return Sum(tuple((role, operand_cells(cells, shape_of[role])) for role in used), term=text, note=note)

    return explain


def names_in(text: str) -> set[str]:
    """The names that a formula uses."""
    return set(compile(text, "formula", "eval").co_names)


def define_pair(name: str, local: Callable[..., tuple[Any, Any]], texts: tuple[str, str, str], **fields: Any) -> Op:
    """A binary operation; `local(dy, *saved)` gives both gradients before broadcasting is undone."""

    def backward(dy: Any, *saved: Any, shapes: Any, **_: Any) -> tuple[Any, ...]:
        return tuple(sum_to(g, s) for g, s in zip(local(dy, *saved), shapes, strict=True))

    note = fields.pop("note", "")
    return define(
        name,
        "elementwise",
        "a b",
        backward=backward,
        shape=broadcast_shape,
        formula=f"y = {texts[0]}, with broadcasting",
        grad_formula=f"da = {texts[1]}, db = {texts[2]}, each summed over repeated axes{'; ' + note if note else ''}",
        explain=explain_pair(*texts, note=note),
        **{"cases": pair_cases(), **fields},
    )


add = define_pair(
    "add",
    lambda dy: (dy, dy),
    ("a + b", "dy", "dy"),
    forward=lambda a, b, **_: np.add(a, b),
    integer=True,
    cases=(*pair_cases(), *INTEGER_CASES),
)
subtract = define_pair(
    "subtract",
    lambda dy: (dy, -dy),
    ("a - b", "dy", "-dy"),
    forward=lambda a, b, **_: np.subtract(a, b),
    integer=True,
    cases=(*pair_cases(), *INTEGER_CASES[:2]),  # uint8 wraps around
)
multiply = define_pair(
    "multiply",
    lambda dy, a, b: (dy * b, dy * a),
    ("a * b", "dy * b", "dy * a"),
    forward=lambda a, b, **_: np.multiply(a, b),
    saves="a b",
    integer=True,
    cases=(*pair_cases(), *INTEGER_CASES),
)
divide = define_pair(
    "divide",
    lambda dy, a, b: (dy / b, -dy * a / (b * b)),
    ("a / b", "dy / b", "-dy * a / (b * b)"),
    forward=lambda a, b, **_: np.divide(a, b),
    saves="a b",
    cases=pair_cases(b="positive"),
)
maximum = define_pair(
    "maximum",
    lambda dy, a, b: (np.where(a >= b, dy, 0), np.where(a >= b, 0, dy)),
    ("max(a, b)", "dy * (a >= b)", "dy * (1 - (a >= b))"),
    forward=lambda a, b, **_: np.maximum(a, b),
    saves="a b",
    integer=True,
    note="a tie counts as a",
    cases=(*pair_cases("distinct", "distinct"), *INTEGER_CASES),
)
minimum = define_pair(
    "minimum",
    lambda dy, a, b: (np.where(a <= b, dy, 0), np.where(a <= b, 0, dy)),
    ("min(a, b)", "dy * (a <= b)", "dy * (1 - (a <= b))"),
    forward=lambda a, b, **_: np.minimum(a, b),
    saves="a b",
    integer=True,
    note="a tie counts as a",
    cases=(*pair_cases("distinct", "distinct"), *INTEGER_CASES),
)


floor_divide = define_pair(
    "floor_divide",
    lambda dy: (np.zeros_like(dy), np.zeros_like(dy)),
    ("floor(a / b)", "0 * dy", "0 * dy"),
    forward=lambda a, b, **_: np.floor_divide(a, b),
    integer=True,
    note="steps have no slope; an integer divided by 0 gives 0",
    cases=(*pair_cases(b="positive"), *INTEGER_CASES),
)
mod = define_pair(
    "mod",
    lambda dy, a, b: (dy, -dy * np.floor(a / b)),
    ("a - b * floor(a / b)", "dy", "-dy * floor(a / b)"),
    forward=lambda a, b, **_: np.mod(a, b),
    saves="a b",
    integer=True,
    note="has the sign of b; an integer divided by 0 leaves 0",
    cases=(*pair_cases(b="positive"), *INTEGER_CASES),
)
logaddexp = define_pair(
    "logaddexp",
    lambda dy, a, b: (dy / (1 + np.exp(b - a)), dy / (1 + np.exp(a - b))),
    ("max(a, b) + log1p(exp(-abs(a - b)))", "dy / (1 + exp(b - a))", "dy / (1 + exp(a - b))"),
    forward=lambda a, b, **_: np.logaddexp(a, b),
    saves="a b",
)
arctan2 = define_pair(
    "arctan2",
    lambda dy, a, b: (dy * b / (a * a + b * b), -dy * a / (a * a + b * b)),
    ("arctan2(a, b)", "dy * b / (a * a + b * b)", "-dy * a / (a * a + b * b)"),
    forward=lambda a, b, **_: np.arctan2(a, b),
    saves="a b",
)
hypot = define_pair(
    "hypot",
    lambda dy, a, b: (dy * a / np.hypot(a, b), dy * b / np.hypot(a, b)),
    ("hypot(a, b)", "dy * a / hypot(a, b)", "dy * b / hypot(a, b)"),
    forward=lambda a, b, **_: np.hypot(a, b),
    saves="a b",
)


def power_gradients(dy: Any, a: Any, b: Any) -> tuple[Any, Any]:
    safe = np.where(a > 0, a, 1)
    return dy * b * np.power(a, b - 1), dy * np.power(a, b) * np.log(safe)


power = define_pair(
    "power",
    power_gradients,
    ("a ** b", "dy * b * a ** (b - 1)", "dy * a ** b * where(a > 0, log(a), 0)"),
    forward=lambda a, b, **_: np.power(a, b),
    saves="a b",
    note="log(a) counts as 0 where a is not positive",
    cases=pair_cases(a="positive"),
)
