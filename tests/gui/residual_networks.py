"""ResNet-50 as He, Zhang, Ren and Sun drew it (Deep residual learning for image recognition, 2015), at any width."""

import numpy as np

import fastnn
from fastnn import layers

STAGES = ((3, 64), (4, 128), (6, 256), (3, 512))  # blocks, filters of their inner convolutions


def resnet50(width=1.0, pixels=224, classes=1000):
    """The network: 7x7 convolution, pooling, 3 + 4 + 6 + 3 bottleneck blocks, average, one dense layer.

    Args:
        width: Share of the filters; 1 gives 25.6 million parameters.
        pixels: Side of the pictures.
        classes: Outputs.
    """

    def wide(filters):
        return max(int(filters * width), 1)

    x = image = layers.Input((pixels, pixels, 3), name="image")
    x = normed(layers.Conv2D(wide(64), 7, strides=2, padding="same", name="conv1_conv")(x), "conv1", relu=True)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1_pool")(x)
    for stage, (count, filters) in enumerate(STAGES, 2):
        for block in range(1, count + 1):
            strides = 2 if block == 1 and stage > 2 else 1
            x = bottleneck(x, wide(filters), wide(4 * filters), strides, f"conv{stage}_block{block}", block == 1)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    model = fastnn.Model(image, layers.Dense(classes, activation="softmax", name="predictions")(x), name="resnet50")
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def bottleneck(x, filters, leaving, strides, name, projects):
    """1x1 down, 3x3, 1x1 up, and the way around: as it is, or projected."""
    around = x
    if projects:
        around = normed(layers.Conv2D(leaving, 1, strides=strides, name=f"{name}_0_conv")(x), f"{name}_0")
    x = normed(layers.Conv2D(filters, 1, strides=strides, name=f"{name}_1_conv")(x), f"{name}_1", relu=True)
    x = normed(layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x), f"{name}_2", relu=True)
    x = normed(layers.Conv2D(leaving, 1, name=f"{name}_3_conv")(x), f"{name}_3")
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([around, x]))


def normed(x, name, relu=False):
    """Batch normalisation, and perhaps relu."""
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def pictures(count, pixels, classes=1000):
    """Random pictures and classes."""
    rng = np.random.default_rng(0)
    return rng.random((count, pixels, pixels, 3), np.float32), rng.integers(0, classes, count)
