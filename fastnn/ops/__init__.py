"""Operations: one callable record each; they work on arrays, on tensors and on symbolic tensors."""

from fastnn.ops.activation import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh
from fastnn.ops.elementwise import (
    absolute,
    add,
    divide,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    reciprocal,
    sqrt,
    square,
    subtract,
)
from fastnn.ops.reduction import accumulate, mean, sum
from fastnn.ops.shaping import expand_dims, flatten, reshape, squeeze

__all__ = [
    "absolute",
    "accumulate",
    "add",
    "divide",
    "exp",
    "expand_dims",
    "flatten",
    "heaviside",
    "log",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "power",
    "reciprocal",
    "relu",
    "reshape",
    "saturating_linear",
    "sigmoid",
    "sign",
    "softmax",
    "sqrt",
    "square",
    "squeeze",
    "subtract",
    "sum",
    "tanh",
]
