"""Every size that is promised: its window opens, steps and explains in time, forward and back."""

import time

import numpy as np
import pytest

import fastnn
from fastnn import layers
from gui.session import Session

STEP, EXPLAIN = 2 * 0.05, 2 * 0.1  # seconds: a busy machine takes twice as long as promised
CLASSES = "sparse_categorical_crossentropy"


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def labels(count, classes=10):
    return np.arange(count) % classes


def compiled(model, loss):
    model.compile("adam", loss)
    return model


def dense():
    """784-512-256-10: 536 thousand weights."""
    parts = [layers.Input((784,)), layers.Dense(512, "relu"), layers.Dense(256, "relu"), layers.Dense(10, "softmax")]
    return compiled(fastnn.Sequential(parts), CLASSES), numbers(256, 784), labels(256), 128


def lenet():
    """A small convolutional network on pictures of 32 pixels."""
    parts = [
        layers.Input((32, 32, 1)), layers.Conv2D(6, 5, activation="tanh"), layers.AveragePooling2D(),
        layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(), layers.Flatten(),
        layers.Dense(120, "tanh"), layers.Dense(84, "tanh"), layers.Dense(10, "softmax"),
    ]  # fmt: skip
    return compiled(fastnn.Sequential(parts), CLASSES), numbers(128, 32, 32, 1), labels(128), 64


def resnet20():
    """Three stages of three residual blocks: 270 thousand weights."""

    def unit(x, width, stride):
        y = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
        y = layers.Activation("relu")(layers.BatchNormalization()(y))
        y = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same", use_bias=False)(y))
        around = x if stride == 1 and x.shape[-1] == width else layers.Conv2D(width, 1, strides=stride)(x)
        return layers.Activation("relu")(layers.Add()([y, around]))

    x = y = layers.Input((32, 32, 3))
    y = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(y)))
    for stage, width in enumerate((16, 32, 64)):
        for k in range(3):
            y = unit(y, width, 2 if stage and not k else 1)
    model = fastnn.Model(x, layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(y)))
    assert 265_000 < model.count_params() < 285_000
    return compiled(model, CLASSES), numbers(128, 32, 32, 3), labels(128), 128


def lstm():
    """128 units over 100 moments."""
    parts = [layers.Input((100, 16)), layers.LSTM(128), layers.Dense(10, "softmax")]
    return compiled(fastnn.Sequential(parts), CLASSES), numbers(64, 100, 16), labels(64), 32


def autoencoder():
    """784-128-32-128-784."""
    parts = [layers.Input((784,))] + [layers.Dense(n, "relu") for n in (128, 32, 128)] + [layers.Dense(784, "sigmoid")]
    x = np.abs(numbers(128, 784)) % 1
    return compiled(fastnn.Sequential(parts), "binary_crossentropy"), x, x, 64


def siamese():
    """Pairs that go through the same dense layers."""
    tower = fastnn.Sequential([layers.Input((784,)), layers.Dense(512, "relu"), layers.Dense(256, "relu")])
    left, right = layers.Input((784,)), layers.Input((784,))
    apart = layers.Subtract()([tower(left), tower(right)])
    model = fastnn.Model([left, right], layers.Dense(1, "sigmoid")(apart))
    x = [numbers(128, 784), numbers(128, 784) + 1]
    return compiled(model, "binary_crossentropy"), x, labels(128, 2)[:, None].astype("float32"), 64


def channels():
    """256 channels."""
    parts = [layers.Input((16, 16, 3)), layers.Conv2D(256, 3, activation="relu"), layers.GlobalMaxPooling2D()]
    parts += [layers.Dense(10, "softmax")]
    return compiled(fastnn.Sequential(parts), CLASSES), numbers(32, 16, 16, 3), labels(32), 16


def seconds_of(qapp, work):
    """Processor time of this thread: another process on the machine does not count."""
    begun = time.thread_time()
    work()
    qapp.processEvents()
    return time.thread_time() - begun


HEAVY = [pytest.param(make, marks=pytest.mark.full) for make in (lenet, resnet20, lstm, autoencoder, siamese)]


@pytest.mark.parametrize("make", [dense, channels, *HEAVY], ids=lambda make: make.__name__)
def test_a_promised_size_opens_steps_and_explains_in_time(show_window, qapp, make):
    model, x, y, batch = make()
    session = Session()
    begun = time.thread_time()
    session.load_model(model, x, y, batch_size=batch, position=1)
    window = show_window(session)
    qapp.processEvents()
    assert time.thread_time() - begun < 4
    length = len(session.steps)
    forward = [seconds_of(qapp, window.actions_by_name["forward_op"].trigger) for _ in range(min(length - 1, 40))]
    assert np.median(forward) < STEP
    session.goto(session.listing.updates)
    gradients = [n for n in session.listing.written_by if n.endswith(".grad") and session.computed(n)]
    rng, explained = np.random.default_rng(0), []
    for name in rng.permutation(gradients)[:20]:
        index = tuple(int(rng.integers(n)) for n in session.listing.values[str(name)].shape)
        explained.append(seconds_of(qapp, lambda name=name, index=index: session.select(str(name), index)))
        e = session.explanation()
        assert abs(e.result - e.recomputed) <= 1e-5 * max(e.magnitude, 1e-30)
    assert np.median(explained) < EXPLAIN
    back = [seconds_of(qapp, window.actions_by_name["back_op"].trigger) for _ in range(10)]
    assert session.moment.position == session.listing.updates - 10
    assert np.median(back) < STEP


def test_a_hundred_thousand_logged_steps_are_drawn_and_read(open_window, qapp):
    window = open_window("xor", position=0)
    session, chart = window.session, window.chart
    losses = np.abs(numbers(100_000)) + 1
    session.losses.add(losses)
    for name in ("accuracy", "learning rate"):
        for step in range(1, 2001):
            session.history.note(step, {(name, ""): 0.5})
    session.notify("position")
    qapp.processEvents()
    assert len(chart.curves[0].getOriginalDataset()[1]) == 100_000
    chart._read(77_777)
    assert float(chart.reading.toolTip().split(": ")[1]) == losses[77_776]
    times = [seconds_of(qapp, session.next) for _ in range(12)]
    assert np.median(times) < STEP
