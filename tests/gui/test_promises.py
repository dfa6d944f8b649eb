"""Stage, editing and playground as they are promised: pictures and legends, edits against fresh runs, the plane."""

import hashlib

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QRect, Qt

import fastnn
from fastnn import presets
from fastnn.engine.batches import Feeds
from fastnn.engine.steplist import FED
from gui import theme as themes
from gui.panels.tensor_geometry import FOOTER
from gui.playground import centres

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

# ---------------------------------------------------------------- the stage: pictures, numbers, legend


@pytest.mark.parametrize(("mode", "size"), [("light", (1280, 800)), ("dark", (1920, 1080))])
@pytest.mark.parametrize(
    ("name", "kind"), [("digits-cnn", "convolution"), ("digits-cnn", "window"), ("digits-mlp", "contraction")]
)
def test_values_and_gradients_have_pictures_and_legends_of_their_own(open_window, qapp, name, kind, size, mode):
    window = open_window(name, position=0, size=size)
    window.set_theme(mode)
    session = window.session
    session.to_end()
    session.look(max(i for i, s in enumerate(session.steps) if s.op.kind == kind and s.phase == "forward"))
    qapp.processEvents()
    result = session.shown_step().outputs[0]
    place = [v.content.name for v in window.stage.views()].index(result)
    view = window.stage.views()[place]
    before, picture, scale = view.grab().toImage(), view.picture().copy(), view.scale
    np.testing.assert_array_equal(picture, view.arrangement.image(session.view(result)))
    window.stage.bar.gradients.click()
    qapp.processEvents()
    view = window.stage.views()[place]
    gradient = session.view(f"{result}.grad")
    np.testing.assert_array_equal(view.picture(), view.arrangement.image(gradient))
    assert view.scale.high == pytest.approx(np.abs(gradient).max())
    assert view.scale != scale
    after = view.grab().toImage()
    seen = view.geometry_now.seen.toRect()
    legend = QRect(seen.left(), seen.bottom() + 1, 150, themes.px(FOOTER))
    assert after.copy(seen) != before.copy(seen)
    assert after.copy(legend) != before.copy(legend)
    window.stage.bar.values.click()
    qapp.processEvents()
    assert window.stage.views()[place].grab().toImage().copy(seen) == before.copy(seen)
    window.set_theme("light")


@pytest.mark.parametrize(("name", "least"), [("worked-example", 2), ("digits-mlp", 10)])
def test_numbers_are_on_cells_where_they_fit(open_window, qapp, name, least):
    window = open_window(name, position=2)
    qapp.processEvents()
    written = {v.content.name: v.painted_numbers() for v in window.stage.views()}
    assert max(written.values()) >= least
    window.session.toggle_numbers()
    qapp.processEvents()
    assert not any(v.painted_numbers() for v in window.stage.views() if not v.single)


# ---------------------------------------------------------------- editing: against a run that begins with the edit


def digest(session):
    """Of all weights and states, and of everything computed at this position."""
    s, found = session.stepper, hashlib.sha256()
    for name in filter(s.computed, sorted(s.listing.values)):
        found.update(name.encode() + s.value(name).tobytes())
    return found.hexdigest()


def fresh_run(name, cell, row, value, position):
    """A new network whose weights, rate or data have the number from the beginning; no edit is made."""
    preset = presets.get(name)
    model, (x, y) = preset.build(0), preset.data()
    stepper = fastnn.Stepper(model, x, y, preset.batch_size, preset.shuffle, 0)
    described = stepper.listing.values[cell[0]]
    data = {n: a.copy() for n, a in stepper.data.items()}
    if described.role in FED:
        data[cell[0]][(row, *cell[1][1:])] = value
    else:
        described.source.value[cell[1] or ...] = value
    found = fastnn.Stepper(model, Feeds(data), None, preset.batch_size, preset.shuffle, 0)
    found.goto(position)
    return found


CELLS = [
    ("digits-cnn", "conv1.kernel", (1, 2, 0, 5), "-0.75"),
    ("digits-cnn", "conv2.bias", (3,), "0.5"),
    ("digits-cnn", "image", (2, 4, 4, 0), "0.875"),
    ("digits-cnn", "y_true", (2,), "7"),
    ("digits-cnn", "learning_rate", (), "0.0625"),
    ("worked-example", "hidden.kernel", (0, 1), "0.75"),
]


