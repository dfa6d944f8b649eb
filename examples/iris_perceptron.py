"""Rosenblatt's perceptron tells setosa from other irises by petal length and width.

Source: Rosenblatt, The perceptron, 1958; the flowers are Fisher's of 1936.
"""

import argparse

from fastnn import layers, models, optimizers
from fastnn.classic import Perceptron
from fastnn.datasets import iris


def build():
    """The same rule as a network: one threshold unit and the perceptron criterion."""
    model = models.Sequential([layers.Input((2,)), layers.Dense(1, activation="heaviside")])
    model.compile(optimizers.SGD(learning_rate=0.1), loss="perceptron", metrics=["binary_accuracy"])
    return model


def main():
    """Let the classic class and the network learn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no difference here: the data is small")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()

    x, y = iris.load_data()
    x, setosa = x[:, 2:4], (y == 0).astype("float32")

    perceptron = Perceptron(eta0=0.1, max_iter=args.epochs, random_state=0).fit(x, setosa)
    print("weights", perceptron.coef_, "bias", perceptron.intercept_)
    print("a petal of 2 cm by 0.5 cm is setosa:", bool(perceptron.predict([[2, 0.5]])[0]))

    model = build()
    model.fit(x, setosa, batch_size=1, epochs=args.epochs, verbose=0)
    _, accuracy = model.evaluate(x, setosa, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
