"""Operations: one callable record each; they work on arrays, on tensors and on symbolic tensors."""

from fastnn.ops.activation import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh
from fastnn.ops.loss import half_squared_error, mean_squared_error
from fastnn.ops.update import increment, sgd

__all__ = [
    "half_squared_error",
    "heaviside",
    "increment",
    "mean_squared_error",
    "relu",
    "saturating_linear",
    "sgd",
    "sigmoid",
    "sign",
    "softmax",
    "tanh",
]
