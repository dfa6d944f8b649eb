"""Convolution layers."""

from __future__ import annotations

from typing import Any

from fastnn import activations, constraints, initializers, ops, regularizers
from fastnn.layers.arguments import channels_last, one_of, only, pair, whole
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable


@serializable("keras.layers")
class Conv2D(Layer):
    """Slides kernels over images: activation(conv(x, w) + b), without flipping the kernel.

    Args:
        filters: Number of kernels, the length of the output's last axis.
        kernel_size: Height and width; one number for both.
        strides: Steps down and right; one number for both.
        padding: 'valid' (none) or 'same' (zeros, so that stride 1 keeps the size).
        data_format: 'channels_last', the only one.
        dilation_rate: 1, the only one.
        groups: 1, the only one.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the kernels, shape (height, width, channels, filters).
        bias_initializer: Initial values of the bias, shape (filters,).
        kernel_regularizer: Penalty on the kernels.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What the kernel is put back to after every update.
        bias_constraint: What the bias is put back to after every update.

    Raises:
        ValueError: for arguments out of range, or an input that is not (batch, height, width, channels).

    Example:
        >>> layer = Conv2D(1, 2, kernel_initializer="ones")
        >>> layer([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy().ravel()
        array([10.], dtype=float32)
    """

    config_names = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation",
        "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "bias_constraint",
    )  # fmt: skip
    weight_names = ("kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = whole("filters", filters)
        self.kernel_size, self.strides = pair("kernel_size", kernel_size), pair("strides", strides)
        self.padding = one_of("padding", padding, ("valid", "same"))
        self.data_format = channels_last(data_format)
        self.dilation_rate, self.groups = pair("dilation_rate", dilation_rate), whole("groups", groups)
        only("dilation_rate", self.dilation_rate, (1, 1))
        only("groups", self.groups, 1)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        if len(input_shape or ()) != 4 or input_shape[-1] is None:
            raise ValueError(
                f"Layer '{self.name}': expected images, (batch, height, width, channels). Received: {input_shape}"
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, input_shape[-1], self.filters), self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint, name="kernel",
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.filters,), self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint, name="bias",
            )  # fmt: skip

    def call(self, x: Any) -> Any:
        return self.activation(ops.conv2d(x, self.kernel, self.bias, strides=self.strides, padding=self.padding))

    def config_value(self, key: str) -> Any:
        return activations.serialize(self.activation) if key == "activation" else super().config_value(key)
