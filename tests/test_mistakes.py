"""What somebody who knows Keras gets wrong in the first hours, and what is said then."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers


@pytest.mark.parametrize("shape", ["3", "abc", (3, "4"), (3.0,), (-1,), [[3]], {}, (True,)])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("shape", lambda shape: layers.Input(shape)),
        ("batch_shape", lambda shape: layers.Input(batch_shape=shape)),
        ("input_shape", lambda shape: layers.Dense(2, input_shape=shape)),
        ("batch_input_shape", lambda shape: layers.Dense(2, batch_input_shape=shape)),
    ],
)
def test_what_is_no_shape_is_refused_where_it_is_given(name, make, shape):
    with pytest.raises(ValueError, match=re.escape(f"Received: {name}={shape!r}")):
        make(shape)


@pytest.mark.parametrize("rows", [-4, 0, 2.5, "many"])
def test_a_batch_has_at_least_one_row(rows):
    with pytest.raises(ValueError, match=re.escape(f"batch_size={rows!r}")):
        layers.Input((3,), batch_size=rows)


@pytest.mark.parametrize("shape", [(None, 4), [2, 4], np.array([2, 4]), (np.int32(2), 4), (0, 4), range(4), ()])
def test_shapes_of_every_kind_are_shapes(shape):
    assert layers.Input(shape, batch_size=3).shape == (3, *shape)
    assert layers.Input(batch_shape=shape).shape == tuple(shape)
    assert layers.Dense(2, input_shape=shape).batch_input_shape == (None, *shape)


# ---------------------------------------------------------------- imports


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("from fastnn.layers import Conv3D", "fastnn.layers has no 'Conv3D': volumes"),
        ("from fastnn.layers import Dense, Densee", "did you mean 'Dense'?"),
        ("from fastnn.applications import EfficientNetB0", "there are VGG16, VGG19, ResNet50"),
        ("from fastnn.datasets import minst", "there are .*, mnist, "),
        ("from fastnn import dtype_policies", "float32 or float64"),
        ("import fastnn.optimizer", "did you mean .*'optimizers'"),
        ("from fastnn.compat.wrappers import SKLearnClassifier", "Classifier or Regressor of fastnn.sklearn"),
    ],
)
def test_an_import_of_what_is_absent_says_what_there_is(line, words):
    with pytest.raises(ImportError, match=words):
        exec(line)


@pytest.mark.parametrize("line", ["import fastnn.layers.basic.no_such", "import no_such_package", "import fastnn._no"])
def test_other_imports_fail_as_ever(line):
    with pytest.raises(ModuleNotFoundError, match="No module named"):
        exec(line)


def test_modules_of_preprocessing_are_attributes_too(monkeypatch):
    monkeypatch.delitem(vars(fastnn.utils), "np_utils", raising=False)  # as if nobody had asked for it yet
    monkeypatch.delitem(sys.modules, "fastnn.utils.np_utils", raising=False)
    assert fastnn.preprocessing.sequence.pad_sequences([[1], [2, 3]]).tolist() == [[0, 1], [2, 3]]
    assert fastnn.preprocessing.image_dataset_from_directory is fastnn.utils.image_dataset_from_directory
    with pytest.warns(DeprecationWarning, match="np_utils"):
        assert fastnn.utils.np_utils.to_categorical([1]).tolist() == [[0, 1]]


# ---------------------------------------------------------------- arguments and files


def small():
    model = fastnn.Sequential([layers.Input((2,)), layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_model_that_could_not_be_compiled_anew_is_as_it_was():
    model = small()
    optimizer = model.optimizer
    with pytest.raises(ValueError, match="accuraccy"):
        model.compile("adam", "mse", metrics=["accuraccy"])
    assert model.optimizer is optimizer
    assert list(model.fit(np.eye(2), [0, 1], verbose=0).history) == ["accuracy", "loss"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.fit(np.eye(2), [0, 1], epoch=3), "Sequential.fit() got .* 'epoch'; did you mean 'epochs'?"),
        (lambda m: m.compile(los="mse"), "Sequential.compile() got .* 'los'; did you mean 'loss'?"),
        (lambda m: m.evaluate(np.eye(2), [0, 1], batchsize=1), "'batchsize'; did you mean 'batch_size'?"),
        (lambda m: m.predict(np.eye(2), verbos=0), "'verbos'; did you mean 'verbose'?"),
    ],
)
def test_the_argument_that_was_meant_is_suggested(call, words):
    with pytest.raises(TypeError, match=words.replace("(", r"\(").replace(")", r"\)").replace("?", r"\?")):
        call(small())


def test_no_name_is_suggested_twice():
    with pytest.raises(ValueError, match="accuraccy") as caught:
        fastnn.metrics.get("accuraccy")
    assert str(caught.value).count("'accuracy'") == 1


def test_all_presets_are_told_where_no_name_is_near():
    with pytest.raises(ValueError, match=r"Received: '#'; known names: .*'xor'"):
        fastnn.presets.get("#")
    with pytest.raises(ValueError, match=r"did you mean 'lenet5'\?"):
        fastnn.presets.get("lenet")


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.array([["a", "b"]]), "Received: text, <U1"),
        (np.array([[None, 1.0]]), "Received: list of NoneType"),
        ([[None, 1.0]], "Received: list of NoneType"),
    ],
)
def test_what_is_no_number_is_named(x, words):
    with pytest.raises(TypeError, match=words):
        small().predict(x, verbose=0)


@pytest.mark.parametrize("size", ["32", 32, (32,), (0, 32), (32, None), (3.5, 4)])
def test_images_are_of_two_lengths(tmp_path, size):
    fastnn.utils.save_img(tmp_path / "a.png", np.zeros((4, 5, 3)))
    with pytest.raises(ValueError, match=re.escape(f"target_size={size!r}")):
        fastnn.utils.load_img(tmp_path / "a.png", target_size=size)


def test_all_data_sets_are_listed():
    assert {"cifar10", "clothes", "reviews"} <= set(dir(fastnn.datasets))


def test_where_a_file_goes_that_cannot_be_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr("fastnn.config.home", lambda: tmp_path)
    monkeypatch.setattr("fastnn.datasets.download.transfer", lambda *_: (_ for _ in ()).throw(OSError("no network")))
    monkeypatch.delenv("FASTNN_DATA", raising=False)
    with pytest.raises(fastnn.datasets.DatasetError, match=f"in {tmp_path}.*no network.* put the file there yourself"):
        fastnn.datasets.mnist.load_data()


def test_settings_that_there_are_not_say_why():
    assert fastnn.config.backend() == fastnn.backend.backend() == "fastnn"
    with pytest.raises(AttributeError, match="safe_mode=False"):
        fastnn.config.enable_unsafe_deserialization()
    with pytest.raises(AttributeError, match="did you mean 'set_floatx'"):
        fastnn.config.set_float  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'set_backend'"):
        from fastnn.config import set_backend  # noqa: F401


def test_type_checkers_know_every_public_name():
    stub = Path(fastnn.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert set(re.findall(r" as (\w+)$", stub, re.MULTILINE)) == set(fastnn.__all__)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 3, 3), ()])
def test_a_call_with_another_shape_is_refused(shape):
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(2)], name="small")
    with pytest.raises(ValueError, match=r"'small' of shape \(None, 3\)\. Received: shape " + re.escape(str(shape))):
        model(np.ones(shape, "float32"))


def test_an_axis_of_length_one_may_be_left_out_of_a_call():
    start = fastnn.Input((4, 4, 1))
    model = fastnn.Model(start, layers.Flatten()(start))
    assert model(np.ones((2, 4, 4), "float32")).shape == (2, 16)
