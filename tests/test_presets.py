"""Every preset learns what it is for, and stepping through it is training it."""

import numpy as np
import pytest

from fastnn import config, models, presets
from fastnn.engine import execute, gradcheck
from fastnn.engine.gradcheck import check_model
from fastnn.engine.stepper import Stepper
from fastnn.presets import by_hand

SMALL = [name for name in presets.PRESETS if name != "mnist-cnn"]
LONG_TO_LEARN = {"autoencoder", "cifar-plain", "cifar-residual", "inception", "lenet5", "siamese-digits"}  # a second
NO_DERIVATIVE = {"iris-perceptron"}  # its rule is not a derivative of what the threshold puts out


def opened(name, seed=3):
    preset = presets.get(name)
    model = preset.build(seed)
    x, y = preset.data()
    return preset, model, x, y


def first(data, rows):
    """The first rows of an array, or of every array of a dict."""
    if isinstance(data, dict):
        return {key: first(array, rows) for key, array in data.items()}
    return np.asarray(data)[:rows]


def count(data):
    """How many rows there are."""
    return len(next(iter(data.values()))) if isinstance(data, dict) else len(data)


def fitted_weights(name, training_steps, shuffle, threads=None):
    """Weights after some training steps of `fit`, the last epoch cut short by leaving rows out of the data."""
    preset, model, x, y = opened(name)
    size = preset.batch_size or count(x)
    rows = training_steps * size
    before = execute.threads()
    execute.threads(threads or before)
    try:
        model.fit(first(x, rows), first(y, rows), batch_size=size, epochs=1, shuffle=shuffle, verbose=0)
    finally:
        execute.threads(before)
    return [w.numpy() for w in model.weights], preset, rows


@pytest.mark.parametrize("shuffle", [pytest.param(False, marks=pytest.mark.full), True])
@pytest.mark.parametrize("name", SMALL)
def test_stepped_training_equals_fit_bit_for_bit(name, shuffle):
    preset = presets.get(name)
    rows = count(preset.data()[0])
    steps = min(4, -(-rows // (preset.batch_size or rows)))
    expected, preset, rows = fitted_weights(name, steps, shuffle)
    _, model, x, y = opened(name)
    data = first(x, rows), first(y, rows)
    stepper = Stepper(model, *data, batch_size=preset.batch_size, shuffle=shuffle, in_place=True)
    for _ in range(steps * len(stepper.steps)):
        stepper.next()
    for weight, expect in zip(model.weights, expected, strict=True):
        np.testing.assert_array_equal(weight.value, expect, err_msg=weight.path)


@pytest.mark.parametrize("name", ["digits-mlp", "digits-cnn", "cifar-residual", "ticket-router", "go-policy-value"])
def test_the_number_of_threads_does_not_change_a_bit(name):
    one, two = (fitted_weights(name, 8, True, threads)[0] for threads in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def there_and_back(stepper, between=lambda: None):
    """Go to some positions and back again, and compare all values that are computed there."""
    length = len(stepper.steps)
    marks = [0, 1, length // 2, length - 1, length, length + length // 2, 2 * length + 1]
    seen = {}
    for position in marks:
        stepper.goto(position)
        seen[position] = {n: stepper.value(n) for n in stepper.listing.values if stepper.computed(n)}
    between()
    for position in reversed(marks):
        stepper.goto(position)
        for name, array in seen[position].items():
            np.testing.assert_array_equal(stepper.value(name), array, err_msg=f"{position} {name}")


@pytest.mark.parametrize("name", SMALL)
def test_going_back_shows_what_was_shown(name):
    preset, model, x, y = opened(name)
    there_and_back(Stepper(model, x, y, batch_size=preset.batch_size, shuffle=preset.shuffle))


def test_a_corrupted_buffer_is_noticed():
    _, model, x, y = opened("xor")
    stepper = Stepper(model, x, y, batch_size=4, shuffle=False)

    def corrupt():
        buffer = stepper.view("hidden.dense")
        buffer.flags.writeable = True
        buffer[0, 0] = np.nextafter(buffer[0, 0], np.float32(2))

    with pytest.raises(AssertionError, match=r"hidden\.dense"):
        there_and_back(stepper, corrupt)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] * (name in LONG_TO_LEARN)) for name in SMALL],
)
def test_training_reaches_the_goal(name):
    preset, model, x, y = opened(name, seed=0)
    size = preset.batch_size or count(x)
    assert np.ravel(model.evaluate(x, y, batch_size=size, verbose=0))[0] > preset.goal  # or it would say nothing
    history = model.fit(x, y, batch_size=size, epochs=preset.epochs, shuffle=preset.shuffle, verbose=0).history
    assert history["loss"][-1] < preset.goal
    if preset.test_data is not None:
        loss, accuracy = model.evaluate(*preset.test_data(), verbose=0)
        assert accuracy > 0.95, loss


