"""Stepping into a cell by a double click; pinned numbers in a list that follows stepping."""

import pytest
from PyQt6.QtCore import Qt

from fastnn.errors import FastnnError
from gui import storage
from gui.grains import step_into
from gui.numbers import format_number
from gui.session import Session

KEY = Qt.Key


def view_of(window, name):
    return next(v for v in window.stage.views() if v.content.name == name)


def test_a_double_click_steps_into_the_cell_term_by_term(open_window, qtbot):
    window = open_window("worked-example", position=1)
    session, view = window.session, view_of(window, "hidden.dense")
    place = view.index_rect((0, 1)).center().toPoint()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert session.selection == ("hidden.dense", (0, 1))
    assert (session.term, session.grain) == (0, "term")
    assert window.transport.grain.currentText() == "Term"
    inside = session.stepper.inside("hidden.dense", (0, 1))
    marked = {(n, tuple(i)) for n, cells in window.stage.scene.marks.items() for i in cells.tolist()}
    assert marked == {(o.name, o.index) for o in inside[0].operands}
    for place in range(1, len(inside)):
        window.actions_by_name["forward_grain"].trigger()
        assert session.term == place
        assert session.selection == ("hidden.dense", (0, 1))
    window.actions_by_name["back_grain"].trigger()
    assert session.term == len(inside) - 2


def test_into_what_no_operation_computed_there_is_no_step(open_window, qtbot):
    window = open_window("worked-example", position=1)
    view = view_of(window, "x")
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=view.index_rect((0, 1)).center().toPoint())
    assert window.session.term is None
    assert window.session.grain == "op"
    assert "expected a number that an operation has computed" in window.statusBar().currentMessage()
    window.session.select("output.dense", (0, 0))
    with pytest.raises(FastnnError, match="has computed"):
        step_into(window.session)


def test_a_pinned_number_follows_stepping(open_window, qtbot):
    window = open_window("worked-example", position=1)
    session, watching = window.session, window.features.watching
    for name, index in (("hidden.kernel", (0, 1)), ("output.sigmoid", (0, 0))):
        session.select(name, index)
        qtbot.keyClick(window, KEY.Key_W)
    assert watching.dock.isVisible()
    model = watching.list.model

    def text(row, column):
        return model.data(model.index(row, column))

    def written(value):
        return format_number(value, min(session.digits, 5))

    assert [text(k, 0).split("[")[0] for k in (0, 1)] == ["hidden.kernel", "output.sigmoid"]
    old = float(session.view("hidden.kernel")[0, 1])
    assert [text(0, 1), text(1, 1)] == [written(old), "…"]
    qtbot.keyClick(window, KEY.Key_End)
    new = float(session.view("hidden.kernel")[0, 1])
    assert [text(0, k) for k in (1, 2)] == [written(new), written(new - old)]
    assert text(0, 3) == written(session.view("hidden.kernel.grad")[0, 1])
    assert text(1, 1) == written(session.view("output.sigmoid")[0, 0])
    session.goto(session.moment.position + len(session.steps))
    assert text(0, 1) == written(session.view("hidden.kernel")[0, 1])
    assert text(0, 1) != written(new)


def test_a_line_selects_its_number_and_delete_unpins_it(open_window, qtbot):
    window = open_window("worked-example", position=1)
    session, watching = window.session, window.features.watching
    session.toggle_watch("hidden.kernel", (0, 1))
    session.toggle_watch("x", (0, 0))
    window.actions_by_name["watches"].trigger()
    table = watching.list.table
    row = table.visualRect(watching.list.model.index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert session.selection == ("hidden.kernel", (0, 1))
    qtbot.keyClick(table, KEY.Key_Delete)
    assert session.pinned == [("x", (0, 0))]
    view = view_of(window, "x")
    words = {a.text(): a for a in view.menu((0, 0)).actions()}
    words["Unpin from the watch list"].trigger()
    assert session.pinned == []
    assert watching.list.pages.currentIndex() == 0


def test_pins_follow_training_and_end_with_the_network(open_window, qtbot):
    window = open_window("xor")
    session = window.session
    session.toggle_watch("hidden.kernel", (0, 0))
    window.actions_by_name["watches"].trigger()
    old = session.watches()[0].value
    window.toggle_training()
    qtbot.waitUntil(lambda: session.moment.shown > 3 and session.watches()[0].value not in (None, old))
    window.trainer.pause(wait=True)
    session.load("digits-mlp")
    assert session.pinned == []


def test_pins_are_kept_in_the_file_of_a_session(tmp_path):
    session, again = Session(), Session()
    session.load("worked-example", position=3)
    session.toggle_watch("hidden.kernel", (0, 1))
    session.toggle_watch("output.dense", (0, 0))
    storage.save(session, tmp_path / "a.fnn")
    storage.restore(again, tmp_path / "a.fnn")
    assert again.pinned == session.pinned
    assert [w.value for w in again.watches()] == [w.value for w in session.watches()]


class Hiding:
    """Asks for every number."""

    @staticmethod
    def hides(name, index):
        return True


def test_a_number_to_be_predicted_is_hidden_here_too(session):
    session.goto(1)
    session.toggle_watch("hidden.dense", (0, 0))
    assert session.watches()[0].value is not None
    session.predictor = Hiding()
    assert session.watches()[0].value is None
