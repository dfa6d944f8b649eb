"""Gradients of a training step against the loss's slope: right ones pass, corrupted ones do not, kinks are told."""

import numpy as np
import pytest

import fastnn
from fastnn import presets
from fastnn.engine.slopes import Slopes
from fastnn.errors import GraphError


def stepper_of(name, position=0):
    preset = presets.get(name)
    x, y = preset.data()
    made = fastnn.Stepper(preset.build(0), x, y, preset.batch_size, shuffle=preset.shuffle, seed=0)
    made.goto(position)
    return made


@pytest.mark.parametrize(
    "name",
    ["worked-example", "xor", "digits-mlp", "ticket-router", pytest.param("siamese-digits", marks=pytest.mark.full)],
)
def test_every_parameter_of_a_preset_holds(name):
    slopes = Slopes(stepper_of(name))
    found = list(slopes.sample(2))
    assert {s.name for s in found} == set(slopes.names)
    assert all(s.holds for s in found), [s for s in found if not s.holds]


def test_inner_values_are_checked_too_after_the_update():
    made = stepper_of("xor")
    made.finish_step()
    listing, slopes = made.listing, Slopes(made)
    inner = [n for n in listing.written_by if listing.gradient_of(n) and listing.values[n].role == "activation"]
    assert len(inner) >= 3
    for name in inner:
        if listing.values[name].shape:
            assert slopes.of(name, (0,) * len(listing.values[name].shape)).error < 1e-4, name


def test_later_training_steps_use_their_own_batch_and_weights():
    made = stepper_of("digits-cnn")
    made.train(steps=3)
    assert all(s.holds for s in Slopes(made).sample(1))


def test_a_corrupted_gradient_is_noticed():
    made = stepper_of("xor")
    made.finish_step()
    name = next(n for n in made.listing.values if n.endswith("kernel"))
    assert Slopes(made).of(name, (0, 0)).holds
    made._plan.array(f"{name}.grad")[0, 0] += 1e-2
    assert not Slopes(made).of(name, (0, 0)).holds


def test_a_kink_is_told():
    model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1, "relu", name="fc")])
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((1, 1), "float32"), np.zeros(1, "float32")])
    found = Slopes(fastnn.Stepper(model, [[1.0]], [[3.0]])).of("fc.kernel", (0, 0))
    assert found.kink
    assert found.holds


def test_the_stepper_stays_where_it_is():
    made = stepper_of("worked-example", 3)
    before = {v: a.copy() for v, a in made.storage.items()}
    list(Slopes(made).sample(1))
    assert made.position == 3
    assert all(np.array_equal(a, made.storage[v]) for v, a in before.items())


def test_what_has_no_gradient_is_refused():
    made = stepper_of("worked-example")
    with pytest.raises(GraphError, match="value with a gradient"):
        Slopes(made).of(made.listing.inputs[0], (0, 0))


@pytest.mark.parametrize("name", ["xor", "digits-cnn", "ticket-router", "siamese-digits", "auxiliary-output"])
def test_random_gradients_of_values_and_weights_are_slopes_of_the_loss(name):
    made = stepper_of(name)
    made.goto(made.listing.updates)
    slopes, listing, rng = Slopes(made), made.listing, np.random.default_rng(3)
    names = [n for n, v in listing.values.items() if listing.gradient_of(n) and v.role in ("parameter", "activation")]
    checked = 0
    for name in rng.permutation(names)[:12]:
        shape = listing.values[str(name)].shape
        found = slopes.of(str(name), tuple(int(rng.integers(n)) for n in shape))
        assert found.holds, found
        checked += not found.kink
    assert checked >= 6
