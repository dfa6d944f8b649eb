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
from fastnn.ops.loss import half_squared_error, mean_squared_error
from fastnn.ops.reduction import accumulate, mean, sum
from fastnn.ops.shaping import expand_dims, flatten, reshape, squeeze
from fastnn.ops.update import increment, sgd

__all__ = [
    "absolute",
    "accumulate",
    "add",
    "divide",
    "exp",
    "expand_dims",
    "flatten",
    "half_squared_error",
    "heaviside",
    "increment",
    "log",
    "maximum",
    "mean",
    "mean_squared_error",
    "minimum",
    "multiply",
    "negative",
    "power",
    "reciprocal",
    "relu",
    "reshape",
    "saturating_linear",
    "sgd",
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
