"""Models' files made to run code or to read other files: refused by name, and nothing happens.

The advisories named here are Keras' own, published ones; each test does what the advisory warns of.
"""

import json

import pytest

import fastnn
from fastnn import layers
from fastnn.models import load_model, model_from_json
from fastnn.saving import deserialize_keras_object
from tests.fuzz.guard import SECRET
from tests.hostile import code, h5_file, harmless, keras_file, refused

LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "registered_name": None}


def marshalled():
    """A function's code in the form of Keras 3."""
    return {"class_name": "__lambda__", "config": {"code": code(), "defaults": None, "closure": None}}


def with_layer(entry):
    """A change that puts another layer in the place of the first dense one."""
    return lambda config, entries: entries["one"].update(entry, build_config=None)


def test_cve_2024_3660_code_in_the_lambda_layer_of_an_older_file(tmp_path, monkeypatch):
    """Older HDF5 files hold a Lambda's function as compiled code, which ran while the model was loaded."""
    monkeypatch.chdir(tmp_path)
    old = {"name": "l", "function": [code(), None, None], "function_type": "lambda", "arguments": {}}
    for function in (old, {**old, "function": marshalled()}):
        entry = {"class_name": "Lambda", "config": function}
        path = h5_file(tmp_path / "m.h5", lambda h5, config, entries, e=entry: entries["one"].update(e))
        with refused(path):
            load_model(path)


def test_cve_2025_9905_safe_mode_holds_for_older_files_too(tmp_path, monkeypatch):
    """safe_mode=True was passed over where the file was HDF5; code ran in spite of it. It runs when it is asked for."""
    monkeypatch.chdir(tmp_path)
    entry = {**LAMBDA, "config": {"name": "l", "function": marshalled()}}
    path = h5_file(tmp_path / "m.h5", lambda h5, config, entries: entries["one"].update(entry))
    with refused(path, "safe_mode"):
        load_model(path, safe_mode=True)
    with pytest.raises(ValueError, match="two"):  # which no longer fits the layer before it
        load_model(path, safe_mode=False)
    assert (tmp_path / "evil").exists()


def test_cve_2025_9906_a_file_cannot_switch_safe_mode_off(tmp_path, monkeypatch):
    """The configuration named Keras' own switch as a function to call, and put code into the layer behind it."""
    monkeypatch.chdir(tmp_path)
    name = "enable_unsafe_deserialization"
    for switch in (
        {"module": "keras.config", "class_name": name, "config": {}, "registered_name": None},
        {"module": "keras.config", "class_name": "function", "config": name, "registered_name": name},
        {**LAMBDA, "config": {"name": "l", "function": {"module": "keras.src.saving.serialization_lib",
                                                        "class_name": "function", "config": name}}},
    ):  # fmt: skip

        def change(config, entries, switch=switch):
            config["config"]["layers"].insert(1, switch)
            with_layer({**LAMBDA, "config": {"name": "l2", "function": marshalled()}})(config, entries)

        path = keras_file(tmp_path / "m.keras", change)
        with refused(path):
            load_model(path)
    path = keras_file(tmp_path / "m.keras", with_layer({**LAMBDA, "config": {"name": "l", "function": marshalled()}}))
    with refused(path, "safe_mode"):  # nothing has been switched off
        load_model(path)


GADGETS = [
    ("os", "system", {"command": "touch evil"}),
    ("subprocess", "Popen", {"args": ["touch", "evil"]}),
    ("builtins", "eval", {"source": "open('evil', 'w')"}),
    ("numpy", "load", {"file": "x.npy", "allow_pickle": True}),
    ("keras.utils", "get_file", {"fname": "evil", "origin": "http://127.0.0.1:9/evil", "cache_dir": "."}),
    ("fastnn.utils", "get_file", {"fname": "evil", "origin": "http://127.0.0.1:9/evil", "cache_dir": "."}),
    ("fastnn.models.saving", "load_model", {"filepath": "other.keras", "safe_mode": False}),
    ("fastnn.utils.registry", "function_from_code", {"config": {"code": ""}}),
    ("fastnn.compat.running", "run_script", {"path": "evil.py"}),
]
PLACES = {
    "layer": lambda config, entries, thing: entries["one"].update(thing, build_config=None),
    "activation": lambda config, entries, thing: entries["one"]["config"].update(activation=thing),
    "initializer": lambda config, entries, thing: entries["one"]["config"].update(kernel_initializer=thing),
    "regularizer": lambda config, entries, thing: entries["one"]["config"].update(kernel_regularizer=thing),
    "constraint": lambda config, entries, thing: entries["one"]["config"].update(bias_constraint=thing),
    "type": lambda config, entries, thing: entries["one"]["config"].update(dtype=thing),
    "wrapped layer": lambda config, entries, thing: with_layer(
        {"class_name": "TimeDistributed", "config": {"layer": thing, "name": "one"}}
    )(config, entries),
    "loss": lambda config, entries, thing: config["compile_config"].update(loss=thing),
    "metric": lambda config, entries, thing: config["compile_config"].update(metrics=[thing]),
    "optimizer": lambda config, entries, thing: config["compile_config"].update(optimizer=thing),
    "learning rate": lambda config, entries, thing: config["compile_config"]["optimizer"]["config"].update(
        learning_rate=thing
    ),
    "in a loss": lambda config, entries, thing: config["compile_config"].update(loss={"a": [{"b": thing}]}),
}


def forms(module, name, arguments):
    """How a configuration may name something to be called or made."""
    yield {"module": module, "class_name": name, "config": arguments, "registered_name": None}
    yield {"module": module, "class_name": "function", "config": name, "registered_name": name}
    yield {"module": "builtins", "class_name": "function", "config": f"{module}.{name}", "registered_name": "function"}


