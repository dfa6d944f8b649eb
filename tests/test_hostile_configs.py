"""Configurations with values that nobody expects: a clear error that names the file, and an end."""

import json
import traceback
import tracemalloc
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, applications, layers
from fastnn.engine import memory
from fastnn.models import load_model, model_from_json
from fastnn.models.network import Reader
from fastnn.utils import limits, set_random_seed
from fastnn.utils.naming import Unique
from tests.hostile import WEIGHTS, changed_weights, harmless, keras_file, members_of, refused, saved_bytes, write


def set_dense(key, value):
    """A change of the first dense layer's configuration."""
    return lambda config, entries: entries["one"]["config"].__setitem__(key, value)


def set_optimizer(key, value):
    return lambda config, entries: config["compile_config"]["optimizer"]["config"].__setitem__(key, value)


CHANGES = {
    "units NaN": set_dense("units", float("nan")),
    "units infinite": set_dense("units", float("inf")),
    "units negative": set_dense("units", -1),
    "units with code": set_dense("units", "4; import os"),
    "units a list": set_dense("units", [4]),
    "units a table": set_dense("units", {"class_name": "int", "config": 4}),
    "an input of a gigabyte": lambda c, e: c["config"]["layers"][0]["config"].update(batch_shape=[None, 10**10]),
    "an input of many axes": lambda c, e: c["config"]["layers"][0]["config"].update(batch_shape=[2] * 10**5),
    "an input of letters": lambda c, e: c["config"]["layers"][0]["config"].update(batch_shape="abc"),
    "an input of less than nothing": lambda c, e: c["config"]["layers"][0]["config"].update(batch_shape=[None, -3]),
    "layers no list": lambda c, e: c["config"].update(layers=5),
    "layers no tables": lambda c, e: c["config"].update(layers=["one", "two"]),
    "a model within itself": lambda c, e: c["config"]["layers"].append(json.loads(json.dumps(c))),
    "no class name": lambda c, e: e["one"].pop("class_name"),
    "a class name that is none": lambda c, e: e["one"].update(class_name=["Dense"]),
    "a name that is a path": set_dense("name", "a/../../b"),
    "a name of a folder": set_dense("name", ".."),
    "a name of NUL": set_dense("name", "a\0b"),
    "a name of half a letter": set_dense("name", "\ud800"),
    "a name that steers terminals": set_dense("name", "\x1b]0;evil\x07"),
    "a name that ends a line": set_dense("name", "a\u2028b"),
    "a name that turns the direction of writing": set_dense("name", "a\u202eb"),
    "a name that XML cannot hold": set_dense("name", "a\uffff"),
    "a model's name that steers terminals": lambda c, e: c["config"].update(name="\x1b[2J"),
    "an input's name that steers terminals": lambda c, e: c["config"]["layers"][0]["config"].update(name="\x9b2J"),
    "an optimizer's name that steers terminals": set_optimizer("name", "\x1b[2J"),
    "a metric's name that steers terminals": lambda c, e: c["compile_config"].update(
        metrics=[{"module": "keras.metrics", "class_name": "Accuracy", "config": {"name": "\x1b[2J"}}]
    ),
    "an activation of NUL": set_dense("activation", "re\0lu"),
    "objects": set_dense("dtype", "object"),
    "an argument that is none": set_dense("__class__", "os"),
    "an initializer of text": set_dense("kernel_initializer", {"class_name": "Constant", "config": {"value": "x"}}),
    "a build shape of letters": lambda c, e: e["one"].update(build_config={"input_shape": "abc"}),
    "a build shape of floats": lambda c, e: e["one"].update(build_config={"input_shape": [None, 3.5]}),
    "a build shape negative": lambda c, e: e["one"].update(build_config={"input_shape": [None, -3]}),
    "compile settings no table": lambda c, e: c.update(compile_config=[1]),
    "a learning rate of letters": set_optimizer("learning_rate", "x"),
    "a loss of nothing": lambda c, e: c["compile_config"].update(loss={"a": {"b": 3}}),
    "a loss a number": lambda c, e: c["compile_config"].update(loss=3),
    "a vocabulary of a gigabyte": lambda c, e: e["one"].update(
        class_name="StringLookup", build_config=None, config={"vocabulary": ["a"], "num_oov_indices": 10**9}
    ),
    "a metric of a gigabyte": lambda c, e: c["compile_config"].update(
        metrics=[{"module": "keras.metrics", "class_name": "AUC", "config": {"num_thresholds": 10**10}}]
    ),
    "a metric of many gigabytes": lambda c, e: c["compile_config"].update(
        metrics=[{"module": "keras.metrics", "class_name": "MeanIoU", "config": {"num_classes": 10**7}}]
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_values_made_to_harm(what, tmp_path):
    path = keras_file(tmp_path / "model.keras", CHANGES[what])
    with refused(path):
        load_model(path)


@pytest.mark.parametrize("change", [set_optimizer("\x1b[2J", 1), lambda c, e: e["one"].update(class_name="\x1b[2J")])
def test_errors_steer_no_terminal(change, tmp_path):
    path = keras_file(tmp_path / "model.keras", change)
    with pytest.raises(ValueError, match="Expected") as caught:
        load_model(path)
    assert "\x1b" not in "".join(traceback.format_exception(caught.value))
    assert "\\x1b[2J" in str(caught.value)


@pytest.mark.parametrize("depth", [900, 100_000])
@pytest.mark.parametrize("inside", ['{{"class_name": "Sequential", "config": {}}}', "[{}]", '{{"config": {}}}'])
def test_nesting_without_end(depth, inside, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(saved_bytes(".keras"))
    before, after = inside.format("|").split("|")
    text = before * depth + "{}" + after * depth
    write(path, {**members_of(path), "config.json": text})
    with refused(path):
        load_model(path)
    with harmless(tmp_path), pytest.raises(ValueError, match=r"configuration|class_name"):
        model_from_json(text)


def test_nesting_inside_of_a_good_configuration(tmp_path):
    nest = 0
    for _ in range(700):
        nest = [nest]
    for place in ("units", "kernel_initializer", "activation", "kernel_regularizer"):
        path = keras_file(tmp_path / "model.keras", set_dense(place, nest))
        with refused(path):
            load_model(path)


@pytest.mark.parametrize("text", [b"\xff\xfe{", b"1" * 5000, b"", b"\0", b"{}", b"null", b'"\\ud800"', b"NaN"])
def test_text_that_is_no_configuration(text, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(saved_bytes(".keras"))
    write(path, {**members_of(path), "config.json": text})
    with refused(path):
        load_model(path)


WRONG = {
    "of another type": lambda g: g.create_dataset("0", data=np.ones((3, 4), "c8")),
    "of another shape": lambda g: g.create_dataset("0", data=np.ones((4, 3), "f4")),
    "of text": lambda g: g.create_dataset("0", data=np.array([b"a", b"b"])),
    "of a record": lambda g: g.create_dataset("0", (3, 4), [("a", "f4")]),
    "missing": lambda g: None,
    "a group": lambda g: g.create_group("0"),
    "a type": lambda g: g.__setitem__("0", np.dtype("f4")),
    "a reference": lambda g: g.create_dataset("0", data=np.full((3, 4), g.ref, h5py.ref_dtype), dtype=h5py.ref_dtype),
    "itself": lambda g: g.__setitem__("0", g),
}


@pytest.mark.parametrize("what", WRONG)
def test_weights_made_to_harm_change_nothing(what, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(saved_bytes(".keras"))
    model = load_model(path)
    before = [w.copy() for w in model.get_weights()]
    changed_weights(path, lambda h5: (h5.__delitem__("layers/dense/vars/0"), WRONG[what](h5["layers/dense/vars"])))
    for read in (load_model, model.load_weights):
        with refused(path):
            read(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_files_without_parts(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(saved_bytes(".keras"))
    parts = members_of(path)
    for left_out in ("config.json", WEIGHTS):
        write(path, {name: part for name, part in parts.items() if name != left_out})
        with refused(path, left_out):
            load_model(path)


def test_a_model_is_not_changed_by_a_file_that_fits_only_at_first(tmp_path):
    """The last layer's weights are wrong; those of the first, which are right, are not taken either."""
    path = tmp_path / "model.keras"
    path.write_bytes(saved_bytes(".keras"))
    model = Sequential([Input((3,)), layers.Dense(4), layers.Dense(5)])
    before = [w.copy() for w in model.get_weights()]
    with refused(path, "shape"):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def chain(names):
    """A functional configuration of layers one behind the other, listed in any order."""
    entries = [{"module": "keras.layers", "class_name": "InputLayer", "config": {"name": "0", "batch_shape": [None, 2]},
                "name": "0", "inbound_nodes": []}]  # fmt: skip
    for name in names:
        tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": [str(name - 1), 0, 0]}}
        entries.append({"module": "keras.layers", "class_name": "Identity", "config": {"name": str(name)},
                        "name": str(name), "inbound_nodes": [{"args": [tensor], "kwargs": {}}]})  # fmt: skip
    ends = {"input_layers": [["0", 0, 0]], "output_layers": [[str(max(names)), 0, 0]]}
    return json.dumps({"module": "keras", "class_name": "Functional", "config": {"layers": entries, **ends}})


def test_the_order_of_layers_costs_nothing():
    """Every call was tried again in every round: a file of layers in the wrong order took hours."""
    count = 300
    forward, backward = range(1, count + 1), range(count, 0, -1)
    calls = []
    for names in (forward, backward):
        with pytest.MonkeyPatch.context() as patch:
            tried = []
            patch.setattr(Reader, "lacking", lambda *a, real=Reader.lacking, tried=tried: tried.append(1) or real(*a))
            assert len(model_from_json(chain(names)).layers) == count + 1
        calls.append(len(tried))
    assert calls[0] == count
    assert calls[1] < 2 * count + 1


def calling(layer, calls, outputs=None):
    """A functional configuration of one input and a layer or operation that is called on what came before it."""
    name = layer["config"]["name"]
    entry = {"module": "keras.layers", "class_name": "InputLayer", "config": {"name": "in", "batch_shape": [4, 4]}}

    def tensor(source):
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [source, 0, 0]}}

    nodes = [{"args": [tensor(name if k else "in")], "kwargs": {}} for k in range(calls)]
    entries = [{**entry, "name": "in", "inbound_nodes": []}, {**layer, "name": name, "inbound_nodes": nodes}]
    ends = {"input_layers": [["in", 0, 0]], "output_layers": outputs or [[name, 0, 0]]}
    return {"module": "keras", "class_name": "Functional", "config": {"name": f"of_{name}", "layers": entries, **ends}}


def test_models_in_models_each_called_twice(monkeypatch):
    """Two calls of two calls of two calls: every level of a file doubled what had to be done."""
    monkeypatch.setattr(limits, "MOST_CALLS", 500)
    for depth in (3, 60):
        config = {"module": "keras.layers", "class_name": "Identity", "config": {"name": "of"}}
        for _ in range(depth):
            config = calling(config, 2)
        if depth == 3:
            assert len(model_from_json(json.dumps(config)).layers) == 2
        else:
            with pytest.raises(ValueError, match=r"of_of.*at most 500 calls of layers and operations.*configuration"):
                model_from_json(json.dumps(config))


def test_the_limit_is_far_above_a_real_network_and_a_trusted_file_has_none(monkeypatch, tmp_path):
    model = applications.MobileNet(weights=None, include_top=False, input_shape=(32, 32, 3))
    outer = Sequential([Input((32, 32, 3)), model])
    monkeypatch.setattr(limits, "MOST_CALLS", limits.MOST_CALLS // 50)
    assert model_from_json(outer.to_json()).count_params() == model.count_params()
    path = tmp_path / "m.keras"
    path.write_bytes(saved_bytes(".keras"))
    monkeypatch.setattr(limits, "MOST_CALLS", 1)
    with refused(path, "safe_mode=False"):
        load_model(path)
    assert load_model(path, safe_mode=False).layers


def test_many_like_names_cost_little(monkeypatch):
    """Every name was compared with all before it, and that for every number: minutes for some thousand outputs."""
    count = 3000
    identity = {"module": "keras.layers", "class_name": "Identity", "config": {"name": "d"}}
    model = model_from_json(json.dumps(calling(identity, 1, [["d", 0, 0]] * count)))
    assert model.output_names == ["d", *(f"d_{k}" for k in range(1, count))]
    looks = []

    class Counted(str):
        __slots__ = ()

        def __eq__(self, other):
            looks.append(1)
            return str(self) == str(other)

        __hash__ = str.__hash__

    free = Unique([Counted("d_7")])
    assert [free.name("d") for _ in range(count)][6:9] == ["d_6", "d_8", "d_9"]
    assert len(looks) < 10


@contextmanager
def measured():
    """Inside, memory is watched; gives what asks for the most so far in bytes."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


OPERATIONS = {
    "pieces": ("array_split", {"indices_or_sections": 10**9}, "indices_or_sections of at most 1,000,000"),
    "fewer pieces": ("array_split", {"indices_or_sections": 2000}, "'strided_slice'.*at most 500 calls"),
    "powers": ("vander", {"N": 10**9}, "N of at most 1,000,000"),
    "pixels": ("resize", {"size": [5, 10**9]}, "size of at most 1,000,000"),
    "segments": ("segment_max", {"num_segments": 10**9, "segment_ids": 3}, "num_segments of at most 1,000,000"),
    "windows": ("extract_sequences", {"sequence_length": 50_000, "sequence_stride": 1}, "at once while it is read"),
    "copies": ("repeat", {"repeats": [10**6, 10**9, 1, 1], "axis": 1}, "repeats of at most 1,000,000"),
    "counted segments": ("segment_max", {"segment_ids": 10**9}, "1,000,000,001"),
}


@pytest.mark.parametrize("what", OPERATIONS)
def test_settings_of_operations_are_not_carried_out(what, monkeypatch):
    """Some hundred bytes filled gigabytes, or took minutes, before the file had been read."""
    monkeypatch.setattr(limits, "MOST_CALLS", 500)
    name, settings, words = OPERATIONS[what]
    width = 100_000 if what == "windows" else 4
    config = calling({"module": "fastnn.ops", "class_name": name, "config": {"name": "o"}}, 1)
    config["config"]["layers"][0]["config"]["batch_shape"] = [4, width]
    config["config"]["layers"][1]["inbound_nodes"][0]["kwargs"] = settings
    with measured() as peak:
        with pytest.raises(ValueError, match=words) as caught:
            model_from_json(json.dumps(config))
        assert "configuration" in str(caught.value)
        assert peak() < 10**7


def test_keras_way_of_saying_such_settings():
    config = calling({"module": "keras.src.ops.numpy", "class_name": "Vander", "config": {"name": "o", "N": 10**9}}, 1)
    with pytest.raises(ValueError, match=r"Operation 'vander': expected N of at most 1,000,000 in a file"):
        model_from_json(json.dumps(config))
    config = calling({"module": "keras.src.ops.numpy", "class_name": "Clip", "config": {"name": "o", "x_min": 0}}, 1)
    config["config"]["layers"][1]["config"]["x_max"] = 10**9  # no count
    assert model_from_json(json.dumps(config)).output_shape == (4, 4)


@pytest.mark.parametrize("kind", ["DepthwiseConv1D", "SeparableConv1D", "Conv1D", "MaxPooling1D"])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_strides_that_lead_far_behind_the_image(kind, padding):
    """Rows were fetched ahead as far as the stride leads, and gradients looked at every step of it: without end."""
    sizes = {"pool_size": 2} if kind == "MaxPooling1D" else {"kernel_size": 2}
    sizes = {"filters": 2, **sizes} if kind in ("SeparableConv1D", "Conv1D") else sizes
    results = []
    for strides in (7, 3 * 10**10, 2**40):
        set_random_seed(1)
        layer = getattr(layers, kind)(**sizes, strides=strides, padding=padding)
        model = Sequential([Input((5, 4)), layer, layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        x = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
        model.fit(x, np.ones((3, 1)), verbose=0)
        results.append((model.predict(x, verbose=0), *model.get_weights()))
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("dilation", [10**7, 2**62])
@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D", "Conv2DTranspose"])
def test_dilation_and_strides_have_an_end(kind, dilation):
    sizes = {"kernel_size": 1} if kind == "DepthwiseConv2D" else {"filters": 2, "kernel_size": 3}
    with pytest.raises(ValueError, match="reaches over at most 16,777,216 cells"):
        Sequential([Input((5, 4, 3)), getattr(layers, kind)(**sizes, dilation_rate=dilation, padding="same")])
    with pytest.raises(ValueError, match="strides of at most"):
        Sequential([Input((5, 4, 3)), getattr(layers, kind)(**sizes, strides=2**62)])
    with pytest.raises(ValueError, match="strides of at most"):
        Sequential([Input((5, 4, 3)), layers.MaxPooling2D(2, strides=2**63 - 1, padding="same")])


def test_layers_that_wait_for_each_other():
    config = json.loads(chain(range(1, 4)))
    first = config["config"]["layers"][1]
    first["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = "3"
    with pytest.raises(ValueError, match="depend on the inputs"):
        model_from_json(json.dumps(config))


def test_a_configuration_asks_for_no_more_weights_than_memory_holds(monkeypatch):
    """It has no file whose length were a limit: some hundred letters took gigabytes, layer by layer."""
    model = fastnn.Sequential([layers.Input((30,)), layers.Dense(100, name="one"), layers.Dense(100, name="two")])
    functional = fastnn.Model(model.inputs, model.outputs)
    needed = 2 * 4 * model.count_params()
    readers = {
        "model_from_json": lambda: model_from_json(model.to_json()),
        "from_config": lambda: fastnn.Sequential.from_config(model.get_config()),
        "functional": lambda: fastnn.Model.from_config(functional.get_config()),
    }
    for read in readers.values():
        monkeypatch.setattr(memory, "memory_of_machine", lambda: needed)
        assert read().count_params() == model.count_params()
        monkeypatch.setattr(memory, "memory_of_machine", lambda: needed - 8)
        with pytest.raises(ValueError, match=r"'two': .* than the [\d,]+ that half of this machine's memory"):
            read()


METRIC = {"module": "keras.metrics", "class_name": "BinaryAccuracy"}
MISTYPED = {
    "a regularizer": set_dense("kernel_regularizer", {"a": 1}),
    "a regularizer of another kind": set_dense("kernel_regularizer", {"class_name": "Zeros", "config": 1}),
    "an optimizer as a constraint": set_dense(
        "kernel_constraint", {"module": "keras.optimizers", "class_name": "Adam", "config": {}}
    ),
    "a constraint": set_dense("kernel_constraint", {"a": 1}),
    "an initializer": set_dense("kernel_initializer", {"a": 1}),
    "an initializer that is no number": set_dense("kernel_initializer", float("nan")),
    "a rate larger than any": set_optimizer("learning_rate", -1e308),
    "a switch": set_dense("trainable", "no"),
    "another switch": set_dense("trainable", {"a": 1}),
    "an optimizer's name": set_optimizer("name", 7),
    "a metric's name": lambda config, entries: config["compile_config"].update(
        metrics=[{**METRIC, "config": {"name": 5}}]
    ),
    "a metric's threshold": lambda config, entries: config["compile_config"].update(
        metrics=[{**METRIC, "config": {"threshold": [1]}}]
    ),
    "a loss's name": lambda config, entries: config["compile_config"].update(
        loss={"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"name": [7]}}
    ),
    "weights of losses": lambda config, entries: config["compile_config"].update(loss_weights=float("nan")),
    "a metric that is called as the loss is": lambda config, entries: config["compile_config"].update(
        metrics=[{**METRIC, "config": {"name": "loss"}}]
    ),
}


@pytest.mark.parametrize("what", MISTYPED)
def test_mistyped_settings_do_not_wait_for_training(what, tmp_path):
    """They were loaded; training then ended in another error, or went on with something else."""
    path = keras_file(tmp_path / "m.keras", MISTYPED[what])
    with refused(path, "Expected "):
        load_model(path)
