"""Files that real Keras has written are read: the same predictions, and training that goes on in the same way."""

import json
import re
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import fastnn
from fastnn.models import load_model
from fastnn.utils.naming import snake_case
from tests.golden import files

HERE = Path(__file__).parent / "golden" / "files"
FILES = [p.name for p in sorted(HERE.iterdir()) if not p.name.endswith((".npz", ".weights.h5"))]


def golden(name):
    """What Keras predicted, and its weights after one more epoch."""
    model = name.split(".")[0]
    return dict(np.load(HERE / (f"{model}.keras2.npz" if "keras2" in name else f"{model}.npz")))


def compare(found, expected, rtol=2e-4):
    assert set(found) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=rtol, atol=2e-5, err_msg=key)


@pytest.mark.parametrize("name", FILES)
def test_models_predict_and_go_on_training_as_in_keras(name):
    _, x, y = files.MODELS[name.split(".")[0]](fastnn)
    older = "keras2" in name  # on TensorFlow, Keras 2 kept the unbiased variance of images
    compare(files.outcome(load_model(HERE / name), x, y), golden(name), 1e-3 if older else 2e-4)


@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras", ".keras2.h5"])
@pytest.mark.parametrize("name", files.MODELS)
def test_weights_alone(name, ending):
    model, x, _ = files.MODELS[name](fastnn)
    model.load_weights(HERE / f"{name}{ending}")
    outputs = model.predict(x, verbose=0)
    for i, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
        np.testing.assert_allclose(output, golden(name + ending)[f"output/{i}"], rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", files.MODELS)
def test_saved_here_and_read_again_training_goes_on_with_the_same_bits(name, ending, tmp_path):
    model, x, y = files.MODELS[name](fastnn)
    files.settle(model)
    model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / f"model{ending}")
    copy = load_model(tmp_path / f"model{ending}")
    for a, b in zip(*(files.outcome(m, x, y).values() for m in (model, copy)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", files.MODELS)
def test_what_is_written_has_the_layout_of_keras(name, tmp_path):
    """Groups, names and shapes are those of Keras' own file, so that Keras reads it."""
    model = load_model(HERE / f"{name}.h5")
    model.save(tmp_path / "model.h5")
    model.save(tmp_path / "model.keras")

    def layout(path):
        found = {}
        with h5py.File(path) as file:
            file.visititems(lambda key, item: found.update({key: getattr(item, "shape", None)}))
        return found

    ours, theirs = layout(tmp_path / "model.h5"), layout(HERE / f"{name}.h5")
    bare = {re.sub(r"optimizer_weights.*", "", k) for k in theirs if "seed" not in k}
    assert {re.sub(r"_\d+", "", k.split("/")[1]) for k in bare if k.count("/") == 1} == {
        re.sub(r"_\d+", "", k.split("/")[1]) for k in ours if k.count("/") == 1 and k.startswith("model_weights")
    }
    with zipfile.ZipFile(tmp_path / "model.keras") as a, zipfile.ZipFile(HERE / f"{name}.keras") as b:
        configs = [json.loads(z.read("config.json")) for z in (a, b)]
        ours, theirs = ([snake_case(e["class_name"]) for e in c["config"]["layers"]] for c in configs)
        assert ours == theirs


def test_weights_by_name_and_of_other_shapes():
    model, _, _ = files.branches(fastnn)
    other = fastnn.Sequential(
        [fastnn.Input((4,)), fastnn.layers.Dense(5, name="shared"), fastnn.layers.Dense(9, name="value")]
    )
    before = other.get_layer("value").get_weights()
    with pytest.raises(ValueError, match="layers with weights"):
        other.load_weights(HERE / "branches.h5")
    with pytest.raises(ValueError, match="shape"):
        other.load_weights(HERE / "branches.h5", by_name=True)
    with pytest.warns(UserWarning, match="Passed over: Expected 'value/"):
        other.load_weights(HERE / "branches.h5", by_name=True, skip_mismatch=True)
    model.load_weights(HERE / "branches.h5")
    ours, theirs = (m.get_layer("shared").get_weights()[0] for m in (other, model))
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(other.get_layer("value").get_weights()[0], before[0])


def test_a_file_of_weights_alone_is_no_model():
    with pytest.raises(ValueError, match="weights alone"):
        load_model(HERE / "images.weights.h5")
