"""Networks for pictures: softmax regression, dense, LeNet-5, plain and residual convolutions, branches, signs."""

from __future__ import annotations

from typing import Any

from fastnn import layers, models, optimizers
from fastnn.datasets import clothes, digits28, patches, signs
from fastnn.presets import digits
from fastnn.presets.table import Data, Preset, register
from fastnn.saving import register_keras_serializable

LOSS = "sparse_categorical_crossentropy"


def _compiled(model: Any, optimizer: Any) -> Any:
    model.compile(optimizer=optimizer, loss=LOSS, metrics=["accuracy"])
    return model


def softmax_regression() -> Any:
    """784-10, softmax, no hidden layer."""
    model = models.Sequential(
        [
            layers.Input((28, 28), name="image"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    return _compiled(model, optimizers.SGD(learning_rate=0.1))


def fashion_mlp() -> Any:
    """784-300-100-10, relu and softmax."""
    model = models.Sequential(
        [
            layers.Input((28, 28), name="image"),
            layers.Flatten(name="flatten"),
            layers.Dense(300, activation="relu", name="hidden1"),
            layers.Dense(100, activation="relu", name="hidden2"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    return _compiled(model, optimizers.SGD(learning_rate=0.05))


def lenet5() -> Any:
    """Two convolutions of 5x5 with average pooling, dense 120 and 84, softmax."""
    model = models.Sequential(
        [
            layers.Input((28, 28, 1), name="image"),
            layers.Conv2D(6, 5, padding="same", activation="tanh", name="c1"),
            layers.AveragePooling2D(2, name="s2"),
            layers.Conv2D(16, 5, activation="tanh", name="c3"),
            layers.AveragePooling2D(2, name="s4"),
            layers.Flatten(name="flatten"),
            layers.Dense(120, activation="tanh", name="c5"),
            layers.Dense(84, activation="tanh", name="f6"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    return _compiled(model, optimizers.Adam(learning_rate=0.002))


def digits28_data() -> Data:
    """Pictures with a channel axis, and digits."""
    x, y = digits28.load_data(1000)
    return x[..., None], y


def cifar_plain() -> Any:
    """Convolutions of 16, 32, 32 kernels with max pooling, dense 64, dropout, softmax."""
    model = models.Sequential(
        [
            layers.Input((32, 32, 3), name="image"),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="conv3"),
            layers.MaxPooling2D(2, name="pool3"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    return _compiled(model, optimizers.Adam(learning_rate=0.002))


def residual_block(x: Any, filters: int, name: str) -> Any:
    """Two convolutions with batch normalisation whose result is added to what came in."""
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv1")(x)
    y = layers.Activation("relu", name=f"{name}_relu1")(layers.BatchNormalization(name=f"{name}_norm1")(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv2")(y)
    y = layers.BatchNormalization(name=f"{name}_norm2")(y)
    return layers.Activation("relu", name=f"{name}_relu2")(layers.add([x, y], name=f"{name}_add"))


def cifar_residual() -> Any:
    """A convolution with pooling, two residual blocks of 16 kernels, global average, softmax."""
    image = layers.Input((32, 32, 3), name="image")
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv1")(image)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = residual_block(x, 16, "block1")
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = residual_block(x, 16, "block2")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    model = models.Model(image, layers.Dense(10, activation="softmax", name="output")(x))
    return _compiled(model, optimizers.Adam(learning_rate=0.003))


def inception() -> Any:
    """Four branches side by side: 1x1; 1x1 and 3x3; 1x1 and 5x5; pooling and 1x1."""

    def conv(x: Any, filters: int, size: int, name: str) -> Any:
        return layers.Conv2D(filters, size, padding="same", activation="relu", name=name)(x)

    image = layers.Input((8, 8, 1), name="image")
    stem = conv(image, 8, 3, "stem")
    branches = [
        conv(stem, 4, 1, "one"),
        conv(conv(stem, 4, 1, "three_before"), 8, 3, "three"),
        conv(conv(stem, 4, 1, "five_before"), 8, 5, "five"),
        conv(layers.MaxPooling2D(3, strides=1, padding="same", name="pool")(stem), 4, 1, "pool_after"),
    ]
    x = layers.MaxPooling2D(2, name="pool2")(layers.concatenate(branches, name="concat"))
    x = layers.Flatten(name="flatten")(x)
    model = models.Model(image, layers.Dense(10, activation="softmax", name="output")(x))
    return _compiled(model, optimizers.Adam(learning_rate=0.003))


@register_keras_serializable("fastnn_presets")
def normalised(pixels: Any) -> Any:
    """Bytes 0..255 as numbers from -1 to 1."""
    return pixels / 127.5 - 1.0


def traffic_signs() -> Any:
    """The edge cropped, pixels normalised, two convolutions, dropout, dense 32, softmax."""
    model = models.Sequential(
        [
            layers.Input((32, 32, 3), name="image"),
            layers.Cropping2D(2, name="crop"),
            layers.Lambda(normalised, name="normalise"),
            layers.Conv2D(8, 5, activation="relu", name="conv1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(16, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Dropout(0.25, name="dropout"),
            layers.Flatten(name="flatten"),
            layers.Dense(32, activation="relu", name="hidden"),
            layers.Dense(4, activation="softmax", name="output"),
        ]
    )
    return _compiled(model, optimizers.Adam(learning_rate=0.003))


def signs_data() -> Data:
    """Bytes as floats, and kinds."""
    x, y = signs.load_data()
    return x.astype("float32"), y


register(
    Preset(
        name="softmax-regression",
        subject="Pictures",
        title="Digits 28x28: 784-10, softmax",
        description="No hidden layer: each digit has one picture of weights. The built-in digits made larger, or the "
        "first thousand of MNIST where its file is here.",
        network=softmax_regression,
        data=digits28.load_data,
        batch_size=50,
        epochs=15,
        goal=0.5,
        shuffle=True,
    )
)
register(
    Preset(
        name="fashion-mlp",
        subject="Pictures",
        title="Clothes 28x28: 784-300-100-10, relu and softmax",
        description="Generated silhouettes of the ten kinds of Fashion-MNIST; two hidden layers; gradient descent.",
        network=fashion_mlp,
        data=clothes.load_data,
        batch_size=32,
        epochs=6,
        goal=0.3,
        shuffle=True,
    )
)
register(
    Preset(
        name="lenet5",
        subject="Pictures",
        title="LeNet-5: conv 6, conv 16, average pooling, 120-84-10",
        description="LeCun's network for digits: tanh, average pooling, three dense layers.",
        network=lenet5,
        data=digits28_data,
        batch_size=32,
        epochs=6,
        goal=0.3,
        shuffle=True,
    )
)
register(
    Preset(
        name="inception",
        subject="Pictures",
        title="Inception-like branches: 1x1, 3x3, 5x5 and pooling",
        description="Four views of the same 8x8 digits, concatenated by channel; 1x1 convolutions keep them cheap.",
        network=inception,
        data=digits.train_data,
        test_data=digits.test_data,
        batch_size=32,
        epochs=10,
        goal=0.12,
        shuffle=True,
    )
)
register(
    Preset(
        name="cifar-plain",
        subject="Pictures",
        title="Colour 32x32: conv 16, conv 32, conv 32, dense 64, softmax",
        description="Pictures of CIFAR-10 where the file cifar10-small.npz is here, striped colour patches otherwise.",
        network=cifar_plain,
        data=patches.load_data,
        batch_size=16,
        epochs=12,
        goal=1.5,
        shuffle=True,
    )
)
register(
    Preset(
        name="cifar-residual",
        subject="Pictures",
        title="Colour 32x32, residual: two blocks with batch normalisation",
        description="What a block computes is added to its input, so the gradient has a straight way back; batch "
        "normalisation keeps the scale. Data as in cifar-plain.",
        network=cifar_residual,
        data=patches.load_data,
        batch_size=16,
        epochs=8,
        goal=1.8,
        shuffle=True,
    )
)
register(
    Preset(
        name="traffic-signs",
        subject="Pictures",
        title="Traffic signs 32x32x3: crop, normalise, conv 8, conv 16, 32-4",
        description="The edge is cut off, a Lambda layer brings the bytes to -1..1, so the network takes raw pictures.",
        network=traffic_signs,
        data=signs_data,
        batch_size=16,
        epochs=6,
        goal=0.3,
        shuffle=True,
    )
)
