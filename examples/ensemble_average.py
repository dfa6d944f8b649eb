"""An ensemble: three networks look at the same points, and their answers are averaged in one model.

Source: Keras' guide to the functional API, ensembling a set of models into a single one.
"""

import argparse

import fastnn as keras
from fastnn import layers


def member():
    """2-8-1, with initial weights of its own."""
    return keras.Sequential(
        [layers.Input((2,)), layers.Dense(8, activation="tanh"), layers.Dense(1, activation="sigmoid")]
    )


def build(members):
    """The members called like layers, then the average."""
    point = layers.Input((2,))
    model = keras.Model(point, layers.average([one(point) for one in members]))
    model.compile(keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train the ensemble, then compare it with each of its members."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no difference here: the data is small")
    parser.add_argument("--epochs", type=int, default=100)
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    x, y = keras.datasets.moons.load_data()
    members = [member() for _ in range(3)]
    model = build(members)
    model.fit(x, y, batch_size=16, epochs=args.epochs, verbose=0)
    for number, one in enumerate(members, start=1):
        answers = one.predict(x, verbose=0)[:, 0] > 0.5
        print(f"member {number} alone: {(answers == y).mean():.3f}")
    _, accuracy = model.evaluate(x, y, verbose=0)
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
