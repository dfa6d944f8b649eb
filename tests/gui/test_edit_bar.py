"""Numbers edited in the window: typed, nudged, dragged; undo and redo by their keys."""

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QApplication

from gui import theme


@pytest.fixture
def window(open_window):
    return open_window(position=13)


def typed(qtbot, entry, text):
    entry.setFocus()
    entry.selectAll()
    qtbot.keyClicks(entry, text)
    qtbot.keyClick(entry, Qt.Key.Key_Return)


def test_a_weight_is_typed_and_undone(open_window, qtbot):
    window = open_window(position=2)
    session, field = window.session, window.workbench.edit_bar.number
    session.select("hidden.kernel", (0, 1))
    old = session.view("hidden.sigmoid").copy()
    assert window.workbench.edit_bar.edit()
    typed(qtbot, field.entry, "0.75")
    assert session.stepper.edits[-1].value == np.float32(0.75)
    new = session.view("hidden.sigmoid").copy()
    assert not np.array_equal(old, new)
    shown = next(v for v in window.stage.views() if v.content.name == "hidden.kernel")
    np.testing.assert_array_equal(shown.content.data, session.view("hidden.kernel"))
    window.actions_by_name["undo"].trigger()
    np.testing.assert_array_equal(session.view("hidden.sigmoid"), old)
    assert not window.actions_by_name["undo"].isEnabled()
    window.actions_by_name["redo"].trigger()
    np.testing.assert_array_equal(session.view("hidden.sigmoid"), new)


def test_what_an_update_made_of_the_number_is_said(window, qtbot):
    window.session.goto(15)
    window.session.goto(14)
    window.session.select("output.kernel", (0, 0))
    typed(qtbot, window.workbench.edit_bar.number.entry, "0.5")
    assert "its update made" in window.statusBar().currentMessage()


def test_what_is_no_number_is_said_and_changes_nothing(window, qtbot):
    session, field = window.session, window.workbench.edit_bar.number
    session.select("x", (0, 0))
    before = field.entry.text()
    typed(qtbot, field.entry, "many")
    assert "expected a number" in window.statusBar().currentMessage()
    assert field.entry.text() == before
    assert session.stepper.edits == ()


def test_escape_brings_the_number_back(window, qtbot):
    field = window.workbench.edit_bar.rate
    field.entry.setFocus()
    qtbot.keyClicks(field.entry, "9")
    qtbot.keyClick(field.entry, Qt.Key.Key_Escape)
    assert field.entry.text() == "0.5"
    assert window.session.stepper.edits == ()


def test_a_drag_changes_the_rate_and_is_one_undo(window, qtbot):
    session, label = window.session, window.workbench.edit_bar.rate.label
    old = float(session.view("learning_rate"))
    start = QPoint(4, 5)
    qtbot.mousePress(label, Qt.MouseButton.LeftButton, pos=start)
    for x in (20, 60, 104):
        qtbot.mouseMove(label, start + QPoint(x, 0))
    qtbot.mouseRelease(label, Qt.MouseButton.LeftButton, pos=start + QPoint(104, 0))
    assert session.view("learning_rate") == pytest.approx(old * 10**0.52)
    session.undo()
    assert session.view("learning_rate") == old


def test_what_is_computed_has_no_field_and_says_why(window):
    window.session.select("hidden.dense", (0, 0))
    bar = window.workbench.edit_bar
    assert not bar.number.entry.isEnabled()
    assert "computed" in bar.number.entry.toolTip()
    assert not bar.edit()


def test_arrow_keys_in_a_field_nudge_and_do_not_step(window, qtbot):
    session, field = window.session, window.workbench.edit_bar.number
    session.select("hidden.kernel", (0, 1))
    position, old = session.moment.position, float(session.view("hidden.kernel")[0, 1])
    field.entry.setFocus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Right):
        qtbot.keyClick(field.entry, key)
    assert session.moment.position == position
    assert float(session.stepper.edits[-1].value) > old - 0.1
    assert len(session.stepper.edits) == 1


def test_an_edit_while_training_takes_hold_and_training_goes_on(open_window, qtbot):
    window = open_window("xor")
    session = window.session
    window.toggle_training()
    qtbot.waitUntil(lambda: session.moment.shown > 3)
    typed(qtbot, window.workbench.edit_bar.rate.entry, "0.125")
    assert session.training
    assert [float(e.value) for e in session.stepper.edits] == [0.125]
    window.trainer.pause(wait=True)
    assert session.view("learning_rate") == 0.125


@pytest.fixture
def large_type(qapp):
    """Type of double size, and normal again."""
    yield 2.0
    theme.set_scale(qapp, 1.0)


def test_with_large_type_names_are_shorter_and_all_stays_in_one_line(open_window, large_type):
    window = open_window("ticket-router", position=6)
    window.features.appearance.set_scale(large_type)
    QApplication.processEvents()
    bar = window.workbench.edit_bar
    assert bar.number.y() == bar.rate.y()
    assert bar.height() == bar.number.height()
    assert bar.rate.label.text() == "rate"
    assert "…" in bar.number.label.text()
    assert "t=0" in bar.number.entry.accessibleName()  # the whole name
    assert "t=0" in bar.number.entry.accessibleName()  # the whole name
    assert bar.heightForWidth(300) > 1.9 * bar.height()  # in less room they go below each other


def test_names_are_whole_where_there_is_room(window):
    bar = window.workbench.edit_bar
    window.session.select("hidden.kernel", (0, 1))
    QApplication.processEvents()
    assert bar.rate.label.text() == "learning rate"
    assert bar.number.label.text() == "hidden.kernel[in=0, out=1]"
