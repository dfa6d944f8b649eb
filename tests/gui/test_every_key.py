"""Every key that is promised does what it says: pressed on the window, seen in the session or on the screen."""

import numpy as np
import pytest
from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QKeySequence
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog

from gui import theme
from gui.shortcuts import ACTIONS
from gui.worker import SPEEDS

from .conftest import in_light


def press(window, keys):
    """Press a combination of keys on the window."""
    combination = QKeySequence(keys)[0]
    QTest.keyClick(window, combination.key(), combination.keyboardModifiers())
    QApplication.processEvents()


def title_of_dialog(window, keys, qtbot):
    """The title of the dialog that a key opens; it is closed again."""
    titles = []

    def look():
        for found in QApplication.topLevelWidgets():
            if isinstance(found, QDialog) and found.isVisible():
                titles.append(found.windowTitle())
                found.reject()

    QTimer.singleShot(100, look)
    press(window, keys)
    qtbot.waitUntil(lambda: bool(titles), timeout=5000)
    return titles[0]


@pytest.fixture
def window(open_window, qapp):
    yield open_window("digits-cnn", position=20)
    in_light(qapp)


@pytest.fixture
def small(open_window, qapp):
    """A window that is opened faster, for keys that no number depends on."""
    yield open_window("xor", position=3)
    in_light(qapp)


MOVES = {  # key, the key that undoes it: where both lead from position 20 of the first training step
    "Right": ("Left", "op"),
    "Ctrl+Right": ("Ctrl+Left", "layer"),
    "PgDown": ("PgUp", "phase"),
    "End": ("Home", "batch"),
}


@pytest.mark.parametrize("there", MOVES)
def test_moves_lead_to_the_next_border_and_back(window, there):
    session, (back, grain) = window.session, MOVES[there]
    steps, start = session.steps, session.moment.position

    def borders(cuts):
        return [0, *(k for k in range(1, len(steps)) if cuts(steps[k - 1], steps[k])), len(steps)]

    cuts = {
        "op": lambda a, b: True,
        "layer": lambda a, b: (a.layer, a.phase) != (b.layer, b.phase),
        "phase": lambda a, b: a.phase != b.phase,
        "batch": lambda a, b: False,
    }[grain]
    found = borders(cuts)
    press(window, there)
    ahead = session.moment.position
    assert ahead == min(k for k in found if k > start)
    press(window, back)
    assert session.moment.position == max(k for k in found if k < ahead)


@pytest.mark.parametrize(("keys", "same"), [("F11", "Right"), ("F10", "Ctrl+Right"), ("Shift+F11", "PgDown")])
def test_keys_of_debuggers_lead_where_ours_do(window, keys, same):
    press(window, keys)
    there = window.session.moment.position
    window.session.goto(20)
    press(window, same)
    assert window.session.moment.position == there > 20


def test_elements_and_terms(open_window):
    window = open_window("worked-example", position=1)
    session = window.session
    session.select("hidden.dense", (0, 0))
    press(window, "Shift+Right")
    assert (session.moment.position, session.selection) == (1, ("hidden.dense", (0, 1)))
    press(window, "Shift+Left")
    assert session.selection == ("hidden.dense", (0, 0))
    press(window, "I")
    assert session.term == 0
    press(window, "Ctrl+Shift+Right")
    assert session.term == 1
    press(window, "Ctrl+Shift+Left")
    assert session.term == 0


def test_space_plays_and_pauses_and_plus_and_minus_change_the_speed(window, qtbot):
    player = window.player
    before = player.speed
    for faster in ("+", "="):
        press(window, faster)
        assert player.speed == SPEEDS[SPEEDS.index(before) + 1]
        press(window, "-")
    press(window, "-")
    assert player.speed == SPEEDS[SPEEDS.index(before) - 1]
    window.listing.setFocus()
    press(window, "Space")
    assert player.playing
    press(window, "Space")
    assert not player.playing


def test_breakpoints_and_running(window):
    session = window.session
    session.look(25)
    press(window, "F9")
    assert session.breakpoints == {25}
    session.look(None)
    press(window, "F5")
    assert session.done == 25
    session.look(25)
    press(window, "F9")
    assert session.breakpoints == set()


def test_reset_begins_with_the_same_weights_and_a_new_seed_with_others(window):
    session = window.session
    session.goto(0)
    first = session.view("conv1.kernel").copy()
    session.goto(len(session.steps))
    assert not np.array_equal(session.view("conv1.kernel"), first)
    press(window, "Ctrl+R")
    assert session.moment.position == 0
    np.testing.assert_array_equal(session.view("conv1.kernel"), first)
    press(window, "Ctrl+Shift+R")
    assert not np.array_equal(session.view("conv1.kernel"), first)


def test_what_is_looked_at(window):
    session = window.session
    session.look(session.listing.written_by["conv2.conv2d"])
    for keys, name, new, again in (
        ("V", "show", "gradients", "values"),
        ("B", "batch_mean", True, False),
        ("N", "numbers", False, True),
        ("O", "order", "index", "size"),
    ):
        press(window, keys)
        assert getattr(session, name) == new, keys
        press(window, keys)
        assert getattr(session, name) == again, keys
    for keys, name, value in ((".", "sample", 1), (",", "sample", 0), ("]", "channel", 1), ("[", "channel", 0)):
        press(window, keys)
        assert getattr(session, name) == value, keys
    press(window, "]")
    view = next(v for v in window.stage.views() if v.content.name == "conv2.conv2d")
    np.testing.assert_array_equal(view.picture(), session.view("conv2.conv2d")[0, :, :, 1])


