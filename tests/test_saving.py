"""Saving and loading: bit-equal models, training that goes on, and files that are refused."""

import io
import json
import os
import zipfile

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, ops
from fastnn.models import load_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 6, 6, 1)).astype("float32")
LABELS = RNG.integers(0, 3, 20)


@pytest.fixture(autouse=True)
def repeatable():
    fastnn.utils.clear_session()
    fastnn.utils.set_random_seed(1)


def network():
    model = Sequential(
        [
            Input((6, 6, 1)),
            layers.Conv2D(3, 3, activation="relu", kernel_regularizer=fastnn.regularizers.L2(0.01)),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(fastnn.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture
def saved(tmp_path):
    model = network()
    model.fit(X, LABELS, verbose=0, batch_size=8)
    path = tmp_path / "model.keras"
    model.save(path)
    return model, path


def test_training_goes_on_with_the_same_bits(saved):
    model, path = saved
    twin = load_model(path)
    assert np.array_equal(twin.predict(X), model.predict(X))
    assert twin.evaluate(X, LABELS, verbose=0) == model.evaluate(X, LABELS, verbose=0)
    for each in (model, twin):
        each.fit(X, LABELS, epochs=3, batch_size=8, verbose=0)
    assert same([v.value for v in model.variables_of_training()], [v.value for v in twin.variables_of_training()])


RANDOM = {
    "dropout": lambda x: layers.Dropout(0.4)(x),
    "spatial_dropout": lambda x: layers.SpatialDropout1D(0.4)(x),
    "alpha_dropout": lambda x: layers.AlphaDropout(0.4)(x),
    "gaussian_noise": lambda x: layers.GaussianNoise(0.4)(x),
    "simple_rnn": lambda x: layers.SimpleRNN(3, dropout=0.4, recurrent_dropout=0.3)(x),
    "lstm": lambda x: layers.LSTM(3, dropout=0.4, recurrent_dropout=0.3)(x),
    "gru": lambda x: layers.Bidirectional(layers.GRU(3, dropout=0.4))(x),
    "cell": lambda x: layers.RNN(layers.LSTMCell(3, recurrent_dropout=0.4))(x),
    "attention": lambda x: layers.Attention(dropout=0.4)([x, x]),
    "heads": lambda x: layers.MultiHeadAttention(2, 3, dropout=0.4)(x, x),
    "flip": lambda x: layers.RandomFlip()(layers.Reshape((5, 3, 1))(x)),
    "translation": lambda x: layers.RandomTranslation(0.4, 0.4)(layers.Reshape((5, 3, 1))(x)),
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("random", RANDOM.values(), ids=RANDOM)
def test_random_numbers_go_on_where_the_file_was_written(tmp_path, random, ending):
    sequences = X[:, :5, :3, 0]
    x = Input((5, 3))
    model = Model(x, layers.Dense(1)(layers.Flatten()(random(x))))
    model.compile("sgd", "mse")
    model.fit(sequences, LABELS, batch_size=4, shuffle=False, verbose=0)
    model.save(tmp_path / f"m{ending}")
    fastnn.utils.set_random_seed(99)
    loaded = load_model(tmp_path / f"m{ending}")
    for one in (model, loaded):
        one.fit(sequences, LABELS, batch_size=4, shuffle=False, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), loaded.get_weights()))


def test_directions_of_a_recurrent_layer_drop_by_patterns_of_their_own():
    both = layers.Bidirectional(layers.LSTM(2, dropout=0.5))
    assert both.forward_layer.seed != both.backward_layer.seed


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", fastnn.optimizers.SGD(0.1, momentum=0.9, nesterov=True)])
def test_every_optimizers_memory_is_kept(tmp_path, optimizer):
    model = network()
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(X, LABELS, verbose=0)
    model.save(tmp_path / "m.keras")
    twin = load_model(tmp_path / "m.keras")
    for each in (model, twin):
        each.fit(X, LABELS, epochs=2, verbose=0)
    assert same(model.get_weights(), twin.get_weights())


def test_graphs_with_shared_and_nested_parts(tmp_path):
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = layers.Dense(3, activation="tanh", name="shared")
    inner = Model(h := Input((3,)), layers.Dense(2, name="deep")(h), name="inner")
    joined = layers.concatenate([inner(shared(a)), shared(b) * 2.0])
    model = Model([a, b], {"y": layers.Dense(1, name="y")(joined), "z": layers.Add(name="z")([shared(a), shared(b)])})
    model.compile("adam", {"y": "mse", "z": None}, metrics={"y": ["mae"]})
    x = [RNG.normal(size=(5, 4)) for _ in range(2)]
    model.fit(x, {"y": np.ones(5)}, verbose=0)
    model.save(tmp_path / "graph.keras")
    twin = load_model(tmp_path / "graph.keras")
    mine, theirs = model.predict(x), twin.predict(x)
    assert mine.keys() == theirs.keys() == {"y", "z"}
    assert same(mine.values(), theirs.values())
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert twin.get_config() == model.get_config()


def test_uncompiled_and_frozen_models(tmp_path):
    model = Sequential([Input((2,)), layers.Dense(2, name="d", trainable=False)])
    model.save(tmp_path / "m.keras")
    twin = load_model(tmp_path / "m.keras")
    assert twin.optimizer is None
    assert twin.trainable_weights == []
    assert same(twin.get_weights(), model.get_weights())


def test_float64_models_keep_every_bit(tmp_path):
    model = Sequential([Input((2,), dtype="float64"), layers.Dense(2, dtype="float64")])
    model.set_weights([np.full((2, 2), 1 / 3), np.zeros(2)])
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras").get_weights()[0][0, 0] == 1 / 3


def test_weights_alone(saved, tmp_path):
    model, path = saved
    model.save_weights(tmp_path / "w.weights.h5")
    for source in (tmp_path / "w.weights.h5", path):
        other = network()
        other.load_weights(source)
        assert same(other.get_weights(), model.get_weights())
    with pytest.raises(ValueError, match="dense"):
        Sequential([Input((2,)), layers.Dense(2)]).load_weights(tmp_path / "w.weights.h5")


@fastnn.utils.register_keras_serializable("tests")
class Times(layers.Layer):
    """A user's layer with an argument."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor


class Unknown(Times):
    """A user's layer that is not registered."""


def cube(x):
    return x * x * x


def test_registered_classes_and_custom_objects(tmp_path):
    x = np.ones((1, 2))
    Sequential([Input((2,)), Times(3.0)]).save(tmp_path / "known.keras")
    assert load_model(tmp_path / "known.keras").predict(x).tolist() == [[3, 3]]
    Sequential([Input((2,)), Unknown(2.0), layers.Activation(cube)]).save(tmp_path / "unknown.keras")
    with pytest.raises(ValueError, match=r"custom_objects.*Unknown.*unknown\.keras"):
        load_model(tmp_path / "unknown.keras")
    twin = load_model(tmp_path / "unknown.keras", custom_objects={"Unknown": Unknown, "cube": cube})
    assert twin.predict(x).tolist() == [[8, 8]]


def test_subclassed_models_save_their_weights(tmp_path):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(3), layers.Dense(1)

        def call(self, x):
            return self.second(ops.relu(self.first(x)))

    model, twin = Own(), Own()
    x = np.ones((2, 4))
    model(x), twin(x)
    model.save_weights(tmp_path / "own.weights.h5")
    twin.load_weights(tmp_path / "own.weights.h5")
    assert np.array_equal(model.predict(x), twin.predict(x))


def rewritten(path, name, content):
    """The archive with one member replaced (or left out, for None)."""
    with zipfile.ZipFile(path) as old:
        members = {n: old.read(n) for n in old.namelist()}
    members[name] = content
    with zipfile.ZipFile(path, "w") as new:
        for n, data in members.items():
            if data is not None:
                new.writestr(n, data)


def config_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


@pytest.mark.parametrize("length", [0, 1, 100, 0.5, 0.9, -1])
def test_truncated_files_are_refused(saved, length):
    path = saved[1]
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * length) if isinstance(length, float) else length])
    with pytest.raises(ValueError, match=r"model\.keras"):
        load_model(path)


