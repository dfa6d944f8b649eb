"""Functions of one number, cell by cell: arithmetic, rounding, exponentials, logarithms, angles."""

from __future__ import annotations

from fastnn.ops.activation import define_map, in_cases

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
