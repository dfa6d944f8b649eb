"""Session files whose record means harm: refused by name, or without effect; the session stays as it was."""

import io
import json
import zipfile

import numpy as np
import pytest
from PyQt6.QtCore import QSettings

from gui import storage
from gui.session import Session
from tests.hostile import harmless, members_of, write

INFINITE, NAN = float("inf"), float("nan")
VALUES = [None, -1, INFINITE, 2**70, "\0", [["x", [INFINITE]]], [{"step": 0, "name": "x", "index": [INFINITE]}]]
FIELDS = [
    "format", "title", "description", "batch_size", "shuffle", "digits", "reseeds", "expand", "preset", "seed", "step",
    "done", "names", "edits", "starts", "breakpoints", "conditions", "selection", "looked", "watches", "sample",
    "channel", "show", "numbers", "batch_mean", "grain", "history", "window",
]  # fmt: skip


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The parts of a good session."""
    session = Session()
    session.load("xor")
    session.goto(len(session.steps) + 3)
    path = tmp_path_factory.mktemp("sessions") / "s.fastnn"
    storage.save(session, path)
    return members_of(path)


def refusal(session, path):
    """Why a file is not taken up, with nothing changed; None if it is."""
    before = session.title, session.moment.position, session.selection
    with harmless(path.parent):
        try:
            storage.restore(session, path)
        except ValueError as error:
            said = str(error)
        else:
            return None
    assert (session.title, session.moment.position, session.selection) == before
    assert "s.fastnn" in said
    return said


def test_all_fields_are_tried(parts):
    assert set(json.loads(parts["session.json"])) - {"version"} <= set(FIELDS)
    assert set(json.loads(parts["session.json"])) == set(WRONG)


@pytest.mark.parametrize("field", FIELDS)
def test_fields_made_to_harm(field, parts, tmp_path):
    path, session, said = tmp_path / "s.fastnn", Session(), []
    session.load("xor")
    for value in VALUES:
        record = {**json.loads(parts["session.json"]), field: value}
        write(path, {**parts, "session.json": json.dumps(record)}, zipfile.ZIP_STORED)
        said.append(refusal(session, path))
    strict = {"format", "preset", "seed", "step", "done", "names", "edits", "starts", "conditions"}
    assert len([words for words in said if words]) >= 4 or field not in strict


WRONG = {
    "format": [True, 0], "version": [1, None],
    "title": [1], "description": [None], "batch_size": ["1", True, 2.0], "shuffle": [1, "no"],
    "digits": [True, "4", 4.5], "reseeds": [0], "expand": ["yes"], "preset": [None, 1], "seed": [True, 1.0],
    "step": [True], "done": [False], "names": ["x", [1]], "edits": ["x", [1]], "starts": ["x", [True]],
    "breakpoints": ["x", [1.5], {}], "conditions": ["x", [[]], {}], "selection": ["x", 1, {}], "looked": ["1", True],
    "watches": ["x", ["xy"]], "sample": [True, "0"], "channel": [1.0], "show": [1, None], "numbers": [1, NAN],
    "batch_mean": ["x"], "grain": [1], "history": ["x", [1]], "window": [5, "x", []],
}  # fmt: skip


@pytest.mark.parametrize("field", WRONG)
def test_fields_of_another_kind(field, parts, tmp_path):
    path, session = tmp_path / "s.fastnn", Session()
    session.load("xor")
    for value in WRONG[field]:
        record = {**json.loads(parts["session.json"]), field: value}
        write(path, {**parts, "session.json": json.dumps(record)}, zipfile.ZIP_STORED)
        assert refusal(session, path), value


@pytest.mark.parametrize(
    ("name", "array"),
    [("state/", np.full((), 2**63, "u8")), ("losses", np.ones(1, bool)), ("losses", np.ones((1, 1)))],
)
def test_arrays_of_another_kind(name, array, parts, tmp_path):
    path, session = tmp_path / "s.fastnn", Session()
    session.load("xor")
    kept = [part for part in parts if part.startswith(f"arrays/{name}")]
    part = next(p for p in kept if name == "losses" or np.load(io.BytesIO(parts[p])).dtype.kind in "iu")
    stream = io.BytesIO()
    np.save(stream, array)
    write(path, {**parts, part: stream.getvalue()}, zipfile.ZIP_STORED)
    assert refusal(session, path)


@pytest.mark.parametrize("array", [np.zeros(0), np.zeros(3, "u1"), np.zeros((9, 9, 9)), None])
@pytest.mark.parametrize("name", ["arrays/state/0.npy", "arrays/start/0.npy"])
def test_arrays_that_do_not_fit(name, array, parts, tmp_path):
    path, session = tmp_path / "s.fastnn", Session()
    session.load("xor")
    changed = {part: content for part, content in parts.items() if part != name}
    if array is not None:
        stream = io.BytesIO()
        np.save(stream, array)
        changed[name] = stream.getvalue()
    write(path, changed, zipfile.ZIP_STORED)
    assert refusal(session, path)


# ---------------------------------------------------------------- the window's layout


def kept_settings(path):
    """Settings in a file of their own."""
    return QSettings(str(path), QSettings.Format.IniFormat)


def test_the_owner_s_layout_comes_back(open_window, tmp_path):
    """It is sealed with a secret that the settings keep, from one run of the program to the next."""
    window, path = open_window("xor"), tmp_path / "s.fastnn"
    window.settings = kept_settings(tmp_path / "mine.ini")
    window.docks["network"].hide()
    keeper = window.features.running.keeper
    assert keeper.write(str(path))
    window.docks["network"].show()
    window.settings.sync()
    window.settings = kept_settings(tmp_path / "mine.ini")
    assert keeper.read(str(path))
    assert window.docks["network"].isHidden()
    window.settings = None


@pytest.mark.parametrize(
    "change", ["other settings", "no seal", "seal of another", "layout changed", "letters", "kinds"]
)
def test_no_layout_of_somebody_else_reaches_qt(open_window, tmp_path, monkeypatch, change):
    """Qt reads a layout unchecked: what is made up crashes it, so it must not get there."""
    window, path, given = open_window("xor"), tmp_path / "s.fastnn", []
    kept, keeper = window.kept_layout(), window.features.running.keeper
    monkeypatch.setattr(window, "restoreState", lambda *a: given.append(a))
    bad = {
        "other settings": kept,
        "no seal": {"layout": kept["layout"]},
        "seal of another": kept | {"seal": "0" * 64},
        "layout changed": kept | {"layout": "BBBB" + kept["layout"][4:]},
        "letters": {"layout": "\ud800é", "seal": "\ud800é"},
        "kinds": {"layout": [1], "seal": {}},
    }[change]
    storage.save(window.session, path, bad)
    if change == "other settings":
        window.settings = kept_settings(tmp_path / "yours.ini")
    assert keeper.read(str(path))
    assert not given
    window.settings = None
    storage.save(window.session, path, kept)
    assert keeper.read(str(path))
    assert len(given) == 1
