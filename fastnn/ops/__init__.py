"""Operations: one callable record each; they work on arrays, on tensors and on symbolic tensors."""

from fastnn.ops.activation import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh
from fastnn.ops.cross_entropy import sigmoid_cross_entropy, softmax_cross_entropy, sparse_softmax_cross_entropy
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
from fastnn.ops.update import adam, increment, momentum, rmsprop, rmsprop_centered, rmsprop_momentum, sgd

__all__ = [
    "adam",
    "average_pool2d",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "dropout",
    "global_average_pool2d",
    "global_max_pool2d",
    "half_squared_error",
    "heaviside",
    "increment",
    "max_pool2d",
    "mean_absolute_error",
    "mean_squared_error",
    "momentum",
    "relu",
    "rmsprop",
    "rmsprop_centered",
    "rmsprop_momentum",
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
    "squared_error",
    "tanh",
]
