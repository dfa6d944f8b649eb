"""Every layer's gradients equal finite differences; the checker itself can tell."""

import numpy as np
import pytest

from fastnn import layers, ops
from fastnn.engine.gradcheck import Check, check_layer, check_op
from fastnn.errors import GraphError

IMAGE, ROW, SEQUENCE = (2, 7, 6, 3), (3, 5), (2, 4, 3)
CASES = {
    "Dense": (ROW, {"units": 4, "activation": "tanh"}),
    "Activation": (ROW, {"activation": "sigmoid"}),
    "Conv2D": (IMAGE, {"filters": 4, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same"}),
    "MaxPooling2D": (IMAGE, {"pool_size": (2, 3), "strides": (1, 2)}),
    "AveragePooling2D": (IMAGE, {"pool_size": (3, 2), "padding": "same"}),
    "GlobalAveragePooling2D": (IMAGE, {}),
    "GlobalMaxPooling2D": (IMAGE, {}),
    "Flatten": (IMAGE, {}),
    "Reshape": (IMAGE, {"target_shape": (-1, 3)}),
    "Permute": (IMAGE, {"dims": (3, 1, 2)}),
    "Lambda": (ROW, {"function": ops.tanh}),
    "Dropout": (ROW, {"rate": 0.4, "seed": 3}),
}
CASES.update({
    "SimpleRNN": (SEQUENCE, {"units": 2, "return_sequences": True}),
    "LSTM": (SEQUENCE, {"units": 2}),
    "GRU": (SEQUENCE, {"units": 2, "go_backwards": True}),
    "RNN": (SEQUENCE, {"cell": [layers.LSTMCell(2, dtype="float64"), layers.GRUCell(3, dtype="float64")]}),
    "Bidirectional": (SEQUENCE, {"layer": layers.GRU(2, dtype="float64"), "merge_mode": "mul"}),
    "TimeDistributed": (SEQUENCE, {"layer": layers.Dense(2, dtype="float64")}),
    "RepeatVector": (ROW, {"n": 3}),
    "Masking": (SEQUENCE, {}),
})  # fmt: skip
PAIRS = {"Dot": {"axes": (1, 2)}, "Attention": {}, "AdditiveAttention": {}}  # two sequences: below
INSIDE = {  # parts of layers above, or layers on whole numbers: compared with Keras, as all layers are
    "Embedding", "GRUCell", "LSTMCell", "MultiHeadAttention", "SimpleRNNCell", "StackedRNNCells",
}  # fmt: skip
MERGING = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"]  # several inputs: below
WITHOUT_GRADIENT = {layers.InputLayer, layers.Layer}


def test_every_layer_is_checked_here():
    found = {value for value in map(vars(layers).get, layers.__all__) if isinstance(value, type)}
    assert found - WITHOUT_GRADIENT == {getattr(layers, name) for name in (*CASES, *MERGING, *PAIRS, *INSIDE)}


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_a_layer(name):
    shape, arguments = CASES[name]
    layer = getattr(layers, name)(dtype="float64", **arguments)
    for check in check_layer(layer, shape):
        assert check.error < 1e-6, check


@pytest.mark.parametrize("name", MERGING)
def test_gradients_of_a_merging_layer(name):
    merge = getattr(layers, name)(dtype="float64")

    class Twice(layers.Layer):
        def call(self, x):
            return merge([ops.multiply(x, x), ops.tanh(x)])

    for check in check_layer(Twice(dtype="float64"), ROW):
        assert check.error < 1e-6, check


@pytest.mark.parametrize("name", PAIRS)
def test_gradients_of_a_layer_on_two_sequences(name):
    look = getattr(layers, name)(dtype="float64", **PAIRS[name])

    class Both(layers.Layer):
        def call(self, x):
            other = ops.tanh(x)
            return look([x, ops.transpose(other, axes=(0, 2, 1)) if name == "Dot" else other])

    for check in check_layer(Both(dtype="float64"), SEQUENCE):
        assert check.error < 1e-6, check


def test_a_wrong_gradient_has_a_large_error():
    (right,) = check_op(ops.sigmoid, [np.linspace(-2, 2, 7)])
    wrong = Check("x", right.analytic * 1.001, right.numeric)
    assert right.error < 1e-8
    assert wrong.error > 1e-4


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(GraphError, match="derivative"):
        check_op(ops.argmax, [np.ones((2, 3))])
    with pytest.raises(GraphError, match="float64"):
        check_layer(layers.Dense(2), ROW)
