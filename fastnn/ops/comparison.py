"""Questions that are answered by true or false, the choice by such an answer, and the change of type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.activation import same_shape
from fastnn.ops.attributes import Choice
from fastnn.ops.cases import TYPED
from fastnn.ops.elementwise import broadcast_shape, operand_cells, readers, sum_to
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, broadcast_index

TRUTH_PAIRS = (((3, 5), (3, 5)), ((3, 5), (5,)), ((4, 3), ()), ((2, 1, 4), (3, 1)), ((), ()), ((0, 4), (4,)))


def typed_cases(*draws: str) -> tuple[Case, ...]:
    """Cases of a binary operation, its inputs drawn from these in turn."""
    return tuple(Case(s, draw=(draws[k % len(draws)],) * 2) for k, s in enumerate(TRUTH_PAIRS * len(draws)))


def explain_truth(y: str) -> Callable[..., Formula]:
    """Explanation of a broadcast question: 1 for true, 0 for false."""

    def explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
        pair = zip("ab", shapes, strict=False)
        return Formula(y, {role: (role, broadcast_index(index, s)) for role, s in pair}, "1 is true, 0 is false")

    return explain


def define_comparison(name: str, sign: str) -> Op:
    """A binary question about two numbers of any type; NaN is unequal to everything."""
    return define(
        name,
        "elementwise",
        "a b",
        forward=lambda a, b, **_: getattr(np, name)(a, b),
        shape=broadcast_shape,
        formula=f"y = a {sign} b, with broadcasting",
        explain=explain_truth(f"float(a {sign} b)"),
        dtypes={"y": "bool"},
        integer=True,
        boolean=True,
        cases=typed_cases("binary", "normal", "int32", "uint8", "int64", "truth"),
    )


def define_logical(name: str, formula: str, text: str, inputs: str = "a b") -> Op:
    """A question about truths; numbers count as true unless they are 0."""
    pair = inputs == "a b"
    return define(
        name,
        "elementwise",
        inputs,
        forward=lambda *xs, **_: getattr(np, name)(*xs),
        shape=broadcast_shape if pair else same_shape,
        formula=f"y = {formula}",
        explain=explain_truth(text) if pair else explain_question(text),
        dtypes=dict.fromkeys((*inputs.split(), "y"), "bool"),
        cases=typed_cases("truth") if pair else tuple(Case((s,), draw=("truth",)) for s, _ in TRUTH_PAIRS),
    )


def explain_question(y: str) -> Callable[..., Formula]:
    """Explanation of a question about one number."""

    def explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
        return Formula(y, {"x": ("x", index)}, "1 is true, 0 is false")

    return explain


def define_question(name: str, text: str) -> Op:
    """A question about one number, always answered for whole numbers too."""
    return define(
        name,
        "elementwise",
        "x",
        forward=lambda x, **_: getattr(np, name)(x),
        shape=same_shape,
        formula=f"y = {text}",
        explain=explain_question(f"float({text})"),
        dtypes={"y": "bool"},
        integer=True,
        boolean=True,
        cases=tuple(Case((s,), draw=(d,)) for s in ((3, 5), (), (0, 2)) for d in ("normal", "int32", "truth")),
    )


equal = define_comparison("equal", "==")
not_equal = define_comparison("not_equal", "!=")
greater = define_comparison("greater", ">")
greater_equal = define_comparison("greater_equal", ">=")
less = define_comparison("less", "<")
less_equal = define_comparison("less_equal", "<=")
logical_and = define_logical("logical_and", "a and b", "float(a and b)")
logical_or = define_logical("logical_or", "a or b", "float(a or b)")
logical_xor = define_logical("logical_xor", "a or b, but not both", "float(a != b)")
logical_not = define_logical("logical_not", "not x", "float(not x)", "x")
isnan = define_question("isnan", "x != x")
isinf = define_question("isinf", "abs(x) == inf")
isfinite = define_question("isfinite", "abs(x) < inf")


def where_shape(condition: Shape, x1: Shape, x2: Shape, **_: Any) -> tuple[Shape, ...]:
    try:
        return (np.broadcast_shapes(condition, x1, x2),)
    except ValueError:
        raise ShapeError("expected shapes that broadcast: from the last axis on equal, or 1.") from None


def where_backward(dy: Any, condition: Any, shapes: Any, **_: Any) -> tuple[Any, ...]:
    return sum_to(np.where(condition, dy, 0), shapes[1]), sum_to(np.where(condition, 0, dy), shapes[2])


def where_explain(target: str, index: Index, shapes: Any, **_: Any) -> Expression:
    result = np.broadcast_shapes(*shapes)
    if target == "y":
        roles = zip(("condition", "x1", "x2"), shapes, strict=True)
        return Formula("where(condition, x1, x2)", {r: (r, broadcast_index(index, s)) for r, s in roles})
    cells = readers(index, shapes[1 if target == "dx1" else 2], result)
    term = "where(condition, dy, 0)" if target == "dx1" else "where(condition, 0, dy)"
    if len(cells) == 1:
        only = tuple(int(i) for i in cells[0])
        return Formula(term, {"condition": ("condition", broadcast_index(only, shapes[0])), "dy": ("dy", only)})
    return Sum((("condition", operand_cells(cells, shapes[0])), ("dy", cells)), term=term)


where = define(
    "where",
    "elementwise",
    "condition x1 x2",
    forward=lambda condition, x1, x2, **_: np.where(condition, x1, x2),
    backward=where_backward,
    shape=where_shape,
    saves="condition",
    gradients="x1 x2",
    formula="y = x1 where the condition is true, otherwise x2, with broadcasting",
    grad_formula="dx1 = dy where the condition is true, dx2 = dy where it is not, each summed over repeated axes",
    explain=where_explain,
    dtypes={"condition": "bool"},
    integer=True,
    boolean=True,
    cases=tuple(
        Case(shapes, draw=("truth",))
        for shapes in (
            ((3, 5), (3, 5), (3, 5)),
            ((3, 1), (3, 5), (5,)),
            ((5,), (2, 1, 1), (3, 5)),
            ((), (4,), ()),
            ((2, 3, 4), (), ()),
            ((), (), ()),
            ((0, 4), (4,), (1, 4)),
        )
    ),
)


# ---------------------------------------------------------------- change of type

NUMBERS = Choice("float32", "float64", "int32", "int64", "uint8", "bool")


def limits(dtype: str) -> tuple[int, int]:
    """The least and the largest whole number of an integer type."""
    found = np.iinfo(dtype)
    return int(found.min), int(found.max)


def cast_forward(x: Any, dtype: str = "float32", **_: Any) -> Any:
    target = np.dtype(dtype)
    if target.kind not in "iu" or x.dtype.kind != "f":
        return x.astype(target)
    least, most = limits(dtype)
    wide = np.where(np.isnan(x), 0, np.trunc(x)).astype(np.float64)
    whole = np.where((wide > least) & (wide < most), wide, 0).astype(np.int64)
    return np.where(wide <= least, least, np.where(wide >= most, most, whole)).astype(target)


def cast_explain(target: str, index: Index, shapes: Any, dtype: str = "float32", **_: Any) -> Formula:
    if target != "y":
        return Formula("dy", {"dy": ("dy", index)})
    if dtype == "bool":
        return Formula("float(x != 0)", {"x": ("x", index)}, "1 is true, 0 is false")
    if dtype.startswith("float"):
        return Formula(f"{dtype}(x)", {"x": ("x", index)}, "rounded to that type")
    least, most = limits(dtype)
    note = "fractions are cut off towards 0; NaN becomes 0; an integer keeps its last bits"
    return Formula(f"min(max(trunc(x), {least}), {most})", {"x": ("x", index)}, note)


cast = define(
    "cast",
    "elementwise",
    "x",
    attrs={"dtype": NUMBERS},
    forward=cast_forward,
    backward=lambda dy, **_: (dy,),
    shape=same_shape,
    formula="y = x in another type; floats are cut off towards 0 and held within the range of an integer type",
    grad_formula="dx = dy between floating types; integers and truths have no gradient",
    explain=cast_explain,
    dtypes={"y": "{dtype}"},
    integer=True,
    boolean=True,
    cases=tuple(
        Case((shape,), {"dtype": dtype}, (draw,))
        for dtype in NUMBERS.words
        if dtype != "float64"  # by the reference
        for shape, draw in zip(((3, 5), (2, 2), (7,), (), (0, 3)), ("normal", *TYPED), strict=True)
        if (dtype, draw) not in (("uint8", "int32"), ("uint8", "int64"))  # wraps around where it is negative
    ),
)