def test_flipped_bytes_are_refused_or_harmless(saved):
    model, path = saved
    content, expected = path.read_bytes(), model.predict(X)
    for at in range(0, len(content), 97):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            assert np.array_equal(load_model(path).predict(X), expected)
        except ValueError as error:
            assert "model.keras" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", None),
        ("config.json", b"{"),
        ("config.json", b"[1]"),
        ("config.json", b'{"class_name": "Sequential", "module": "keras", "config": {}}'),
        ("config.json", b'{"class_name": "Dense", "module": "keras.layers", "config": {"units": 2}}'),
        ("config.json", b'{"class_name": "system", "module": "os", "config": {"command": "true"}}'),
        ("model.weights.h5", None),
        ("model.weights.h5", b"nothing"),
    ],
)
def test_foreign_content_is_refused(saved, name, content):
    path = saved[1]
    rewritten(path, name, content)
    with pytest.raises(ValueError, match=r"model\.keras"):
        load_model(path)


def test_links_to_other_files_are_refused(saved, tmp_path):
    path = saved[1]
    with zipfile.ZipFile(path) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["kernel"] = np.zeros((12, 3), "float32")
    with h5py.File(weights, "r+") as h5:
        del h5["layers/dense/vars/0"]
        h5["layers/dense/vars/0"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "kernel")
    rewritten(path, "model.weights.h5", weights.getvalue())
    with pytest.raises(ValueError, match="dense/vars/0"):
        load_model(path)


