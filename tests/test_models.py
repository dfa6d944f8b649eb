"""Sequential, functional and subclassed models: how they are put together and called."""

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, ops


@pytest.fixture(autouse=True)
def fresh_names():
    fastnn.utils.clear_session()
    fastnn.utils.set_random_seed(1)


def two_towers():
    left, right = Input((3,), name="left"), Input((2,), name="right")
    shared = layers.Dense(4, activation="relu", name="shared")
    a = shared(left)
    b = shared(layers.Dense(3, name="widen")(right))
    return Model([left, right], [layers.Add(name="sum")([a, b]), b], name="towers")


def test_sequential_by_list_by_add_and_deferred_are_the_same():
    x = np.arange(6.0).reshape(2, 3)
    by_list = Sequential([Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(2)])
    by_add = Sequential()
    by_add.add(layers.Dense(4, activation="relu", input_shape=(3,)))
    by_add.add(layers.Dense(2))
    deferred = Sequential([layers.Dense(4, activation="relu"), layers.Dense(2)])
    assert not deferred.built
    deferred(x)
    for model in (by_add, deferred):
        model.set_weights(by_list.get_weights())
        assert np.array_equal(model.predict(x), by_list.predict(x))
        assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))


def test_pop_and_add_again():
    model = Sequential([Input((3,)), layers.Dense(4), layers.Dense(2)])
    model.pop()
    assert model.output_shape == (None, 4)
    model.add(layers.Dense(5))
    assert model.output_shape == (None, 5)
    assert [layer.name for layer in model.layers] == ["dense", "dense_2"]
    assert model.predict(np.ones((1, 3))).shape == (1, 5)


def test_eager_call_and_predict_agree():
    model = two_towers()
    x = [np.random.default_rng(0).normal(size=(5, n)).astype("float32") for n in (3, 2)]
    eager, predicted = model(x), model.predict(x)
    named = model.predict({"left": x[0], "right": x[1]})
    for e, p, n in zip(eager, predicted, named, strict=True):
        assert np.allclose(e, p, rtol=1e-6)
        assert np.array_equal(p, n)


def test_shared_layers_count_once():
    model = two_towers()
    assert model.count_params() == (3 * 4 + 4) + (2 * 3 + 3)
    assert model.input_names == ["left", "right"]
    assert model.output_names == ["sum", "shared"]
    assert model.output_shape == [(None, 4), (None, 4)]


def test_a_model_is_a_layer():
    inner = Sequential([layers.Dense(3, activation="tanh"), layers.Dense(2)], name="inner")
    x = Input((4,))
    outer = Model(x, inner(layers.Dense(5)(x)))
    assert [layer.name for layer in outer.layers] == ["input_layer", "dense_2", "inner"]
    assert len(outer.weights) == 6
    deep = Sequential([Input((4,)), outer, layers.Dense(1)])
    assert deep.predict(np.ones((2, 4))).shape == (2, 1)
    assert {w.path for w in inner.weights} <= {w.path for w in deep.weights}


def test_operations_between_layers():
    x = Input((2,))
    model = Model(x, ops.relu(x * 2 - 1) + layers.Dense(2, kernel_initializer="zeros")(x))
    assert model.predict(np.array([[1.0, 0.0]])).tolist() == [[1, 0]]


def test_part_of_a_model_as_a_model():
    model = Sequential([Input((3,)), layers.Dense(4, name="hidden", activation="relu"), layers.Dense(2, name="out")])
    x = np.ones((1, 3), "float32")
    front = Model(model.input, model.get_layer("hidden").output)
    back = Model(model.get_layer("hidden").output, model.output)
    assert np.array_equal(back.predict(front.predict(x)), model.predict(x))
    both = Model(model.inputs, [layer.output for layer in model.layers])
    assert [y.shape for y in both.predict(x)] == [(1, 4), (1, 2)]


def test_dicts_of_outputs():
    x = Input((2,))
    model = Model({"x": x}, {"a": layers.Dense(1)(x), "b": layers.Dense(3)(x)})
    found = model.predict({"x": np.ones((4, 2))})
    assert {k: v.shape for k, v in found.items()} == {"a": (4, 1), "b": (4, 3)}


class Residual(Model):
    """A model as users write them."""

    def __init__(self, units):
        super().__init__()
        self.dense = layers.Dense(units, activation="relu")
        self.drop = layers.Dropout(0.5)
        self.out = layers.Dense(1)

    def call(self, x, training=False):
        y = self.dense(x)
        return self.out(self.drop(y + x, training=training))


