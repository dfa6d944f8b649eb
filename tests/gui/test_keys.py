"""Keys that the user changes, the palette, the tour, the About box: all can be found and done by keys."""

import pytest
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QLineEdit, QWidget

from gui import finding, lesson
from gui.keymap import Keymap, key_sheet
from gui.panels import chooser, export_dialog, network_editor, palette, settings
from gui.panels import key_sheet as sheets
from gui.session import Session
from gui.shortcuts import ACTIONS
from gui.window import MainWindow

KEY, CONTROL = Qt.Key, Qt.KeyboardModifier.ControlModifier


def test_every_action_has_a_handler_and_is_in_the_palette(open_window):
    window = open_window()
    assert {a.name for a in ACTIONS} == set(window.bound)
    entries = window.features.looking_up.entries()
    assert {a.name for a in ACTIONS} <= {entry.name for entry in entries}
    assert {lesson.find(name).title for name in lesson.names()} <= {entry.text for entry in entries}


def test_the_keys_of_the_table_are_ones_that_qt_knows_and_none_twice():
    keys = [QKeySequence(key).toString() for a in ACTIONS for key in a.keys]
    assert all(keys)
    assert len(keys) == len(set(keys))


def test_a_key_can_be_changed_and_is_kept(open_window, qtbot, tmp_path):
    kept = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    session = Session()
    session.load("worked-example", position=0)
    window = MainWindow(session, kept)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.features.keymap.assign("forward_op", ("X",))
    window.features.appearance.put_keys()
    qtbot.keyClick(window, KEY.Key_X)
    assert session.moment.position == 1
    qtbot.keyClick(window, KEY.Key_F11)
    assert session.moment.position == 1
    window.close()
    again = MainWindow(session, kept)
    assert again.actions_by_name["forward_op"].shortcuts() == [QKeySequence("X")]
    assert "X" in again.actions_by_name["forward_op"].toolTip()
    again.close()


def test_a_key_that_is_taken_is_refused_with_its_owner(qtbot):
    keymap, told = Keymap(), []
    editor = sheets.KeyEditor(keymap, lambda: told.append(1))
    qtbot.addWidget(editor)
    editor.choose("palette")
    assert editor.chosen() == "palette"
    editor.assign("F1")
    assert "'Keys'" in editor.message.text()
    assert keymap["palette"] == ("Ctrl+Shift+P",)
    editor.assign("Ctrl+K")
    assert keymap["palette"] == ("Ctrl+K",)
    assert "Ctrl+K" in key_sheet(keymap)
    editor.assign("")
    assert keymap["palette"] == ()
    editor._reset()
    assert keymap.changes == {}
    assert len(told) == 3


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"nothing": ["X"]}', '{"theme": 3}', '{"theme": ["F1"]}', '{"theme": [1]}']
)
def test_damaged_keys_become_those_of_the_table(text):
    assert Keymap.loads(text).changes == {}
    assert Keymap.loads('{"theme": ["F4"]}')["theme"] == ("F4",)


def test_the_palette_finds_by_a_few_letters_and_does_it(open_window, qtbot):
    window = open_window()
    found = palette.Palette(window.features.looking_up.entries(), window)
    qtbot.addWidget(found)
    found.show()
    qtbot.keyClicks(found.field, "numb cel")
    assert found.found[0].name == "numbers"
    qtbot.keyClick(found.field, KEY.Key_Return)
    before = window.session.numbers
    found.chosen.run()
    assert window.session.numbers != before


def test_the_palette_is_driven_by_arrow_keys_and_left_by_escape(open_window, qtbot):
    window = open_window()
    found = palette.Palette(window.features.looking_up.entries(), window)
    qtbot.addWidget(found)
    found.show()
    qtbot.keyClick(found.field, KEY.Key_Down)
    qtbot.keyClick(found.field, KEY.Key_Down)
    assert found.list.currentRow() == 2
    qtbot.keyClick(found.field, KEY.Key_Escape)
    assert found.chosen is None
    assert not found.isVisible()
    found.search("qqqqzzzz")
    found.take()
    assert found.chosen is None


