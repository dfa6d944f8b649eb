"""LeNet-5 on MNIST: tanh, average pooling, three dense layers, on pictures padded to 32x32.

Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Pictures (28, 28, 1) scaled to 0..1, for training and for the test."""
    if quick:
        x, y = keras.datasets.digits28.load_data(1000)
        return (x[:800, ..., None], y[:800]), (x[800:, ..., None], y[800:])
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    return (x_train[..., None] / 255.0, y_train), (x_test[..., None] / 255.0, y_test)


def build():
    """The names of the layers are those of the paper."""
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.ZeroPadding2D(2),
            layers.Conv2D(6, 5, activation="tanh", name="C1"),
            layers.AveragePooling2D(2, name="S2"),
            layers.Conv2D(16, 5, activation="tanh", name="C3"),
            layers.AveragePooling2D(2, name="S4"),
            layers.Conv2D(120, 5, activation="tanh", name="C5"),
            layers.Flatten(),
            layers.Dense(84, activation="tanh", name="F6"),
            layers.Dense(10, activation="softmax", name="output"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on the small digits that ship")
    parser.add_argument("--epochs", type=int, default=6)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    train, test = load(args.quick)
    model = build()
    model.summary()
    model.fit(*train, batch_size=32, epochs=args.epochs, verbose=2)
    _, accuracy = model.evaluate(*test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
