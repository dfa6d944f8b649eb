"""Session files whose record means harm: refused by name, or without effect; the session stays as it was."""

import io
import json
import zipfile

import numpy as np
import pytest

from gui import storage
from gui.session import Session
from tests.hostile import harmless, members_of, write

INFINITE = float("inf")
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
