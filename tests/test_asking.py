"""Questions to a network with the weights of a stepper's position."""

import numpy as np
import pytest

import fastnn
from fastnn.engine.asking import Asking
from fastnn.errors import ShapeError


def stepper_of(*layers, loss="mse"):
    fastnn.config.set_random_seed(3)
    model = fastnn.Sequential([fastnn.layers.Input((2,), name="x"), *layers])
    model.compile("adam", loss)
    rng = np.random.default_rng(0)
    return fastnn.Stepper(model, rng.normal(size=(8, 2)), rng.normal(size=(8, 1)), batch_size=4)


def test_the_answer_is_the_prediction_of_a_model_with_those_weights():
    stepper = stepper_of(fastnn.layers.Dense(5, "tanh", name="hidden"), fastnn.layers.Dense(1, name="out"))
    ask, x = Asking(stepper, 3), np.random.default_rng(1).normal(size=(3, 2)).astype("float32")
    before = ask({"x": x})[ask.outputs[0]].copy()
    stepper.train(steps=7)
    after = ask({"x": x})[ask.outputs[0]]
    assert not np.array_equal(before, after)
    model = stepper.model
    model.set_weights([stepper.storage[v] for v in model.weights])
    np.testing.assert_array_equal(after, model.predict(x, batch_size=3, verbose=0))


def test_asking_changes_nothing_of_the_run_and_drops_nothing_out():
    layers = fastnn.layers.Dense(5, name="hidden"), fastnn.layers.Dropout(0.5), fastnn.layers.Dense(1, name="out")
    stepper, twin = stepper_of(*layers), None
    stepper.goto(3)
    state, values = stepper.checkpoint(), {n: stepper.value(n) for n in stepper.listing.values if stepper.computed(n)}
    ask = Asking(stepper, 2)
    twin = ask({"x": np.ones((2, 2))})[ask.outputs[0]].copy()
    np.testing.assert_array_equal(twin[0], twin[1])
    for a, b in zip(state, stepper.checkpoint(), strict=True):
        np.testing.assert_array_equal(a, b)
    for name, value in values.items():
        np.testing.assert_array_equal(value, stepper.value(name))


def test_answers_cannot_be_written_and_wrong_shapes_are_refused():
    ask = Asking(stepper_of(fastnn.layers.Dense(1, name="out")), 2)
    answer = ask({"x": np.zeros((2, 2))})
    with pytest.raises(ValueError, match="read-only"):
        answer["out.kernel"][0, 0] = 1
    with pytest.raises(ShapeError, match=r"\(2, 2\), received \(3, 2\)"):
        ask({"x": np.zeros((3, 2))})
