"""Masks: where they come from, how they travel, what they weigh, and wrong ones."""

import numpy as np
import pytest

import fastnn
from fastnn import layers
from tests.golden import masked

GOLDEN = dict(np.load(masked.FILE))
WORDS = np.array([[1, 2, 0], [3, 0, 0]])


@pytest.mark.parametrize("name", masked.MODELS)
def test_models_with_masks_train_as_in_keras(name):
    found = masked.results(fastnn, name)
    assert set(found) == {k.split("/", 1)[1] for k in GOLDEN if k.split("/")[0] == name}
    for key, value in found.items():
        np.testing.assert_allclose(value, GOLDEN[f"{name}/{key}"], rtol=2e-5, atol=1e-6, err_msg=key)


def test_layers_hand_masks_on():
    x = layers.Embedding(4, 2, mask_zero=True)(WORDS)
    for layer in (layers.Dense(3), layers.Activation("tanh"), layers.Dropout(0.5)):
        np.testing.assert_array_equal(np.asarray(layer(x)._keras_mask), WORDS != 0)
    np.testing.assert_array_equal(np.asarray(layers.LSTM(2, return_sequences=True)(x)._keras_mask), WORDS != 0)
    assert not hasattr(layers.LSTM(2)(x), "_keras_mask")


def test_embedding_without_mask_zero_makes_none():
    assert not hasattr(layers.Embedding(4, 2)(WORDS), "_keras_mask")


def test_masks_of_several_inputs():
    a, b = layers.Embedding(4, 2, mask_zero=True)(WORDS), layers.Embedding(4, 2, mask_zero=True)(WORDS[:, ::-1])
    together = layers.Add()([a, b])._keras_mask
    np.testing.assert_array_equal(np.asarray(together), (WORDS != 0) | (WORDS[:, ::-1] != 0))
    assert not hasattr(layers.Add()([a, np.ones((2, 3, 2), "float32")]), "_keras_mask")
    joint = layers.Concatenate(axis=1)([a, b])._keras_mask
    np.testing.assert_array_equal(np.asarray(joint), np.concatenate([WORDS != 0, WORDS[:, ::-1] != 0], 1))
    half = layers.Concatenate()([a, np.ones((2, 3, 2), "float32")])._keras_mask
    assert np.asarray(half).all()


class Counting(layers.Layer):
    """How many steps of each sequence count."""

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def call(self, x, mask=None):
        return fastnn.ops.sum(fastnn.ops.cast(mask, dtype="float32"), axis=-1)


def test_a_layer_without_masking_says_so():
    with pytest.warns(UserWarning, match="flat"):
        layers.Flatten(name="flat")(layers.Embedding(4, 2, mask_zero=True)(WORDS))


def test_a_model_may_be_given_a_mask():
    x = np.random.RandomState(0).normal(size=(2, 3, 2)).astype("float32")
    model = fastnn.Sequential([layers.Input((3, 2)), layers.Activation("linear"), layers.LSTM(2)])
    expected = np.asarray(model.layers[-1](x, mask=WORDS != 0))
    np.testing.assert_array_equal(np.asarray(model(x, mask=fastnn.Tensor(WORDS != 0))), expected)


def test_own_layers_see_the_mask():
    tensor = fastnn.Input((3,), dtype="int32")
    model = fastnn.Model(tensor, Counting()(layers.Embedding(4, 2, mask_zero=True)(tensor)))
    np.testing.assert_array_equal(model.predict(WORDS, verbose=0), [2, 1])
    np.testing.assert_array_equal(np.asarray(Counting()(np.ones((2, 3)), mask=WORDS != 0)), [2, 1])


def test_symbolic_masks_can_be_passed_on():
    tensor = fastnn.Input((3,), dtype="int32")
    embedded = layers.Embedding(4, 2, mask_zero=True)(tensor)
    assert embedded._keras_mask.shape == (None, 3)
    assert embedded._keras_mask.dtype == "bool"
    model = fastnn.Model(tensor, Counting()(fastnn.ops.square(embedded), mask=embedded._keras_mask))
    np.testing.assert_array_equal(model.predict(WORDS, verbose=0), [2, 1])


def test_a_lambda_may_make_a_mask():
    layer = layers.Lambda(lambda x: x * 2.0, mask=lambda x, mask: fastnn.ops.greater(x, 0.0))
    np.testing.assert_array_equal(np.asarray(layer(np.array([1.0, -1.0]))._keras_mask), [True, False])


def test_nested_models_hand_masks_on():
    inner = fastnn.Sequential([layers.Input((3, 2)), layers.Dense(2)])
    outer = fastnn.Sequential([layers.Input((3,), dtype="int32"), layers.Embedding(4, 2, mask_zero=True), inner])
    np.testing.assert_array_equal(np.asarray(outer(WORDS)._keras_mask), WORDS != 0)


def test_everything_masked_gives_zeros():
    x = np.zeros((2, 3, 4), "float32")
    for cls in (layers.SimpleRNN, layers.LSTM, layers.GRU):
        y = cls(3)(layers.Masking()(x))
        np.testing.assert_array_equal(np.asarray(y), np.zeros((2, 3)))


@pytest.mark.parametrize("shape", [(2, 4), (3,), (2, 3, 1)])
def test_masks_of_a_wrong_shape_are_refused(shape):
    x, mask = np.zeros((2, 3, 4), "float32"), np.ones(shape, bool)
    with pytest.raises(ValueError, match="mask"):
        layers.LSTM(2)(x, mask=mask)
    if shape != (2, 3, 1):
        with pytest.raises(ValueError, match="mask"):
            layers.TimeDistributed(layers.Dense(2))(x, mask=mask)


def test_a_wrong_list_of_masks_is_refused():
    x = np.zeros((2, 3), "float32")
    with pytest.raises(ValueError, match="mask"):
        layers.Add().compute_mask([x, x], [None])
    with pytest.raises(ValueError, match="mask"):
        layers.Attention()([x, x], mask=[x])
