"""The surface of models as Keras has it: clones, copies, tables, logs, and what initializers and regularizers give."""

import copy
import json
import pickle
import re

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, initializers, layers, regularizers

X = np.random.default_rng(1).normal(size=(12, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


class Halves(Model):
    """A model written as a call."""

    def __init__(self):
        super().__init__()
        self.first, self.last = layers.Dense(3, activation="tanh"), layers.Dense(1)

    def call(self, x):
        return self.last(self.first(x)) * 0.5


def stack():
    return Sequential([Input((4,)), layers.Dense(5, activation="relu"), layers.Dropout(0.2), layers.Dense(1)])


def graph():
    x = Input((4,), name="x")
    inner = Sequential([Input((4,)), layers.Dense(4), layers.BatchNormalization()], name="inner")
    y = layers.add([x, inner(x)])
    return Model(x, layers.Dense(1, name="head")(y * 2.0), name="outer")


@pytest.mark.parametrize("make", [stack, graph, Halves])
@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_fitted_models_are_copied_and_train_on_alike(make, again):
    model = make()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=5, verbose=0)
    other = again(model)
    assert type(other) is type(model)
    assert np.array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    before = model.get_weights()
    history = other.fit(X, Y, batch_size=5, verbose=0).history
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.fit(X, Y, batch_size=5, verbose=0).history == history
    assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), model.get_weights(), strict=True))


def test_layers_and_optimizers_are_copied():
    layer = layers.Dense(3)
    expected = layer(X)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert np.array_equal(other(X), expected)
        assert other.kernel is not layer.kernel
    optimizer = fastnn.optimizers.Adam(0.1)
    optimizer.apply_gradients([(np.ones((4, 3), "float32"), layer.kernel)])
    assert int(pickle.loads(pickle.dumps(optimizer)).iterations) == 1


def test_clones_with_other_inputs_and_layers():
    def tanh(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "activation": "tanh"} if isinstance(layer, layers.Dense) else config)

    other = fastnn.models.clone_model(stack(), clone_function=tanh)
    assert isinstance(other, Sequential)
    assert [x.activation.__name__ for x in other.layers if isinstance(x, layers.Dense)] == ["tanh", "tanh"]
    model = graph()
    other = fastnn.models.clone_model(model, input_tensors=Input((4,), name="new"))
    assert other.input.name == "new"
    assert other.count_params() == model.count_params()
    other.set_weights(model.get_weights())
    assert np.array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    assert other.get_layer("head") is not model.get_layer("head")
    with pytest.raises(ValueError, match="clone_function"):
        fastnn.models.clone_model(stack(), clone_function=3)
    with pytest.raises(ValueError, match="to return a layer for 'head'"):
        fastnn.models.clone_model(model, clone_function=lambda layer: None if layer.name == "head" else layer)


def test_models_from_json():
    model = graph()
    other = fastnn.models.model_from_json(model.to_json())
    assert [x.name for x in other.layers] == [x.name for x in model.layers]
    for text in ("{", "[]", "{}", 3):
        with pytest.raises(ValueError, match="Expected"):
            fastnn.models.model_from_json(text)


def test_losses_of_outputs_are_told_where_there_are_several():
    x = Input((4,))
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(2, name="b")(x)])
    model.compile("sgd", ["mse", None])
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['b/kernel', 'b/bias'\]"):
        assert list(model.fit(X, [Y, None], verbose=0).history) == ["loss"]
    model.compile("sgd", ["mse", "mae"])
    assert list(model.fit(X, [Y, np.ones((12, 2))], verbose=0).history) == ["a_loss", "b_loss", "loss"]


def test_validation_after_some_epochs():
    model = stack()
    model.compile("sgd", "mse")
    history = model.fit(X, Y, validation_data=(X, Y), validation_freq=[1, 3], epochs=3, verbose=0).history
    assert (len(history["val_loss"]), len(history["loss"])) == (2, 3)
    with pytest.raises(ValueError, match="validation_freq=0"):
        model.fit(X, Y, validation_data=(X, Y), validation_freq=[0], verbose=0)


def told(model, **how):
    lines = []
    model.summary(print_fn=lines.append, **how)
    return "\n".join(lines)


def test_tables_tell_connections_only_where_the_graph_branches():
    x = Input((4,))
    straight = told(Model(x, layers.Dense(2)(x)))
    assert "Connected to" not in straight
    assert "Total params: 10" in straight
    text = told(graph(), expand_nested=True, show_trainable=True)
    assert "Connected to" in text
    assert "Non-trainable params: 8 " in text
    assert "batch_normalization" in text


@pytest.mark.parametrize("name", initializers.KNOWN)
def test_initializers_by_every_name(name):
    cls = initializers.KNOWN[name]
    assert getattr(initializers, name) is getattr(initializers, cls.__name__) is cls
    assert type(initializers.get(name)) is type(initializers.get(cls.__name__)) is type(initializers.get(cls)) is cls
    made = initializers.get(initializers.serialize(initializers.get(name)))
    assert type(made) is cls


