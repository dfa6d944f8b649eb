"""ONNX files say what the model says: every operation, layer and preset, run by onnxruntime."""

import runpy
import sys

import numpy as np
import onnx
import pytest

import fastnn
from fastnn import layers, presets
from fastnn.engine.nested import map_structure
from fastnn.errors import GraphError, ShapeError
from fastnn.exchange.onnx_file import convertible
from fastnn.ops.exchange import all_reduce
from fastnn.ops.table import OPS
from tests.exchange_checks import close, first_rows, model_of, predictions
from tests.golden.arguments import FAMILIES
from tests.onnx_checks import op_differences, session

NOT_OF_PREDICTIONS = {"update", "loss", "metric", "random"}  # kinds
STORED = {"tensor(float)": "float32", "tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}
WITHOUT_WORDS = {"all_reduce"}  # of gradients alone


def exported(model, path, **arguments):
    model.export(path, verbose=False, **arguments)
    content = onnx.load(path)
    return content, session(content)


def assert_same(model, run, x, label):
    """The file's outputs are the model's, by name or in order."""
    names = [i.name for i in run.get_inputs()]
    expected = predictions(model, x)
    found = run.run([o.name for o in run.get_outputs()][: len(expected)], dict(zip(names, x, strict=True)))
    for actual, wanted in zip(found, expected, strict=True):
        close(actual, np.asarray(wanted), label)


# ---------------------------------------------------------------- operations


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if convertible(op) and op.kind != "random"])
def test_operations(name):
    op_differences(OPS[name])


def test_all_operations_of_predictions_have_words():
    without = {op.name for op in OPS.values() if not convertible(op) and op.kind not in NOT_OF_PREDICTIONS}
    assert without == WITHOUT_WORDS


@pytest.mark.parametrize(("draw", "spread"), [("normal", 1.0), ("uniform", 12**-0.5)])
def test_chance_has_its_distribution(draw, spread, tmp_path):
    class Noisy(layers.Layer):
        def call(self, x):
            return x + getattr(fastnn.random, draw)(fastnn.ops.shape(x))

    _, run = exported(fastnn.Sequential([layers.Input((100,)), Noisy()]), tmp_path / "m.onnx")
    (found,) = run.run(None, {run.get_inputs()[0].name: np.zeros((50, 100), "float32")})
    assert found.shape == (50, 100)
    assert found.std() == pytest.approx(spread, rel=0.05)
    assert len(np.unique(found)) > 4900


def test_operation_without_words_is_named(tmp_path):
    model = fastnn.Sequential([layers.Input((3,)), layers.Lambda(all_reduce, name="sum")])
    with pytest.raises(GraphError, match=r"layer 'sum' \(all_reduce\): expected operations that ONNX can say"):
        model.export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- layers


def check_layers(family, folder, every=1):
    fastnn.utils.set_random_seed(0)
    for name, case in list(FAMILIES[family].cases(fastnn).items())[::every]:
        if case.traced:
            model, counts = model_of(case)
            _, run = exported(model, folder / f"{name}.onnx")
            for count in counts:
                case.begin()
                assert_same(model, run, first_rows(case.inputs, count), f"{family} {name}, {count} rows")


@pytest.mark.parametrize("family", FAMILIES)
def test_layers(family, tmp_path):
    check_layers(family, tmp_path, every=4 if family == "recurrence" else 2)


@pytest.mark.full
@pytest.mark.parametrize("family", FAMILIES)
def test_all_layers(family, tmp_path):
    check_layers(family, tmp_path)


def test_stateful_layers_give_and_take_their_states(tmp_path):
    model = fastnn.Sequential([layers.Input(batch_shape=(2, 3, 4)), layers.LSTM(5, stateful=True), layers.Dense(1)])
    content, run = exported(model, tmp_path / "m.onnx")
    given, *states = [i.name for i in content.graph.input]
    assert given == model.input_names[0]
    assert [o.name for o in content.graph.output][1:] == [f"{s}/next" for s in states]
    assert len(states) == 2
    x = np.random.default_rng(0).normal(size=(3, 2, 3, 4)).astype("float32")
    kept = {}
    for batch in x:
        found, *new = run.run(None, {model.input_names[0]: batch, **kept})
        close(found, model.predict(batch, batch_size=2, verbose=0), "states")
        kept = dict(zip(states, new, strict=True))
    model.reset_states() if hasattr(model, "reset_states") else model.layers[0].reset_state()
    (again, *_) = run.run(None, {model.input_names[0]: x[0]})
    close(again, model.predict(x[0], batch_size=2, verbose=0), "from the beginning")


