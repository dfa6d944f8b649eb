"""Pictures without an axis for channels are told from sequences by what the operations do with them."""

import numpy as np
import pytest

from fastnn import Input, Model, Sequential, layers
from fastnn.engine.axes import pictures
from fastnn.engine.stepper import Stepper


def stepper_of(*stack, shape=(6, 5), loss="mse"):
    model = Sequential([Input(shape), *stack])
    model.compile("sgd", loss)
    out = (2, *model.output_shape[1:])
    return Stepper(model, np.zeros((2, *shape), "float32"), np.zeros(out, "float32"))


FOLDED = {
    "flatten": lambda: [layers.Flatten(), layers.Dense(3)],
    "rescaling": lambda: [layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3)],
    "noise": lambda: [layers.Dropout(0.5), layers.Flatten(), layers.Dense(3)],
    "channel": lambda: [layers.Reshape((6, 5, 1)), layers.Conv2D(2, 3), layers.Flatten()],
}
APART = {
    "recurrence": lambda: [layers.LSTM(3)],
    "convolution": lambda: [layers.Conv1D(3, 3), layers.Flatten()],
    "product": lambda: [layers.Dense(4), layers.Flatten()],
    "statistics": lambda: [layers.BatchNormalization(), layers.Flatten()],
    "columns": lambda: [layers.Normalization(mean=[1.0] * 5, variance=[2.0] * 5), layers.Flatten()],
    "mean": lambda: [layers.GlobalAveragePooling1D(), layers.Dense(2)],
}


@pytest.mark.parametrize("kind", FOLDED)
def test_what_is_flattened_or_gets_a_channel_is_a_picture(kind):
    listing = stepper_of(*FOLDED[kind]()).listing
    assert listing.inputs[0] in pictures(listing)
    flat = {n for n, v in listing.values.items() if v.shape == (2, 6, 5) and v.role != "gradient"}
    assert {n for n in flat if not n.endswith(".grad") and "mask" not in n} <= listing.pictures


@pytest.mark.parametrize("kind", APART)
def test_what_tells_rows_from_columns_is_a_sequence(kind):
    assert stepper_of(*APART[kind]()).listing.pictures == frozenset()


def test_a_picture_that_is_made_is_one_and_so_is_its_target():
    listing = stepper_of(layers.Flatten(), layers.Dense(30), layers.Reshape((6, 5))).listing
    assert {listing.inputs[0], listing.targets[0], listing.outputs[0]} <= listing.pictures


def test_a_value_that_is_flattened_for_one_layer_and_read_in_time_by_another_is_a_sequence():
    x = Input((6, 5))
    flat, last = layers.Dense(2)(layers.Flatten()(x)), layers.LSTM(2)(x)
    model = Model(x, layers.Add()([flat, last]))
    model.compile("sgd", "mse")
    listing = Stepper(model, np.zeros((2, 6, 5), "float32"), np.zeros((2, 2), "float32")).listing
    assert listing.pictures == frozenset()
