"""MobileNet: convolutions in two steps, each channel by itself and then all channels at each place."""

from __future__ import annotations

import warnings
from typing import Any

from fastnn import layers
from fastnn.applications.assembling import Options, Part, Published, Shape, assemble, documented
from fastnn.applications.imagenet_utils import decode_predictions
from fastnn.applications.imagenet_utils import preprocess_input_tf as preprocess_input
from fastnn.models import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]
BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
)  # fmt: skip  # filters and strides
SIZES = (128, 160, 192, 224)  # of the pictures that published weights are for
WIDTHS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}  # the same by alpha, as files are named


@documented()
def MobileNet(
    input_shape: Shape = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 1e-3,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """MobileNet of Howard and others (MobileNets: Efficient networks for mobile vision, 2017): 4 million weights.

    Besides the arguments of all networks: alpha, the share of the filters; depth_multiplier, how many results each
    channel has in the first of two steps; dropout, the share of features left out before the classes.

    Example:
        >>> model = MobileNet((32, 32, 3), alpha=0.25, weights=None, include_top=False, pooling="avg")
        >>> model.output_shape, model.count_params()
        ((None, 256), 218544)
    """

    def top(x: Any) -> Any:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        x = layers.Reshape((classes,), name="reshape_2")(x)
        return layers.Activation(classifier_activation, name="predictions")(x)

    check_widths(alpha, depth_multiplier, weights == "imagenet")
    side = published_side(input_shape)
    if weights == "imagenet" and side is None and not include_top:
        warnings.warn(
            f"There are weights for squares of {SIZES} pixels: those for 224 are taken. "
            f"Received: input_shape={input_shape}",
            stacklevel=2,
        )
    usual = side or 224
    if name is None:
        rows = input_shape[0] if isinstance(input_shape, (tuple, list)) and input_shape else None
        shown = usual if weights == "imagenet" or (include_top and rows is None) else rows
        name = f"mobilenet_{alpha:0.2f}_{shown}"
    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return assemble(options, trunk(alpha, depth_multiplier), top, published(alpha, usual), usual)


def check_widths(alpha: Any, depth_multiplier: Any, published: bool) -> None:
    """Raise ValueError for widths that cannot be, or that no weights were published for."""
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 1 / 32 <= alpha <= 1000:
        raise ValueError(f"Expected alpha to be a number from 1/32 to 1000. Received: alpha={alpha!r}")
    if published and (depth_multiplier != 1 or alpha not in WIDTHS):
        raise ValueError(
            f"Expected depth_multiplier=1 and alpha to be one of {tuple(WIDTHS)} with weights='imagenet'. "
            f"Received: depth_multiplier={depth_multiplier!r}, alpha={alpha!r}"
        )


def published_side(input_shape: Any) -> int | None:
    """Height and width of pictures that weights were published for, None for other shapes."""
    fits = isinstance(input_shape, (tuple, list)) and len(input_shape) == 3 and input_shape[0] == input_shape[1]
    return input_shape[0] if fits and input_shape[0] in SIZES else None


def published(alpha: float, side: int) -> dict[bool, Published]:
    """The files of weights, by whether they are with the top."""
    stem = f"mobilenet_{WIDTHS.get(alpha)}_{side}_tf"
    return {True: Published("mobilenet", f"{stem}.h5"), False: Published("mobilenet", f"{stem}_no_top.h5")}


def trunk(alpha: float, depth_multiplier: int) -> Part:
    """A convolution of 3 x 3 and thirteen blocks, each of so large a share of the usual filters."""

    def apply(x: Any) -> Any:
        x = layers.Conv2D(int(32 * alpha), 3, padding="same", use_bias=False, strides=2, name="conv1")(x)
        x = normed(x, "conv1")
        for k, (filters, strides) in enumerate(BLOCKS, 1):
            x = block(x, k, int(filters * alpha), strides, depth_multiplier)
        return x

    return apply


def block(x: Any, k: int, filters: int, strides: int, depth_multiplier: int) -> Any:
    """A convolution of 3 x 3 within each channel, and one of 1 x 1 over all of them."""
    if strides > 1:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{k}")(x)
    within = layers.DepthwiseConv2D(
        3, strides=strides, padding="valid" if strides > 1 else "same", depth_multiplier=depth_multiplier,
        use_bias=False, name=f"conv_dw_{k}",
    )  # fmt: skip
    x = normed(within(x), f"conv_dw_{k}")
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"conv_pw_{k}")(x)
    return normed(x, f"conv_pw_{k}")


def normed(x: Any, name: str) -> Any:
    """Batch normalization, and relu up to 6."""
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)
