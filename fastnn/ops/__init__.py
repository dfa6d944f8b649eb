"""Operations: one callable record each; they work on arrays, on tensors and on symbolic tensors."""

from fastnn.ops.activation import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh
from fastnn.ops.cross_entropy import sigmoid_cross_entropy, softmax_cross_entropy, sparse_softmax_cross_entropy
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
from fastnn.ops.loss import (
    binary_crossentropy,
    categorical_crossentropy,
    half_squared_error,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
    squared_error,
)
from fastnn.ops.metric import binary_accuracy, categorical_accuracy, sparse_categorical_accuracy
from fastnn.ops.reduction import accumulate, mean, sum
from fastnn.ops.shaping import expand_dims, flatten, reshape, squeeze
from fastnn.ops.update import increment, sgd

__all__ = [
    "absolute",
    "accumulate",
    "add",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
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
    "mean_absolute_error",
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
    "sigmoid_cross_entropy",
    "sign",
    "softmax",
    "softmax_cross_entropy",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_softmax_cross_entropy",
    "sqrt",
    "square",
    "squared_error",
    "squeeze",
    "subtract",
    "sum",
    "tanh",
]
