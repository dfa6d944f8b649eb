"""MNIST without a hidden layer, 784-10: every digit has one picture of weights.

Source: the first network of many courses; LeCun and others report about 12 % error for linear classifiers, 1998.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Pictures of 28x28 scaled to 0..1, for training and for the test."""
    if quick:
        x, y = keras.datasets.digits28.load_data(1000)
        return (x[:800], y[:800]), (x[800:], y[800:])
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    return (x_train / 255.0, y_train), (x_test / 255.0, y_test)


def build():
    """Flatten, one dense layer, softmax."""
    model = keras.Sequential([layers.Input((28, 28)), layers.Flatten(), layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on the small digits that ship")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    train, (x_test, y_test) = load(args.quick)
    model = build()
    model.fit(*train, batch_size=50, epochs=args.epochs, verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
