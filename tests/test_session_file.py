"""Session files: whole, or refused by name."""

import contextlib
import json
import zipfile

import numpy as np
import pytest

import fastnn
from fastnn import presets
from fastnn.callbacks.breakpoint import model_bytes
from fastnn.utils.session_file import SessionFile, read

ARRAYS = {"losses": np.array([1.0, np.nan]), "state/0": np.eye(3, dtype="float32"), "state/1": np.array(3)}


@pytest.fixture
def path(tmp_path):
    SessionFile({"step": 3}, ARRAYS, b"model").write(tmp_path / "a.fastnn")
    return tmp_path / "a.fastnn"


def test_round_trip(path):
    file = read(path)
    assert file.record["step"] == 3
    assert file.model == b"model"
    assert list(file.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(file.arrays[name], array)
        assert file.arrays[name].dtype == array.dtype
    assert len(file.numbered("state")) == 2
    assert list(file.below("state")) == ["0", "1"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        SessionFile({"x": float("nan")}, {}).write(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["a.fastnn"]


def rewrite(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({}, "no session.json"),
        ({"session.json": "{"}, "whole session file"),
        ({"session.json": "[1]"}, "no format"),
        ({"session.json": "[" * 100000}, "nested"),
        ({"session.json": json.dumps({"format": 99})}, "format 99"),
        ({"session.json": '{"format": 1}', "arrays/a.npy": b"junk"}, "whole session file"),
        (
            {
                "session.json": '{"format": 1}',
                "arrays/a.npy": b"\x93NUMPY\x01\x00\x4f\x00"
                + b"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999,)}".ljust(78)
                + b"\n",
            },
            "bytes for it",
        ),
    ],
)
def test_damaged_files_are_named(tmp_path, entries, said):
    path = tmp_path / "bad.fastnn"
    rewrite(path, entries)
    with pytest.raises(ValueError, match=said) as failure:
        read(path)
    assert "bad.fastnn" in str(failure.value)


def test_packed_files_and_other_files_are_refused(tmp_path):
    path = tmp_path / "packed.fastnn"
    rewrite(path, {"session.json": '{"format": 1}' + " " * 10000}, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="packed"):
        read(path)
    path.write_bytes(b"hello")
    with pytest.raises(ValueError, match="whole session file"):
        read(path)
    with pytest.raises(OSError, match="absent"):
        read(tmp_path / "absent.fastnn")


def test_every_wrong_bit_is_found_or_harmless(path):
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with contextlib.suppress(ValueError):
            read(path)
    for length in range(0, len(content), 50):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"a\.fastnn"):
            read(path)


class Own(fastnn.layers.Layer):
    """A layer that no file knows."""

    def call(self, x):
        return x


@fastnn.saving.register_keras_serializable("session_file")
class Registered(Own):
    """A layer that files may name where this module is read."""


def twice(x):
    return 2 * x


@pytest.mark.parametrize(
    ("layer", "loss", "named", "said"),
    [
        (Own(), "mse", ["Own"], "Put @"),
        (fastnn.layers.Lambda(twice), "mse", ["twice"], "Put @"),
        (Registered(), "mse", ["Registered"], "first open the script"),
        (fastnn.layers.Activation("relu"), fastnn.losses.mean_squared_error, [], ""),
        (fastnn.layers.Dense(2, kernel_regularizer="l2"), fastnn.losses.Huber(), [], ""),
    ],
    ids=["layer", "lambda", "registered", "built-in function", "built-in class"],
)
def test_code_that_a_file_names_but_lacks_is_told(layer, loss, named, said):
    image = fastnn.Input((2,))
    model = fastnn.Model(image, fastnn.layers.Dense(2)(layer(image)))
    model.compile("adam", loss)
    needs = SessionFile({}, {}, model_bytes(model)).needs
    assert said in needs
    assert bool(needs) == bool(said)
    assert all(f"'{name}'" in needs for name in named)


def test_a_preset_is_known_to_every_process():
    for name in ("traffic-signs", "siamese-digits"):  # with functions and classes of their own
        assert SessionFile({}, {}, model_bytes(presets.get(name).build(0))).needs == ""
