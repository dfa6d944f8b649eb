"""Operations: one callable record each; they work on arrays, on tensors and on symbolic tensors."""

from fastnn.ops.activation import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh
from fastnn.ops.convolution import col2im, conv2d, im2col
from fastnn.ops.cross_entropy import (
    perceptron_loss,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
)
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
from fastnn.ops.embedding import embedding
from fastnn.ops.gather import argsort, gather_nd, one_hot, scatter_nd, scatter_update, segment_sum, take, take_along_axis
from fastnn.ops.linear import bias_add, dense, matmul
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
from fastnn.ops.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from fastnn.ops.random import dropout
from fastnn.ops.recurrence import gru, lstm, simple_rnn
from fastnn.ops.reduction import accumulate, argmax, max, mean, sum, sum_and_count
from fastnn.ops.shaping import concatenate, expand_dims, flatten, reshape, squeeze, transpose
from fastnn.ops.slicing import broadcast_to, flip, pad, strided_slice
from fastnn.ops.update import adam, assign, increment, momentum, rmsprop, rmsprop_centered, rmsprop_momentum, sgd

__all__ = [
    "absolute",
    "accumulate",
    "adam",
    "add",
    "argmax",
    "assign",
    "average_pool2d",
    "bias_add",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "col2im",
    "concatenate",
    "conv2d",
    "dense",
    "divide",
    "dropout",
    "embedding",
    "exp",
    "expand_dims",
    "flatten",
    "global_average_pool2d",
    "global_max_pool2d",
    "gru",
    "half_squared_error",
    "heaviside",
    "im2col",
    "increment",
    "log",
    "lstm",
    "matmul",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "mean_absolute_error",
    "mean_squared_error",
    "minimum",
    "momentum",
    "multiply",
    "negative",
    "perceptron_loss",
    "power",
    "reciprocal",
    "relu",
    "reshape",
    "rmsprop",
    "rmsprop_centered",
    "rmsprop_momentum",
    "saturating_linear",
    "sgd",
    "sigmoid",
    "sigmoid_cross_entropy",
    "sign",
    "simple_rnn",
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
    "sum_and_count",
    "tanh",
    "transpose",
]