def test_subclassed_models_train_and_predict():
    model = Residual(3)
    assert model.weights == []
    model.compile(fastnn.optimizers.Adam(0.01), "mse")
    x = np.random.default_rng(0).normal(size=(40, 3))
    y = x.sum(1, keepdims=True)
    losses = model.fit(x, y, epochs=60, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    assert len(model.weights) == 4
    assert np.allclose(model.predict(x), model(x), rtol=1e-5, atol=1e-6)
    assert (model.predict(x) == model.predict(x)).all()


def test_summary_tells_layers_shapes_and_counts():
    lines = []
    two_towers().summary(print_fn=lines.append)
    text = "\n".join(lines)
    for words in ('Model: "towers"', "shared (Dense)", "(None, 4)", "Total params: 25", "widen", "Connected to"):
        assert words in text
    nested = Sequential([Input((2,)), Sequential([layers.Dense(3)], name="inside"), layers.Dense(1)])
    lines.clear()
    nested.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    assert any("└ dense" in line for line in lines)
    twice = layers.Dense(3, name="twice")
    a, b = Input((3,), name="a"), Input((3,), name="b")
    inner = Model(a, twice(twice(a)), name="inner")
    lines.clear()
    Model([a, b], layers.Add(name="sum")([inner(a), inner(b)])).summary(print_fn=lines.append)
    text = "\n".join(lines)
    for words in ("inner (Functional)", "inner[0][0], inner[1][0]", "a[0][0], b[0][0]"):
        assert words in text


def test_a_list_of_one_output_is_that_output():
    x = Input((3,))
    model = Model(inputs=[x], outputs=[layers.Dense(2, name="d")(x)])
    rows = np.ones((4, 3), np.float32)
    assert (model.input_shape, model.output_shape, len(model.output)) == ((None, 3), (None, 2), 1)
    assert model.predict([rows], verbose=0).shape == model(rows).shape == (4, 2)
    assert Model(x, layers.Dense(1)(model(x))).predict(rows, verbose=0).shape == (4, 1)
    assert Model.from_config(model.get_config()).predict(rows, verbose=0).shape == (4, 2)
    model.compile("sgd", ["mse"], metrics=[["mae"]])
    assert list(model.fit([rows], [rows[:, :2]], verbose=0).history) == ["loss", "mae"]


def test_layers_of_outputs_by_name_come_in_the_order_of_names():
    x = Input((3,))
    b, a = layers.Dense(1, name="b")(x), layers.Dense(2, name="a")(x)
    assert [layer.name for layer in Model(x, {"b": b, "a": a}).layers[1:]] == ["a", "b"]
    assert [layer.name for layer in Model(x, [b, a]).layers[1:]] == ["b", "a"]


def test_configurations_of_models():
    for model in (two_towers(), Sequential([Input((3,)), layers.Dense(2, name="d")], name="s")):
        twin = type(model).from_config(model.get_config())
        twin.set_weights(model.get_weights())
        assert twin.get_config() == model.get_config()
        x = [np.ones((2, *t.shape[1:])) for t in model.inputs]
        for mine, theirs in zip(np.atleast_1d(model.predict(x)), np.atleast_1d(twin.predict(x)), strict=True):
            assert np.array_equal(mine, theirs)


def test_float64_models_run_the_references():
    model = Sequential(
        [Input((2,), dtype="float64"), layers.Dense(3, dtype="float64"), layers.Dense(1, dtype="float64")]
    )
    assert model.predict([[1.0, 2.0]]).dtype == np.float64
    mixed = Sequential([Input((2,), dtype="float64")])
    with pytest.raises(TypeError, match="one floating type"):
        mixed.add(layers.Dense(3))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Sequential([3]), "keras.Layer"),
        (lambda: Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")]), "unique names"),
        (lambda: Sequential([layers.Dense(1), Input((2,))]), "before all other layers"),
        (lambda: Sequential().pop(), "at least one layer"),
        (lambda: Sequential().predict(np.ones((1, 2))), "no layers"),
        (lambda: Sequential([layers.Dense(2)]).output_shape, "no graph"),
        (lambda: Model(Input((2,))), "both inputs and outputs"),
        (lambda: Model(np.ones(2), Input((2,))), "Input"),
        (lambda: Model(Input((2,)), layers.Dense(1)(Input((2,)))), "depend only on the inputs"),
        (lambda: two_towers().predict(np.ones((1, 3))), r"2 input\(s\)"),
        (lambda: two_towers().predict({"left": np.ones((1, 3))}), "right"),
        (lambda: two_towers().predict([np.ones((1, 3)), np.ones((1, 3))]), r"'right' .* \(None, 2\)"),
        (lambda: two_towers().get_layer("shard"), "did you mean 'shared'"),
        (lambda: Sequential([Input((2,)), layers.Dense(1)]).save_weights("x"), ".weights.h5"),
        (lambda: Sequential([layers.Dense(2)]).count_params(), "built"),
    ],
)
def test_wrong_models_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()
