"""Losses, layers, optimizers and trainings written once, for Keras and for fastnn: only the module differs."""

import numpy as np

SAMPLES = 23  # a batch size of 8 leaves 7 over


def numbers(seed, *shape):
    """Repeatable normal numbers as float32."""
    return np.random.RandomState(seed).normal(size=shape).astype("float32")


def probabilities(seed, *shape):
    """Repeatable rows of positive numbers that sum to 1."""
    raw = np.exp(numbers(seed, *shape))
    return raw / raw.sum(-1, keepdims=True)


def one_hot(seed, count, classes):
    """Repeatable one-hot rows."""
    return np.eye(classes, dtype="float32")[labels(seed, count, classes)]


def labels(seed, count, classes):
    """Repeatable class numbers."""
    return np.random.RandomState(seed).randint(0, classes, count).astype("int32")


# ---------------------------------------------------------------- losses


def losses(keras):
    """Losses by name: object, targets, predictions."""
    k = keras.losses
    real, guess = numbers(1, 6, 4), numbers(2, 6, 4)
    hot, soft, logits = one_hot(3, 6, 4), probabilities(4, 6, 4), numbers(5, 6, 4)
    number = labels(3, 6, 4)
    bits = (numbers(6, 6, 4) > 0).astype("float32")
    share = 1 / (1 + np.exp(-logits))
    return {
        "mse": (k.MeanSquaredError(), real, guess),
        "mse_sum": (k.MeanSquaredError(reduction="sum"), real, guess),
        "mse_none": (k.MeanSquaredError(reduction=None), real, guess),
        "mae": (k.MeanAbsoluteError(), real, guess),
        "hinge": (k.Hinge(), 2 * bits - 1, guess),
        "cce": (k.CategoricalCrossentropy(), hot, soft),
        "cce_logits": (k.CategoricalCrossentropy(from_logits=True), hot, logits),
        "cce_smooth": (k.CategoricalCrossentropy(label_smoothing=0.1), hot, soft),
        "scce": (k.SparseCategoricalCrossentropy(), number, soft),
        "scce_logits": (k.SparseCategoricalCrossentropy(from_logits=True), number, logits),
        "bce": (k.BinaryCrossentropy(), bits, share),
        "bce_logits": (k.BinaryCrossentropy(from_logits=True), bits, logits),
        "bce_smooth": (k.BinaryCrossentropy(label_smoothing=0.2), bits, share),
    }


def metrics(keras):
    """Metrics by name: object, targets, predictions."""
    k = keras.metrics
    hot, soft, number = one_hot(3, 9, 4), probabilities(4, 9, 4), labels(3, 9, 4)
    bits, share = (numbers(6, 9, 1) > 0).astype("float32"), 1 / (1 + np.exp(-numbers(7, 9, 1)))
    return {
        "binary_accuracy": (k.BinaryAccuracy(threshold=0.4), bits, share),
        "categorical_accuracy": (k.CategoricalAccuracy(), hot, soft),
        "sparse_categorical_accuracy": (k.SparseCategoricalAccuracy(), number, soft),
        "mean_squared_error": (k.MeanSquaredError(), hot, soft),
        "root_mean_squared_error": (k.RootMeanSquaredError(), hot, soft),
        "sparse_categorical_crossentropy": (k.SparseCategoricalCrossentropy(), number, soft),
    }


# ---------------------------------------------------------------- layers


def layers(keras):
    """Layers by name: object, input."""
    k = keras.layers
    image = numbers(11, 2, 7, 6, 3)
    rows = numbers(12, 4, 5)
    return {
        "dense": (k.Dense(3, activation="tanh"), rows),
        "dense_3d": (k.Dense(2, use_bias=False), numbers(13, 2, 3, 5)),
        "softmax": (k.Activation("softmax"), rows),
        "conv_valid": (k.Conv2D(4, 3, activation="relu"), image),
        "conv_same": (k.Conv2D(2, (3, 2), strides=(2, 1), padding="same"), image),
        "max_pool": (k.MaxPooling2D((3, 2), strides=(2, 1)), image),
        "max_pool_same": (k.MaxPooling2D(2, padding="same"), image),
        "average_pool": (k.AveragePooling2D(2), image),
        "average_pool_same": (k.AveragePooling2D((3, 2), strides=2, padding="same"), image),
        "global_average": (k.GlobalAveragePooling2D(), image),
        "global_max": (k.GlobalMaxPooling2D(keepdims=True), image),
        "flatten": (k.Flatten(), image),
        "reshape": (k.Reshape((3, -1)), image),
        "permute": (k.Permute((3, 1, 2)), image),
        "dropout": (k.Dropout(0.5), rows),
    }


def settle(layer, seed=21):
    """Give a built layer or model repeatable weights."""
    weights = layer.get_weights()
    layer.set_weights([0.5 * numbers(seed + i, *w.shape) for i, w in enumerate(weights)])


# ---------------------------------------------------------------- optimizers


def optimizers(keras):
    """Optimizers by name."""
    k = keras.optimizers
    return {
        "sgd": k.SGD(0.1),
        "momentum": k.SGD(0.1, momentum=0.9),
        "nesterov": k.SGD(0.1, momentum=0.9, nesterov=True),
        "rmsprop": k.RMSprop(0.01),
        "rmsprop_momentum": k.RMSprop(0.01, rho=0.8, momentum=0.5),
        "rmsprop_centered": k.RMSprop(0.01, centered=True),
        "adam": k.Adam(0.01),
        "adam_slow": k.Adam(0.01, beta_1=0.5, beta_2=0.9, epsilon=0.1),
    }


def five_steps(keras, optimizer):
    """Two weights after five updates with given gradients."""
    variables = [keras.Variable(numbers(31, 3, 4)), keras.Variable(numbers(32, 5))]
    tensor = getattr(keras.ops, "convert_to_tensor", np.asarray)
    for step in range(5):
        grads = [tensor(numbers(40 + step, 3, 4)), tensor(numbers(50 + step, 5))]
        optimizer.apply_gradients(zip(grads, variables, strict=True))
    return [np.array(v) for v in variables]


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
