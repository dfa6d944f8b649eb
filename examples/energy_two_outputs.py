"""Heating and cooling load of buildings: one network, two outputs, the second with a hidden layer of its own.

Source: data of Tsanas and Xifara, Accurate quantitative estimation of energy performance of residential buildings,
2012; the network 128-128-y1, 64-y2 is that of Moroney's course on the functional API.
"""

import argparse

import fastnn as keras
from fastnn import layers
from fastnn.datasets import energy


def build():
    """8-128-128, from which the first load comes; 64 more units before the second."""
    features = layers.Input((8,))
    hidden = layers.Dense(128, activation="relu")(features)
    hidden = layers.Dense(128, activation="relu")(hidden)
    heating = layers.Dense(1, name="heating")(hidden)
    more = layers.Dense(64, activation="relu")(hidden)
    cooling = layers.Dense(1, name="cooling")(more)
    model = keras.Model(inputs=features, outputs=[heating, cooling])
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.01),
        loss={"heating": "mse", "cooling": "mse"},
        metrics={name: keras.metrics.RootMeanSquaredError() for name in ("heating", "cooling")},
    )
    return model


def main():
    """Train on two thirds of the buildings, test on the rest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer epochs, on the table that needs no download")
    parser.add_argument("--epochs", type=int, help="default: 200, or 20 with --quick")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    if not args.quick:
        keras.datasets.energy_efficiency.load_data()  # fetched once; `energy` takes the real table where it is here
    x, y = energy.load_data()
    targets = {"heating": y[:, :1], "cooling": y[:, 1:]}
    train, test = slice(0, 512), slice(512, None)
    model = build()
    epochs = args.epochs or (20 if args.quick else 200)
    model.fit(x[train], {name: t[train] for name, t in targets.items()}, batch_size=10, epochs=epochs, verbose=0)
    found = model.evaluate(x[test], {name: t[test] for name, t in targets.items()}, verbose=0, return_dict=True)
    print(found)
    print(f"loss {found['loss']:.4f}")


if __name__ == "__main__":
    main()
