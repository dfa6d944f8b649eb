"""Five ways in which courses write networks: each trains, and reaches the loss that it states."""

import numpy as np
import pytest

import fastnn as keras
from fastnn import layers, ops
from fastnn.compat import v1 as tf


@pytest.fixture(autouse=True)
def repeatable():
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)


@pytest.fixture(scope="module")
def digits():
    (x, y), (test_x, test_y) = keras.datasets.digits.load_data()
    return (x.reshape(len(x), 64) / 16, y), (test_x.reshape(len(test_x), 64) / 16, test_y)


def test_sequential(digits):
    (x, y), (test_x, test_y) = digits
    model = keras.models.Sequential()
    model.add(layers.Dense(32, activation="relu", input_shape=(64,)))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    hot = keras.utils.to_categorical(y, 10)
    history = model.fit(x, hot, epochs=25, batch_size=32, validation_split=0.2, verbose=0)
    loss, accuracy = model.evaluate(test_x, keras.utils.to_categorical(test_y, 10), verbose=0)
    assert loss < 0.25
    assert accuracy > 0.93
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]


def test_functional_with_two_inputs_and_two_outputs():
    rng = np.random.default_rng(0)
    wide, deep = rng.normal(size=(300, 5)), rng.normal(size=(300, 6))
    y = wide @ np.arange(5) / 5 + np.tanh(deep).sum(-1)
    a, b = keras.Input(shape=(5,), name="wide"), keras.Input(shape=(6,), name="deep")
    hidden = layers.Dense(20, activation="relu")(layers.Dense(20, activation="relu")(b))
    output = layers.Dense(1, name="output")(layers.concatenate([a, hidden]))
    auxiliary = layers.Dense(1, name="auxiliary")(hidden)
    model = keras.Model(inputs=[a, b], outputs=[output, auxiliary])
    model.compile(
        loss={"output": "mse", "auxiliary": "mse"},
        loss_weights={"output": 0.9, "auxiliary": 0.1},
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
    )
    history = model.fit({"wide": wide, "deep": deep}, {"output": y, "auxiliary": y}, epochs=30, verbose=0)
    assert history.history["output_loss"][-1] < 0.2
    total, main, side = model.evaluate([wide, deep], [y, y], verbose=0)
    assert total == pytest.approx(0.9 * main + 0.1 * side, rel=1e-4)


class Residual(layers.Layer):
    """Two dense layers that add to what goes in."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.hidden = [layers.Dense(units, activation="elu") for _ in range(2)]

    def call(self, inputs):
        z = inputs
        for layer in self.hidden:
            z = layer(z)
        return inputs + z


class Linear(layers.Layer):
    """A layer written from its weights."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b


class Network(keras.Model):
    """Dense, two times the same residual layer, a layer of one's own."""

    def __init__(self, output_dim, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(16, activation="elu")
        self.block = Residual(16)
        self.last = Linear(output_dim)

    def call(self, inputs, training=False):
        z = self.first(inputs)
        for _ in range(2):
            z = self.block(z)
        return self.last(z)


def test_subclassed_model_and_layers():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 4)).astype("float32")
    y = np.sin(x.sum(-1, keepdims=True))
    model = Network(1)
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.01))
    history = model.fit(x, y, epochs=40, verbose=0)
    assert history.history["loss"][-1] < 0.05
    assert model.count_params() == 16 * 4 + 16 + 2 * (16 * 16 + 16) + 16 + 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_spellings_of_keras_1_and_2():
    from fastnn.layers.convolutional import MaxPooling2D
    from fastnn.layers.core import Activation, Dense, Flatten

    from fastnn.utils import np_utils

    (x, y), (test_x, test_y) = keras.datasets.digits.load_data()
    model = keras.models.Sequential()
    model.add(layers.Convolution2D(8, 3, 3, border_mode="same", input_shape=(8, 8, 1)))
    model.add(Activation("relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Flatten())
    model.add(Dense(output_dim="10", init="glorot_normal"))
    model.add(Activation("softmax"))
    model.compile(keras.optimizers.Adam(lr=0.01), "categorical_crossentropy", ["accuracy"])
    hot = np_utils.to_categorical(y, 10)

    def batches():
        while True:
            for k in range(0, len(x) - 31, 32):
                yield x[k : k + 32], hot[k : k + 32]

    samples = len(x) // 32 * 32
    history = model.fit_generator(batches(), samples_per_epoch=samples, nb_epoch=5, verbose=0)
    assert history.history["acc"][-1] > 0.95
    assert history.history["loss"][-1] < 0.2
    assert (model.predict_classes(test_x) == test_y).mean() > 0.9
    model.optimizer.lr = 0.001
    assert keras.backend.get_value(model.optimizer.lr) == pytest.approx(0.001)


def test_tensorflow_1(digits):
    (x, y), (test_x, test_y) = digits
    tf.reset_default_graph()
    features, labels = tf.placeholder(tf.float32, [None, 64]), tf.placeholder(tf.float32, [None, 10])
    keep_prob = tf.placeholder(tf.float32)
    hidden = tf.nn.relu(tf.matmul(features, tf.Variable(tf.truncated_normal([64, 32], stddev=0.2))))
    hidden = tf.nn.dropout(hidden, keep_prob)
    logits = tf.matmul(hidden, tf.Variable(tf.truncated_normal([32, 10], stddev=0.2))) + tf.Variable(tf.zeros([10]))
    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=labels))
    optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.5).minimize(cost)
    hits = tf.equal(tf.argmax(logits, 1), tf.argmax(labels, 1))
    accuracy = tf.reduce_mean(tf.cast(hits, tf.float32))
    hot = np.eye(10)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(15):
            for k in range(0, len(x), 32):
                feed = {features: x[k : k + 32], labels: hot[y[k : k + 32]], keep_prob: 0.8}
                session.run(optimizer, feed_dict=feed)
        last, share = session.run([cost, accuracy], {features: test_x, labels: hot[test_y], keep_prob: 1.0})
    assert last < 0.3
    assert share > 0.92
