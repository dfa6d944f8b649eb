"""Ctrl-C in the middle of a long run: it ends after the operation under way, with the weights of whole steps."""

import signal
import threading
import time

import numpy as np
import pytest

import fastnn
from fastnn import callbacks, layers, ops
from fastnn.engine.graph import Trace
from fastnn.engine.plan import Plan, finish

ROWS = 300_000
pytestmark = pytest.mark.usefixtures("interruptible")


@pytest.fixture(scope="module")
def data():
    x = np.random.default_rng(0).normal(size=(ROWS, 32)).astype("float32")
    return x, x[:, :1].copy()


def network(dtype="float32"):
    fastnn.utils.set_random_seed(2)
    stack = [layers.Dense(48, "tanh", dtype=dtype), layers.Dropout(0.1, dtype=dtype), layers.Dense(1, dtype=dtype)]
    model = fastnn.Sequential([layers.Input((32,), dtype=dtype), *stack])
    model.compile("adam", "mse")
    return model


def interrupted(call, after=0.15):
    """Run something that Ctrl-C ends; returns the seconds between the key and the end."""
    pressed = []

    def press():
        pressed.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(after, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call()
    ended = time.perf_counter()
    timer.join()
    return ended - pressed[0]


def state(model):
    return [v.value.copy() for v in model.variables_of_training()]


def batches(x, y):
    for k in range(len(x)):
        yield x[k : k + 1], y[k : k + 1]


FITS = {
    "in one call": lambda m, x, y: m.fit(x, y, batch_size=1, shuffle=False, verbose=0),
    "batch by batch": lambda m, x, y: m.fit(
        x,
        y,
        batch_size=1,
        shuffle=False,
        verbose=0,
        callbacks=[callbacks.LambdaCallback(on_train_batch_end=print_none)],
    ),
    "from a generator": lambda m, x, y: m.fit(batches(x, y), verbose=0),
    "train_on_batch": lambda m, x, y: [m.train_on_batch(a, b) for a, b in batches(x, y)],
}


def print_none(batch, logs):
    """A callback that does nothing."""


@pytest.mark.parametrize("way", FITS)
def test_fit_ends_with_the_weights_of_whole_steps(way, data):
    x, y = data
    model, twin = network(), network()
    interrupted(lambda: FITS[way](model, x, y))
    steps = int(model.optimizer.iterations)
    assert 0 < steps < ROWS
    twin.fit(x[:steps], y[:steps], batch_size=1, shuffle=False, verbose=0)
    for a, b in zip(state(twin), state(model), strict=True):
        np.testing.assert_array_equal(a, b)
    for each in (model, twin):  # and both go on alike
        each.fit(x[:50], y[:50], batch_size=10, shuffle=False, verbose=0)
    for a, b in zip(state(twin), state(model), strict=True):
        np.testing.assert_array_equal(a, b)


CALLS = {
    "predict": lambda m, x, y: m.predict(x, batch_size=1, verbose=0),
    "evaluate": lambda m, x, y: m.evaluate(x, y, batch_size=1, verbose=0),
    "validation": lambda m, x, y: m.fit(x[:1], y[:1], validation_data=(x, y), validation_batch_size=1, verbose=0),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_only_reads_the_weights_leaves_them(name, data):
    x, y = data
    model = network()
    model.fit(x[:1], y[:1], verbose=0)
    expected, before = model.predict(x[:100], verbose=0), state(model)
    interrupted(lambda: [CALLS[name](model, x, y) for _ in range(100)])
    if name != "validation":
        for a, b in zip(before, state(model), strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(model.predict(x[:100], verbose=0), expected)
    assert np.isfinite(model.evaluate(x[:100], y[:100], verbose=0))


def test_it_ends_after_the_operation_under_way_not_after_the_list():
    size, steps = 1_000_000, 6000
    with Trace() as trace:
        x = trace.add_value("x", (size,), "float32", "input")
        y = x
        for _ in range(steps):
            y = ops.tanh(y)
    plan = Plan(finish(trace, [x], outputs=[y]))
    plan.load("x", np.linspace(-3, 3, size))
    start = time.perf_counter()
    late = interrupted(plan.run)
    assert late < 1.5
    assert time.perf_counter() - start < 3
    feed = {"x": np.zeros((size,), "float32")}
    assert interrupted(lambda: plan.run_batches(feed, np.arange(size), 0, 1)) < 1.5


def test_float64_too():
    x = np.random.default_rng(0).normal(size=(100_000, 32))
    model = network("float64")
    assert interrupted(lambda: model.fit(x, x[:, :1], batch_size=1, verbose=0)) < 5
    assert np.isfinite(model.evaluate(x[:10], x[:10, :1], verbose=0))