@pytest.mark.parametrize(
    ("alias", "name"),
    [("zero", "Zeros"), ("one", "Ones"), ("normal", "RandomNormal"), ("uniform", "RandomUniform"),
     ("IdentityInitializer", "Identity"), ("OrthogonalInitializer", "Orthogonal")],
)  # fmt: skip
def test_older_names_of_initializers(alias, name):
    assert type(initializers.get(alias)).__name__ == name


RULES = {  # half width of uniform ones, standard deviation of the others, by fans; Keras' documentation
    "glorot_uniform": lambda i, o: (6 / (i + o)) ** 0.5 / 3**0.5, "glorot_normal": lambda i, o: (2 / (i + o)) ** 0.5,
    "he_uniform": lambda i, o: (6 / i) ** 0.5 / 3**0.5, "he_normal": lambda i, o: (2 / i) ** 0.5,
    "lecun_uniform": lambda i, o: (3 / i) ** 0.5 / 3**0.5, "lecun_normal": lambda i, o: (1 / i) ** 0.5,
}  # fmt: skip


SHAPES = [((60, 300), (60, 300)), ((3, 2, 40, 90), (240, 540)), ((5, 4000), (5, 4000))]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("shape", "fans"), SHAPES)
def test_spread_follows_from_the_fans(name, shape, fans):
    values = getattr(initializers, name)(seed=2)(shape)
    assert abs(values.std() / RULES[name](*fans) - 1) < 0.02
    assert abs(values.mean()) < 0.03 * values.std()
    assert np.array_equal(values, getattr(initializers, name)(seed=2)(shape))


def test_initializers_and_regularizers_that_are_refused():
    for make, words in (
        (lambda: initializers.get("stft"), "STFT is not available"),
        (lambda: initializers.Identity()((3,)), "a matrix"),
        (lambda: initializers.get("glorot"), "name of an initializer"),
        (lambda: regularizers.OrthogonalRegularizer(mode="cells"), "mode='cells'"),
        (lambda: regularizers.OrthogonalRegularizer(factor=-1), "factor=-1"),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3, "float32")), "a matrix"),
    ):
        with pytest.raises(ValueError, match=words):
            make()


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal_penalty(mode):
    w = np.array([[1.0, 2.0, 0.5], [-1.0, 0.5, 2.0]], "float32")
    vectors = w if mode == "rows" else w.T
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [abs(unit[i] @ unit[j]) for i in range(len(unit)) for j in range(i)]
    penalty = regularizers.OrthogonalRegularizer(0.3, mode)
    assert float(penalty(w)) == pytest.approx(0.3 * np.mean(pairs), rel=1e-5)
    model = Sequential([Input((2,)), layers.Dense(3, kernel_regularizer=penalty)])
    model.layers[0].kernel.assign(w)
    model.compile("sgd", "mse")
    zero = model.test_on_batch(np.zeros((4, 2)), np.zeros((4, 3)))
    assert zero == pytest.approx(0.3 * np.mean(pairs), rel=1e-5)


def test_the_summary_shows_shapes_where_only_data_tells_them_and_kinds_as_keras_names_them():
    class Two(fastnn.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(3, name="a"), layers.Dense(1, name="b")

        def call(self, x):
            return self.b(self.a(x))

    model = Two()
    model(np.ones((2, 4)))
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert re.search(r"a \(Dense\) +│ \(2, 3\)", text)
    assert re.search(r"b \(Dense\) +│ \(2, 1\)", text)
    x = fastnn.Input((4,))
    inner = fastnn.Model(x, layers.Dense(2)(x), name="inner")
    lines.clear()
    fastnn.Model(x, inner(x)).summary(print_fn=lines.append)
    assert "inner (Functional)" in "\n".join(lines)


def test_json_keeps_what_compile_was_told():
    model = fastnn.Sequential([fastnn.Input((2,)), layers.Dense(1)])
    assert "compile_config" not in json.loads(model.to_json())
    model.compile(fastnn.optimizers.SGD(0.25), "mae", metrics=["mse"])
    copy = fastnn.models.model_from_json(model.to_json())
    assert copy.loss == "mae"
    assert float(copy.optimizer.learning_rate) == 0.25
    assert sorted(copy.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0).history) == ["loss", "mse"]


def two_outputs():
    x = fastnn.Input((2,))
    return fastnn.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])


def test_every_output_is_told_its_loss():
    model = two_outputs()
    with pytest.raises(ValueError, match=r"a loss for each of the outputs \['a', 'b'\].*Received: loss for \['a'\]"):
        model.compile("sgd", {"a": "mse"})
    model.compile("sgd", {"a": "mse", "b": None})
    ones = np.ones((2, 1))
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        assert sorted(model.fit(np.ones((2, 2)), {"a": ones, "b": ones}, verbose=0).history) == ["loss"]
