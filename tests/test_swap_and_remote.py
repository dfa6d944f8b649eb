"""SwapEMAWeights evaluates with averages and trains on with weights; RemoteMonitor tells a server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, callbacks, layers, optimizers

RNG = np.random.default_rng(7)
X = RNG.normal(size=(24, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def averaging(use_ema=True):
    fastnn.utils.set_random_seed(2)
    model = Sequential([Input((3,)), layers.Dense(4, "tanh"), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1, use_ema=use_ema, ema_momentum=0.8), "mse")
    return model


class AtEpochEnd(callbacks.Callback):
    """Keeps the weights, and their averages, at the end of every epoch."""

    def __init__(self):
        super().__init__()
        self.weights, self.averages = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())
        self.averages.append([average.numpy() for _, average in self.model.optimizer.averages()])


def same(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_validation_sees_averages_and_training_does_not(swap_on_epoch):
    plain, swapping = AtEpochEnd(), AtEpochEnd()
    averaging().fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[plain])
    model = averaging()
    history = model.fit(
        X, Y, batch_size=8, epochs=3, verbose=0, validation_data=(X, Y),
        callbacks=[callbacks.SwapEMAWeights(swap_on_epoch), swapping],
    )  # fmt: skip
    assert all(map(same, plain.averages, swapping.averages))
    assert all(map(same, plain.averages if swap_on_epoch else plain.weights, swapping.weights))
    assert same(model.get_weights(), plain.averages[-1])
    losses = []
    for weights in plain.averages:
        model.set_weights(weights)
        losses.append(model.evaluate(X, Y, batch_size=8, verbose=0))
    assert np.allclose(history.history["val_loss"], losses, rtol=1e-6)


def test_evaluate_and_predict_put_the_weights_back():
    model, swap = averaging(), callbacks.SwapEMAWeights()
    for _ in range(3):
        model.train_on_batch(X, Y)
    before = model.get_weights()
    averages = [average.numpy() for _, average in model.optimizer.averages()]
    outputs, loss = model.predict(X, verbose=0, callbacks=[swap]), model.evaluate(X, Y, verbose=0, callbacks=[swap])
    assert same(before, model.get_weights())
    model.set_weights(averages)
    assert np.array_equal(outputs, model.predict(X, verbose=0))
    assert loss == model.evaluate(X, Y, verbose=0)


def test_training_that_stops_early_ends_with_averages():
    model, end = averaging(), AtEpochEnd()
    stop = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", True))
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[callbacks.SwapEMAWeights(swap_on_epoch=True), end, stop])
    assert len(end.averages) == 1
    assert same(model.get_weights(), end.averages[0])


def test_an_optimizer_without_averages_is_refused():
    with pytest.raises(ValueError, match=r"use_ema=True.*Received: SGD with use_ema=False"):
        averaging(False).fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[callbacks.SwapEMAWeights()])


# ---------------------------------------------------------------- a server


@pytest.fixture
def server():
    """A web server on a free port; gives its address and what it was sent: paths, headers, bodies."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(500 if "fail" in self.path else 200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}", seen
        found.shutdown()
        thread.join()


def test_logs_are_sent_as_a_form_or_as_json(server):
    root, seen = server
    monitors = [
        callbacks.RemoteMonitor(root, headers={"X-Run": "7"}),
        callbacks.RemoteMonitor(root, path="/logs", send_as_json=True),
    ]
    history = averaging().fit(X, Y, epochs=2, verbose=0, callbacks=monitors).history
    assert [path for path, _, _ in seen] == ["/publish/epoch/end/", "/logs"] * 2
    assert seen[0][1]["X-Run"] == "7"
    assert seen[1][1]["Content-Type"] == "application/json"
    (text,) = parse_qs(seen[2][2])["data"]
    assert json.loads(text) == json.loads(seen[3][2]) == {"epoch": 1, "loss": history["loss"][1]}


def test_a_server_that_fails_or_is_not_there_is_a_warning(server):
    root, _ = server
    for monitor in (callbacks.RemoteMonitor(root, path="/fail"), callbacks.RemoteMonitor("http://127.0.0.1:9")):
        with pytest.warns(UserWarning, match="Could not reach RemoteMonitor root server"):
            averaging().fit(X, Y, verbose=0, callbacks=[monitor])


@pytest.mark.parametrize("root", ["file:///etc/passwd", "localhost:9000", ""])
def test_other_addresses_are_refused(root):
    with pytest.raises(ValueError, match="Expected root"):
        callbacks.RemoteMonitor(root)
