"""All numbers of one tensor as a table, and their exact counts."""

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QApplication

from gui.histogram import histogram
from gui.panels.background import Background
from gui.panels.tensor_window import TensorTable, TensorWindow


def test_counts_are_exact_and_bins_go_from_the_least_to_the_largest():
    x = np.random.default_rng(0).normal(size=(50, 40)).astype("float32")
    x[0, 0] = 50.0
    h = histogram(x, 20)
    assert (h.edges[0], h.edges[-1]) == (x.min(), 50.0)
    assert h.counts.sum() == x.size
    assert h.counts[-1] == 1


def test_what_is_not_finite_is_counted_apart():
    h = histogram(np.array([np.nan, np.inf, -np.inf, 0.0, 2.0], "float32"), 2)
    assert (h.nans, h.infinite, h.zeros, h.counts.tolist()) == (1, 2, 1, [1, 1])
    assert histogram(np.full(3, np.nan, "float32")).counts.sum() == 0
    assert histogram(np.zeros((0, 4))).counts.sum() == 0


def test_whole_numbers_have_a_bin_each():
    h = histogram(np.array([3, 3, 5]))
    assert h.counts.tolist() == [2, 0, 1]
    assert h.edges.tolist() == [2.5, 3.5, 4.5, 5.5]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("low", [0.0, 1.0, -3e30, 1e-40])
def test_numbers_next_to_each_other_are_counted(dtype, low):
    low = np.asarray(low, dtype)
    x = np.array([low, np.nextafter(low, np.asarray(np.inf, dtype))])
    h = histogram(x)
    assert h.counts.sum() == 2
    assert (np.diff(h.edges) > 0).all()


@pytest.mark.parametrize("shape", [(), (3,), (4, 5), (2, 3, 4, 5)])
def test_the_table_holds_every_number_at_its_index(shape):
    x = np.arange(np.prod(shape, dtype=int), dtype="float32").reshape(shape)
    table = TensorTable()
    table.show_data(x)
    places = [table.place(r, c) for r in range(table.rowCount()) for c in range(table.columnCount())]
    assert sorted(places) == sorted(np.ndindex(shape))
    for place in places:
        cell = table.index(table.row_of(place), place[-1] if place else 0)
        assert float(table.data(cell, Qt.ItemDataRole.ToolTipRole)) == x[place]


def test_a_large_table_is_read_where_it_is_looked_at(qtbot):
    table = TensorTable()
    table.show_data(np.zeros((4096, 4096), "float32"))
    assert (table.rowCount(), table.columnCount()) == (4096, 4096)


def test_the_window_follows_the_session_and_selects(open_window, qtbot):
    window = open_window(position=3)
    session = window.session
    session.select("hidden.kernel", (1, 0))
    window.actions_by_name["table"].trigger()
    found = window.findChild(TensorWindow)
    assert found.table.currentIndex().row() == 1
    assert (
        float(found.model.data(found.model.index(1, 0), Qt.ItemDataRole.ToolTipRole))
        == session.view("hidden.kernel")[1, 0]
    )
    session.goto(15)
    assert found.counts.counted.counts.sum() == 4
    np.testing.assert_array_equal(found.model.data_shown, session.view("hidden.kernel"))
    found.table.clicked.emit(found.model.index(0, 1))
    assert session.selection == ("hidden.kernel", (0, 1))
    assert not found.grab().isNull()
    window.load("xor")
    window.load("digits-cnn")
    QApplication.processEvents()
    assert window.findChild(TensorWindow) is None


def test_a_tensor_is_opened_once_and_shows_the_cell_asked_for(open_window):
    window = open_window(position=3)
    for name, index in (("hidden.kernel", (0, 0)), ("output.kernel", (0, 0)), ("hidden.kernel", (1, 1))):
        window.session.select(name, index)
        window.actions_by_name["table"].trigger()
    opened = {w.name: w.table.currentIndex() for w in window.findChildren(TensorWindow)}
    assert {name: (at.row(), at.column()) for name, at in opened.items()} == {
        "hidden.kernel": (1, 1),
        "output.kernel": (0, 0),
    }


def test_escape_ends_the_window_and_its_hearing(open_window, qtbot):
    window = open_window(position=3)
    heard = len(window.session._callbacks)
    window.actions_by_name["table"].trigger()
    qtbot.keyClick(window.findChild(TensorWindow), Qt.Key.Key_Escape)
    QApplication.sendPostedEvents(None, 52)  # what was asked to be deleted later
    assert len(window.session._callbacks) == heard
    assert window.findChild(TensorWindow) is None


def test_the_menu_of_a_cell_offers_what_can_be_done(open_window):
    window = open_window(position=3)
    views = {v.content.name: v for v in window.stage.views()}
    texts = [a.text() for a in views["output.kernel"].menu((0, 1)).actions()]
    assert {"Explain", "Edit…", "Pin to the watch list", "Numbers and histogram…", "Export…"} <= set(texts)
    computed = views["output.dense"].menu((0, 0))
    assert "Edit…" not in [a.text() for a in computed.actions()]
    next(a for a in computed.actions() if a.text() == "Stop before it is computed").trigger()
    assert window.session.breakpoints == {2}
    menu = views["output.kernel"].menu((0, 1))
    next(a for a in menu.actions() if a.text() == "Edit…").trigger()
    assert window.workbench.edit_bar.number.cell == ("output.kernel", (0, 1))


def test_the_latest_request_wins(qtbot):
    import threading

    gate, answers, worker = threading.Event(), [], Background()
    worker.done.connect(answers.append)
    worker.ask(lambda: gate.wait(5) and "first")
    worker.ask(lambda: "second")
    worker.ask(lambda: "third")
    gate.set()
    qtbot.waitUntil(lambda: not worker.busy and bool(answers))
    assert answers == ["third"]


def test_the_histogram_reads_a_bar(open_window, qtbot):
    window = open_window(position=3)
    window.session.select("hidden.kernel", (0, 0))
    window.features.changing.show_table()
    view = window.findChild(TensorWindow).counts
    window.findChild(TensorWindow).tabs.setCurrentIndex(1)
    assert "4 numbers" in view.words()
    box = view.bars()
    qtbot.mouseMove(view, QPoint(int(box.left()) + 2, int(box.center().y())))
    assert view.words().endswith(": 1 number")
