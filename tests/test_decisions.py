"""Models whose `call` decides on values: every batch has a list of its own, and is stepped through as it ran."""

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops
from fastnn.engine.stepper import Stepper
from fastnn.errors import ValueNeededError


class Deciding(fastnn.Model):
    """Goes through a layer as often as the mean of its input says, and through another one if it is negative."""

    def __init__(self):
        super().__init__()
        self.again = layers.Dense(3, activation="tanh", name="again")
        self.other = layers.Dense(3, name="other")
        self.last = layers.Dense(1, name="last")

    def call(self, x):
        mean = ops.mean(x)
        for _ in range(1 + int(abs(float(mean)))):
            x = self.again(x)
        if float(mean) < 0:
            x = self.other(x)
        return self.last(x)


def batches():
    """Four batches of two rows, with means of 0.5, -0.5, 1.5 and 2.5."""
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    for k, mean in enumerate((0.5, -0.5, 1.5, 2.5)):
        x[2 * k : 2 * k + 2] += mean - x[2 * k : 2 * k + 2].mean()
    return x, x.sum(-1, keepdims=True)


def compiled():
    fastnn.utils.set_random_seed(1)
    model = Deciding()
    model.compile(fastnn.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


@pytest.fixture
def quiet():
    with pytest.warns(UserWarning, match="decides on values"):
        yield


def by_tape(x, y, epochs=2):
    """The same training written by hand."""
    model = compiled()
    model(x[:2])
    for _ in range(epochs):
        for k in range(0, len(x), 2):
            with fastnn.GradientTape() as tape:
                loss = fastnn.losses.mean_squared_error(y[k : k + 2], model(x[k : k + 2], training=True))
                loss = ops.mean(loss)
            grads = tape.gradient(loss, model.trainable_weights)
            model.optimizer.extend(model.trainable_weights)
            pairs = zip(grads, model.trainable_weights, strict=True)
            model.optimizer.apply_gradients([(g, v) for g, v in pairs if g is not None])  # layers not met keep still
    return model.get_weights()


def test_fit_takes_the_path_of_every_batch(quiet):
    x, y = batches()
    model = compiled()
    history = model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0)
    assert list(history.history) == ["loss", "mae"] or list(history.history) == ["mae", "loss"]
    for ours, wanted in zip(model.get_weights(), by_tape(x, y), strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)


def test_it_is_said_once(recwarn):
    x, y = batches()
    model = compiled()
    model.fit(x, y, batch_size=2, epochs=1, verbose=0)
    model.fit(x, y, batch_size=2, epochs=1, verbose=0)
    assert len([w for w in recwarn if "decides on values" in str(w.message)]) == 1


def test_predict_and_evaluate_take_the_same_path_as_a_call(quiet):
    x, y = batches()
    model = compiled()
    wanted = np.concatenate([model(x[k : k + 2]).numpy() for k in range(0, 8, 2)])
    np.testing.assert_allclose(model.predict(x, batch_size=2, verbose=0), wanted, rtol=1e-6)
    loss, mae = model.evaluate(x, y, batch_size=2, verbose=0)
    assert loss == pytest.approx(np.mean((wanted - y) ** 2), rel=1e-5)
    assert mae == pytest.approx(np.mean(np.abs(wanted - y)), rel=1e-5)


def test_stepping_equals_fit_forwards_and_backwards(quiet):
    x, y = batches()
    fitted, stepped = compiled(), compiled()
    fitted.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0)
    with pytest.warns(UserWarning, match="decides on values"):
        stepper = Stepper(stepped, x, y, batch_size=2, in_place=True)
    lengths, states = [], []
    while stepper.training_step < 8:
        states.append({v: a.copy() for v, a in stepper.storage.items()})
        stepper.next()
        if stepper.index == 0:
            lengths.append(len(stepper.steps))
    assert len(set(lengths[:4])) == 4
    assert lengths[:4] == lengths[4:]
    for a, b in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for state in reversed(states):
        stepper.back()
        for variable, array in state.items():
            np.testing.assert_array_equal(stepper.storage[variable], array)
    assert stepper.position == 0


def test_going_to_a_position_ahead_and_to_a_layer_that_only_some_batches_reach(quiet):
    x, y = batches()
    stepper = Stepper(compiled(), x, y, batch_size=2)
    stepper.train(steps=3)
    position = stepper.position
    again = Stepper(compiled_quietly(), x, y, batch_size=2)
    again.goto(position)
    assert again.training_step == 3
    for a, b in zip(stepper.storage.values(), again.storage.values(), strict=True):
        np.testing.assert_array_equal(a, b)
    again.goto(0)
    again.finish_step()
    assert again.run_to("last").layer == "last"


def compiled_quietly():
    model = compiled()
    model._decides_on_values = True
    x, y = batches()
    model.prepare_data(x, y)
    return model


def test_in_a_functional_model_the_error_names_the_layer():
    class Asks(layers.Layer):
        def call(self, x):
            return x if x.numpy().sum() > 0 else -x

    with pytest.raises(ValueNeededError, match="asks"):
        Asks(name="asks")(fastnn.Input((2,)))
