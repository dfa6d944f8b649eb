"""VGG-19: 19 layers with weights, all convolutions 3 x 3."""

from __future__ import annotations

from typing import Any

from fastnn.applications.assembling import Options, Shape, documented, tf_kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocess_input
from fastnn.applications.vgg import vgg
from fastnn.models import Model

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]
CONVOLUTIONS = (2, 2, 4, 4, 4)  # in each of the five blocks
FILES = tf_kernels("vgg19", "vgg19", "cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6")


@documented()
def VGG19(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Shape = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "vgg19",
) -> Model:
    """VGG-19 of Simonyan and Zisserman (Very deep convolutional networks, 2014): 144 million weights.

    Example:
        >>> model = VGG19(weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg")
        >>> model.output_shape, sum(layer.count_params() > 0 for layer in model.layers)
        ((None, 512), 16)
    """
    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return vgg(options, CONVOLUTIONS, FILES)
