"""Exclusive or with one hidden layer, trained by backpropagation one sample at a time.

Source: Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986.
"""

import argparse

import fastnn as keras
from fastnn import layers


def build():
    """2-8-1: tanh, then a sigmoid."""
    model = keras.Sequential(
        [layers.Input((2,)), layers.Dense(8, activation="tanh"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.SGD(learning_rate=0.5), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train, and print what each of the four points gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no difference here: the data is small")
    parser.add_argument("--epochs", type=int, default=1000)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    x, y = keras.datasets.xor.load_data()
    model = build()
    model.fit(x, y, batch_size=1, epochs=args.epochs, verbose=0)
    for point, answer in zip(x, model.predict(x, verbose=0), strict=True):
        print(f"{point[0]:.0f} xor {point[1]:.0f} = {answer[0]:.3f}")
    print(f"loss {model.evaluate(x, y, verbose=0)[0]:.4f}")


if __name__ == "__main__":
    main()
