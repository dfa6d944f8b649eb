"""CIFAR-10 with residual blocks: what a block computes is added to what came in.

Source: He, Zhang, Ren and Sun, Deep residual learning for image recognition, 2016.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Colour pictures (32, 32, 3) scaled to 0..1, for training and for the test."""
    if quick:
        x, y = keras.datasets.patches.load_data(500)
        return (x[:400], y[:400]), (x[400:], y[400:])
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
    return (x_train / 255.0, y_train), (x_test / 255.0, y_test)


def norm_conv(x, filters, strides=1):
    """A convolution without bias, and batch normalisation, which has one."""
    x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9)(x)


def block(x, filters, strides=1):
    """Two convolutions and the shortcut; a 1x1 convolution brings the shortcut to the same shape if need be."""
    y = layers.Activation("relu")(norm_conv(x, filters, strides))
    y = norm_conv(y, filters)
    if strides != 1:
        x = layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x)
    return layers.Activation("relu")(layers.add([x, y]))


def build(filters=16):
    """Three stages; the second and third halve the picture and double the filters."""
    image = layers.Input((32, 32, 3))
    x = layers.Activation("relu")(norm_conv(image, filters))
    for stage in range(3):
        x = block(x, filters * 2**stage, strides=1 if stage == 0 else 2)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on generated patches")
    parser.add_argument("--epochs", type=int, help="default: 30, or 6 with --quick")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    train, test = load(args.quick)
    model = build(8 if args.quick else 16)
    batch, epochs = (16, 6) if args.quick else (64, 30)
    model.fit(*train, batch_size=batch, epochs=args.epochs or epochs, verbose=2)
    _, accuracy = model.evaluate(*test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
