"""Wide and deep: five features go straight to the price of a house, six through two hidden layers.

An auxiliary output on the deep path makes it learn something by itself; its loss counts a tenth. Source: Cheng and
others, Wide & deep learning for recommender systems, 2016, as Géron's Hands-On Machine Learning, chapter 10, has it.
"""

import argparse

import numpy as np

import fastnn as keras
from fastnn import layers


def load(quick):
    """Eight features with mean 0 and deviation 1, and prices in 100,000 dollars."""
    if quick:
        x, y = keras.datasets.houses.load_data(800)
        return (x[:600], y[:600]), (x[600:], y[600:])
    (x_train, y_train), (x_test, y_test) = keras.datasets.california_housing.load_data()
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    train = (x_train - mean) / deviation, y_train[:, np.newaxis] / 1e5
    return train, ((x_test - mean) / deviation, y_test[:, np.newaxis] / 1e5)


def build():
    """Two inputs, two outputs."""
    wide = layers.Input((5,), name="wide")
    deep = layers.Input((6,), name="deep")
    hidden = layers.Dense(30, activation="relu")(deep)
    hidden = layers.Dense(30, activation="relu")(hidden)
    price = layers.Dense(1, name="price")(layers.concatenate([wide, hidden]))
    auxiliary = layers.Dense(1, name="auxiliary")(hidden)
    model = keras.Model(inputs=[wide, deep], outputs=[price, auxiliary])
    model.compile(
        optimizer="adam",
        loss={"price": "mse", "auxiliary": "mse"},
        loss_weights={"price": 0.9, "auxiliary": 0.1},
        metrics={"price": "mae"},
    )
    return model


def main():
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds on generated districts")
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load(args.quick)
    model = build()
    model.fit([x_train[:, :5], x_train[:, 2:]], [y_train, y_train], epochs=args.epochs, verbose=2)
    found = model.evaluate([x_test[:, :5], x_test[:, 2:]], [y_test, y_test], verbose=0, return_dict=True)
    print(found)
    print(f"mae {found['price_mae']:.3f}")


if __name__ == "__main__":
    main()
