"""CIFAR-10 with plain convolutions: three stages of 32, 64 and 128 filters, each ended by pooling.

Pictures are mirrored and shifted while training. Source: the shape of Simonyan and Zisserman, Very deep convolutional
networks for large-scale image recognition, 2014, with one convolution a stage.
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


def build():
    """Augmentation, convolutions with pooling, dense 128, dropout, softmax."""
    model = keras.Sequential(
        [layers.Input((32, 32, 3)), layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1)]
    )
    for filters in (32, 64, 128):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on generated patches")
    parser.add_argument("--epochs", type=int, help="default: 30, or 5 with --quick")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    train, test = load(args.quick)
    model = build()
    batch, epochs = (16, 5) if args.quick else (64, 30)
    model.fit(*train, batch_size=batch, epochs=args.epochs or epochs, verbose=2)
    _, accuracy = model.evaluate(*test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
