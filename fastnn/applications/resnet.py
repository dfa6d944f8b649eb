"""ResNet-50: blocks of three convolutions with a way around each."""

from __future__ import annotations

from typing import Any

from fastnn import layers
from fastnn.applications.assembling import Options, Shape, assemble, documented, tf_kernels
from fastnn.applications.imagenet_utils import decode_predictions, preprocess_input
from fastnn.models import Model

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # filters of their inner convolutions, blocks
FILES = tf_kernels("resnet", "resnet50", "2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626")


@documented()
def ResNet50(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Shape = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "resnet50",
) -> Model:
    """ResNet-50 of He, Zhang, Ren and Sun (Deep residual learning for image recognition, 2015): 26 million weights.

    Example:
        >>> model = ResNet50(weights=None, input_shape=(32, 32, 3), classes=10)
        >>> model.output_shape, model.get_layer("conv5_block3_out").output.shape
        ((None, 10), (None, 1, 1, 2048))
    """

    def top(x: Any) -> Any:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        return layers.Dense(classes, activation=classifier_activation, name="predictions")(x)

    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return assemble(options, trunk, top, FILES, pooling_names={"avg": "avg_pool", "max": "max_pool"})


def trunk(x: Any) -> Any:
    """A convolution of 7 x 7, pooling, and four stages of blocks; each stage but the first halves height and width."""
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = normed(x, "conv1", 64, 7, strides=2, relu=True)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, count) in enumerate(STAGES, 2):
        for k in range(1, count + 1):
            x = block(x, f"conv{stage}_block{k}", filters, strides=2 if k == 1 and stage > 2 else 1, projects=k == 1)
    return x


def block(x: Any, name: str, filters: int, strides: int, projects: bool) -> Any:
    """1 x 1 to fewer channels, 3 x 3, 1 x 1 to more, added to the way around: as it is, or projected."""
    around = normed(x, f"{name}_0", 4 * filters, 1, strides) if projects else x
    x = normed(x, f"{name}_1", filters, 1, strides, relu=True)
    x = normed(x, f"{name}_2", filters, 3, padding="same", relu=True)
    x = normed(x, f"{name}_3", 4 * filters, 1)
    return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([around, x]))


def normed(
    x: Any, name: str, filters: int, size: int, strides: int = 1, padding: str = "valid", relu: bool = False
) -> Any:
    """A convolution, batch normalization, and perhaps relu."""
    x = layers.Conv2D(filters, size, strides=strides, padding=padding, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(epsilon=1.001e-5, name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x) if relu else x