@pytest.mark.parametrize("name", SMALL)
def test_the_same_network_comes_back_from_its_file(name, tmp_path):
    _, model, x, _ = opened(name)
    path = tmp_path / "model.keras"
    model.save(path)
    again = models.load_model(path, custom_objects={"SharedBias": by_hand.SharedBias})
    before, after = (m.predict(first(x, 5), verbose=0) for m in (model, again))
    pairs = zip(before, after, strict=True) if isinstance(before, list) else [(before, after)]
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)


def test_presets_come_in_teaching_order():
    subjects = [presets.get(name).subject for name in presets.names()]
    assert list(dict.fromkeys(subjects)) == [s for s in presets.SUBJECTS if s in subjects]
    assert subjects == sorted(subjects, key=presets.SUBJECTS.index)
    assert presets.names()[0] == "worked-example"


def test_one_step_by_hand():
    s = Stepper(presets.get("gradient-step").build(), *presets.get("gradient-step").data())
    s.finish_step()
    p = 1 / (1 + np.exp(0.5))  # 0.5 * 1 - 0.5 * 2 = -0.5
    change = 0.5 * (0.5 - p) * p * (1 - p) * np.array([[1.0], [2.0]])
    np.testing.assert_allclose(s.value("neuron.kernel"), np.array([[0.5], [-0.5]]) + change, rtol=1e-12)


def test_one_hidden_unit_by_hand():
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    s = Stepper(presets.get("one-hidden-unit").build(), *presets.get("one-hidden-unit").data())
    s.finish_step()
    h = sigmoid(0.1 * 0.4 + 0.5 * -0.2)
    o = sigmoid(0.1 * h)
    delta_o = (o - 0.2) * o * (1 - o)
    delta_h = delta_o * 0.1 * h * (1 - h)
    np.testing.assert_allclose(s.value("output.kernel"), [[0.1 - 0.5 * delta_o * h]], rtol=1e-12)
    expected = [[0.4 - 0.5 * delta_h * 0.1], [-0.2 - 0.5 * delta_h * 0.5]]
    np.testing.assert_allclose(s.value("hidden.kernel"), expected, rtol=1e-12)


def test_the_logits_of_the_two_layer_network():
    _, model, x, _ = opened("two-layer-relu")
    np.testing.assert_allclose(model.predict(x, verbose=0), [[5.11, 8.44], [0, 0], [24.01, 38.24]], rtol=1e-12)


def test_weights_of_losses_and_shared_weights():
    _, model, x, y = opened("auxiliary-output")
    stepper = Stepper(model, x, y, batch_size=32)
    stepper.finish_step()
    parts = [
        float(np.mean((stepper.value(f"{n}.dense") - first(y[n], 32)) ** 2)) for n in ("main_output", "aux_output")
    ]
    np.testing.assert_allclose(float(stepper.value(stepper.listing.loss)), 0.9 * parts[0] + 0.1 * parts[1], rtol=1e-5)
    assert len(presets.get("siamese-digits").build().weights) == 6
    embeddings = [w for w in presets.get("shared-embedding").build().weights if "embedding" in w.path]
    assert len(embeddings) == 1


def test_encoder_and_decoder_can_be_used_alone():
    model = presets.get("autoencoder").build()
    x = first(presets.get("autoencoder").data()[0], 2)
    code = model.get_layer("encoder").predict(x, verbose=0)
    assert code.shape == (2, 16)
    picture = model.get_layer("decoder").predict(code, verbose=0)
    np.testing.assert_allclose(picture, model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_digits_cnn_recognises_over_97_percent():
    preset, model, x, y = opened("digits-cnn", seed=0)
    model.fit(x, y, batch_size=preset.batch_size, epochs=preset.epochs, verbose=0)
    assert model.evaluate(*preset.test_data(), verbose=0)[1] > 0.97


def test_the_perceptron_answers_for_a_new_flower():
    preset, model, x, y = opened("iris-perceptron")
    model.fit(x, y, batch_size=1, epochs=preset.epochs, verbose=0)
    assert model.predict([[2, 0.5]], verbose=0).tolist() == [[1.0]]


LONG = ("cifar-residual", "cifar-plain", "go-policy-value", "autoencoder", "fashion-mlp", "lenet5")  # by differences


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.full] * (n in LONG)) for n in SMALL if n not in NO_DERIVATIVE],
)
def test_gradients_of_whole_networks_equal_finite_differences(name, monkeypatch):
    preset, model, x, y = opened(name)
    model.fit(x, y, batch_size=preset.batch_size or 1, epochs=1, verbose=0)  # away from the kink at a bias of 0
    wrong = [c.name for c in check_model(model, first(x, 6), first(y, 6), most=12) if c.error >= 1e-6]
    if wrong:  # among many relus some lie within the step of 0: what a kink adds vanishes with the step
        monkeypatch.setattr(gradcheck, "STEP", 1e-8)
        for check in check_model(model, first(x, 6), first(y, 6), most=12):
            assert check.error < 1e-4, check


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
