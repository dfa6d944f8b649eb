"""A process that is killed while it saves leaves the old file or the new one, whole; and little else, not for long."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.callbacks import BackupAndRestore, CSVLogger
from fastnn.utils import writing
from fastnn.utils.writing import write_aside

ROOT = Path(__file__).parents[2]
KINDS = ["keras", "h5", "weights", "safetensors", "backup", "checkpoint", "session", "export", "log", "settings"]


def killed(kills, folder, kinds):
    """What became of files whose writers were killed, by kind."""
    command = [sys.executable, "-m", "tests.killing", kills, folder, *kinds]
    quiet = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env={**os.environ, **quiet}, capture_output=True, text=True, timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("kills", [2, pytest.param(40, marks=pytest.mark.full)])
def test_whatever_is_saved_is_whole_after_a_kill(kills, tmp_path):
    found = killed(kills, tmp_path, KINDS)
    assert {kind: said["wrong"] for kind, said in found.items()} == {kind: [] for kind in KINDS}


def test_the_driver_sees_a_file_that_is_written_in_place(tmp_path):
    found = killed(5, tmp_path, ["in place"])
    assert found["in place"]["wrong"]


def test_what_was_left_is_removed_by_the_next_save(tmp_path):
    old, young, foreign = (
        tmp_path / name for name in (".m.keras.abc_1234.fastnn.part", ".x.abcdefgh.fastnn.part", ".x")
    )
    for path in (old, young, foreign):
        path.write_bytes(b"half")
    for path in (old, foreign):
        os.utime(path, (time.time() - writing.STALE - 1,) * 2)
    write_aside(tmp_path / "other.txt", lambda file: file.write(b"whole"))
    assert sorted(os.listdir(tmp_path)) == sorted(
        ["other.txt", young.name, foreign.name]
    )  # somebody writes the young one


def test_a_file_is_named_so_that_the_next_save_finds_it(tmp_path):
    seen = []

    def write(file):
        seen.extend(os.listdir(tmp_path))

    write_aside(tmp_path / ("x" * 200), write)
    (name,) = seen
    assert writing.LEFT.fullmatch(name)


BAD_STATES = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "a nest without end": b"[" * 100_000,
    "a list": b"[1]",
    "no weights": b'{"epoch": 1, "number": 1}',
    "infinite": b'{"epoch": 1e999, "number": 1, "weights": "state-1.weights.h5"}',
    "letters": b'{"epoch": "1", "number": 1, "weights": "state-1.weights.h5"}',
    "negative": b'{"epoch": -1, "number": 1, "weights": "state-1.weights.h5"}',
    "weights elsewhere": b'{"epoch": 1, "number": 1, "weights": "../outside.weights.h5"}',
    "weights with NUL": b'{"epoch": 1, "number": 1, "weights": "a\\u0000b"}',
    "weights a list": b'{"epoch": 1, "number": 1, "weights": [1]}',
}


@pytest.mark.parametrize("what", BAD_STATES)
def test_a_state_of_training_made_to_harm_changes_nothing(what, tmp_path):
    model = fastnn.Sequential([layers.Input((2,)), layers.Dense(2)])
    folder = tmp_path / "backup"
    folder.mkdir()
    fastnn.Sequential([layers.Input((2,)), layers.Dense(2)]).save_weights(tmp_path / "outside.weights.h5")
    (folder / "state-1.weights.h5").write_bytes((tmp_path / "outside.weights.h5").read_bytes())
    (folder / "training_metadata.json").write_bytes(BAD_STATES[what])
    before = [w.copy() for w in model.get_weights()]
    callback = BackupAndRestore(folder)
    callback.set_model(model)
    with pytest.raises(ValueError, match="backup_dir"):
        callback.on_train_begin()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_history_that_ends_within_a_line_goes_on_in_the_next(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss\n0,0.5,0.6\n1,0.")
    logger = CSVLogger(path, append=True)
    logger.on_train_begin()
    logger.on_epoch_end(2, {"loss": 0.25, "val_loss": 0.5})
    logger.on_train_end()
    assert path.read_text().splitlines()[1:] == ["0,0.5,0.6", "1,0.", "2,0.25,0.5"]
