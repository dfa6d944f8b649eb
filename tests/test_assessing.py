"""How well a stepper's weights do: the same figures as `evaluate`, and nothing of the stepper is changed."""

import numpy as np
import pytest

import fastnn
from fastnn import layers, presets
from fastnn.engine.assessing import assess
from fastnn.engine.stepper import Stepper
from fastnn.errors import GraphError


def stepper_of(name, steps=3):
    preset = presets.get(name)
    stepper = Stepper(preset.build(0), *preset.data(), preset.batch_size, preset.shuffle, 0)
    stepper.train(steps)
    stepper.next()
    return preset, stepper


NAMES = ("worked-example", "xor", "digits-cnn", "auxiliary-output", "autoencoder", "imdb-reviews", "ticket-router")


@pytest.mark.parametrize("name", NAMES)
def test_losses_and_outputs_are_those_of_evaluate_and_predict(name):
    preset, stepper = stepper_of(name)
    before = {v: a.copy() for v, a in stepper.storage.items()}
    found = assess(stepper)
    assert all(np.array_equal(before[v], a, equal_nan=True) for v, a in stepper.storage.items())
    model, (x, y) = preset.build(0), preset.data()
    for mine, his in zip(model.variables_of_training(), stepper.model.variables_of_training(), strict=True):
        mine.assign(stepper.storage[his])
    loss = np.ravel(model.evaluate(x, y, verbose=0, batch_size=len(found.rows)))[0]
    assert np.isclose(found.losses.mean(), loss, rtol=1e-4)
    outputs = model.predict(x, verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    for one, other in zip(found.outputs.values(), outputs, strict=True):
        assert np.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("name", ["xor", "digits-mlp", "iris-perceptron", "reuters-newswires"])
def test_the_confusion_matrix_counts_what_accuracy_counts(name):
    preset, stepper = stepper_of(name, 20)
    found = assess(stepper)
    table = found.confusion()
    model, (x, y) = preset.build(0), preset.data()
    for mine, his in zip(model.variables_of_training(), stepper.model.variables_of_training(), strict=True):
        mine.assign(stepper.storage[his])
    accuracy = model.evaluate(x, y, verbose=0)[1]
    assert table.sum() == len(found.rows)
    assert np.trace(table) == round(accuracy * len(found.rows))


def test_the_worst_samples_have_the_largest_losses():
    _, stepper = stepper_of("digits-mlp")
    found = assess(stepper, range(100, 300))
    worst = found.worst(10)
    assert np.array_equal(found.losses[worst], np.sort(found.losses)[::-1][:10])
    assert set(found.rows[worst]) <= set(range(100, 300))


def test_a_loss_that_is_no_number_is_the_worst():
    _, stepper = stepper_of("xor")
    found = assess(stepper)
    found.losses[2] = np.nan
    assert found.worst(1)[0] == 2


def test_numbers_to_learn_have_no_classes():
    assert assess(stepper_of("housing")[1]).confusion() is None


def test_a_loss_that_is_not_a_mean_is_taken_sample_by_sample():
    model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile("sgd", "mse")
    x, y = np.random.default_rng(0).normal(size=(5, 2)), np.ones((5, 1))
    found = assess(Stepper(model, x, y))
    alone = [model.evaluate(x[k : k + 1], y[k : k + 1], verbose=0) for k in range(5)]
    assert np.allclose(found.losses, alone, rtol=1e-5)


@pytest.mark.parametrize("rows", [[], [-1], [4]])
def test_rows_that_are_not_there_are_refused(rows):
    with pytest.raises(GraphError, match="expected row numbers from 0 to 3"):
        assess(stepper_of("xor")[1], rows)