@pytest.mark.parametrize(("name", "value", "index", "text"), CELLS)
@pytest.mark.parametrize("by", ["typing", "dragging"])
def test_an_edit_is_undone_redone_and_equals_a_fresh_run(open_window, qtbot, name, value, index, text, by):
    window = open_window(name, position=0)
    session = window.session
    session.goto(session.listing.updates)  # all but the updates: they would change the number at once
    bar = window.workbench.edit_bar
    cell, row = (value, index), int(session.moment.rows[index[0]]) if value in session.stepper.data else None
    if value == "learning_rate":
        field = bar.rate
    else:
        session.select(*cell)
        field = bar.number
    assert field.cell[0].endswith(value)
    cell = field.cell
    before = digest(session)
    if by == "typing":
        field.entry.setFocus()
        field.entry.selectAll()
        qtbot.keyClicks(field.entry, text)
        qtbot.keyClick(field.entry, Qt.Key.Key_Return)
        assert session.number_at(*cell) == np.array(float(text), session.view(cell[0]).dtype)
    else:
        label = field.label
        qtbot.mousePress(label, LEFT, pos=QPoint(4, 5))
        for x in (12, 30, 64):
            qtbot.mouseMove(label, QPoint(4 + x, 5))
        qtbot.mouseRelease(label, LEFT, pos=QPoint(68, 5))
    new = session.number_at(*cell)
    after = digest(session)
    assert after != before
    window.listing.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert digest(session) == before
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert digest(session) == after
    for ahead in (0, 2 * len(session.steps)):  # at once, and after two more training steps
        position = session.moment.position + ahead
        session.goto(position)
        fresh = fresh_run(name, cell, row, new, position)
        for each in filter(fresh.computed, fresh.listing.values):
            np.testing.assert_array_equal(session.view(each), fresh.view(each), err_msg=each)


# ---------------------------------------------------------------- the plane


def test_every_cell_of_the_boundary_is_the_forward_pass_at_its_centre_wherever_the_run_stands(open_window):
    window = open_window("xor", position=40)
    window.actions_by_name["playground"].trigger()
    page, session = window.features.changing.playground, window.session
    for change in (
        lambda: session.goto(900),
        lambda: session.change("hidden.kernel", 1.5, (0, 0)),
        lambda: session.goto(17),
        session.undo,
    ):
        change()
        plane, weights = page.plane.plane, session.stepper.storage
        model = session.model
        kept = {v: v.value.copy() for v in model.weights}
        for variable in model.weights:
            variable.value[...] = weights[variable]
        points = centres(plane.low, plane.high)
        said = np.asarray(model(points)).reshape(plane.output.shape)
        for variable, array in kept.items():
            variable.value[...] = array
        np.testing.assert_allclose(plane.output, said, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(plane.decision, said[..., 0] > 0.5)


def test_a_painted_point_is_in_the_data_that_the_next_steps_learn_from(open_window, qtbot):
    window = open_window("xor", position=40)
    window.actions_by_name["playground"].trigger()
    page, session = window.features.changing.playground, window.session
    page.tools.button(1).click()
    qtbot.mouseClick(page.plane, LEFT, pos=page.plane.to_widget((0.25, 0.75)).toPoint())
    row = len(session.stepper.data["x"]) - 1
    now, schedule = session.moment.shown + 1, session.stepper.schedule
    turn = next(s for s in range(now, now + schedule.batches) if row in schedule.rows(s))
    session.goto(session.moment.start_of(turn) + 1)
    np.testing.assert_allclose(session.stepper.data["x"][row], (0.25, 0.75), atol=0.02)
    assert row in session.moment.rows
    place = int((session.moment.rows == row).argmax())
    np.testing.assert_array_equal(session.view("x")[place], session.stepper.data["x"][row])
    assert session.view("y_true").ravel()[place] == session.stepper.data["y_true"].ravel()[row]
    qtbot.mouseClick(page.plane, Qt.MouseButton.RightButton, pos=page.plane.to_widget((0.25, 0.75)).toPoint())
    assert len(session.stepper.data["x"]) == row
