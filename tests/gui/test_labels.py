"""No label is cut off, in no panel and no dialog, at 100 and 200 %: text width <= widget width."""

import pytest
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QTextDocument
from PyQt6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QDialog, QLabel, QToolButton

from gui import theme

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
    for action in ("stage", "playground", "draw", "neuron", "explain", "to_end", "metrics", "predict"):
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


@pytest.mark.parametrize("action", DIALOGS)
def test_nothing_is_cut_off_in_a_dialog(open_window, qtbot, size, action):
    window = open_window(position=9)
    window.features.appearance.set_scale(size)
    seen = []

    def look():
        dialogs = [w for w in QApplication.topLevelWidgets() if w.isVisible() and isinstance(w, QDialog)]
        for dialog in dialogs:
            settle()
            seen.append(cut_off(dialog))
            dialog.reject()

    QTimer.singleShot(150, look)
    window.actions_by_name[action].trigger()
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert seen == [[]]


def test_nothing_is_cut_off_when_an_error_is_reported(open_window, qtbot, size):
    window = open_window(position=9)
    window.features.appearance.set_scale(size)
    error = RuntimeError("layer 'conv2' (conv2d): expected 3 input channels, received 4. x is (32, 28, 28, 4).")
    window.features.running.report(RuntimeError, error, None)
    settle()
    dialogs = [w for w in QApplication.topLevelWidgets() if w.isVisible() and isinstance(w, QDialog)]
    assert len(dialogs) == 1
    assert cut_off(dialogs[0]) == []
    dialogs[0].reject()


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
