"""Trainings written once, for Keras and for fastnn: only the module differs."""

import numpy as np

from tests.golden.case import numbers
from tests.golden.losses import labels, one_hot

SAMPLES = 23  # a batch size of 8 leaves 7 over


def settle(layer, seed=21):
    """Give a built layer or model repeatable weights."""
    weights = layer.get_weights()
    layer.set_weights([0.5 * numbers(seed + i, *w.shape) for i, w in enumerate(weights)])


# ---------------------------------------------------------------- trainings


def classifier(keras):
    """Dense layers with L2, softmax, class numbers, Adam; the last batch is smaller; some data kept aside."""
    k = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,)),
            k.Dense(7, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            k.Dense(3, activation="softmax", bias_regularizer="l1"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = numbers(61, SAMPLES, 5), labels(62, SAMPLES, 3)
    return model, *data, {"batch_size": 8, "validation_split": 0.3}


def binary(keras):
    """Sigmoid and binary cross-entropy, momentum, sample weights, weighted and plain metrics."""
    model = keras.Sequential([keras.layers.Dense(6, "tanh", input_shape=(4,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(
        keras.optimizers.SGD(0.3, momentum=0.9, nesterov=True),
        "binary_crossentropy",
        metrics=["accuracy", "mae"],
        weighted_metrics=["mse"],
    )
    targets = (numbers(64, SAMPLES) > 0).astype("float32")
    weights = np.abs(numbers(65, SAMPLES))
    return model, numbers(63, SAMPLES, 4), targets, {"batch_size": 6, "sample_weight": weights}


def regression(keras):
    """Mean squared error with RMSprop, two targets, metrics by name and as an object."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="sigmoid"), keras.layers.Dense(2)])
    model.compile("rmsprop", keras.losses.MeanSquaredError(), metrics=["mae", keras.metrics.RootMeanSquaredError()])
    return model, numbers(66, SAMPLES, 3), numbers(67, SAMPLES, 2), {"batch_size": 5}


def images(keras):
    """A small convolutional network with one-hot targets and class weights."""
    k = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            k.Conv2D(4, 3, activation="relu", padding="same"),
            k.MaxPooling2D(),
            k.Conv2D(3, 2, strides=2),
            k.AveragePooling2D(2),
            k.Flatten(),
            k.Dense(3),
            k.Activation("softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(), keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    settings = {"batch_size": 10, "class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}
    return model, numbers(68, SAMPLES, 8, 8, 2), one_hot(69, SAMPLES, 3), settings


def two_by_two(keras):
    """Two inputs, a shared layer, a nested model, two named outputs with losses and weights of their own."""
    k = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = k.Dense(5, activation="tanh", name="shared")
    inner = keras.Sequential([keras.Input((5,)), k.Dense(3, activation="relu", name="inside")], name="inner")
    a, b = shared(left), shared(right)
    joined = k.concatenate([inner(a), b])
    value = k.Dense(1, name="value")(joined)
    choice = k.Dense(3, activation="softmax", name="choice")(k.Add()([a, b]))
    model = keras.Model([left, right], [value, choice], name="both")
    model.compile(
        keras.optimizers.SGD(0.1),
        loss={"value": "mse", "choice": "sparse_categorical_crossentropy"},
        loss_weights={"value": 0.3, "choice": 2.0},
        metrics={"value": ["mae"], "choice": ["accuracy"]},
    )
    x = {"left": numbers(71, SAMPLES, 4), "right": numbers(72, SAMPLES, 4)}
    y = {"value": numbers(73, SAMPLES, 1), "choice": labels(74, SAMPLES, 3)}
    return model, [x["left"], x["right"]], [y["value"], y["choice"]], {"batch_size": 8}


TRAININGS = {f.__name__: f for f in (classifier, binary, regression, images, two_by_two)}


def train(keras, name, epochs=3):
    """What a training gives: history, weights, predictions and evaluation, as flat arrays by name."""
    model, x, y, settings = TRAININGS[name](keras)
    settle(model)
    history = model.fit(x, y, epochs=epochs, shuffle=False, verbose=0, **settings).history
    found = {f"history/{key}": np.array(values, "float32") for key, values in history.items()}
    found.update({f"weight/{i}": w for i, w in enumerate(model.get_weights())})
    outputs = model.predict(x, verbose=0)
    found.update({f"output/{i}": o for i, o in enumerate(outputs if isinstance(outputs, list) else [outputs])})
    found["evaluation"] = np.array(model.evaluate(x, y, verbose=0, batch_size=9), "float32")
    return found