@pytest.mark.parametrize("place", PLACES)
def test_cve_2025_1550_and_8747_nothing_but_what_is_registered_is_found(place, tmp_path, monkeypatch):
    """A configuration may name module and function or class; Keras imported and called them, whatever they were.

    The second advisory: when only Keras' own modules were left, one of its functions that fetches files was enough.
    """
    monkeypatch.chdir(tmp_path)
    for gadget in GADGETS:
        for thing in forms(*gadget):
            path = keras_file(tmp_path / "m.keras", lambda c, e, thing=thing: PLACES[place](c, e, thing))
            with refused(path):
                load_model(path)


def test_cve_2025_1550_in_the_calls_of_a_functional_model(tmp_path, monkeypatch):
    """Arguments of calls and the shape that a layer is built for are data, whatever they look like."""
    monkeypatch.chdir(tmp_path)
    x = fastnn.Input((3,))
    good = json.loads(fastnn.Model(x, layers.Dense(2)(x)).to_json())
    for gadget in GADGETS:
        for thing in forms(*gadget):
            for change in (
                lambda node, entry, t=thing: node["args"].append(t),
                lambda node, entry, t=thing: node["kwargs"].update(mask=t),
                lambda node, entry, t=thing: entry.update(build_config={"input_shape": t}),
                lambda node, entry, t=thing: entry.update(build_config={"shapes_dict": t}),
            ):
                config = json.loads(json.dumps(good))
                entry = config["config"]["layers"][1]
                change(entry["inbound_nodes"][0], entry)
                with harmless(tmp_path), pytest.raises(ValueError, match="configuration"):
                    model_from_json(json.dumps(config))


@pytest.mark.parametrize("kind", ["TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"])
def test_cve_2025_49655_and_2026_1462_layers_that_bring_other_libraries_models(kind, tmp_path):
    """A layer held a pickled module, or the path of another model with code in it, and safe mode let it pass."""
    pickled = "gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAR0cnVllIWUUpQu"
    given = {"name": "one", "module": {"class_name": "__bytes__", "config": pickled}, "filepath": str(tmp_path)}
    entry = {"module": "keras.layers", "class_name": kind, "config": given, "registered_name": None}
    path = keras_file(tmp_path / "m.keras", with_layer(entry))
    with refused(path, kind):
        load_model(path)


WORDS = {"StringLookup": {}, "IntegerLookup": {}, "TextVectorization": {"output_mode": "int"}}


@pytest.mark.parametrize("kind", WORDS)
def test_cve_2025_12058_a_vocabulary_is_no_path(kind, tmp_path):
    """A layer's vocabulary was the path or address of a file, which was read or fetched into the model."""
    (tmp_path / "secret.txt").write_text("1\n2\n")
    for place in (SECRET, str(tmp_path / "secret.txt"), "http://127.0.0.1:9/words", f"file://{SECRET}"):
        entry = {"module": "keras.layers", "class_name": kind, "registered_name": None}
        entry["config"] = {"name": "one", "vocabulary": place, **WORDS[kind]}
        wrapped = {**entry, "class_name": "TimeDistributed", "config": {"name": "one", "layer": entry}}
        for made in (entry, wrapped):
            path = keras_file(tmp_path / "m.keras", with_layer(made))
            with refused(path, "safe_mode"):
                load_model(path)
        path = h5_file(tmp_path / "m.h5", lambda h5, c, e, entry=entry: e["one"].update(entry))
        with refused(path, "safe_mode"):
            load_model(path)
        with harmless(tmp_path), pytest.raises(ValueError, match="safe_mode"):
            deserialize_keras_object(entry)
    layer = deserialize_keras_object({**entry, "config": {"vocabulary": str(tmp_path / "secret.txt")}}, safe_mode=False)
    assert [int(w) for w in layer.get_vocabulary()[-2:]] == [1, 2]  # where it is asked for


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "kind", ["__typename__", "__numpy__", "__tensor__", "__bytes__", "__lambda__", "__keras_tensor__"]
)
def test_special_entries_are_data_or_refused(kind, place, tmp_path, monkeypatch):
    """Keras has entries for types, arrays and code; none of them brings anything in, wherever it stands."""
    monkeypatch.chdir(tmp_path)
    config = {
        "name": "os.system",
        "value": "touch evil",
        "code": code(),
        "dtype": "object",
        "keras_history": ["x", 0, 0],
    }
    thing = {"class_name": kind, "config": config}
    path = keras_file(tmp_path / "m.keras", lambda c, e: PLACES[place](c, e, thing))
    with refused(path):
        load_model(path)


def test_a_lambda_made_of_its_configuration_alone_is_refused_too():
    """Outside of any file, nothing has been said about code, and that is no."""
    for config in ({"function": marshalled()}, {"function": {"class_name": "function", "config": "eval"}}):
        with pytest.raises(ValueError, match=r"safe_mode|known"):
            layers.Lambda.from_config({"name": "l", **config})


def test_settings_of_one_file_do_not_last(tmp_path, monkeypatch):
    """safe_mode=False is for one file, also if that fails."""
    monkeypatch.chdir(tmp_path)
    path = keras_file(tmp_path / "m.keras", with_layer({**LAMBDA, "config": {"name": "l", "function": marshalled()}}))
    with pytest.raises(ValueError, match=r"m\.keras"):
        load_model(path, safe_mode=False)
    (tmp_path / "evil").unlink(missing_ok=True)
    with refused(path, "safe_mode"):
        load_model(path)
