"""Convolution layers."""

from __future__ import annotations

from typing import Any

from fastnn import activations, constraints, initializers, ops, regularizers
from fastnn.layers.arguments import extents, layout, one_of, whole
from fastnn.layers.base import Layer
from fastnn.layers.spatial import channels_of, flat, on_images
from fastnn.utils.registry import serializable

ROLES = ("initializer", "regularizer", "constraint")
ROOMS = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


class Sliding(Layer):
    """What all convolutions have in common: where windows lie, a bias, an activation, and rules for weights."""

    rank = 2
    paddings: tuple[str, ...] = ("valid", "same")
    bias: Any

    def _set_windows(
        self, kernel_size: Any, strides: Any, padding: str, data_format: str | None, dilation_rate: Any
    ) -> None:
        self.kernel_size = extents("kernel_size", kernel_size, self.rank)
        self.strides = extents("strides", strides, self.rank)
        self.padding = one_of("padding", padding, self.paddings)
        self.data_format = layout(data_format)
        self.dilation_rate = extents("dilation_rate", dilation_rate, self.rank)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"Expected strides or dilation_rate to be 1. Received: strides={self.strides}, "
                f"dilation_rate={self.dilation_rate}"
            )

    def _set_rules(self, activation: Any, use_bias: bool, **rules: Any) -> None:
        self.activation, self.use_bias = activations.get(activation), bool(use_bias)
        for key, value in rules.items():
            setattr(self, key, ROOMS[key.rsplit("_", 1)[1]].get(value))

    def _weight(self, name: str, shape: tuple[int, ...], rules: str) -> Any:
        initializer, regularizer, constraint = (getattr(self, f"{rules}_{role}") for role in ROLES)
        return self.add_weight(shape, initializer, regularizer=regularizer, constraint=constraint, name=name)

    def _add_bias(self, channels: int) -> None:
        self.bias = self._weight("bias", (channels,), "bias") if self.use_bias else None

    def _channels(self, input_shape: Any) -> int:
        return channels_of(self, input_shape, self.rank, self.data_format)

    def _check_fit(self, input_shape: Any) -> None:
        """Raise ValueError where no window fits into the input."""
        sizes = input_shape[2:] if self.data_format == "channels_first" else input_shape[1:-1]
        reached = tuple((k - 1) * d + 1 for k, d in zip(self.kernel_size, self.dilation_rate, strict=True))
        if self.padding == "valid" and any(n is not None and n < r for n, r in zip(sizes, reached, strict=True)):
            raise ValueError(
                f"Layer '{self.name}': expected an input of at least {reached}, as kernel_size={self.kernel_size} and "
                f"dilation_rate={self.dilation_rate} ask. Received: shape {tuple(input_shape)}"
            )

    @property
    def windows(self) -> dict[str, Any]:
        """The operation's attributes."""
        return {
            "strides": flat(self.strides),
            "padding": "valid" if self.padding == "causal" else self.padding,
            "dilation_rate": flat(self.dilation_rate),
        }

    def _kernel(self, weight: Any) -> Any:
        return ops.expand_dims(weight, axis=0) if self.rank == 1 else weight

    def _on_images(self, x: Any) -> Any:
        raise NotImplementedError

    def call(self, x: Any) -> Any:
        return self.activation(on_images(self, x, self.rank, self.data_format, self._on_images))

    def config_value(self, key: str) -> Any:
        return activations.serialize(self.activation) if key == "activation" else super().config_value(key)