@pytest.mark.parametrize(
    ("query", "name"),
    [("theme", None), ("light", "theme"), ("goto", "goto"), ("reset same", "reset"), ("worst", "metrics"), ("F", None)],
)
def test_better_answers_come_first(open_window, query, name):
    found = finding.best(query, open_window().features.looking_up.entries())
    assert name is None or found[0].name == name


def test_keys_leave_text_fields_alone(open_window, qtbot):
    window = open_window(position=0)
    learning = window.features.learning
    learning.begin("03-gradient-step")
    learning.move(1)
    before = window.session.moment.position
    learning.bar.field.setFocus()
    qtbot.keyClicks(learning.bar.field, "v0.5n")
    qtbot.keyClick(learning.bar.field, KEY.Key_Left)
    assert learning.bar.field.text() == "v0.5n"
    assert (window.session.moment.position, window.session.show, window.session.numbers) == (before, "values", True)


def dialogs(window):
    """One of every dialog."""
    appearance = window.features.appearance
    return [
        sheets.KeySheet(appearance.keymap, appearance.put_keys, window),
        sheets.KeyEditor(appearance.keymap, appearance.put_keys, window),
        palette.Palette(window.features.looking_up.entries(), window),
        settings.Settings(appearance, window),
        chooser.LessonChooser([lesson.find(name) for name in lesson.names()], window),
        export_dialog.ExportDialog(["Stage"], ["x"], window),
        network_editor.NetworkEditor("Input((2,))", None, window),
    ]


def test_everything_that_takes_the_focus_in_a_dialog_has_a_name(open_window, qtbot):
    for dialog in dialogs(open_window()):
        dialog.show()
        for widget in dialog.findChildren(QWidget):
            if not widget.isVisible() or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                continue
            named = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            inner = isinstance(widget, QLineEdit) and not isinstance(widget.parent(), type(dialog))
            assert named or inner, (dialog, widget)
        dialog.close()


def test_the_about_box_says_how_fast_the_window_was(open_window):
    window = open_window()
    window.session.next()
    words = window.features.looking_up.words()
    assert "95 % within" in words
    assert "0 changes" not in words


def test_the_tour_dims_all_but_what_it_talks_about(open_window, qtbot):
    window = open_window()
    bright = window.grab().toImage()
    learning = window.features.learning
    learning.begin("tour")
    dimmed = window.grab().toImage()
    frame = learning.frame.rects()[0]
    inside, outside = frame.center(), window.transport.geometry().center()
    assert dimmed.pixelColor(outside).lightness() < bright.pixelColor(outside).lightness() - 40
    assert dimmed.pixelColor(inside).lightness() > 150


PAGES = [
    ("xor", ("playground", "neuron", "watches", "metrics", "profile", "predict", "pin", "table")),
    ("digits-cnn", ("draw", "gradient_check", "present")),
    ("autoencoder", ("code",)),
    ("siamese-digits", ("towers",)),
]


@pytest.mark.parametrize(("name", "opened"), PAGES, ids=[name for name, _ in PAGES])
def test_everything_that_takes_the_focus_has_a_name_on_every_page_and_panel(open_window, qtbot, name, opened):
    window = open_window(name, position=5)
    window.tabifyDockWidget(window.docks["network"], window.docks["explain"])
    for action in opened:
        window.actions_by_name[action].trigger()
        qtbot.wait(10)
        for widget in (w for top in QApplication.topLevelWidgets() for w in top.findChildren(QWidget)):
            if not widget.isVisible() or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                continue
            inner = isinstance(widget, QLineEdit) and isinstance(widget.parent(), QAbstractSpinBox)
            text = widget.text() if isinstance(widget, QAbstractButton) else ""  # its name, unless it has another
            assert widget.accessibleName() or text or inner, (action, widget, widget.parent())
    if "present" in opened:
        window.actions_by_name["present"].trigger()
