"""Functions of one number, cell by cell: arithmetic, rounding, exponentials, logarithms, angles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn.ops.activation import UNARY_CASES, define_map, in_cases, wide
from fastnn.ops.table import Case

negative = define_map("negative", "-x", "-dy", integer=True, cases=in_cases("distinct", "int32", "int64"))
absolute = define_map(
    "absolute",
    "abs(x)",
    "dy * sign(x)",
    integer=True,
    note="the slope at x = 0 is taken as 0",
    cases=in_cases("distinct", "int32", "int64", "uint8"),
)
square = define_map("square", "x * x", "2 * dy * x", integer=True, cases=in_cases("normal", "int32", "int64", "uint8"))
sign = define_map(
    "sign",
    "sign(x)",
    "0 * dy",
    integer=True,
    note="-1, 0 or +1; a step has no slope to learn by",
    cases=in_cases("distinct", "int32", "int64", "uint8"),
)
sqrt = define_map("sqrt", "sqrt(x)", "dy / (2 * y)", cases=in_cases("positive"))
reciprocal = define_map("reciprocal", "1 / x", "-dy * y * y", cases=in_cases("positive"))
exp = define_map("exp", "exp(x)", "dy * y")
log = define_map("log", "log(x)", "dy / x", cases=in_cases("positive"))

rsqrt = define_map("rsqrt", "1 / sqrt(x)", "-dy * y * y * y / 2", cases=in_cases("positive"))
exp2 = define_map("exp2", "exp2(x)", "dy * y * log(2)")
expm1 = define_map("expm1", "expm1(x)", "dy * (y + 1)", "exact for small x, where exp(x) - 1 is not")
log1p = define_map("log1p", "log1p(x)", "dy / (1 + x)", "exact for small x", cases=in_cases("positive"))
log2 = define_map("log2", "log2(x)", "dy / (x * log(2))", cases=in_cases("positive"))
log10 = define_map("log10", "log10(x)", "dy / (x * log(10))", cases=in_cases("positive"))

STEP = "a step has no slope to learn by"
floor = define_map("floor", "floor(x)", "0 * dy", STEP, cases=(*UNARY_CASES[1:], *wide(None)))
ceil = define_map("ceil", "ceil(x)", "0 * dy", STEP, cases=(*UNARY_CASES[1:], *wide(None)))
trunc = define_map("trunc", "trunc(x)", "0 * dy", STEP, cases=(*UNARY_CASES[1:], *wide(None)))


def rounded(attrs: Mapping[str, Any]) -> str:
    """The formula of rounding to decimals, as NumPy does it; halves go to the even neighbour."""
    ten = 10 ** abs(attrs["decimals"])
    if not attrs["decimals"]:
        return "rint(x)"
    return f"rint(x * {ten}) / {ten}" if attrs["decimals"] > 0 else f"rint(x / {ten}) * {ten}"


def within(draw: str) -> tuple[Case, ...]:
    """Cases of clip with whole numbers, one of them bounded on one side only."""
    bounds: tuple[dict[str, float], ...] = ({"x_min": 1, "x_max": 4}, {"x_max": 2})
    return tuple(Case(((3, 5),), attrs, (draw,)) for attrs in bounds)


round = define_map(
    "round",
    rounded,
    "0 * dy",
    STEP,
    attrs={"decimals": 0},
    formula="y = x rounded to so many decimals; halves to the even neighbour",
    cases=(*UNARY_CASES, *wide({"decimals": 1}), *wide({"decimals": -1})),
)
clip = define_map(
    "clip",
    "min(max(x, {x_min}), {x_max})",
    "dy * float((x >= {x_min}) & (x <= {x_max}))",
    "the slope at both bounds is taken as 1",
    attrs={"x_min": -math.inf, "x_max": math.inf},
    forward=lambda x, x_min, x_max, **_: np.clip(x, x_min, x_max).astype(x.dtype),
    integer=True,
    cases=(
        *UNARY_CASES[1:],
        *wide({"x_min": -1.25, "x_max": 2.3}),
        *wide({"x_max": 0.51}),
        *(case for draw in ("int32", "int64", "uint8") for case in within(draw)),
    ),
)

sin = define_map("sin", "sin(x)", "dy * cos(x)", cases=(*UNARY_CASES, *wide(None)))
cos = define_map("cos", "cos(x)", "-dy * sin(x)", cases=(*UNARY_CASES, *wide(None)))
tan = define_map("tan", "tan(x)", "dy * (1 + y * y)", cases=in_cases("unit"))
arcsin = define_map("arcsin", "arcsin(x)", "dy / sqrt(1 - x * x)", cases=in_cases("unit"))
arccos = define_map("arccos", "arccos(x)", "-dy / sqrt(1 - x * x)", cases=in_cases("unit"))
arctan = define_map("arctan", "arctan(x)", "dy / (1 + x * x)", cases=(*UNARY_CASES, *wide(None)))
sinh = define_map("sinh", "sinh(x)", "dy * cosh(x)")
cosh = define_map("cosh", "cosh(x)", "dy * sinh(x)")
arcsinh = define_map("arcsinh", "arcsinh(x)", "dy / sqrt(1 + x * x)", cases=(*UNARY_CASES, *wide(None)))
arccosh = define_map("arccosh", "arccosh(x)", "dy / sqrt(x * x - 1)", cases=in_cases("above"))
arctanh = define_map("arctanh", "arctanh(x)", "dy / (1 - x * x)", cases=in_cases("unit"))
erf = define_map("erf", "erf(x)", "dy * 2 * exp(-x * x) / 1.7724538509055159", cases=(*UNARY_CASES, *wide(None)))
erfinv = define_map("erfinv", "erfinv(x)", "dy * exp(y * y) * 1.7724538509055159 / 2", cases=in_cases("unit"))
