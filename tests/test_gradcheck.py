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
    "EinsumDense": (SEQUENCE, {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"}),
    "Identity": (ROW, {}),
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
CASES.update({
    "Conv1D": (SEQUENCE, {"filters": 2, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}),
    "Conv1DTranspose": (SEQUENCE, {"filters": 2, "kernel_size": 3, "strides": 2}),
    "Conv2DTranspose": (IMAGE, {"filters": 2, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same"}),
    "DepthwiseConv1D": (SEQUENCE, {"kernel_size": 2, "depth_multiplier": 2}),
    "DepthwiseConv2D": (IMAGE, {"kernel_size": (2, 3), "depth_multiplier": 2, "padding": "same"}),
    "SeparableConv1D": (SEQUENCE, {"filters": 2, "kernel_size": 2}),
    "SeparableConv2D": (IMAGE, {"filters": 2, "kernel_size": (2, 3), "strides": 2}),
    "MaxPooling1D": (SEQUENCE, {"pool_size": 2, "strides": 1}),
    "AveragePooling1D": (SEQUENCE, {"pool_size": 3, "padding": "same"}),
    "GlobalMaxPooling1D": (SEQUENCE, {}),
    "GlobalAveragePooling1D": (SEQUENCE, {"keepdims": True}),
    "UpSampling1D": (SEQUENCE, {"size": 3}),
    "UpSampling2D": (IMAGE, {"size": (2, 3), "interpolation": "bilinear"}),
    "ZeroPadding1D": (SEQUENCE, {"padding": (1, 2)}),
    "ZeroPadding2D": (IMAGE, {"padding": ((1, 0), (2, 1))}),
    "Cropping1D": (SEQUENCE, {"cropping": (1, 0)}),
    "Cropping2D": (IMAGE, {"cropping": ((1, 0), (2, 1))}),
    "Resizing": (IMAGE, {"height": 5, "width": 9}),
    "CenterCrop": (IMAGE, {"height": 4, "width": 3}),
    "BatchNormalization": (IMAGE, {}),
    "LayerNormalization": (ROW, {}),
    "RMSNormalization": (ROW, {}),
    "GroupNormalization": ((2, 3, 2, 6), {"groups": 3}),
    "UnitNormalization": (ROW, {}),
    "LocalResponseNormalization": ((2, 3, 2, 6), {"depth_radius": 1}),
    "ReLU": (ROW, {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2}),
    "LeakyReLU": (ROW, {"negative_slope": 0.2}),
    "PReLU": (ROW, {}),
    "ELU": (ROW, {"alpha": 0.7}),
    "Softmax": (ROW, {}),
    "Rescaling": (ROW, {"scale": 0.3, "offset": 1.0}),
    "Normalization": (ROW, {"mean": 0.3, "variance": 2.0}),
    "ActivityRegularization": (ROW, {"l2": 0.1}),
    "AlphaDropout": (ROW, {"rate": 0.4, "seed": 3}),
    "GaussianDropout": (ROW, {"rate": 0.4, "seed": 3}),
    "GaussianNoise": (ROW, {"stddev": 0.4, "seed": 3}),
    "SpatialDropout1D": (SEQUENCE, {"rate": 0.4, "seed": 3}),
    "SpatialDropout2D": (IMAGE, {"rate": 0.4, "seed": 3}),
})  # fmt: skip
PAIRS = {"Dot": {"axes": (1, 2)}, "Attention": {}, "AdditiveAttention": {}}  # two sequences: below
INSIDE = {  # parts of layers above, or layers on whole numbers: compared with Keras, as all layers are
    "Embedding", "GRUCell", "LSTMCell", "MultiHeadAttention", "SimpleRNNCell", "StackedRNNCells",
    "CategoryEncoding", "Discretization", "IntegerLookup", "StringLookup", "TextVectorization",
    "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation",
    "RandomZoom",
}  # fmt: skip
MERGING = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"]  # several inputs: below
WITHOUT_GRADIENT = {layers.InputLayer, layers.InputSpec, layers.Layer, layers.Wrapper}


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