class Convolution(Sliding):
    """Base of Conv1D and Conv2D."""

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
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.filters, self.groups = whole("filters", filters), whole("groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"Expected filters to be a multiple of groups. Received: filters={filters}, groups={groups}"
            )
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_rules(
            activation, use_bias, kernel_initializer=kernel_initializer, bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer, bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint, bias_constraint=bias_constraint,
        )  # fmt: skip

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self._check_fit(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"Layer '{self.name}': expected a number of input channels that groups={self.groups} divides. "
                f"Received: {channels}, shape {tuple(input_shape)}"
            )
        self.kernel = self._weight("kernel", (*self.kernel_size, channels // self.groups, self.filters), "kernel")
        self._add_bias(self.filters)

    def _on_images(self, x: Any) -> Any:
        if self.padding == "causal":
            past = (self.kernel_size[0] - 1) * self.dilation_rate[0]
            x = ops.pad(x, ((0, 0), (0, 0), (past, 0), (0, 0)))
        return ops.conv2d(x, self._kernel(self.kernel), self.bias, groups=self.groups, **self.windows)


@serializable("keras.layers")
class Conv2D(Convolution):
    """Slides kernels over images: activation(conv(x, w) + b), without flipping the kernel.

    Args:
        filters: Number of kernels, the length of the output's last axis.
        kernel_size: Height and width; one number for both.
        strides: Steps down and right; one number for both.
        padding: 'valid' (none) or 'same' (zeros, so that stride 1 keeps the size).
        data_format: 'channels_last' or 'channels_first'.
        dilation_rate: Distance of the kernel's cells in the image; one number for both.
        groups: Number of parts that the channels are cut into, each with kernels of its own.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the kernels, shape (height, width, channels / groups, filters).
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


@serializable("keras.layers")
class Conv1D(Convolution):
    """Slides kernels along sequences (batch, steps, channels); arguments as in `Conv2D`, with one number each.

    Args:
        padding: 'valid', 'same', or 'causal': zeros before the first step only, so that no output sees the future.

    Example:
        >>> layer = Conv1D(1, 2, padding="causal", kernel_initializer="ones")
        >>> layer([[[1.0], [2.0], [4.0]]]).numpy().ravel()
        array([1., 3., 6.], dtype=float32)
    """

    rank = 1
    paddings = ("valid", "same", "causal")


class DepthwiseConvolution(Sliding):
    """Base of DepthwiseConv1D and DepthwiseConv2D."""

    config_names = (
        "kernel_size", "strides", "padding", "depth_multiplier", "data_format", "dilation_rate", "activation",
        "use_bias", "depthwise_initializer", "bias_initializer", "depthwise_regularizer", "bias_regularizer",
        "activity_regularizer", "depthwise_constraint", "bias_constraint",
    )  # fmt: skip
    weight_names = ("kernel", "bias")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = whole("depth_multiplier", depth_multiplier)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_rules(
            activation, use_bias, depthwise_initializer=depthwise_initializer, bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer, bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint, bias_constraint=bias_constraint,
        )  # fmt: skip

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self._check_fit(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        self._add_bias(channels * self.depth_multiplier)

    def _on_images(self, x: Any) -> Any:
        return ops.depthwise_conv2d(x, self._kernel(self.kernel), self.bias, **self.windows)


@serializable("keras.layers")
class DepthwiseConv2D(DepthwiseConvolution):
    """A convolution in which every channel has `depth_multiplier` kernels of its own and channels are not mixed.

    Args:
        kernel_size: Height and width; one number for both.
        strides: Steps down and right; one number for both.
        padding: 'valid' or 'same'.
        depth_multiplier: Number of kernels, and outputs, of every channel.
        data_format: 'channels_last' or 'channels_first'.
        dilation_rate: Distance of the kernel's cells in the image.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        depthwise_initializer: Initial values of the kernels, shape (height, width, channels, depth_multiplier).
        bias_initializer: Initial values of the bias, shape (channels * depth_multiplier,).
        depthwise_regularizer: Penalty on the kernels.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        depthwise_constraint: What the kernels are put back to after every update.
        bias_constraint: What the bias is put back to after every update.

    Raises:
        ValueError: for arguments out of range, or an input of another rank.

    Example:
        >>> layer = DepthwiseConv2D(2, depthwise_initializer="ones")
        >>> layer([[[[1.0, 5.0], [2.0, 6.0]], [[3.0, 7.0], [4.0, 8.0]]]]).numpy().ravel()
        array([10., 26.], dtype=float32)
    """


@serializable("keras.layers")
class DepthwiseConv1D(DepthwiseConvolution):
    """A convolution along sequences in which channels are not mixed; arguments as in `DepthwiseConv2D`.

    Example:
        >>> DepthwiseConv1D(2, depthwise_initializer="ones")([[[1.0, 5.0], [2.0, 6.0]]]).numpy().ravel()
        array([ 3., 11.], dtype=float32)
    """

    rank = 1


class SeparableConvolution(Sliding):
    """Base of SeparableConv1D and SeparableConv2D."""

    config_names = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier",
        "activation", "use_bias", "depthwise_initializer", "pointwise_initializer", "bias_initializer",
        "depthwise_regularizer", "pointwise_regularizer", "bias_regularizer", "activity_regularizer",
        "depthwise_constraint", "pointwise_constraint", "bias_constraint",
    )  # fmt: skip
    weight_names = ("depthwise_kernel", "pointwise_kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = whole("filters", filters)
        self.depth_multiplier = whole("depth_multiplier", depth_multiplier)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_rules(
            activation, use_bias, depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer, bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer, pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer, depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint, bias_constraint=bias_constraint,
        )  # fmt: skip

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self._check_fit(input_shape)
        each = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self._weight("depthwise_kernel", each, "depthwise")
        mixing = ((1,) * self.rank) + (channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self._weight("pointwise_kernel", mixing, "pointwise")
        self._add_bias(self.filters)

    def _on_images(self, x: Any) -> Any:
        y = ops.depthwise_conv2d(x, self._kernel(self.depthwise_kernel), None, **self.windows)
        return ops.conv2d(y, self._kernel(self.pointwise_kernel), self.bias)


@serializable("keras.layers")
class SeparableConv2D(SeparableConvolution):
    """A convolution of every channel by itself, then one of 1 x 1 that mixes channels.

    Args:
        filters: Length of the output's channel axis.
        kernel_size: Height and width; one number for both.
        strides: Steps down and right; one number for both.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'.
        dilation_rate: Distance of the kernel's cells in the image.
        depth_multiplier: Number of kernels of every channel.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        depthwise_initializer: Initial values of shape (height, width, channels, depth_multiplier).
        pointwise_initializer: Initial values of shape (1, 1, channels * depth_multiplier, filters).
        bias_initializer: Initial values of the bias, shape (filters,).
        depthwise_regularizer: Penalty on the channels' kernels.
        pointwise_regularizer: Penalty on the mixing weights.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        depthwise_constraint: What the channels' kernels are put back to after every update.
        pointwise_constraint: What the mixing weights are put back to after every update.
        bias_constraint: What the bias is put back to after every update.

    Raises:
        ValueError: for arguments out of range, or an input of another rank.

    Example:
        >>> SeparableConv2D(3, 2)([[[[1.0], [2.0]], [[3.0], [4.0]]]]).shape
        (1, 1, 1, 3)
    """


@serializable("keras.layers")
class SeparableConv1D(SeparableConvolution):
    """A convolution along sequences of every channel by itself, then a mix; arguments as in `SeparableConv2D`.

    Example:
        >>> SeparableConv1D(3, 2)([[[1.0], [2.0], [3.0]]]).shape
        (1, 2, 3)
    """

    rank = 1


class TransposedConvolution(Sliding):
    """Base of Conv1DTranspose and Conv2DTranspose."""

    config_names = (
        "filters", "kernel_size", "strides", "padding", "output_padding", "data_format", "dilation_rate",
        "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "bias_constraint",
    )  # fmt: skip
    weight_names = ("kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = extents("output_padding", output_padding, self.rank, 0)
            if any(extra >= step for extra, step in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"Expected output_padding to be less than strides={self.strides}. "
                    f"Received: output_padding={output_padding}"
                )
        self._set_rules(
            activation, use_bias, kernel_initializer=kernel_initializer, bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer, bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint, bias_constraint=bias_constraint,
        )  # fmt: skip

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels), "kernel")
        self._add_bias(self.filters)

    def _on_images(self, x: Any) -> Any:
        extra = None if self.output_padding is None else flat(self.output_padding, 0)
        return ops.conv2d_transpose(x, self._kernel(self.kernel), self.bias, output_padding=extra, **self.windows)


@serializable("keras.layers")
class Conv2DTranspose(TransposedConvolution):
    """The way back of a convolution: every cell spreads its kernels over the output, `strides` apart.

    Args:
        filters: Length of the output's channel axis.
        kernel_size: Height and width; one number for both.
        strides: How many times larger the output is; one number for both.
        padding: 'valid' (everything that the kernels reach) or 'same' (input size times strides).
        output_padding: Further rows and columns at the end, less than strides; chosen by the layer if None.
        data_format: 'channels_last' or 'channels_first'.
        dilation_rate: Distance of the kernel's cells in the output.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the kernels, shape (height, width, filters, channels).
        bias_initializer: Initial values of the bias, shape (filters,).
        kernel_regularizer: Penalty on the kernels.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What the kernel is put back to after every update.
        bias_constraint: What the bias is put back to after every update.

    Raises:
        ValueError: for arguments out of range, or an input of another rank.

    Example:
        >>> layer = Conv2DTranspose(1, 2, strides=2, kernel_initializer="ones")
        >>> layer([[[[1.0], [2.0]]]]).numpy()[0, :, :, 0]
        array([[1., 1., 2., 2.],
               [1., 1., 2., 2.]], dtype=float32)
    """


@serializable("keras.layers")
class Conv1DTranspose(TransposedConvolution):
    """The way back of a convolution along sequences; arguments as in `Conv2DTranspose`, with one number each.

    Example:
        >>> layer = Conv1DTranspose(1, 2, strides=2, kernel_initializer="ones")
        >>> layer([[[1.0], [2.0]]]).numpy().ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1