def test_wrong_shapes_change_nothing(saved):
    path = saved[1]
    config = config_of(path)
    config["config"]["layers"][-1]["config"]["units"] = 4
    rewritten(path, "config.json", json.dumps(config).encode())
    with pytest.raises(ValueError, match=r"dense/kernel.*\(12, 4\).*\(12, 3\)"):
        load_model(path)


def test_paths(saved, tmp_path):
    model, path = saved
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"\.keras"):
        model.save(tmp_path / "model.h5x")
    with pytest.raises(ValueError, match="overwrite"):
        model.save(path, overwrite=False)
    assert path.read_bytes() == before
    for name in ("w.pt", "w.safetensor"):
        with pytest.raises(
            ValueError, match=rf"ends in '\.weights\.h5' or '\.safetensors'\. Received: filepath=.*{name}"
        ):
            model.save_weights(tmp_path / name)
    with pytest.raises(ValueError, match=r"overwrites='no'; did you mean 'overwrite'"):
        fastnn.models.save_model(model, path, overwrites="no")
    with pytest.raises(OSError, match="missing"):
        model.save(tmp_path / "missing" / "model.keras")
    with pytest.raises(OSError, match="absent"):
        load_model(tmp_path / "absent.keras")
    with pytest.raises(ValueError, match="not built"):
        Sequential([layers.Dense(2)]).save(tmp_path / "m.keras")
    assert os.listdir(tmp_path) == ["model.keras"]


def test_layout_is_that_of_keras(saved):
    with zipfile.ZipFile(saved[1]) as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as h5:
            assert h5["layers/conv2d/vars/0"].shape == (3, 3, 1, 3)
            assert h5["layers/dense/vars"].attrs["name"] == "dense"
            assert [len(h5[f"{g}/vars"]) for g in ("layers/dropout", "optimizer")] == [0, 10]
    layer = config_of(saved[1])["config"]["layers"][1]
    assert (layer["module"], layer["class_name"], layer["build_config"]) == (
        "keras.layers",
        "Conv2D",
        {"input_shape": [None, 6, 6, 1]},
    )


