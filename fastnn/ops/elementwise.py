"""Arithmetic cell by cell: two inputs that are broadcast as in NumPy, or one input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.errors import ShapeError
from fastnn.ops.activation import UNARY_CASES, cell_by_cell, same_shape
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, broadcast_index, grid

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
    "add", lambda dy: (dy, dy), ("a + b", "dy", "dy"), forward=lambda a, b, **_: np.add(a, b), integer=True
)
subtract = define_pair(
    "subtract", lambda dy: (dy, -dy), ("a - b", "dy", "-dy"), forward=lambda a, b, **_: np.subtract(a, b), integer=True
)
multiply = define_pair(
    "multiply",
    lambda dy, a, b: (dy * b, dy * a),
    ("a * b", "dy * b", "dy * a"),
    forward=lambda a, b, **_: np.multiply(a, b),
    saves="a b",
    integer=True,
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
    cases=pair_cases("distinct", "distinct"),
)
minimum = define_pair(
    "minimum",
    lambda dy, a, b: (np.where(a <= b, dy, 0), np.where(a <= b, 0, dy)),
    ("min(a, b)", "dy * (a <= b)", "dy * (1 - (a <= b))"),
    forward=lambda a, b, **_: np.minimum(a, b),
    saves="a b",
    integer=True,
    note="a tie counts as a",
    cases=pair_cases("distinct", "distinct"),
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


def define_unary(name: str, y: str, dx: str, local: str, **fields: Any) -> Op:
    """A unary operation; `local` is the role that its backward reads, or empty."""
    return define(
        name,
        "elementwise",
        "x",
        shape=same_shape,
        saves=local,
        formula=f"y = {y}",
        grad_formula=f"dx = {dx}",
        explain=cell_by_cell(y, dx, fields.pop("note", ""), local or "x"),
        **{"cases": UNARY_CASES, **fields},
    )


POSITIVE_CASES = tuple(Case(case.shapes, draw=("positive",)) for case in UNARY_CASES)

negative = define_unary(
    "negative",
    "-x",
    "-dy",
    "",
    forward=lambda x, **_: np.negative(x),
    backward=lambda dy, **_: (-dy,),
    integer=True,
)
absolute = define_unary(
    "absolute",
    "abs(x)",
    "dy * sign(x)",
    "x",
    forward=lambda x, **_: np.abs(x),
    backward=lambda dy, x, **_: (dy * np.sign(x),),
    integer=True,
    note="the slope at x = 0 is taken as 0",
)
square = define_unary(
    "square",
    "x * x",
    "2 * dy * x",
    "x",
    forward=lambda x, **_: np.square(x),
    backward=lambda dy, x, **_: (2 * dy * x,),
    integer=True,
)
sqrt = define_unary(
    "sqrt",
    "sqrt(x)",
    "dy / (2 * y)",
    "y",
    forward=lambda x, **_: np.sqrt(x),
    backward=lambda dy, y, **_: (dy / (2 * y),),
    cases=POSITIVE_CASES,
)
exp = define_unary(
    "exp",
    "exp(x)",
    "dy * y",
    "y",
    forward=lambda x, **_: np.exp(x),
    backward=lambda dy, y, **_: (dy * y,),
)
log = define_unary(
    "log",
    "log(x)",
    "dy / x",
    "x",
    forward=lambda x, **_: np.log(x),
    backward=lambda dy, x, **_: (dy / x,),
    cases=POSITIVE_CASES,
)
reciprocal = define_unary(
    "reciprocal",
    "1 / x",
    "-dy * y * y",
    "y",
    forward=lambda x, **_: 1 / x,
    backward=lambda dy, y, **_: (-dy * y * y,),
    cases=POSITIVE_CASES,
)
