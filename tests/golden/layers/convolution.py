"""Convolutions; JAX made the numbers of padding "same", where PyTorch pads transposed convolutions otherwise."""

from tests.golden.case import Case, numbers

JAX = {"backend": "jax"}
FIRST = {"data_format": "channels_first"}


def cases(keras):
    """Configurations by name."""
    k = keras.layers
    sequence, image = numbers(1, 2, 9, 4), numbers(2, 2, 7, 9, 4)
    upright, turned = numbers(3, 2, 4, 8, 6), numbers(4, 2, 4, 9)
    return {
        "conv2d": Case(k.Conv2D(3, (3, 2), strides=(2, 3), activation="tanh"), image),
        "conv2d_same": Case(k.Conv2D(6, (2, 3), padding="same", dilation_rate=(2, 1), groups=2, use_bias=False), image),
        "conv2d_steps": Case(k.Conv2D(3, 4, strides=(3, 2), padding="same"), image, **JAX),
        "conv2d_groups": Case(k.Conv2D(8, (3, 2), strides=(1, 2), groups=4), image),
        "conv2d_dilated": Case(k.Conv2D(3, (2, 3), dilation_rate=(3, 2)), image),
        "conv1d": Case(k.Conv1D(3, 4, strides=2, activation="relu"), sequence),
        "conv1d_causal": Case(k.Conv1D(3, 3, padding="causal", dilation_rate=2), sequence),
        "conv1d_causal_steps": Case(k.Conv1D(2, 2, strides=3, padding="causal", groups=2, use_bias=False), sequence),
        "depthwise2d": Case(k.DepthwiseConv2D((3, 2), strides=(2, 2), depth_multiplier=2, activation="tanh"), image),
        "depthwise2d_same": Case(
            k.DepthwiseConv2D((2, 3), padding="same", dilation_rate=(2, 2), use_bias=False), image, **JAX
        ),
        "depthwise1d": Case(
            k.DepthwiseConv1D(3, strides=2, padding="same", depth_multiplier=3, activation="tanh"), sequence, **JAX
        ),
        "depthwise1d_dilated": Case(k.DepthwiseConv1D(2, dilation_rate=3, use_bias=False), sequence),
        "separable2d": Case(
            k.SeparableConv2D(5, (3, 2), strides=(2, 2), padding="same", depth_multiplier=2, activation="relu"),
            image,
            **JAX,
        ),
        "separable2d_dilated": Case(k.SeparableConv2D(3, (2, 3), dilation_rate=(2, 3), use_bias=False), image),
        "separable1d": Case(
            k.SeparableConv1D(5, 3, strides=2, padding="same", depth_multiplier=2, activation="tanh"), sequence, **JAX
        ),
        "separable1d_dilated": Case(k.SeparableConv1D(3, 2, dilation_rate=3, use_bias=False), sequence),
        "transpose2d": Case(k.Conv2DTranspose(3, (3, 2), strides=(2, 3), activation="tanh"), image, **JAX),
        "transpose2d_same": Case(k.Conv2DTranspose(2, (4, 3), strides=(2, 3), padding="same"), image, **JAX),
        "transpose2d_padded": Case(
            k.Conv2DTranspose(2, (3, 4), strides=(2, 3), padding="same", output_padding=(1, 2)), image, **JAX
        ),
        "transpose2d_dilated": Case(k.Conv2DTranspose(2, (3, 2), dilation_rate=(2, 3), use_bias=False), image, **JAX),
        "transpose1d": Case(k.Conv1DTranspose(3, 4, strides=2, padding="same", activation="relu"), sequence, **JAX),
        "transpose1d_padded": Case(
            k.Conv1DTranspose(3, 3, strides=3, output_padding=2, use_bias=False), sequence, **JAX
        ),
        "transpose1d_dilated": Case(k.Conv1DTranspose(2, 3, dilation_rate=2), sequence, **JAX),
        "conv2d_first": Case(k.Conv2D(3, (3, 2), **FIRST), upright),
        "conv1d_first": Case(k.Conv1D(3, 3, **FIRST), turned),
        "depthwise2d_first": Case(k.DepthwiseConv2D((3, 2), **FIRST), upright),
        "depthwise1d_first": Case(k.DepthwiseConv1D(3, **FIRST), turned),
        "separable2d_first": Case(k.SeparableConv2D(3, (3, 2), **FIRST), upright),
        "separable1d_first": Case(k.SeparableConv1D(3, 3, **FIRST), turned),
        "transpose2d_first": Case(k.Conv2DTranspose(3, (3, 2), **FIRST), upright, **JAX),
        "transpose1d_first": Case(k.Conv1DTranspose(3, 3, **FIRST), turned, **JAX),
    }
