"""Damaged, foreign and unwritable files, as a user meets them: a named error in a box, and nothing else changes."""

import errno
import os
import random
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QMessageBox

import fastnn
from gui import lesson

BITS = 40


def some_files(folder, keeper, session):
    """Good files of every kind, by name."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)).astype("float32"), rng.normal(size=(20, 2)).astype("float32")
    model = fastnn.Sequential([fastnn.layers.Input((3,)), fastnn.layers.Dense(4, "relu"), fastnn.layers.Dense(2)])
    model.compile("adam", "mse")
    session.load_model(model, x, y, batch_size=8)
    session.goto(3 * len(session.steps) + 4)
    assert keeper.write(str(folder / "a.fastnn"))
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    np.savez(folder / "d.npz", x=x, y=y)
    (folder / "l.txt").write_bytes((lesson.FOLDER / "04-backprop-by-hand.txt").read_bytes())
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def openers(folder, window):
    """How a user opens a file of each kind; each tells whether it went well."""
    files = window.features.files
    return {
        "a.fastnn": lambda path: window.features.running.keeper.read(str(path)),
        "m.keras": lambda path: files.open(str(path), str(folder / "d.npz")),
        "m.h5": lambda path: files.open(str(path), str(folder / "d.npz")),
        "d.npz": lambda path: files.open(str(folder / "m.keras"), str(path)),
        "l.txt": lambda path: window.features.learning.begin(str(path)),
    }


def damaged(name, good):
    """What may become of a file: cut at ten places, a wrong bit, another kind, empty, zeros; None is a folder."""
    content, rng = good[name], random.Random(1)
    yield from (content[: len(content) * k // 10] for k in range(10))
    yield from (other for kind, other in good.items() if kind != name)
    yield from (bytes(len(content)), b"hello", rng.randbytes(500), None)
    for _ in range(BITS):
        place = rng.randrange(8 * len(content))
        wrong = bytearray(content)
        wrong[place // 8] ^= 1 << place % 8
        yield bytes(wrong)


def state(session):
    """What must not change."""
    values = {n: session.stepper.value(n).tobytes() for n in session.listing.values if session.computed(n)}
    return session.title, session.moment.position, session.selection, values


def put(path, content):
    """Write a file, or make a folder of None, in place of what was there."""
    if path.is_dir():
        path.rmdir()
    if content is None:
        path.unlink(missing_ok=True)
        path.mkdir()
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("name", ["a.fastnn", "m.keras", "m.h5", "d.npz", "l.txt"])
def test_a_damaged_file_is_refused_in_words_and_changes_nothing(open_window, tmp_path, monkeypatch, name):
    window, said = open_window("xor"), []
    session = window.session
    good = some_files(tmp_path, window.features.running.keeper, session)
    monkeypatch.setattr(window.features.files, "complain", lambda what, why: said.append(f"{what}: {why}"))
    open_it, bad = openers(tmp_path, window)[name], tmp_path / f"bad{Path(name).suffix}"
    refused = 0
    window.load("xor")
    before = state(session)
    for content in damaged(name, good):
        put(bad, content)
        said.clear()
        if open_it(bad):  # a bit that means nothing, a lesson that is only shorter, a model of the other kind
            assert not said
            window.features.learning.end()
            window.load("xor")
        else:
            (message,) = said
            assert "bad" in message
            assert "Traceback" not in message
            refused += 1
        assert state(session) == before
    assert refused > 8


def test_what_cannot_be_written_is_named_and_leaves_nothing(open_window, tmp_path, monkeypatch):
    window = open_window("digits-mlp")
    files, keeper, session = window.features.files, window.features.running.keeper, window.session
    tensor = session.listing.inputs[0]
    before, kinds = state(session), {"picture": "png", "tensor": "npy", "script": "py", "gif": "gif"}

    def tries(folder):
        for kind, ending in kinds.items():
            yield folder / f"x.{ending}", files.write(kind, str(folder / f"x.{ending}"), "Stage", tensor, 2)
        yield folder / "x.fastnn", keeper.write(str(folder / "x.fastnn"))

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for where, real in ((tmp_path, os.replace), (tmp_path / "nowhere", None)):
        with monkeypatch.context() as patch:
            if real is not None:
                patch.setattr("fastnn.utils.writing.os.replace", full)
            for path, done in tries(where):
                (box,) = [b for b in window.findChildren(QMessageBox) if b.isVisible()]
                assert not done
                assert str(path) in box.text()
                assert "Errno" not in box.text()
                assert ("No space left" if real else "No such file") in box.text()
                box.close()
                box.deleteLater()
    assert list(tmp_path.iterdir()) == []
    assert state(session) == before
    assert all(done and path.exists() for path, done in tries(tmp_path))
