"""No label is cut off, in no panel and no dialog, at 100 and 200 %: text width <= widget width."""

import pytest
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QTextDocument
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QToolButton,
    QWidget,
)

from gui import theme
from gui.panels.tensor_window import TensorWindow

DIALOGS = [
    "keys",
    "settings",
    "own_network",
    "conditions",
    "palette",
    "about",
    "lessons",
    "gradient_check",
    "find_rate",
    "export",
    "hold_out",
    "branch",
    "goto",
]


@pytest.fixture(params=[pytest.param(1.0, marks=pytest.mark.full), 2.0], ids=["100", "200"], autouse=True)
def size(qapp, request):
    """Both sizes of type."""
    theme.set_scale(qapp, 1.0)
    yield request.param
    theme.set_scale(qapp, 1.0)


def needed(widget):
    """Width that a label's or button's widest line asks for; of broken lines that of the longest word."""
    text, metrics = widget.text(), widget.fontMetrics()
    if isinstance(widget, QLabel) and Qt.mightBeRichText(text):
        document = QTextDocument()
        document.setDefaultFont(widget.font())
        document.setHtml(text)
        if widget.wordWrap():
            text = document.toPlainText()
        else:
            return document.idealWidth() - 2 * document.documentMargin()
    if isinstance(widget, QLabel) and widget.wordWrap():
        return max((metrics.horizontalAdvance(word) for word in text.replace("\u200b", " ").split()), default=0)
    plain = text.replace("&&", "\0").replace("&", "").replace("\0", "&")
    return max(metrics.horizontalAdvance(line) for line in plain.split("\n"))


def room(widget):
    """Width that it has for text."""
    if isinstance(widget, QLabel):
        return widget.contentsRect().width()
    icon = 0 if widget.icon().isNull() or isinstance(widget, QCheckBox) else widget.iconSize().width()
    box = 14 if isinstance(widget, QCheckBox) else 0
    return widget.width() - icon - box


def shows_icon_alone(button):
    """Whether a button's text is not written on it."""
    return button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly and not button.icon().isNull()


def cut_off(window):
    """Visible labels and buttons whose text is wider, or higher, than they are."""
    found = []
    for widget in [*window.findChildren(QLabel), *window.findChildren(QAbstractButton)]:
        if not widget.isVisible() or not widget.text():
            continue
        if isinstance(widget, QToolButton) and shows_icon_alone(widget):
            continue
        if needed(widget) > room(widget) + 1:
            found.append((widget.text(), "wide", needed(widget), room(widget)))
        if isinstance(widget, QLabel) and widget.wordWrap():
            high = widget.heightForWidth(widget.width())
            if high > widget.height() + 1:
                found.append((widget.text(), "high", high, widget.height()))
    return found


def settle():
    for _ in range(4):
        QApplication.processEvents()


@pytest.mark.parametrize("name", ["worked-example", "xor", "digits-cnn", "ticket-router", "siamese-digits"])
def test_nothing_is_cut_off_in_the_window(open_window, size, name):
    window = open_window(name, position=3)
    window.features.appearance.set_scale(size)
    for action in (
        "stage",
        "playground",
        "draw",
        "neuron",
        "explain",
        "to_end",
        "metrics",
        "metrics",
        "profile",
        "predict",
    ):
        window.actions_by_name[action].trigger()
        settle()
        assert cut_off(window) == [], action


def test_nothing_is_cut_off_in_a_lesson(open_window, size):
    window = open_window()
    window.features.appearance.set_scale(size)
    window.features.learning.begin("04-backprop-by-hand")
    for _ in range(8):
        settle()
        assert cut_off(window) == []
        window.actions_by_name["lesson_next"].trigger()


def test_nothing_is_cut_off_in_the_presentation(open_window, size):
    window = open_window(position=9)
    window.features.appearance.set_scale(size)
    window.actions_by_name["present"].trigger()
    settle()
    assert cut_off(window) == []
    window.actions_by_name["present"].trigger()


