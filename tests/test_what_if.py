"""Experiments on the forward pass: numbers put in by hand change what comes behind them, and nothing of the run."""

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops, presets
from fastnn.engine.reconstructing import mean_square, reconstruction, residue, waists
from fastnn.engine.what_if import WhatIf
from fastnn.errors import GraphError


def stepper_of(name, steps=0):
    preset = presets.get(name)
    made = fastnn.Stepper(preset.build(0), *preset.data(), preset.batch_size, seed=0)
    if steps:
        made.train(steps=steps)
        made.next()
    return made


def narrow(width=3, rows=5):
    """A dense autoencoder 6-width-6."""
    model = fastnn.Sequential(
        [
            layers.Input((6,), name="x"),
            layers.Dense(width, name="encode"),
            layers.Dense(6, activation="sigmoid", name="decode"),
        ]
    )
    model.compile("adam", "mse")
    x = np.random.default_rng(0).random((rows, 6), np.float32)
    return fastnn.Stepper(model, x, x, seed=0)


@pytest.mark.parametrize("steps", [0, 2])
def test_nothing_put_in_gives_the_runs_own_numbers(steps):
    made = stepper_of("autoencoder", steps)
    made.run_to("loss")
    what_if = WhatIf(made)
    for name in (n for n, i in made.listing.written_by.items() if made.steps[i].phase == "forward"):
        assert np.array_equal(what_if.view(name), made.view(name)), name


def test_a_changed_code_gives_what_the_decoder_alone_makes_of_it():
    made = stepper_of("autoencoder")
    made.run_to("loss")
    parts = reconstruction(made.listing)
    own = {n: made.value(n) for n in (parts.code, parts.made)}
    what_if = WhatIf(made)
    what_if.put({(parts.code, (3, 5)): 2.5, (parts.code, (3, 0)): -1.0})
    code = own[parts.code].copy()
    code[3, 5], code[3, 0] = 2.5, -1.0
    decoder = next(x for x in made.model.layers if x.name == "decoder")
    np.testing.assert_allclose(what_if.view(parts.made), np.asarray(decoder(code)), rtol=1e-5, atol=1e-6)
    assert np.array_equal(np.delete(what_if.view(parts.made), 3, 0), np.delete(own[parts.made], 3, 0))
    assert not np.array_equal(what_if.view(parts.made)[3], own[parts.made][3])
    assert all(np.array_equal(made.view(n), array) for n, array in own.items())


def test_what_is_no_longer_put_in_is_the_runs_own_number_again():
    made = narrow()
    made.run_to("loss")
    what_if = WhatIf(made)
    before = {n: what_if.view(n).copy() for n in ("encode.dense", *made.listing.outputs, made.listing.loss)}
    for value in (1.0, 2.0, 3.0):
        what_if.put({("encode.dense", (0, 1)): value})
    assert what_if.view("encode.dense")[0, 1] == 3.0
    assert not np.array_equal(what_if.view(made.listing.outputs[0]), before[made.listing.outputs[0]])
    what_if.put({})
    assert all(np.array_equal(what_if.view(n), array) for n, array in before.items())


@pytest.mark.parametrize(
    ("name", "index"), [("x", (0, 0)), ("encode.kernel", (0, 0)), ("nothing", (0,)), ("encode.dense", (0, 9))]
)
def test_what_no_forward_step_makes_is_refused(name, index):
    what_if = WhatIf(narrow())
    with pytest.raises(GraphError, match="expected"):
        what_if.put({(name, index): 1.0})
    with pytest.raises(GraphError, match="expected a value of the forward pass"):
        what_if.view("encode.kernel.grad")


def test_the_narrowest_value_between_input_and_output_is_the_code():
    found = reconstruction(narrow().listing)
    assert (found.given, found.made) == ("x", "decode.sigmoid")
    assert narrow().listing.values[found.code].shape == (5, 3)
    assert reconstruction(stepper_of("digits-mlp").listing) is None
    assert reconstruction(stepper_of("siamese-digits").listing) is None


def test_a_way_around_the_narrow_value_makes_it_no_code():
    x = layers.Input((6,), name="x")
    small = layers.Dense(2, name="small")(x)
    around = ops.add(layers.Dense(6, name="back")(small), x)
    model = fastnn.Model(x, layers.Dense(6, name="out")(around))
    model.compile("sgd", "mse")
    data = np.ones((4, 6), "float32")
    listing = fastnn.Stepper(model, data, data).listing
    assert "small.dense" not in waists(listing)
    assert reconstruction(listing) is None


def test_residue_and_its_mean_square():
    found = residue(np.array([1.0, 3.0], "float32"), np.array([2.0, 1.0], "float32"))
    assert found.tolist() == [1.0, -2.0]
    assert mean_square(found) == 2.5
