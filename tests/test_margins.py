"""Margins: which samples a clipped term of the loss teaches something."""

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops, presets
from fastnn.engine.margins import Margin, clips, margins


def pairs(distances, same, loss):
    """A network that gives the distances that it is given, times 1, trained with a loss of one's own."""
    model = fastnn.Sequential([layers.Input((1,), name="d"), layers.Dense(1, use_bias=False, name="out")])
    model.compile("sgd", loss)
    model.set_weights([np.ones((1, 1), "float32")])
    return fastnn.Stepper(model, np.array(distances, "float32")[:, None], np.array(same, "float32")[:, None])


def contrastive(y_true, y_pred):
    far = (1.0 - y_true) * ops.square(ops.maximum(1.0 - y_pred, 0.0))
    return ops.mean(y_true * ops.square(y_pred) + far, axis=-1)


def triplet(y_true, y_pred):
    return ops.relu(y_pred - 0.5 + 0.2) + 0.0 * y_true


def read_of(stepper):
    return lambda name: stepper.view(name) if stepper.computed(name) else None


def test_contrastive_pairs():
    made = pairs([0.25, 1.5, 0.25, 1.5], [0, 0, 1, 1], contrastive)
    (clip,) = clips(made.listing)
    assert margins(clip, made.listing, read_of(made)) is None
    made.run_to("backward")
    closed, open_ones = Margin.CLIPPED, Margin.OPEN
    assert margins(clip, made.listing, read_of(made)) == [open_ones, closed, open_ones, closed]
    np.testing.assert_allclose(made.view(clip.before).ravel(), [0.75, -0.5, 0.75, -0.5])
    made.finish_step()
    assert margins(clip, made.listing, read_of(made)) == [Margin.ACTIVE, closed, Margin.WEIGHTED_OUT, closed]


def test_a_pair_learns_something_exactly_where_its_margin_is_active():
    made = pairs([0.25, 1.5, 0.5, 0.99], [0, 0, 0, 0], contrastive)
    made.finish_step()
    (clip,) = clips(made.listing)
    slopes = made.view("out.dense.grad").ravel()
    found = margins(clip, made.listing, read_of(made))
    assert [m is Margin.ACTIVE for m in found] == (slopes != 0).tolist() == [True, False, True, True]


def test_triplets_with_another_operation():
    made = pairs([0.1, 0.4], [0, 0], triplet)
    made.finish_step()
    (clip,) = clips(made.listing)
    assert margins(clip, made.listing, read_of(made)) == [Margin.CLIPPED, Margin.ACTIVE]


@pytest.mark.parametrize(("name", "count"), [("siamese-digits", 1), ("digits-cnn", 0), ("xor", 0), ("housing", 0)])
def test_presets(name, count):
    preset = presets.get(name)
    made = fastnn.Stepper(preset.build(0), *preset.data(), preset.batch_size, seed=0)
    assert len(clips(made.listing)) == count
