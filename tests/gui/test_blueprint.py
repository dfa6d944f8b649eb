"""Networks of one's own, as text: shapes as the layers infer them, errors that name the line."""

import numpy as np
import pytest

import fastnn
from fastnn import layers
from gui import blueprint, opening
from gui.own_data import OwnData

NETWORKS = {
    "perceptron": ("Input((2,))\nDense(1, activation='heaviside')", (2,), "mse"),
    "mlp": ("Input((4,))\nDense(8, activation='relu')\nDropout(0.5)\nDense(3)", (4,), "mse"),
    "softmax": ("Input((4,))\nDense(3, 'softmax')", (4,), "sparse_categorical_crossentropy"),
    "cnn": ("Input((8, 8, 1))\nConv2D(4, 3)\nMaxPooling2D()\nFlatten()\nDense(2)", (8, 8, 1), "mse"),
    "norm": ("Input((6,))\nDense(5)\nBatchNormalization()\nLayerNormalization()\nDense(1)", (6,), "mse"),
    "lstm": ("Input((5, 2))\nLSTM(3, return_sequences=True)\nBidirectional(GRU(2))\nDense(1)", (5, 2), "mse"),
    "residual": (
        "Input((6, 6, 3))\na = Conv2D(4, 3)\nb = Conv2D(4, 1)\nAdd()([a, b])\nGlobalAveragePooling2D()\nDense(2)",
        (6, 6, 3),
        "mse",
    ),
    "branches": (
        "x = Input((5,))\na = Dense(3)(x)\nb = Dense(4)(x)\nc = Concatenate()([a, b])\nDense(1)(c)  # the end",
        (5,),
        "mse",
    ),
    "regularized": ("Input((3,))\nDense(4, kernel_regularizer=L2(0.01), kernel_initializer='ones')", (3,), "mse"),
    "autoencoder": ("Input((9,))\nDense(2)\nReshape((2, 1))\nUpSampling1D(2)\nFlatten()\nDense(9)", (9,), "mse"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_what_its_text_says_and_its_weights_come_from_the_seed(name):
    text, shape, loss = NETWORKS[name]
    text = f"{text}\ncompile(SGD(0.1, momentum=0.5), '{loss}')"
    report = blueprint.check(text)
    assert report.error == ""
    assert report.parameters == report.model.count_params()
    x = np.random.default_rng(0).normal(size=(7, *shape)).astype("float32")
    one, same, other = (blueprint.build(text, seed).predict(x, verbose=0) for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert report.lines[-2].shape == one.shape[1:]
    assert name == "regularized" or not np.array_equal(one, other)
    names = [line.name for line in report.lines if line.name]
    assert len(set(names)) == len(names)


def test_it_builds_what_a_script_would():
    fastnn.config.set_random_seed(4)
    script = fastnn.Sequential([layers.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(2)])
    script.compile("adam", "mse")
    mine = blueprint.build("Input((4,))\nDense(3, activation='tanh')\nDense(2)\ncompile('adam', 'mse')", 4)
    assert all(np.array_equal(a, b) for a, b in zip(script.get_weights(), mine.get_weights(), strict=True))


MISTAKES = {
    "Dense(3)": "line 1, Dense: expected a line such as Input((2,)) before",
    "Input((2,))\nDens(3)": "line 2, Dens: expected the name of a layer, received 'Dens'. did you mean 'Dense'?",
    "Input((2,))\nDense()": "line 2, Dense: expected an argument 'units', received none.",
    "Input((2,))\nDense(-1)": "Received: units=-1",
    "Input((2,))\nDense(3, colour=1)": "Unrecognized keyword arguments",
    "Input((2,))\nDense(3, activation='rely')": "did you mean 'relu'",
    "Input((2,))\nDense(3": "was never closed",
    "Input((2,))\nDense(1000000000)": "expected no more weights than 60,000,000",
    "Input((-2,))": "Expected shape to be a tuple of whole numbers",
    "Input((2,))\nConv2D(3, 3)": "line 2, Conv2D: ",
    "Input((5, 5, 1))\nConv2D(3, 9)": "expected an input of at least (9, 9)",
    "Input((4,))\nReshape((3, 2))": "line 2, Reshape: ",
    "x = Input((4,))\nAdd()([x, z])": "expected a name of ['x'], received 'z'",
    "Input((4,))\na = Dense(3)\nb = Dense(2)\nAdd()([a, b])": "line 4, Add: ",
    "Input((4,))\nLambda(print)": "received 'Lambda'",
    "Input((4,))\n__import__('os').system('ls')": "expected the name of a layer",
    "Input((4,))\n().__class__": "expected a line such as Dense(3)",
    "Input((4,))\nAdam(0.1)": "expected a layer, received Adam",
    "Input((4,))\nDense(2)": "expected a last line such as compile",
    "Input((4,))\nDense(2)\ncompile('sgd')": "expected a loss",
    "Input((4,))\nDense(2)\ncompile('sgd', 'mze')": "did you mean 'MSE' or 'mse'",
    "Input((4,))\nDense(2)\ncompile('sgd', 'mse')\nDense(3)": "expected compile(...) to be the last line",
    "": "expected a first line",
    "(" * 500: "expected a line such as Dense(3)",
}


@pytest.mark.parametrize(("text", "words"), MISTAKES.items(), ids=range(len(MISTAKES)))
def test_a_mistake_is_named_with_its_line_and_nothing_below_is_built(text, words):
    report = blueprint.check(text)
    assert words in report.error
    assert report.model is None
    wrong = [line.number for line in report.lines if line.error]
    assert all(line.shape is None for line in report.lines if wrong and line.number >= wrong[0])
    with pytest.raises(ValueError):
        blueprint.build(text)


def test_a_network_that_does_not_fit_its_data_is_named(tmp_path):
    data = OwnData(tmp_path, np.zeros((6, 4), "float32"), np.arange(6) % 3, ("a", "b", "c"))
    end = "compile('sgd', 'sparse_categorical_crossentropy')"
    with pytest.raises(ValueError, match=r"line 1: expected Input\(\(4,\)\) for this data, received \(5,\)"):
        opening.from_blueprint(f"Input((5,))\nDense(3)\n{end}", data)
    with pytest.raises(ValueError, match="line 2: expected 3 outputs, a class each, received 2"):
        opening.from_blueprint(f"Input((4,))\nDense(2)\n{end}", data)


def test_every_layer_says_how_it_is_used():
    assert "Dense" in blueprint.layer_names()
    assert all(blueprint.usage(name).startswith(f"{name}(") for name in blueprint.layer_names())
