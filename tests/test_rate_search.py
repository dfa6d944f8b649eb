"""The search for a learning rate leaves the run alone and finds the steepest fall."""

import numpy as np
import pytest

import fastnn
from fastnn import presets
from fastnn.engine.rate_search import RateSearch
from fastnn.engine.stepper import Stepper
from fastnn.errors import GraphError


def stepper_of(name):
    preset = presets.get(name)
    return Stepper(preset.build(0), *preset.data(), preset.batch_size, preset.shuffle, 0)


def test_it_trains_a_copy_with_growing_rates():
    stepper = stepper_of("digits-mlp")
    stepper.goto(5 * len(stepper.steps) + 3)
    before = {n: stepper.value(n) for n in stepper.listing.values if stepper.computed(n)}
    search = RateSearch(stepper, 1e-5, 10.0, 60)
    while search.step():
        pass
    assert all(np.array_equal(stepper.value(n), a) for n, a in before.items())
    assert stepper.position == 5 * len(stepper.steps) + 3
    assert search.rates == sorted(search.rates)
    assert 1e-4 < search.suggestion < 1
    assert search.losses[-1] > min(search.losses)


def test_every_step_uses_its_rate():
    stepper = stepper_of("gradient-step")
    search = RateSearch(stepper, 0.01, 1.0, 3)
    by_hand = stepper.fork()
    for rate in (0.01, 0.1, 1.0):
        search.step()
        by_hand.begin_next()
        by_hand.change("learning_rate", rate)
        by_hand.finish_step()
    assert search.losses == pytest.approx(by_hand.losses)


def test_it_ends_when_the_loss_explodes_and_suggests_nothing_where_it_never_falls():
    x = np.ones((4, 1), "float32")
    model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    search = RateSearch(Stepper(model, x, 0 * x), 1e-3, 1e3, 50)
    while search.step():
        pass
    assert search.suggestion is None
    wild = RateSearch(stepper_of("housing"), 1.0, 1e20, 50)
    while wild.step():
        pass
    assert len(wild.rates) < 50


def test_what_cannot_be_searched_is_refused():
    model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
    model.compile(fastnn.optimizers.SGD(fastnn.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)), "mse")
    with pytest.raises(GraphError, match="schedule"):
        RateSearch(Stepper(model, [[1.0]], [[1.0]]))
    with pytest.raises(GraphError, match="from low to high"):
        RateSearch(stepper_of("xor"), 1.0, 0.1)
