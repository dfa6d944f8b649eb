"""Operations: one callable record each; they work on arrays, on tensors and on symbolic tensors."""

from fastnn.ops.activation import heaviside, relu, saturating_linear, sigmoid, sign, softmax, tanh

__all__ = ["heaviside", "relu", "saturating_linear", "sigmoid", "sign", "softmax", "tanh"]
