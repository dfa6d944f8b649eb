"""Networks with normalisation, trained by the real Keras 3 step by step: weights and moving statistics after each.

KERAS_BACKEND=torch python -m tests.golden.normalized makes normalized.npz beside this file.
"""

import os
from pathlib import Path

import numpy as np

from tests.golden.case import numbers

FILE = Path(__file__).parent / "normalized.npz"
STEPS = 4


def dense(keras):
    """Two batch normalizations, one of them without gamma and with a shorter memory."""
    k = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,)),
            k.Dense(6),
            k.BatchNormalization(momentum=0.7),
            k.ReLU(),
            k.Dense(4),
            k.BatchNormalization(scale=False, epsilon=0.01),
            k.LeakyReLU(0.1),
            k.Dense(2),
        ]
    )
    return model, (5,), "sgd"


def images(keras):
    """Batch and group normalisation of images, with a learnt slope, by Adam."""
    k = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 5, 2)),
            k.Conv2D(4, 3, use_bias=False),
            k.BatchNormalization(momentum=0.9),
            k.PReLU(shared_axes=[1, 2]),
            k.Conv2D(4, 2),
            k.GroupNormalization(2),
            k.ELU(),
            k.GlobalAveragePooling2D(),
            k.LayerNormalization(),
            k.Dense(2),
        ]
    )
    return model, (6, 5, 2), "adam"


def frozen(keras):
    """A normalization that is not trainable keeps its statistics, and uses them in training."""
    k = keras.layers
    fixed = k.BatchNormalization(trainable=False)
    model = keras.Sequential([keras.Input((5,)), k.Dense(4), fixed, k.Dense(2)])
    return model, (5,), "sgd"


NETWORKS = {f.__name__: f for f in (dense, images, frozen)}


def prepared(keras, name):
    """The compiled network with repeatable weights, and data of 11 samples."""
    model, shape, optimizer = NETWORKS[name](keras)
    rules = {"sgd": keras.optimizers.SGD(0.05), "adam": keras.optimizers.Adam(0.01)}
    model.compile(rules[optimizer], "mse")
    for i, variable in enumerate(model.weights):
        value = 0.5 * numbers(21 + i, *variable.shape)
        variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
    return model, numbers(1, 11, *shape), numbers(2, 11, 2)


def train(keras, name):
    """Everything by name: weights after each of some training steps, then predictions and evaluation."""
    model, x, y = prepared(keras, name)
    found = {}
    for step in range(STEPS):
        found[f"loss/{step}"] = np.asarray(model.train_on_batch(x[step : step + 7], y[step : step + 7]), "float32")
        found.update({f"weight/{step}/{i}": w for i, w in enumerate(model.get_weights())})
    found["output"] = model.predict(x, verbose=0)
    found["evaluation"] = np.asarray(model.evaluate(x, y, verbose=0, batch_size=4), "float32")
    return found


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    numbers_found = {f"{name}/{key}": value for name in NETWORKS for key, value in train(keras, name).items()}
    np.savez_compressed(FILE, **numbers_found)
