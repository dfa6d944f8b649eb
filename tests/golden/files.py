"""Models whose files real Keras has written: small, of many kinds of layers; data to compare predictions on."""

import numpy as np

from tests.golden.case import integers, numbers


def images(keras):
    """Convolutions, normalisation, pooling; Adam."""
    k = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 5, 2)),
            k.Conv2D(3, (3, 2), padding="same", activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            k.BatchNormalization(),
            k.MaxPooling2D(2),
            k.DepthwiseConv2D(2, padding="same"),
            k.Dropout(0.0),
            k.Flatten(),
            k.Dense(3, activation="softmax", kernel_initializer="he_normal"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model, numbers(1, 8, 6, 5, 2), np.eye(3, dtype="float32")[integers(2, 3, 8)]


def words(keras):
    """Embedding with a mask, LSTM both ways, GRU; RMSprop with momentum."""
    k = keras.layers
    x = keras.Input((4,), dtype="int32", name="words")
    h = k.Embedding(7, 3, mask_zero=True)(x)
    h = k.Bidirectional(k.LSTM(2, return_sequences=True))(h)
    h = k.GRU(3)(h)
    model = keras.Model(x, k.Dense(1, activation="sigmoid")(h))
    model.compile(keras.optimizers.RMSprop(0.01, momentum=0.5), "binary_crossentropy")
    return model, integers(3, 7, 8, 4), integers(4, 2, 8, 1).astype("float32")


def branches(keras):
    """Two inputs, a shared layer, a nested model, two outputs; SGD with momentum."""
    k = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = k.Dense(5, activation="tanh", name="shared")
    inner = keras.Sequential([keras.Input((5,)), k.Dense(3, activation="relu", name="inside")], name="inner")
    joined = k.Concatenate()([inner(shared(left)), shared(right)])
    frozen = k.Dense(2, name="frozen", trainable=False)(joined)
    outputs = [k.Dense(1, name="value")(frozen), k.Dense(2, activation="softmax", name="choice")(joined)]
    model = keras.Model([left, right], outputs, name="both")
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        loss={"value": "mse", "choice": "sparse_categorical_crossentropy"},
        loss_weights={"value": 0.3, "choice": 2.0},
    )
    return model, [numbers(5, 8, 4), numbers(6, 8, 4)], [numbers(7, 8, 1), integers(8, 2, 8)]


MODELS = {f.__name__: f for f in (images, words, branches)}


def settle(model):
    """Repeatable weights: variances positive."""
    for i, variable in enumerate(model.weights):
        value = 0.5 * numbers(50 + i, *variable.shape)
        variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)


def outcome(model, x, y):
    """Predictions, and the weights after one more epoch."""
    outputs = model.predict(x, verbose=0)
    found = {f"output/{i}": np.asarray(o) for i, o in enumerate(outputs if isinstance(outputs, list) else [outputs])}
    model.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0)
    found.update({f"weight/{i}": w for i, w in enumerate(model.get_weights())})
    return found
