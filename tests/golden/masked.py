"""Models in which masks travel, trained a few steps: the same with Keras and fastnn.

With Keras and PyTorch installed `KERAS_BACKEND=torch python -m tests.golden.masked` writes masked.npz.
"""

from pathlib import Path

import numpy as np

from tests.golden.case import integers, numbers

FILE = Path(__file__).with_suffix(".npz")
WORDS, PAIR = integers(1, 5, 6, 4), (integers(2, 6, 3, 4), integers(3, 6, 3, 5))
SERIES = numbers(4, 5, 6, 3)
WORDS[:, 0] = np.maximum(WORDS[:, 0], 1)
WORDS[2, 1:] = 0
PAIR[1][:, 0] = 1
SERIES[1, 3:], SERIES[2, :2], SERIES[3] = 0, 0, 0


def settled(model):
    """The model with repeatable weights."""
    model.set_weights([0.5 * numbers(50 + k, *w.shape) for k, w in enumerate(model.get_weights())])
    return model


def tagger(keras):
    """One number for every word; padding counts neither in the loss nor in metrics."""
    k = keras.layers
    layers = [k.Embedding(5, 3, mask_zero=True), k.LSTM(2, return_sequences=True), k.Dense(1)]
    model = settled(keras.Sequential([keras.Input((4,), dtype="int32"), *layers]))
    model.compile(keras.optimizers.SGD(0.1), loss="mse", metrics=["mae"], weighted_metrics=["mse"])
    return model, WORDS, numbers(5, 6, 4, 1)


def classifier(keras):
    """Masks through both directions, time-distributed layers and joints; the batch has a sequence of nothing."""
    k = keras.layers
    x = keras.Input((None, 3))
    both = k.Bidirectional(k.GRU(2, return_sequences=True))(k.Masking()(x))
    joint = k.concatenate([both, k.TimeDistributed(k.Dense(2))(both)])
    model = settled(keras.Model(x, k.Dense(2, activation="softmax")(k.SimpleRNN(3)(joint))))
    model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, SERIES, np.array([0, 1, 0, 1, 1])


def translator(keras):
    """Attention of both kinds between two masked sequences."""
    k = keras.layers
    query, value = keras.Input((4,), dtype="int32"), keras.Input((5,), dtype="int32")
    words = k.Embedding(6, 4, mask_zero=True)
    heads = k.MultiHeadAttention(2, 3)(words(query), words(value))
    model = settled(keras.Model([query, value], k.Add()([heads, k.Attention()([words(query), words(value)])])))
    model.compile(keras.optimizers.SGD(0.1), loss="mse")
    return model, list(PAIR), np.ones((3, 4, 4), "float32")


MODELS = {"tagger": tagger, "classifier": classifier, "translator": translator}


def results(keras, name):
    """Losses and metrics of three epochs, and predictions afterwards."""
    model, x, y = MODELS[name](keras)
    history = model.fit(x, y, batch_size=3, epochs=3, shuffle=False, verbose=0).history
    scores = model.evaluate(x, y, verbose=0)
    found = {f"history/{key}": np.asarray(values) for key, values in history.items()}
    return {**found, "scores": np.asarray(scores), "prediction": np.asarray(model.predict(x, verbose=0))}


if __name__ == "__main__":
    import keras

    found = {f"{name}/{key}": v for name in MODELS for key, v in results(keras, name).items()}
    np.savez_compressed(FILE, **found)
