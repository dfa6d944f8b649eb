"""Numbers changed by hand: everything downstream follows, undo and redo go back and forth exactly. No Qt."""

import hashlib

import numpy as np
import pytest

import fastnn
from fastnn.errors import GraphError
from gui.editing import change_cell, dragged, is_editable, number_in, place_of
from gui.session import Session


def opened(name="worked-example", position=1):
    session = Session()
    session.load(name, seed=0, position=position)
    return session


def digest(session):
    """Of everything computed at this position, and of all weights and states."""
    s, found = session.stepper, hashlib.sha256()
    for name in sorted(s.listing.values):
        if s.computed(name):
            found.update(name.encode() + s.value(name).tobytes())
    return found.hexdigest()


def fresh_run(session):
    """What a new stepper computes from the same weights, inputs and targets."""
    old = session.stepper
    other = fastnn.Stepper(old.model, session.source.x, session.source.y, session.source.batch_size, seed=session.seed)
    other.set_edits(old.edits)
    other.goto(old.position)
    return other


@pytest.mark.parametrize("position", [3, 13, 15, 31])
@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (("hidden.kernel", (0, 1)), 0.75),
        (("hidden.bias", (1,)), -0.5),
        (("x", (0, 0)), 2.0),
        (("y_true", (0, 1)), 0.25),
        (("learning_rate", ()), 0.125),
    ],
)
def test_edit_undo_redo(cell, value, position):
    session = opened(position=position)
    before = digest(session)
    change_cell(session, cell, value)
    after = digest(session)
    assert after != before
    assert session.can_undo
    assert not session.can_redo
    session.undo()
    assert digest(session) == before
    assert session.moment.position == position
    session.redo()
    assert digest(session) == after
    fresh = fresh_run(session)
    for name in filter(fresh.computed, session.listing.values):
        np.testing.assert_array_equal(session.view(name), fresh.view(name))


def test_downstream_is_what_the_weights_say():
    session = opened(position=2)
    change_cell(session, ("hidden.kernel", (0, 1)), 0.75)
    x, w, b = (session.view(n) for n in ("x", "hidden.kernel", "hidden.bias"))
    assert w[0, 1] == np.float32(0.75)
    np.testing.assert_allclose(session.view("hidden.dense"), x @ w + b, rtol=1e-6)
    np.testing.assert_allclose(session.view("hidden.sigmoid"), 1 / (1 + np.exp(-(x @ w + b))), rtol=1e-6)


def test_edits_last_through_travel_in_time():
    session = opened(position=12)
    change_cell(session, ("output.kernel", (0, 0)), 1.5)
    edited = digest(session)
    session.goto(15 * 20 + 4)
    far = digest(session)
    session.goto(12)
    assert digest(session) == edited
    session.goto(15 * 20 + 4)
    assert digest(session) == far


def test_a_drag_is_one_change():
    session = opened(position=4)
    before = digest(session)
    cell = ("hidden.kernel", (0, 0))
    for pixels in range(1, 6):
        change_cell(session, cell, dragged(session, cell, 0.15, 10 * pixels), again=pixels > 1)
    assert len(session.stepper.edits) == 1
    session.undo()
    assert digest(session) == before
    assert not session.can_undo


def test_a_refused_edit_leaves_no_trace():
    session = opened("digits-mlp", position=4)
    before = digest(session)
    with pytest.raises(ValueError, match=r"class from 0 to 9 .* received 11"):
        change_cell(session, ("y_true", (3,)), 11)
    with pytest.raises(GraphError, match=r"expected the name of a parameter"):
        session.change("hidden.dense", 1.0, (0, 0))
    assert digest(session) == before
    assert not session.can_undo


def test_an_input_is_that_of_its_row_in_the_data():
    session = opened("digits-cnn", position=1)
    session.goto(len(session.steps) * 3 + 1)
    cell = ("image", (5, 2, 3, 0))
    assert place_of(session, cell) == (int(session.moment.rows[5]), 2, 3, 0)
    change_cell(session, cell, 9.0)
    assert session.view("image")[5, 2, 3, 0] == 9.0
    assert np.count_nonzero(session.view("image") == 9.0) == 1


def test_what_is_computed_cannot_be_edited():
    session = opened(position=15)
    assert is_editable(session, ("hidden.kernel", (0, 0)))
    assert not is_editable(session, ("hidden.dense", (0, 0)))
    assert not is_editable(session, ("hidden.kernel.grad", (0, 0)))
    assert not is_editable(session, None)


@pytest.mark.parametrize("text", ["", "abc", "1e999", "nan", "inf", "1,5"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="expected a"):
        number_in(text, "float32")
    with pytest.raises(ValueError, match="expected a whole number"):
        number_in("1.5", "int32")


def test_other_data_keep_the_weights_and_undo_brings_the_old_run_back():
    session = opened("xor", position=40)
    before, weights = digest(session), session.view("hidden.kernel").copy()
    from dataclasses import replace

    source = replace(session.source, x=np.r_[session.source.x, [[0.5, 0.5]]], y=np.r_[session.source.y, 1])
    session.replace_source(source)
    np.testing.assert_array_equal(session.view("hidden.kernel"), weights)
    assert session.stepper.schedule.count == 5
    session.undo()
    assert session.stepper.schedule.count == 4
    assert digest(session) == before
    session.redo()
    assert session.stepper.schedule.count == 5
    session.reset()
    assert session.stepper.schedule.count == 5


def test_an_edit_of_a_lenet_is_fast():
    import time

    session = opened("lenet5", position=42)
    times = []
    for k in range(7):
        begun = time.perf_counter()
        change_cell(session, ("c1.kernel", (0, 0, 0, k % 6)), 0.1 * k)
        times.append(time.perf_counter() - begun)
    assert np.median(times) < 2 * 0.1  # a busy machine takes twice as long as promised
