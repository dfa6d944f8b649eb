"""Operations in saved functional models: written as real Keras writes them, and read from its files and from ours."""

import json
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn.models import load_model
from fastnn.models.nodes import MODULE_OF, class_name, found
from fastnn.ops.table import COMPOSED, OPS
from tests.golden import nodes

GOLDEN = Path(__file__).parent / "golden"
WRITTEN_BY_KERAS = json.loads((GOLDEN / "nodes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", nodes.KINDS)
def test_written_as_keras_writes_it(name):
    config = json.loads(json.dumps(nodes.model(fastnn, name).get_config()))
    assert nodes.entries(config) == WRITTEN_BY_KERAS[name]


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_files_of_keras_are_read(ending):
    expected = dict(np.load(GOLDEN / "nodes" / "all.npz"))
    outputs = load_model(GOLDEN / "nodes" / f"all.{ending}")(nodes.ROWS)
    for output, (name, values) in zip(outputs, expected.items(), strict=True):
        np.testing.assert_allclose(output, values, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_saved_and_read_again(ending, tmp_path):
    x = fastnn.Input(nodes.SHAPE)
    model = fastnn.Model(x, [make(fastnn, x) for make in nodes.MODELS.values()])
    model.save(tmp_path / f"model.{ending}")
    copy = load_model(tmp_path / f"model.{ending}")
    assert nodes.entries(copy.get_config()) == nodes.entries(model.get_config())
    for ours, again in zip(model(nodes.ROWS), copy(nodes.ROWS), strict=True):
        np.testing.assert_array_equal(ours, again)


def test_what_keras_lacks_keeps_its_own_form():
    """Keras' class of an index takes no arrays; it would read a list of them as a tuple."""
    x = fastnn.Input(nodes.SHAPE)
    model = fastnn.Model(x, [x[:, [0, 2]], fastnn.activations.mish(x)])
    forms = {(e["module"], e["class_name"]) for e in model.get_config()["layers"]}
    assert forms == {("keras.layers", "InputLayer"), ("fastnn.ops", "get_item"), ("fastnn.ops", "mish")}
    copy = fastnn.Model.from_config(json.loads(json.dumps(model.get_config())))
    for ours, again in zip(model(nodes.ROWS), copy(nodes.ROWS), strict=True):
        np.testing.assert_array_equal(ours, again)


@pytest.mark.parametrize("dtype", ["int16", "int64", "uint8", "bool", "float16", "float64"])
def test_constants_of_all_types(dtype):
    x = fastnn.Input((3,))
    model = fastnn.Model(x, x * np.array([0, 1, 2]).astype(dtype) + np.float64(2))
    copy = fastnn.Model.from_config(json.loads(json.dumps(model.get_config())))
    rows = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(copy(rows), model(rows))


def config_of(entry, *args):
    """A model whose only operation is the entry's."""
    x = {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}
    first = {"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_shape": [None, 4], "name": "x"}}
    calls = [{"args": [x, *args], "kwargs": {}}]
    return {
        "layers": [{**first, "name": "x", "inbound_nodes": []}, {**entry, "name": "y", "inbound_nodes": calls}],
        "input_layers": ["x", 0, 0],
        "output_layers": ["y", 0, 0],
    }


def test_the_form_of_earlier_files_is_read():
    entry = {"module": "fastnn.ops", "class_name": "subtract", "config": {"name": "y"}}
    assert np.all(fastnn.Model.from_config(config_of(entry, 2.0))(np.ones((1, 4))).numpy() == -1)
    entry = {"module": "fastnn.ops", "class_name": "get_item", "config": {"name": "y"}}
    key = {"class_name": "__tuple__", "items": [{"class_name": "__slice__", "config": [None, None, 2]}, 1]}
    assert fastnn.Model.from_config(config_of(entry, key))(np.ones((3, 4))).shape == (2,)


@pytest.mark.parametrize("module", ["keras.src.ops.numpy", "fastnn.ops", "fastnn.ops.missing"])
@pytest.mark.parametrize("name", ["Eval", "eval", "sys", "absent", "__getattr__", "nn", "OPS", "np"])
def test_a_file_names_operations_and_nothing_else(module, name):
    with pytest.raises(ValueError, match="known operation"):
        fastnn.Model.from_config(config_of({"module": module, "class_name": name, "config": {}}))


def test_settings_and_arguments_that_an_operation_lacks():
    entry = {"module": "keras.src.ops.numpy", "class_name": "Mean", "config": {"axis": 1, "depth": 3}}
    with pytest.raises(ValueError, match=r"'mean': expected settings .* Received: \['depth'\]"):
        fastnn.Model.from_config(config_of(entry))
    with pytest.raises(ValueError, match=r"'mean': expected arguments \['x'\]. Received: 2"):
        fastnn.Model.from_config(config_of({**entry, "config": {"axis": 1}}, 3))


def test_every_operation_of_keras_has_its_class():
    lines = (GOLDEN / "ops_names.txt").read_text(encoding="utf-8").splitlines()[1:]
    in_keras = {line.split("(")[0].removeprefix("image.").removeprefix("linalg.") for line in lines}
    assert {*OPS, *COMPOSED} & in_keras == set(MODULE_OF) - {"rectify"}
    assert all(found(class_name(name))[0] == name for name in MODULE_OF)


@pytest.mark.parametrize(
    ("name", "config", "args"),
    [
        ("Mean", [1], []),
        ("Mean", {"x": 3}, []),
        ("Mean", {"axis": {"a": 1}}, []),
        ("GetItem", {}, [[{"class_name": "__slice__", "config": {"start": "a"}}]]),
        ("Add", {}, [{"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "object"}}]),
        ("Add", {}, [{"class_name": "__tuple__"}]),
        ("Map", {}, ["eval"]),
        ("Vectorize", {}, []),
        ("Repeat", {"repeats": 10**12}, []),
    ],
)
def test_arguments_made_to_harm(name, config, args):
    entry = {"module": "keras.src.ops.numpy", "class_name": name, "config": config}
    config = {"name": "m", **config_of(entry, *args)}
    text = json.dumps({"module": "keras", "class_name": "Functional", "config": config})
    with pytest.raises(ValueError, match=r"[Ee]xpected .*[Rr]eceived"):
        fastnn.models.model_from_json(text)


def test_more_differences_than_numbers_end():
    entry = {"module": "keras.src.ops.numpy", "class_name": "Diff", "config": {"n": 10**12}}
    assert fastnn.Model.from_config(config_of(entry)).output_shape == (None, 0)
