"""VGG-16: 16 layers with weights, all convolutions 3 x 3."""

from __future__ import annotations

from typing import Any

from fastnn.applications.assembling import Options, Shape, documented, tf_kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocess_input
from fastnn.applications.vgg import vgg
from fastnn.models import Model

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]
CONVOLUTIONS = (2, 2, 3, 3, 3)  # in each of the five blocks
FILES = tf_kernels("vgg16", "vgg16", "64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc")


@documented()
def VGG16(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Shape = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "vgg16",
) -> Model:
    """VGG-16 of Simonyan and Zisserman (Very deep convolutional networks, 2014): 138 million weights.

    Example:
        >>> model = VGG16(weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg")
        >>> model.output_shape, sum(layer.count_params() > 0 for layer in model.layers)
        ((None, 512), 13)
    """
    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return vgg(options, CONVOLUTIONS, FILES)