def hidden_parts(dialog):
    """Controls of which a part lies outside of the dialog, or under its edge; what scrolls may."""
    found = []
    for widget in dialog.findChildren(QWidget):
        shown = widget.isVisible() and widget.isEnabled() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        if shown and not scrolls(widget, dialog) and widget.visibleRegion().boundingRect() != widget.rect():
            found.append((type(widget).__name__, widget.accessibleName(), widget.geometry()))
    return found


def scrolls(widget, dialog):
    """Whether a widget lies in a part of a dialog that scrolls."""
    rooms = (QAbstractScrollArea, QAbstractSpinBox, QComboBox)  # of the latter, parts are hidden by rights
    return any(room.isAncestorOf(widget) for kind in rooms for room in dialog.findChildren(kind))


def faults_of(dialog):
    """Everything in a dialog that is not all in sight."""
    room = QApplication.primaryScreen().availableSize()
    fits = dialog.width() <= room.width() and dialog.height() <= room.height()
    return [*cut_off(dialog), *hidden_parts(dialog), *([] if fits else [("too large", dialog.size())])]


def open_dialogs():
    return [w for w in QApplication.topLevelWidgets() if w.isVisible() and isinstance(w, QDialog)]


@pytest.fixture
def faults_in(qtbot):
    """A function that opens a dialog, and gives what is not all in sight in it."""

    def see(open_it):
        seen = []

        def look():
            for dialog in open_dialogs():
                settle()
                seen.extend([faults_of(dialog)])
                dialog.reject()

        QTimer.singleShot(150, look)
        open_it()
        qtbot.waitUntil(lambda: bool(seen), timeout=5000)
        return seen

    return see


@pytest.mark.parametrize(("action", "name"), [*((a, "worked-example") for a in DIALOGS), ("conditions", "digits-cnn")])
def test_a_dialog_is_all_in_sight_on_a_small_screen(open_window, faults_in, size, action, name):
    window = open_window(name, position=9)
    window.features.appearance.set_scale(size)
    assert faults_in(window.actions_by_name[action].trigger) == [[]]


def test_the_dialog_of_keys_and_a_tensor_in_a_window_of_its_own_are_all_in_sight(open_window, faults_in, size):
    window = open_window("digits-cnn", position=9)
    window.features.appearance.set_scale(size)
    assert faults_in(window.features.appearance.edit_keys) == [[]]
    name = window.stage.views()[0].content.name
    assert faults_in(TensorWindow(window.session, name, window).show) == [[]]


def test_nothing_is_cut_off_when_an_error_is_reported(open_window, qtbot, size):
    window = open_window(position=9)
    window.features.appearance.set_scale(size)
    error = RuntimeError("layer 'conv2' (conv2d): expected 3 input channels, received 4. x is (32, 28, 28, 4).")
    window.features.running.report(RuntimeError, error, None)
    settle()
    (dialog,) = open_dialogs()
    assert faults_of(dialog) == []
    next(button for button in dialog.buttons() if button.text().startswith("Show Details")).click()
    settle()
    assert faults_of(dialog) == []
    dialog.reject()


def test_what_is_cut_off_is_noticed(qtbot, size):
    label = QLabel("a label that is far too long")
    qtbot.addWidget(label)
    label.setFixedWidth(40)
    label.show()
    holder = QDialog()
    qtbot.addWidget(holder)
    label.setParent(holder)
    label.show()
    holder.show()
    assert cut_off(holder)
    label.setText("<b>a label that is far too long</b>")
    assert cut_off(holder)
    label.setWordWrap(True)
    label.setFixedHeight(10)
    assert cut_off(holder)


def test_large_type_makes_no_dialog_larger_than_the_screen(qapp, size):
    theme.set_scale(qapp, size)
    room, found = qapp.primaryScreen().availableSize(), theme.dialog_size(940, 620)
    assert found.width() == min(theme.px(940), room.width())
    assert found.height() == min(theme.px(620), room.height())
