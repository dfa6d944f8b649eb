"""Branches side by side as in Inception: 1x1, 3x3, 5x5 and pooling look at the same picture, and are put together.

Source: Szegedy and others, Going deeper with convolutions, 2015.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Small digits of 8x8, or MNIST; scaled to 0..1 and with a channel axis."""
    if quick:
        (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
        return (x_train[..., None] / 16.0, y_train), (x_test[..., None] / 16.0, y_test)
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    return (x_train[..., None] / 255.0, y_train), (x_test[..., None] / 255.0, y_test)


def conv(filters, size):
    """A convolution that keeps the size of the picture."""
    return layers.Conv2D(filters, size, padding="same", activation="relu")


def branches(x):
    """Four views; 1x1 convolutions before the larger ones keep them cheap."""
    one = conv(4, 1)(x)
    three = conv(8, 3)(conv(4, 1)(x))
    five = conv(8, 5)(conv(4, 1)(x))
    pooled = conv(4, 1)(layers.MaxPooling2D(3, strides=1, padding="same")(x))
    return layers.concatenate([one, three, five, pooled])


def build(shape):
    """A convolution, the branches, pooling, softmax."""
    image = layers.Input(shape)
    x = branches(conv(8, 3)(image))
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on the small digits that ship")
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load(args.quick)
    model = build(x_train.shape[1:])
    model.fit(x_train, y_train, batch_size=32, epochs=args.epochs, verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