def test_weights_of_one_name_are_two(tmp_path):
    inner = [fastnn.Sequential([layers.Input((3,)), layers.Dense(3, name="same")], name=n) for n in "ab"]
    model = fastnn.Sequential([layers.Input((3,)), *inner])
    _, run = exported(model, tmp_path / "m.onnx")
    assert_same(model, run, [np.eye(3, dtype="float32")], "same")


def test_what_viewers_show(tmp_path):
    model = fastnn.Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(3, 3, padding="same", name="conv2"),
            layers.Activation("tanh"),
            layers.Flatten(),
            layers.Dense(2, activation="softmax", name="out"),
        ],
        name="small",
    )
    content, _ = exported(model, tmp_path / "m.onnx")
    kinds = [n.op_type for n in content.graph.node]
    moves = ["Transpose", "Conv", "Relu", "BatchNormalization", "MaxPool", "Conv", "Tanh", "Transpose"]
    assert kinds == [*moves, "Flatten", "Gemm", "Softmax"]
    assert content.graph.output[0].name == "out"
    assert {v.path for v in model.weights} == {i.name for i in content.graph.initializer}
    assert all(any(n.name.startswith(name) for n in content.graph.node) for name in ("conv/", "norm/", "pool/", "out/"))
    assert (content.producer_name, content.producer_version) == ("fastnn", fastnn.__version__)
    assert content.graph.name == "small"
    shown = {
        i.name: [d.dim_param or d.dim_value for d in i.type.tensor_type.shape.dim] for i in content.graph.value_info
    }
    assert ["batch", 10, 10, 4] in shown.values() or ["batch", 4, 10, 10] in shown.values()
    assert [d.dim_param or d.dim_value for d in content.graph.output[0].type.tensor_type.shape.dim] == ["batch", 2]
    assert content.opset_import[0].version >= 17


# ---------------------------------------------------------------- bad input


def small():
    return fastnn.Sequential([layers.Input((3,)), layers.Dense(2)])


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("m", {}, r"format of 'onnx', 'numpy'\. Received: filepath="),
        ("m.onnx", {"format": "tf_saved_model"}, r"Received: format='tf_saved_model'"),
        ("m.onnx", {"format": "onxn"}, "did you mean 'onnx'"),
        ("m.onnx", {"input_signature": [(None, 4)]}, r"of shape \(None, 3\)\. Received: shape \(1, 4\)"),
        ("m.onnx", {"input_signature": [(None, None)]}, "all lengths but that of the batch"),
        ("m.onnx", {"input_signature": 3}, "input_signature as shapes"),
        ("m.onnx", {"opset": 20}, "no further arguments.*opset=20; known names: 'filepath', 'format'"),
        ("m.onnx", {"input_signatur": 1}, "did you mean 'input_signature'"),
    ],
)
def test_wrong_arguments(name, arguments, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        small().export(tmp_path / name, **arguments)
    assert not list(tmp_path.iterdir())


def test_wrong_models(tmp_path):
    with pytest.raises(ValueError, match="not built yet"):
        fastnn.Sequential([layers.Dense(2)]).export(tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="lengths"):
        fastnn.Sequential([layers.Input((None, 3)), layers.LSTM(2)]).export(
            tmp_path / "m.onnx", input_signature=[(None, None, 3)]
        )

    class Deciding(fastnn.Model):
        def call(self, x):
            return x if fastnn.ops.sum(x) > 0 else -x

    model = Deciding()
    with pytest.warns(UserWarning, match="decides on values"):
        model.predict(np.ones((2, 3)), verbose=0)
    with pytest.raises(ValueError, match="input_signature"):
        model.export(tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="the same for all inputs"):
        model.export(tmp_path / "m.onnx", input_signature=[(None, 3)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + fastnn.ops.shape(x)[0],
        lambda x: x * np.arange(x.shape[0])[:, None],
        lambda x: fastnn.ops.concatenate([x] * x.shape[0]),
        lambda x: fastnn.ops.pad(x, [[1, 1], [0, 0]], "symmetric"),
    ],
)
def test_what_follows_the_batch_in_other_ways_is_refused(function, tmp_path):
    model = fastnn.Sequential([layers.Input((3,)), layers.Lambda(function, name="own", output_shape=(3,))])
    with pytest.raises(GraphError, match="expected") as caught:
        model.export(tmp_path / "m.onnx")
    assert "own" in str(caught.value) or "same steps for every batch" in str(caught.value)


def test_lengths_and_calls_by_signature(tmp_path):
    class Own(fastnn.Model):
        def __init__(self):
            super().__init__()
            self.out = layers.Dense(2)

        def call(self, x):
            return {"y": self.out(x), "mean": fastnn.ops.mean(x, axis=-1)}

    model = Own()
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    expected = model.predict(x, verbose=0)
    _, run = exported(model, tmp_path / "m.onnx", input_signature=[(None, 4)])
    for found, wanted in zip(run.run(None, {run.get_inputs()[0].name: x}), expected.values(), strict=True):
        close(found, wanted, "own")
    model = fastnn.Sequential([layers.Input((None, 3)), layers.LSTM(2)])
    _, run = exported(model, tmp_path / "m.onnx", input_signature=[(None, 5, 3)])
    assert_same(model, run, [np.ones((3, 5, 3), "float32")], "lengths")


def texts(name):
    """A network on sentences of any length."""
    words = layers.Input((None,), dtype="int32", name="some words")
    vectors = layers.Embedding(9, 4, mask_zero=name == "masked")(words)
    if name == "attention":
        vectors = layers.MultiHeadAttention(2, 3)(vectors, vectors)
        hidden = layers.GlobalAveragePooling1D()(layers.TimeDistributed(layers.Dense(3, "relu"))(vectors))
    elif name == "convolution":
        vectors = layers.Conv1D(5, 3, padding="same", activation="relu")(vectors)
        hidden = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 2, padding="causal")(vectors))
    else:
        vectors = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(vectors)
        hidden = layers.GRU(4)(layers.LayerNormalization()(vectors))
    return fastnn.Model(words, layers.Dense(2, activation="softmax")(hidden))


