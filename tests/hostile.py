"""What tests of hostile files share: small models' files, changes of them, and a guard that sees what they do."""

import base64
import io
import json
import marshal
import tempfile
import zipfile
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
import pytest

from fastnn import Input, Sequential, layers
from tests.fuzz.guard import Guard

GUARD = Guard()
WEIGHTS = "model.weights.h5"


@lru_cache
def saved_bytes(ending):
    """The content of a small model's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{ending}"
        small_model().save(path)
        return path.read_bytes()


def small_model():
    """A model with two layers of names, after a little training."""
    model = Sequential([Input((3,)), layers.Dense(4, name="one"), layers.Dense(2, name="two")])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    return model


def members_of(path):
    """The parts of an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, members, packed=zipfile.ZIP_DEFLATED):
    """An archive of these parts."""
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def keras_file(path, change):
    """A small model's `.keras` file after a change of its configuration: `change(config, entries by name)`."""
    path.write_bytes(saved_bytes(".keras"))
    members = members_of(path)
    config = json.loads(members["config.json"])
    change(config, {entry["config"]["name"]: entry for entry in config["config"]["layers"]})
    write(path, {**members, "config.json": json.dumps(config)})
    return path


def h5_file(path, change):
    """The same in an `.h5` file: `change(h5, config, entries by name)`."""
    path.write_bytes(saved_bytes(".h5"))
    with h5py.File(path, "r+") as h5:
        config = json.loads(h5.attrs["model_config"])
        change(h5, config, {entry["config"]["name"]: entry for entry in config["config"]["layers"]})
        h5.attrs["model_config"] = json.dumps(config)
    return path


def changed_weights(path, change):
    """A `.keras` file after a change of its HDF5 part, or an `.h5` file after a change of itself."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as h5:
            change(h5)
        return
    members = members_of(path)
    content = io.BytesIO(members[WEIGHTS])
    with h5py.File(content, "r+") as h5:
        change(h5)
    write(path, {**members, WEIGHTS: content.getvalue()})


def code():
    """The compiled code of a function that leaves a file, as Keras writes it."""
    function = lambda x: (open("evil", "w").close(), x)[1]  # noqa: E731
    return base64.b64encode(marshal.dumps(function.__code__)).decode()


@contextmanager
def harmless(folder):
    """Inside, nothing is run, fetched or written; `SECRET` is not read."""
    before = sorted(folder.rglob("*"))
    with GUARD.watching("nowhere") as seen:
        yield
    assert seen == []
    assert sorted(folder.rglob("*")) == before


@contextmanager
def refused(path, words=None):
    """Inside, a ValueError that names the file, and nothing else happens."""
    with harmless(path.parent), pytest.raises(ValueError, match=words) as caught:
        yield caught
    assert path.name in str(caught.value)
    assert "MemoryError" not in str(caught.value)