@pytest.mark.parametrize("what", ["layer", "loss"])
def test_what_a_file_cannot_hold_is_refused_before_it_is_written(tmp_path, what):
    path = tmp_path / "kept.keras"
    middle = fastnn.layers.Lambda(lambda x: x * 2) if what == "layer" else fastnn.layers.Activation("relu")
    model = fastnn.Sequential([fastnn.layers.Input((2,)), middle, fastnn.layers.Dense(1)])
    model.compile("sgd", "mse" if what == "layer" else lambda t, y: fastnn.ops.mean(fastnn.ops.square(t - y)))
    path.write_bytes(b"what was there")
    with pytest.raises(ValueError, match=r"Lambda|lambda"):
        model.save(path)
    assert path.read_bytes() == b"what was there"


# ---------------------------------------------------------------- functions in files


def thirds(x):
    return x / 3.0


def lambda_model(function):
    return Sequential([Input((2,)), layers.Lambda(function, name="mine"), layers.Dense(1)])


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_built_in_functions_as_loss_and_metric_are_known_when_read(tmp_path, ending):
    model = Sequential([Input((2,)), layers.Dense(1, activation=fastnn.activations.relu)])
    model.compile("sgd", fastnn.losses.mean_squared_error, metrics=[fastnn.metrics.mean_absolute_error])
    x, y = np.ones((4, 2), "float32"), np.zeros((4, 1), "float32")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / f"m.{ending}")
    assert load_model(tmp_path / f"m.{ending}").evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def test_a_lambda_is_saved_by_the_name_of_its_function(tmp_path):
    model = lambda_model(thirds)
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="thirds"):
        load_model(tmp_path / "model.keras")
    x = np.ones((1, 2), "float32")
    copy = load_model(tmp_path / "model.keras", custom_objects={"thirds": thirds})
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_lambda_without_a_name_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="mine"):
        lambda_model(lambda x: x / 3).save(tmp_path / "model.keras")
    assert not (tmp_path / "model.keras").exists()


def test_code_in_a_file_runs_only_when_asked_for(tmp_path):
    import base64
    import marshal

    ran = tmp_path / "ran"
    source = f"lambda x: (open({str(ran)!r}, 'w').close(), x / 3.0)[1]"
    code = base64.b64encode(marshal.dumps(eval(source).__code__)).decode()
    model = lambda_model(thirds)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    entry = next(e for e in config["config"]["layers"] if e["class_name"] == "Lambda")
    entry["config"]["function"] = {
        "class_name": "__lambda__",
        "config": {"code": code, "defaults": None, "closure": None},
    }
    with zipfile.ZipFile(tmp_path / "code.keras", "w") as archive:
        for name, part in {**parts, "config.json": json.dumps(config)}.items():
            archive.writestr(name, part)
    with pytest.raises(ValueError, match="safe_mode=False"):
        load_model(tmp_path / "code.keras")
    assert not ran.exists()
    copy = load_model(tmp_path / "code.keras", safe_mode=False)
    x = np.ones((1, 2), "float32")
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))
    assert ran.exists()


def test_architecture_as_json_and_names_of_keras_saving():
    model = network()
    copy = fastnn.models.model_from_json(model.to_json())
    assert [w.shape for w in copy.weights] == [w.shape for w in model.weights]
    with pytest.raises(ValueError, match="JSON"):
        fastnn.models.model_from_json("{")
    with pytest.raises(ValueError, match="class_name"):
        fastnn.models.model_from_config([])
    saving = fastnn.saving
    entry = saving.serialize_keras_object(fastnn.regularizers.L2(0.5))
    assert saving.deserialize_keras_object(entry).l2 == 0.5
    assert saving.get_registered_object("nothing") is None
    assert saving.get_registered_object("f", {"f": thirds}) is thirds


@pytest.mark.parametrize("settings", [[1], {"optimizer": 3, "loss": "mse"}, {"loss": "mes"}, "adam"])
def test_compile_settings_that_are_none_are_refused_by_name(settings):
    entry = json.loads(network().to_json())
    with pytest.raises(ValueError, match="Expected"):
        fastnn.models.model_from_json(json.dumps({**entry, "compile_config": settings}))
