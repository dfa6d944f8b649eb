"""Operations: one callable record each; they work on arrays, on tensors and on symbolic tensors."""

from fastnn.ops.activation import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh
from fastnn.ops.convolution import col2im, conv2d, im2col
from fastnn.ops.linear import bias_add, dense, matmul

__all__ = [
    "bias_add",
    "col2im",
    "conv2d",
    "dense",
    "heaviside",
    "im2col",
    "matmul",
    "relu",
    "saturating_linear",
    "sigmoid",
    "sign",
    "softmax",
    "tanh",
]