@pytest.mark.parametrize("name", ["plain", "masked", "attention", "convolution"])
def test_texts_of_any_length(name, tmp_path):
    model = texts(name)
    content, run = exported(model, tmp_path / "m.onnx")
    shape = content.graph.input[0].type.tensor_type.shape
    assert [d.dim_param for d in shape.dim] == ["batch", "some_words_1"]
    model.export(tmp_path / "m.py")
    predict = runpy.run_path(str(tmp_path / "m.py"))["predict"]
    for count, length in ((1, 4), (3, 9), (2, 5)):
        x = np.random.default_rng(length).integers(0, 9, (count, length)).astype("int32")
        assert_same(model, run, [x], f"{count} sentences of {length} words")
        close(np.asarray(predict(x)), model.predict(x, verbose=0), "script", 1e-5)


def test_pictures_of_any_size(tmp_path):
    model = fastnn.Sequential(
        [
            layers.Input((None, None, 3)),
            layers.Conv2D(4, 3, padding="same"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2),
        ]
    )
    _, run = exported(model, tmp_path / "m.onnx")
    assert_same(model, run, [np.random.default_rng(0).normal(size=(2, 8, 5, 3)).astype("float32")], "pictures")


def halved(kind):
    """Layers whose results have other lengths than an even share of their inputs'."""
    pad = "valid" if kind == "valid" else "same"
    if kind == "sequences":
        found = [layers.Input((None, 3)), layers.Conv1D(4, 3, strides=2, padding="causal"), layers.MaxPooling1D(2)]
        return [*found, layers.Conv1D(3, 2, strides=3, padding="same"), layers.LSTM(2, return_sequences=True)]
    found = [layers.Input((None, None, 3)), layers.Conv2D(4, 3, strides=2, padding=pad)]
    if kind == "back":
        back = [layers.Conv2DTranspose(3, 3, strides=2, padding="same"), layers.UpSampling2D(2)]
        return [*found, *back, layers.Conv2DTranspose(2, 2, strides=3)]
    if kind == "far":
        return [found[0], layers.Conv2D(4, 64, 64, "same"), layers.Conv2D(4, 1, 3, "same"), layers.Reshape((-1, 4))]
    pools = [layers.MaxPooling2D(3, 2, padding=pad), layers.AveragePooling2D(2, padding=pad)]
    return [*found, *pools, layers.DepthwiseConv2D(2, strides=1, padding=pad), layers.Reshape((-1, 2))]


@pytest.mark.parametrize("kind", ["same", "valid", "sequences", "back", "far"])
def test_pictures_and_sequences_of_any_size_with_strides(kind, tmp_path):
    model = fastnn.Sequential(halved(kind))
    _, run = exported(model, tmp_path / "m.onnx")
    model.export(tmp_path / "m.py")
    predict = runpy.run_path(str(tmp_path / "m.py"))["predict"]
    for size in ((2, 65, 32), (1, 30, 37), (1, 131, 28)):
        shape = (*size[: len(model.inputs[0].shape) - 1], 3)
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        assert_same(model, run, [x], f"{kind} {shape}")
        close(np.asarray(predict(x)), model.predict(x, verbose=0), "script", 1e-5)


