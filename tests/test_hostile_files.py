"""Files that are damaged, or made to harm: a clear error, nothing run, nothing written, and an end."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from fastnn import Input, Sequential, layers
from fastnn.models import load_model

FILES = Path(__file__).parent / "golden" / "files"


@pytest.fixture
def saved(tmp_path):
    """A small trained model's file, and what it holds."""
    model = Sequential([Input((3,)), layers.Dense(4, name="one"), layers.Dense(2, name="two")])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return path, {name: archive.read(name) for name in archive.namelist()}


def write(path, members):
    """A file of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def changed(saved, change):
    """The file after a change of its configuration."""
    path, members = saved
    config = json.loads(members["config.json"])
    change(config, {entry["config"]["name"]: entry for entry in config["config"]["layers"]})
    write(path, {**members, "config.json": json.dumps(config)})
    return path


def set_dense(key, value):
    """A change of the first dense layer's configuration."""
    return lambda config, entries: entries["one"]["config"].__setitem__(key, value)


CHANGES = {
    "units of a gigabyte": set_dense("units", 10**9),
    "units of many gigabytes": set_dense("units", 2**62),
    "units NaN": set_dense("units", float("nan")),
    "units with code": set_dense("units", "4; import os"),
    "an input of a gigabyte": lambda c, e: c["config"]["layers"][0]["config"].update(batch_shape=[None, 10**10]),
    "layers no list": lambda c, e: c["config"].update(layers=5),
    "a function of another module": set_dense(
        "activation", {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    ),
    "a class of another module": lambda c, e: e["one"].update(module="os", class_name="system", registered_name=None),
    "a name that is a path": set_dense("name", "a/../../b"),
    "objects": set_dense("dtype", "object"),
    "compile settings no table": lambda c, e: c.update(compile_config=[1]),
    "a learning rate of letters": lambda c, e: c["compile_config"]["optimizer"]["config"].update(learning_rate="x"),
    "a loss of nothing": lambda c, e: c["compile_config"].update(loss={"a": {"b": 3}}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_configurations_made_to_harm(saved, what):
    path = changed(saved, CHANGES[what])
    with pytest.raises(ValueError, match=r"model\.keras"):
        load_model(path)


def test_words_are_not_read_from_another_file(tmp_path):
    words = tmp_path / "secret.txt"
    words.write_text("one\ntwo\n")
    model = Sequential([Input((1,), dtype="int64"), layers.Embedding(4, 2)])
    path = tmp_path / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    lookup = layers.StringLookup(vocabulary=["one"])
    entry = config["config"]["layers"][1]
    entry.update(class_name="StringLookup", config={**lookup.get_config(), "vocabulary": str(words)})
    entry.pop("build_config", None)
    write(path, {**members, "config.json": json.dumps(config)})
    with pytest.raises(ValueError, match="safe_mode"):
        load_model(path)


@pytest.mark.parametrize("depth", [900, 200_000])
def test_nesting_without_end(saved, depth):
    path, members = saved
    write(path, {**members, "config.json": '{"class_name": "Sequential", "config": ' * depth + "{}" + "}" * depth})
    with pytest.raises(ValueError, match=r"model\.keras"):
        load_model(path)


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_bombs(saved, member):
    path, members = saved
    write(path, {**members, member: bytes(200 << 20)})
    with pytest.raises(ValueError, match=r"model\.keras"):
        load_model(path)


def test_members_elsewhere_are_not_unpacked(saved, tmp_path):
    path, members = saved
    write(path, {**members, "../evil.txt": "x", str(tmp_path / "absolute.txt"): "x"})
    try:
        load_model(path)
    except ValueError as error:
        assert "model.keras" in str(error)  # noqa: PT017
    assert os.listdir(tmp_path) == ["model.keras"]
    assert not (tmp_path.parent / "evil.txt").exists()


WEIGHTS = {
    "of another type": lambda g: (g.pop("0"), g.create_dataset("0", data=np.ones((4, 2), "c8"))),
    "larger than any memory": lambda g: (
        g.pop("0"),
        g.create_dataset("0", shape=(10**9, 10**3), dtype="f4", chunks=(100, 100)),
    ),
    "missing": lambda g: g.pop("1"),
    "of text": lambda g: (g.pop("0"), g.create_dataset("0", data=np.array([b"a", b"b"]))),
    "of another shape": lambda g: (g.pop("1"), g.create_dataset("1", data=np.ones(9, "f4"))),
    "linked to themselves": lambda g: (g.pop("0"), g.__setitem__("0", h5py.SoftLink(g.name + "/0"))),
    "in another file": lambda g: (g.pop("0"), g.__setitem__("0", h5py.ExternalLink("/etc/hostname", "/"))),
}


@pytest.mark.parametrize("what", WEIGHTS)
def test_weights_made_to_harm_change_nothing(saved, what):
    path, members = saved
    model = load_model(path)
    before = [w.copy() for w in model.get_weights()]
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "r+") as h5:
        WEIGHTS[what](h5["layers/dense_1/vars"])
    write(path, {**members, "model.weights.h5": content.getvalue()})
    for read in (load_model, model.load_weights):
        with pytest.raises(ValueError, match=r"model\.keras|dense_1|two"):
            read(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


# ---------------------------------------------------------------- bytes flipped at random

FLIPPING = """
import random, sys, warnings
from pathlib import Path
import numpy as np
from fastnn.models import load_model

warnings.simplefilter("ignore")
source, target, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
content, rng = source.read_bytes(), random.Random(source.name)
flips = [(rng.randrange(len(content)), 1 << rng.randrange(8)) for _ in range(rounds)]
flips[0] = {  # a heap whose object has no length, names that are no longer text
    "images.keras2.h5": (6906, 4),
    "images.h5": (32881, 8),
}.get(source.name, flips[0])
for at, bit in flips:
    flipped = content[at] ^ bit
    target.write_bytes(content[:at] + bytes([flipped]) + content[at + 1 :])
    try:
        load_model(target)
    except ValueError as error:
        if target.name not in str(error):
            sys.exit(f"byte {at}: no file named: {error}")
    except BaseException as error:
        sys.exit(f"byte {at} to {flipped}: {type(error).__name__}: {error}")
print("end")
"""


def flip(name, tmp_path, rounds, seconds):
    """Load a file with one wrong bit, many times, in a process of its own that must end well."""
    command = [sys.executable, "-c", FLIPPING, str(FILES / name), str(tmp_path / f"damaged{Path(name).suffix}"), rounds]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "end"


@pytest.mark.parametrize("name", ["images.keras2.h5", "images.h5", "words.h5", "branches.keras"])
def test_a_wrong_bit(name, tmp_path):
    flip(name, tmp_path, 25, 120)


@pytest.mark.full
@pytest.mark.parametrize(
    "name", [f"{model}.{kind}" for model in ("images", "words", "branches") for kind in ("keras", "h5", "keras2.h5")]
)
def test_many_wrong_bits(name, tmp_path):
    flip(name, tmp_path, 1500, 900)
