"""Heating and cooling load of buildings: one network, two outputs, the second with a hidden layer of its own.

Source: data of Tsanas and Xifara, Accurate quantitative estimation of energy performance of residential buildings,
2012; the network 128-128-y1, 64-y2 is that of Moroney's course on the functional API.
"""

import argparse

import fastnn as keras
from fastnn import layers


def load(quick):
    """Eight features with mean 0 and deviation 1, and two loads in 10 kWh per square metre."""
    if quick:
        x, y = keras.datasets.energy.load_data()
        return (x[:600], y[:600]), (x[600:], y[600:])
    (x_train, y_train), (x_test, y_test) = keras.datasets.energy_efficiency.load_data()
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    return ((x_train - mean) / deviation, y_train / 10), ((x_test - mean) / deviation, y_test / 10)


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
    """Train, and test on buildings kept aside."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, on buildings made by formula")
    parser.add_argument("--epochs", type=int, help="default: 200, or 20 with --quick")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load(args.quick)
    model = build()
    epochs = args.epochs or (20 if args.quick else 200)
    model.fit(x_train, {"heating": y_train[:, :1], "cooling": y_train[:, 1:]}, batch_size=10, epochs=epochs, verbose=0)
    found = model.evaluate(x_test, [y_test[:, :1], y_test[:, 1:]], verbose=0, return_dict=True)
    print(found)
    print(f"loss {found['loss']:.4f}")


if __name__ == "__main__":
    main()