def test_two_scales_of_pictures_of_any_size(tmp_path):
    pictures = layers.Input((None, None, 3))
    fine = layers.Conv2D(4, 3, padding="same", activation="relu")(pictures)
    rough = layers.Conv2D(4, 3, padding="same")(layers.MaxPooling2D(2)(fine))
    back = [layers.UpSampling2D(2)(rough), layers.Conv2DTranspose(2, 2, 2)(rough)]
    model = fastnn.Model(pictures, layers.Conv2D(1, 1)(layers.Concatenate()([fine, *back])))
    _, run = exported(model, tmp_path / "m.onnx")
    for height, width in ((6, 10), (14, 8)):
        x = np.random.default_rng(0).normal(size=(2, height, width, 3)).astype("float32")
        assert_same(model, run, [x], f"{height} {width}")
    pictures = layers.Input((None, 4, 3))
    wrong = fastnn.Model(pictures, layers.Add()([layers.Cropping2D(((1, 0), (0, 0)), name="cut")(pictures), pictures]))
    with pytest.raises(ShapeError, match=r"add.*149"):
        wrong.export(tmp_path / "m.onnx")


def test_a_published_network_of_any_picture_size(tmp_path):
    fastnn.utils.set_random_seed(1)
    model = fastnn.applications.MobileNet((None, None, 3), 0.25, include_top=False, weights=None)
    model.set_weights([w * 5 if w.ndim == 4 else w for w in model.get_weights()])  # numbers that do not vanish
    _, run = exported(model, tmp_path / "m.onnx")
    for height, width in ((65, 96), (50, 75)):
        x = np.random.default_rng(0).normal(size=(1, height, width, 3)).astype("float32")
        assert np.abs(model.predict(x, verbose=0)).max() > 0.01
        assert_same(model, run, [x], f"{height} {width}")


def test_lengths_that_are_read_as_numbers_are_fixed_by_a_signature(tmp_path):
    def longer(x):
        return fastnn.ops.pad(x, [[0, 0], [0, x.shape[1] // 2], [0, 0]])

    model = fastnn.Sequential([layers.Input((None, 3)), layers.Lambda(longer, name="longer")])
    with pytest.raises(GraphError, match=r"'longer'.*input_signature=\[\(None, 32, 32, 3\)\]"):
        model.export(tmp_path / "m.onnx")
    _, run = exported(model, tmp_path / "m.onnx", input_signature=[(None, 7, 3)])
    assert_same(model, run, [np.ones((2, 7, 3), "float32")], "fixed")


def test_windows_far_apart_in_pictures_of_any_size_are_refused(tmp_path):
    for width, kernel, strides in ((None, 2, 5), (8, (3, 1), (2, 4))):
        far = layers.Conv2D(4, kernel, strides, "same", name="far")
        model = fastnn.Sequential([layers.Input((None, width, 3)), far])
        with pytest.raises(GraphError, match=r"'far'.*strides of at most the window, .*input_signature"):
            model.export(tmp_path / "m.onnx")
    model.export(tmp_path / "m.onnx", input_signature=[(None, 7, 8, 3)])


def test_files_stay_whole(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="nowhere"):
        small().export(tmp_path / "nowhere" / "m.onnx")
    small().export(tmp_path / "m.onnx")
    old = (tmp_path / "m.onnx").read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        small().export(tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").read_bytes() == old
    monkeypatch.setattr("fastnn.exchange.onnx_file.LARGEST", 10)
    with pytest.raises(ValueError, match="at most 2 GB of weights"):
        small().export(tmp_path / "m.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_without_onnx_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'Model\.export needs onnx: pip install "fastnn\[onnx\]"'):
        small().export(tmp_path / "m.onnx")


# ---------------------------------------------------------------- presets


def preset_is_same(name, path, rows):
    """A preset that has learnt for three batches, and its file."""
    preset = presets.get(name)
    model, (x, y) = preset.build(), [map_structure(np.asarray, rows_of(nest)) for nest in preset.data()]
    model.fit(*(map_structure(lambda a: a[: 3 * rows], nest) for nest in (x, y)), batch_size=rows, verbose=0)
    _, run = exported(model, path)
    for count in (1, 3):
        named = [x[i.name] for i in run.get_inputs()] if isinstance(x, dict) else x
        types = [STORED[i.type] for i in run.get_inputs()]
        given = [a.astype(t) for a, t in zip(first_rows(named, count), types, strict=True)]
        assert_same(model, run, given, f"{name}, {count} rows")


def rows_of(nest):
    """Data as arrays; lists of numbers are one array."""
    return nest if isinstance(nest, dict) or any(isinstance(a, np.ndarray) for a in nest) else np.asarray(nest)


@pytest.mark.parametrize("name", ["worked-example", "xor"])
def test_presets(name, tmp_path):
    preset_is_same(name, tmp_path / "m.onnx", 4)


@pytest.mark.full
@pytest.mark.parametrize("name", presets.names())
def test_all_presets(name, tmp_path):
    preset_is_same(name, tmp_path / "m.onnx", 16)
