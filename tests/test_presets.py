"""Every preset learns what it is for, and stepping through it is training it."""

import numpy as np
import pytest

from fastnn import config, presets
from fastnn.engine import execute
from fastnn.engine.gradcheck import check_model
from fastnn.engine.stepper import Stepper

SMALL = [name for name in presets.PRESETS if name != "mnist-cnn"]
STEPPED = ["xor", "digits-mlp", "digits-cnn", "worked-example", "iris-perceptron", "linear-example"]


def opened(name, seed=3):
    preset = presets.get(name)
    model = preset.build(seed)
    x, y = preset.data()
    return preset, model, x, y


def fitted_weights(name, training_steps, shuffle, threads=None):
    """Weights after some training steps of `fit`, the last epoch cut short by leaving rows out of the data."""
    preset, model, x, y = opened(name)
    size = preset.batch_size or len(x)
    rows = training_steps * size
    before = execute.threads()
    execute.threads(threads or before)
    try:
        model.fit(np.asarray(x)[:rows], np.asarray(y)[:rows], batch_size=size, epochs=1, shuffle=shuffle, verbose=0)
    finally:
        execute.threads(before)
    return [w.numpy() for w in model.weights], preset, rows


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("name", STEPPED)
def test_stepped_training_equals_fit_bit_for_bit(name, shuffle):
    steps = min(4, -(-len(presets.get(name).data()[0]) // (presets.get(name).batch_size or 10**9)))
    expected, preset, rows = fitted_weights(name, steps, shuffle)
    _, model, x, y = opened(name)
    data = np.asarray(x)[:rows], np.asarray(y)[:rows]
    stepper = Stepper(model, *data, batch_size=preset.batch_size, shuffle=shuffle, in_place=True)
    for _ in range(steps * len(stepper.steps)):
        stepper.next()
    for weight, expect in zip(model.weights, expected, strict=True):
        np.testing.assert_array_equal(weight.value, expect, err_msg=weight.path)


@pytest.mark.parametrize("name", ["digits-mlp", "digits-cnn"])
def test_the_number_of_threads_does_not_change_a_bit(name):
    one, two = (fitted_weights(name, 8, True, threads)[0] for threads in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", STEPPED)
def test_going_back_shows_what_was_shown(name):
    preset, model, x, y = opened(name)
    stepper = Stepper(model, x, y, batch_size=preset.batch_size, shuffle=preset.shuffle)
    length = len(stepper.steps)
    marks = [0, 1, length // 2, length - 1, length, length + length // 2, 2 * length + 1]
    seen = {}
    for position in marks:
        stepper.goto(position)
        seen[position] = {n: stepper.value(n) for n in stepper.listing.values if stepper.computed(n)}
    for position in reversed(marks):
        stepper.goto(position)
        for name_, array in seen[position].items():
            np.testing.assert_array_equal(stepper.value(name_), array, err_msg=f"{position} {name_}")


@pytest.mark.parametrize("name", SMALL)
def test_training_reaches_the_goal(name):
    preset, model, x, y = opened(name, seed=0)
    size = preset.batch_size or len(x)
    history = model.fit(x, y, batch_size=size, epochs=preset.epochs, shuffle=preset.shuffle, verbose=0).history
    assert history["loss"][-1] < preset.goal
    if preset.test_data is not None:
        loss, accuracy = model.evaluate(*preset.test_data(), verbose=0)
        assert accuracy > 0.95, loss


def test_digits_cnn_recognises_over_97_percent():
    preset, model, x, y = opened("digits-cnn", seed=0)
    model.fit(x, y, batch_size=preset.batch_size, epochs=preset.epochs, verbose=0)
    assert model.evaluate(*preset.test_data(), verbose=0)[1] > 0.97


def test_the_perceptron_answers_for_a_new_flower():
    preset, model, x, y = opened("iris-perceptron")
    model.fit(x, y, batch_size=1, epochs=preset.epochs, verbose=0)
    assert model.predict([[2, 0.5]], verbose=0).tolist() == [[1.0]]


@pytest.mark.parametrize("name", [n for n in SMALL if n != "iris-perceptron"])
def test_gradients_of_whole_networks_equal_finite_differences(name):
    preset, model, x, y = opened(name)
    model.fit(x, y, batch_size=preset.batch_size or 1, epochs=1, verbose=0)  # away from the kink at a bias of 0
    for check in check_model(model, np.asarray(x)[:6], np.asarray(y)[:6], most=12):
        assert check.error < 1e-6, check


def test_a_planted_wrong_gradient_is_noticed(monkeypatch):
    from fastnn import ops

    _, model, x, y = opened("xor")
    right = ops.tanh.backward
    object.__setattr__(ops.tanh, "backward", lambda dy, y, **kw: (1.01 * right(dy, y, **kw)[0],))
    try:
        errors = {check.name: check.error for check in check_model(model, x, y)}
    finally:
        object.__setattr__(ops.tanh, "backward", right)
    assert errors["hidden.kernel"] > 1e-3
    assert errors["output.kernel"] < 1e-6


def test_seeds_make_runs_repeatable_and_different():
    def loss(seed):
        _, model, x, y = opened("digits-cnn", seed)
        return model.fit(x[:200], y[:200], batch_size=32, epochs=1, verbose=0).history["loss"]

    assert loss(1) == loss(1)
    assert loss(1) != loss(2)
    assert config.global_seed() == 2


def test_unknown_presets_suggest():
    with pytest.raises(ValueError, match="digits-cnn"):
        presets.get("digit-cnn")


@pytest.mark.full
def test_mnist_cnn_reaches_98_5_percent_in_two_epochs(data_folder):
    preset, model, x, y = opened("mnist-cnn", seed=0)
    model.fit(x, y, batch_size=preset.batch_size, epochs=2, verbose=2)
    assert model.evaluate(*preset.test_data(), verbose=0)[1] >= 0.985
