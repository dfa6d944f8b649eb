"""Layers: shapes, names, weights, errors, and the three ways of calling."""

import json

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops
from fastnn.engine.graph import Trace
from fastnn.layers.weights import NotBuiltError


@pytest.fixture(autouse=True)
def fresh_names():
    fastnn.utils.clear_session()


class Scaled(layers.Layer):
    """A layer as users write them: one weight, used through an operation on the weight alone."""

    def __init__(self, power=1, **kwargs):
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape):
        self.log_scale = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="log_scale")

    def call(self, x):
        return x * ops.exp(self.log_scale) * float(self.power)


class Pair(layers.Layer):
    """A layer of layers, one of them in a list."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(3)
        self.others = [layers.Dense(2, use_bias=False)]

    def call(self, x):
        return self.others[0](self.first(x))


def test_names_count_per_class_and_can_be_chosen():
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.MaxPooling2D().name] == [
        "dense",
        "dense_1",
        "max_pooling2d",
    ]
    assert layers.Dense(1, name="mine").name == "mine"
    fastnn.utils.clear_session()
    assert layers.Dense(1).name == "dense"


def test_dense_by_hand():
    layer = layers.Dense(2, activation="relu")
    layer.build((None, 3))
    layer.set_weights([[[1, -1], [2, 0], [0, 1]], [0.5, -10]])
    assert layer([[1, 2, 3]]).numpy().tolist() == [[5.5, 0.0]]
    assert layer.kernel.path == "dense/kernel"
    assert layer.count_params() == 8


def test_weights_are_assigned_in_place():
    layer = layers.Dense(2)
    layer.build((None, 3))
    memory = layer.kernel.value
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    assert layer.kernel.value is memory
    assert memory.sum() == 6


def test_the_same_seed_gives_the_same_weights():
    def kernel():
        fastnn.utils.set_random_seed(5)
        layer = layers.Dense(4)
        layer.build((None, 3))
        return layer.get_weights()[0]

    first = kernel()
    assert np.array_equal(first, kernel())
    assert first.std() > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_become_the_layers_type(dtype):
    layer = layers.Dense(2, dtype=dtype)
    for x in ([[1, 2]], np.array([[1, 2]]), np.array([[1.0, 2.0]]), fastnn.Tensor([[1.0, 2.0]])):
        assert layer(x).dtype == dtype
    assert layer.kernel.dtype == dtype


def test_symbolic_eager_and_traced_calls_agree():
    layer = layers.Dense(3, activation="tanh")
    y = layer(fastnn.Input((2,)))
    assert y.shape == (None, 3)
    assert layer.input.shape == (None, 2)
    assert layer.output is y
    with Trace() as trace:
        traced = layer(trace.add_value("x", (4, 2), "float32", "input"))
    assert traced.shape == (4, 3)
    assert [step.layer for step in trace.steps] == ["dense", "dense"]
    assert layer(np.ones((4, 2))).shape == (4, 3)


def test_trainable_reaches_sublayers_and_single_variables():
    layer = Pair()
    layer(np.ones((1, 4)))
    assert [w.path for w in layer.weights] == ["dense/kernel", "dense/bias", "dense_1/kernel"]
    layer.first.bias.trainable = False
    assert [w.path for w in layer.trainable_weights] == ["dense/kernel", "dense_1/kernel"]
    assert [w.path for w in layer.non_trainable_weights] == ["dense/bias"]
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 3
    layer.trainable = True
    assert len(layer.trainable_weights) == 3


def test_a_frozen_layer_makes_frozen_weights():
    layer = layers.Dense(2, trainable=False)
    layer.build((None, 2))
    assert layer.trainable_weights == []
    assert not layer.kernel.trainable


def test_custom_layers_learn_through_operations_on_their_weights():
    model = fastnn.Sequential([fastnn.Input((2,)), Scaled()])
    model.compile(fastnn.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((4, 2)), 2 * np.ones((4, 2)), epochs=100, verbose=0)
    assert np.allclose(np.exp(model.layers[0].log_scale.numpy()), 2, atol=1e-2)


def test_configurations_make_equal_layers():
    for layer in (
        layers.Dense(3, activation="relu", kernel_regularizer="l2", bias_initializer=fastnn.initializers.Constant(2.0)),
        layers.Conv2D(2, (3, 1), strides=2, padding="same", use_bias=False),
        layers.MaxPooling2D(3, strides=1),
        layers.Dropout(0.3, seed=4),
        layers.Reshape((2, -1)),
        layers.Activation("sigmoid", dtype="float64"),
        Scaled(power=3, name="own"),
    ):
        twin = type(layer).from_config(layer.get_config())
        assert twin.get_config() == layer.get_config()
        assert twin.name == layer.name


def test_reshape_with_a_free_axis():
    assert layers.Reshape((-1, 2))(fastnn.Input((3, 4))).shape == (None, 6, 2)
    with pytest.raises(ValueError, match=r"fit \(5, -1\)"):
        layers.Reshape((5, -1))(fastnn.Input((3, 4)))


def test_merging_functions_and_layers():
    a, b = fastnn.Tensor([[1.0, 2.0]]), fastnn.Tensor([[3.0, 5.0]])
    assert layers.add([a, b]).numpy().tolist() == [[4, 7]]
    assert layers.concatenate([a, b]).numpy().tolist() == [[1, 2, 3, 5]]
    assert layers.average([a, b]).numpy().tolist() == [[2, 3.5]]
    assert layers.multiply([a, b]).numpy().tolist() == [[3, 10]]
    assert layers.subtract([b, a]).numpy().tolist() == [[2, 3]]
    assert layers.maximum([a, b]).numpy().tolist() == [[3, 5]]
    with pytest.raises(ValueError, match="list of tensors"):
        layers.Add()(a)


def test_dropout_drops_in_training_only_and_repeats_with_its_seed():
    x = np.ones((50, 40), "float32")
    layer = layers.Dropout(0.25, seed=3)
    assert np.array_equal(layer(x), x)
    assert np.array_equal(layer(x, training=False), x)
    y = layer(x, training=True).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.05


def test_explicit_training_flag_reaches_inner_layers():
    model = fastnn.Sequential([fastnn.Input((100,)), layers.Dropout(0.5)])
    assert (model(np.ones((1, 100)), training=True).numpy() == 0).any()
    assert not (model(np.ones((1, 100))).numpy() == 0).any()


def test_penalties_are_losses():
    layer = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=fastnn.regularizers.L1L2(0.1, 0.01))
    layer.build((None, 3))
    assert [round(float(x), 6) for x in layer.losses] == [0.33]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Dense(0), "units"),
        (lambda: layers.Dense(2.5), "units=2.5"),
        (lambda: layers.Dense(2, activation="rellu"), "did you mean 'relu'"),
        (lambda: layers.Dense(2, kernel_initializer="zeroes"), "did you mean 'zeros'"),
        (lambda: layers.Dense(2, activaton="relu"), "did you mean 'activation'"),
        (lambda: layers.Dense(2)(fastnn.Input((None,))), "known last axis"),
        (lambda: layers.Dense(2, dtype="float16"), "float16"),
        (lambda: layers.Dense(2, name="a/b"), "without '/'"),
        (lambda: layers.Conv2D(2, (3, 3, 3)), "kernel_size"),
        (lambda: layers.Conv2D(2, 3, padding="full"), "padding"),
        (lambda: layers.Conv2D(2, 3, data_format="channels"), "channels_last"),
        (lambda: layers.Conv2D(2, 3)(fastnn.Input((4,))), r"\(batch, height, width, channels\)"),
        (lambda: layers.Dropout(1.5), "from 0 to 1"),
        (lambda: layers.Permute((1, 3)), "each once"),
        (lambda: fastnn.Input(5), r"such as \(5,\)"),
        (lambda: fastnn.Input(), "shape or batch_shape"),
        (lambda: layers.Dense(3)(np.ones((2, 3)), foo=1), "foo"),
        (lambda: layers.Dense(3).set_weights([[1.0]]), "not built"),
    ],
)
def test_wrong_arguments_are_named(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_weights_before_build_are_an_error_that_says_so():
    layer = layers.Dense(3)
    with pytest.raises(NotBuiltError, match="no kernel yet"):
        _ = layer.kernel
    assert not hasattr(layer, "kernel")
    assert layer.get_weights() == []
    with pytest.raises(ValueError, match="built"):
        layer.count_params()


def test_wrong_input_names_the_layer():
    layer = layers.Dense(3, name="fc")
    layer.build((None, 4))
    with pytest.raises(ValueError, match=r"layer 'fc' \(dense\): expected 4 .* received 2"):
        layer(np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"layer 'concatenate' .*\(None, 3, 4\)"):
        layers.Concatenate()([fastnn.Input((3, 4)), fastnn.Input((2, 3))])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
def test_integers_are_cast_for_dense(dtype):
    x = np.array([[1, 0], [1, 1]], dtype)
    inputs = fastnn.Input((2,), dtype=dtype)
    model = fastnn.Model(inputs, layers.Dense(1, kernel_initializer="ones")(inputs))
    assert model.output.dtype == "float32"
    assert model.predict(x).tolist() == model.layers[-1](x).numpy().tolist() == [[1], [2]]
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((2, 1)), batch_size=2, verbose=0)
    assert model.predict(x)[1, 0] < 2


def test_integers_are_not_misread_as_floats():
    x = fastnn.Input((2,))
    model = fastnn.Model(x, ops.add(ops.multiply(x, np.array([2, 3])), 1))
    assert model.predict([[1.0, 1.0]]).tolist() == [[3, 4]]


def test_a_forgotten_super_init_is_explained():
    class Forgetful(layers.Layer):
        def __init__(self):
            self.units = 3

    with pytest.raises(RuntimeError, match="super"):
        Forgetful()(np.ones((1, 2)))


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (layers.Conv2D(3, [2, 3], strides=[1, 2]), {"kernel_size": (2, 3), "strides": (1, 2), "dilation_rate": (1, 1)}),
        (layers.Conv1D(3, 2), {"kernel_size": (2,), "strides": (1,), "dilation_rate": (1,)}),
        (layers.MaxPooling2D(), {"pool_size": (2, 2), "strides": (2, 2)}),
        (layers.AveragePooling1D(3, strides=1), {"pool_size": (3,), "strides": (1,)}),
        (layers.ZeroPadding2D((1, 2)), {"padding": ((1, 1), (2, 2))}),
        (layers.Reshape([2, 3]), {"target_shape": (2, 3)}),
        (layers.Normalization(), {"axis": (-1,)}),
    ],
)
def test_configurations_have_tuples_where_keras_has(layer, wanted):
    config = layer.get_config()
    assert {key: config[key] for key in wanted} == wanted
    again = type(layer).from_config(config)
    assert again.get_config() == config
    assert type(layer).from_config(json.loads(json.dumps(config))).get_config() == config


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_configurations_of_recurrent_layers_have_the_keys_of_keras(kind):
    config = kind(3, activity_regularizer="l2").get_config()
    assert config["activity_regularizer"]["class_name"] == "L2"
    assert "implementation" not in config
    assert kind.from_config(config).get_config() == config
