"""Activations against the real Keras, by name, and at the edges of the numbers."""

import numpy as np
import pytest

import fastnn
from fastnn import activations, layers, ops
from fastnn.engine import execute
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Variable
from tests.golden.activations import CASES, FILE, arguments, pattern

KERAS_LIST = """celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
    log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus
    sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold"""
KERAS_NAMES = KERAS_LIST.split()
ALONG_AN_AXIS = ("glu", "softmax", "log_softmax", "sparsemax")
CELLWISE = [name for name in KERAS_NAMES if name not in ("threshold", *ALONG_AN_AXIS)]


@pytest.fixture(scope="module")
def golden():
    with np.load(FILE) as numbers:
        return dict(numbers)


@pytest.mark.parametrize("isa", execute.isas())
@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_keras(name, isa, golden):
    data, activation, kwargs = CASES[name]
    args, named = arguments(kwargs)
    before = execute.isa()
    execute.isa(isa)
    try:
        x = Variable(data)
        with GradientTape() as tape:
            y = getattr(activations, activation)(x * 1.0, *args, **named)
        dx = tape.gradient(y, x, output_gradients=pattern(y.shape))
    finally:
        execute.isa(before)
    np.testing.assert_allclose(y, golden[f"{name}/y"], rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(dx, golden[f"{name}/dx"], rtol=2e-5, atol=5e-6)


def test_all_of_keras_are_in_the_file(golden):
    covered = {activation for _, activation, _ in CASES.values()}
    assert covered | {"sparsemax"} >= set(KERAS_NAMES) - set(activations.ALIASES)
    assert {key.split("/")[0] for key in golden} == set(CASES)


@pytest.mark.parametrize("name", [*KERAS_NAMES, "step", "sign", "heaviside", "saturating_linear", "bipolar_sigmoid"])
def test_names(name):
    function = activations.get(name)
    assert function is getattr(activations, activations.ALIASES.get(name, name))
    assert activations.get(activations.serialize(function)) is function


@pytest.mark.parametrize("name", [n for n in activations.KNOWN if n not in ("threshold", "glu")])
def test_a_layer_with_that_name_trains(name):
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    model = fastnn.Sequential([fastnn.Input((4,)), layers.Dense(4, activation=name), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.predict(x, verbose=0)
    model.fit(x, np.ones((6, 1)), batch_size=3, epochs=1, verbose=0)
    assert np.isfinite(model.predict(x, verbose=0)).all()
    assert not np.array_equal(model.predict(x, verbose=0), before)
    again = fastnn.Sequential.from_config(model.get_config())
    assert again.layers[0].activation is model.layers[0].activation


@pytest.mark.parametrize("x", [-np.inf, -1e15, -100.0, -0.0, 0.0, 1e-30, 100.0, 1e15, np.inf, np.nan])
@pytest.mark.parametrize("name", CELLWISE)
def test_edges_are_those_of_the_formula(name, x):
    function = activations.get(name)
    record = ops.gelu if name == "gelu" else function
    data = np.array([x] * 20, np.float32)
    if name in ("relu", "linear"):
        expected = np.maximum(data, 0) if name == "relu" else data
    else:
        attrs = record.complete({"approximate": False} if name == "gelu" else {})
        with np.errstate(all="ignore"):
            expected = record.forward(data.astype(np.float64), **attrs).astype(np.float32)
    actual = np.asarray(function(data))
    if name == "squareplus" and x < -1e9:
        expected[...] = 0  # the formula as it stands cancels, or has no value
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("isa", execute.isas())
def test_sparsemax_is_the_nearest_point_whose_cells_sum_to_1(isa):
    before = execute.isa()
    execute.isa(isa)
    x = np.random.default_rng(3).normal(scale=0.6, size=(50, 7)).astype("float32")
    y = activations.sparsemax(x).numpy()
    execute.isa(before)
    np.testing.assert_allclose(y.sum(-1), 1, rtol=1e-6)
    assert len(set((y > 0).sum(-1).tolist())) > 3
    slack = x - y  # the same for all cells above 0, and no larger one elsewhere
    top = np.where(y > 0, slack, -np.inf).max(-1, keepdims=True)
    np.testing.assert_allclose(np.where(y > 0, slack, top), np.broadcast_to(top, x.shape), atol=1e-6)
    assert (slack <= top + 1e-6).all()


def test_by_hand():
    np.testing.assert_allclose(activations.softmax([2.0, 1.0, 0.1]), [0.6590011, 0.2424329, 0.0985659], rtol=1e-6)
    np.testing.assert_allclose(activations.sparsemax([[0.5, 0.2, -1.0]]), [[0.65, 0.35, 0]], rtol=1e-6)
    np.testing.assert_allclose(activations.bipolar_sigmoid([2.0]), [0.7615942], rtol=1e-6)
    np.testing.assert_allclose(activations.glu(np.array([[3.0, 0.0]], "f")), [[1.5]])
    np.testing.assert_array_equal(activations.get("step")([-1.0, 0.0, 2.0]), [0, 1, 1])
    np.testing.assert_array_equal(activations.saturating_linear([-1.0, 0.25, 3.0]), [0, 0.25, 1])
    np.testing.assert_array_equal(activations.hard_sigmoid([-3.0, 0.0, 3.0]), [0, 0.5, 1])
    np.testing.assert_allclose(activations.mish([1.0]), [0.865098], rtol=1e-6)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"relu9.*relu"):
        activations.get("relu9")
    with pytest.raises(ValueError, match="axis"):
        activations.softmax(np.ones((2, 3)), axis=2)
    with pytest.raises(ValueError, match="even number of cells"):
        activations.glu(np.ones((2, 3)))
    with pytest.raises(ValueError, match="negative_slope to be a number"):
        activations.leaky_relu(np.ones(2), negative_slope="steep")