def test_selection_and_its_history(window):
    session = window.session
    session.select("conv1.conv2d", (0, 1, 2, 3))
    session.select("conv1.kernel", (0, 1, 0, 3))
    press(window, "Alt+Left")
    assert session.selection == ("conv1.conv2d", (0, 1, 2, 3))
    press(window, "Alt+Right")
    assert session.selection == ("conv1.kernel", (0, 1, 0, 3))
    press(window, "Ctrl+C")
    assert float(QApplication.clipboard().text()) == session.view("conv1.kernel")[0, 1, 0, 3]
    press(window, "W")
    assert session.pinned == [("conv1.kernel", (0, 1, 0, 3))]
    press(window, "F2")
    assert window.workbench.edit_bar.number.entry.hasFocus()
    window.listing.setFocus()
    press(window, "E")
    assert session.selection[0] in session.steps[19].outputs


def test_undo_and_redo(window):
    session = window.session
    old = session.number_at("conv1.kernel", (0, 0, 0, 0))
    session.change("conv1.kernel", 0.5, (0, 0, 0, 0))
    for keys, value in (("Ctrl+Z", old), ("Ctrl+Shift+Z", 0.5), ("Ctrl+Z", old), ("Ctrl+Y", 0.5)):
        press(window, keys)
        assert session.number_at("conv1.kernel", (0, 0, 0, 0)) == value, keys


def test_theme_type_and_presentation(small):
    press(small, "Ctrl+Shift+T")
    assert theme.current().dark
    press(small, "Ctrl+Shift+T")
    assert not theme.current().dark
    for larger in ("Ctrl++", "Ctrl+="):
        press(small, larger)
        assert theme.scale() == 1.1
        press(small, "Ctrl+-")
    press(small, "Ctrl+-")
    assert theme.scale() == 0.9
    press(small, "Ctrl+0")
    assert theme.scale() == 1.0
    press(small, "Ctrl+Shift+F")
    assert small.features.presenting.on
    press(small, "Ctrl+Shift+F")
    assert not small.features.presenting.on


DIALOGS = {
    "F1": "Keys",
    "Ctrl+Shift+P": "Find an action",
    "Ctrl+G": "Go to",
    "Ctrl+E": "Export",
    "K": "Gradient check",
    "Ctrl+B": "Breakpoints",
    "Ctrl+L": "Lessons",
    "Ctrl+N": "network",
    "Ctrl+,": "Settings",
    "Ctrl+Shift+B": "Branch",
}


@pytest.mark.parametrize("keys", DIALOGS)
def test_keys_that_open_a_dialog(small, qtbot, keys):
    assert DIALOGS[keys] in title_of_dialog(small, keys, qtbot)


def test_keys_that_ask_for_a_file(small, monkeypatch):
    asked = []
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *a, name=name, **k: (asked.append(name), ("", ""))[1])
    for keys in ("Ctrl+S", "Ctrl+Shift+S", "Ctrl+O", "Ctrl+Shift+O", "Ctrl+Shift+E"):
        asked.clear()
        press(small, keys)
        assert asked == ["getOpenFileName" if keys.endswith("O") else "getSaveFileName"], keys


PANELS = {"Ctrl+M": "metrics", "Ctrl+I": "profile", "Ctrl+W": "watches", "Ctrl+P": "pin"}


@pytest.mark.parametrize("keys", PANELS)
def test_keys_that_open_a_panel_close_it_again(small, keys):
    action = small.actions_by_name[PANELS[keys]]
    docks = {name for name, dock in small.docks.items() if dock.isVisible()}
    press(small, keys)
    assert len({name for name, dock in small.docks.items() if dock.isVisible()} - docks) == 1
    assert action.isChecked()
    press(small, keys)
    assert {name for name, dock in small.docks.items() if dock.isVisible()} == docks
    assert not action.isChecked()


@pytest.mark.parametrize(
    ("preset", "keys", "page"),
    [
        ("xor", "Ctrl+2", "playground"),
        ("digits-cnn", "Ctrl+3", "drawing_board"),
        ("digits-cnn", "Ctrl+4", "fan"),
        ("autoencoder", "Ctrl+5", "code"),
        ("siamese-digits", "Ctrl+6", "towers"),
    ],
)
def test_keys_of_pages(open_window, preset, keys, page):
    window = open_window(preset, position=3)
    press(window, keys)
    assert window.workbench.page is getattr(window.features.changing, page)
    press(window, "Ctrl+1")
    assert window.workbench.page is window.stage


def test_training_begins_and_pauses(window, qtbot):
    press(window, "Ctrl+F5")
    qtbot.waitUntil(lambda: window.session.moment.shown > 1, timeout=60_000)
    press(window, "Ctrl+F5")
    qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)


def test_predicting_and_numbers_of_a_tensor(window, qtbot):
    press(window, "P")
    assert window.session.predictor.on
    press(window, "P")
    assert not window.session.predictor.on
    window.session.select("conv1.kernel", (0, 0, 0, 0))
    press(window, "T")
    assert any("conv1.kernel" in w.windowTitle() for w in QApplication.topLevelWidgets() if w.isVisible())


def test_lessons_go_on_and_back(small):
    learning = small.features.learning
    learning.begin("03-gradient-step")
    press(small, "Ctrl+PgDown")
    assert learning.place == 1
    press(small, "Ctrl+PgUp")
    assert learning.place == 0


def test_quitting(small):
    press(small, "Ctrl+Q")
    assert not small.isVisible()


def test_no_key_of_the_table_is_left_out():
    """Every key of the table is pressed by name in this file."""
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert [k for a in ACTIONS for k in a.keys if f'"{k}"' not in text] == []
