"""Names out of files are words, never HTML: Qt would read any file that an `<img src=…>` in one names."""

import ast
import os
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QTextDocument
from PyQt6.QtWidgets import QAbstractItemView, QLabel, QMessageBox, QTabBar, QTextEdit, QToolTip, QWidget

import fastnn
from fastnn import layers
from gui import own_data
from gui.features.explaining import pdf
from gui.panels.card_browser import CardBrowser
from gui.panels.conditions_dialog import ConditionsDialog
from gui.panels.network_editor import NetworkEditor
from gui.panels.tensor_window import TensorWindow
from gui.panels.words import Page
from gui.session import Session

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "gui").rglob("*.py"))
WORDS = ROOT / "gui/panels/words.py"
TAG = "<img src=bad.png>"
MADE = ("QLabel", "QTextBrowser", "QTextDocument", "QTextEdit", "QGraphicsTextItem", "QStaticText", "TextItem")
TIPS = ("setToolTip", "setTabToolTip", "showText", "setStatusTip", "setWhatsThis")


# ---------------------------------------------------------------- the rule


def called(node):
    """Name of what a call calls."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def is_safe(node):
    """Whether a tool tip is written in the source, or goes through what makes it safe."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Call) and called(node) in ("tip_of", "rich_tip"))


def breaches(text):
    """Places where words reach Qt in another way than by gui/panels/words.py."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            if called(node) in (*MADE, "QMessageBox"):
                yield f"line {node.lineno}: {called(node)}"
            if called(node) in TIPS and not is_safe(node.args[1 if len(node.args) > 1 else 0]):
                yield f"line {node.lineno}: {called(node)} without tip_of"
        elif isinstance(node, ast.ClassDef):
            yield from (f"class {node.name}" for base in node.bases if getattr(base, "id", "") in MADE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_words_reach_qt_by_one_room(file):
    assert file == WORDS or list(breaches(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "QLabel('x')",
        "class A(QLabel): pass",
        "w.setToolTip(f'{x}')",
        "QToolTip.showText(p, x, w)",
        "d = QTextDocument()",
        "QMessageBox(w)",
    ],
)
def test_the_rule_sees_breaches(text):
    assert list(breaches(text))


# ---------------------------------------------------------------- windows


def hostile():
    """A session whose every name is a picture's tag."""
    inputs = layers.Input((6, 6, 1), name=f"{TAG}in")
    x = layers.Conv2D(2, 3, name=f"{TAG}conv", activation="relu")(inputs)
    x = layers.Flatten(name=f"{TAG}flat")(x)
    outs = [layers.Dense(3, "softmax", name=f"{TAG}a")(x), layers.Dense(2, name=f"{TAG}b")(x)]
    model = fastnn.Model(inputs, outs, name=f"{TAG}model")

    def metric(y_true, y_pred):
        return fastnn.ops.mean(y_pred)

    metric.__name__ = f"{TAG}metric"
    model.compile("adam", ["categorical_crossentropy", "mse"], metrics=[["accuracy", metric], [metric]])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 6, 6, 1)).astype("float32")
    y = [np.eye(3, dtype="float32")[rng.integers(0, 3, 8)], rng.normal(size=(8, 2)).astype("float32")]
    session = Session()
    session.load_model(model, x, y, batch_size=4, title=f"{TAG}title")
    return session


def texts(widget):
    """What Qt may take for HTML below a widget: (where, text as HTML)."""
    for each in [widget, *widget.findChildren(QWidget)]:
        yield type(each).__name__, each.toolTip()
        if isinstance(each, QLabel) and each.textFormat() != Qt.TextFormat.PlainText:
            yield type(each).__name__, each.text()
        if isinstance(each, QTabBar):
            yield from (("tab", each.tabToolTip(k)) for k in range(each.count()))
        if isinstance(each, QTextEdit):
            yield type(each).__name__, each.toHtml()
        model = each.model() if isinstance(each, QAbstractItemView) else None
        for k in range(model.rowCount() if model is not None else 0):
            for column in range(5):
                yield type(each).__name__, str(model.index(k, column).data(Qt.ItemDataRole.ToolTipRole) or "")


def markup(widget):
    """Where a name has become HTML."""
    return [(where, text) for where, text in texts(widget) if "<img src=bad" in text or 'src="bad' in text]


def seen(widget, word):
    """Whether a word is there to be read, letter for letter."""
    return any(word in label.text() for label in widget.findChildren(QLabel))


def test_a_window_on_hostile_names(show_window):
    """Every value selected once, every dock shown, another run pinned, breakpoints, watches."""
    window = show_window(hostile())
    session = window.session
    session.pin_run()
    session.goto(2 * len(session.steps) + 3)
    for dock in window.docks.values():
        dock.show()
    for name, value in list(session.listing.values.items()):
        if session.computed(name):
            session.select(name, (0,) * len(value.shape))
            assert not markup(window.card)
            assert not markup(window.breadcrumb)
    names = [n for n, v in session.listing.values.items() if session.computed(n) and v.role == "parameter"]
    session.toggle_watch(names[0], (0,) * len(session.listing.values[names[0]].shape))
    for position in range(2 * len(session.steps), 3 * len(session.steps)):
        session.goto(position)
        assert not markup(window.breadcrumb)
    window.describe(session.selection)
    assert not markup(window)
    assert seen(window, TAG)


def test_charts_of_hostile_metrics(show_window):
    window = show_window(hostile())
    session = window.session
    session.goto(2 * len(session.steps))
    for place in range(window.chart.choice.count()):
        window.chart.choice.setCurrentIndex(place)
        window.chart.refresh()
        assert not markup(window.chart)
        assert all('src="bad' not in label.item.toHtml() for _, label in window.chart.legend.items)


def test_tool_tips_under_the_pointer(show_window, monkeypatch):
    window, shown = show_window(hostile()), []
    monkeypatch.setattr(QToolTip, "showText", lambda where, text, widget: shown.append(text))
    for widget in (*window.stage.views(), window.map):
        for x in range(5, widget.width(), 40):
            for y in range(5, widget.height(), 40):
                hover(widget, QPoint(x, y))
    assert shown
    assert not [text for text in shown if "<img" in text]


def hover(widget, place):
    """Ask for the tool tip of a place."""
    from PyQt6.QtCore import QEvent
    from PyQt6.QtGui import QHelpEvent
    from PyQt6.QtWidgets import QApplication

    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, place, widget.mapToGlobal(place)))


# ---------------------------------------------------------------- boxes, dialogs, lessons


@pytest.mark.parametrize("name", ["a", "conv"])
def test_dialogs_on_hostile_names(show_window, name):
    window = show_window(hostile())
    session = window.session
    session.goto(len(session.steps))
    value = next(n for n in session.listing.values if f"{TAG}{name}" in n)
    table, conditions = TensorWindow(session, value, window), ConditionsDialog(session, window)
    window.features.explaining.check_gradients()
    check = window.features.explaining.check
    for _ in range(4):
        check._one()
    for dialog in (table, conditions, check):
        dialog.show()
        assert not markup(dialog)
    for dialog in (table, conditions):
        dialog.close()
        dialog.deleteLater()


def test_message_boxes_show_their_text_letter_for_letter(open_window):
    window = open_window()
    window.complain(TAG, f"Expected <b>this</b>. {TAG}")
    (box,) = window.findChildren(QMessageBox)
    assert box.textFormat() == Qt.TextFormat.PlainText
    assert box.text() == f"Expected <b>this</b>. {TAG}"
    box.close()
    try:
        raise ValueError(TAG)
    except ValueError as error:
        window.features.running.report(type(error), error, error.__traceback__)
    assert "<img" not in window.features.running.errors.box.informativeText()
    window.features.running.errors.box.close()


@pytest.mark.parametrize("key", ["cursor", "select", "target", "ask", "lock", "grain", "answer", "title"])
def test_lessons_with_markup_in_every_place(open_window, tmp_path, key):
    window = open_window()
    keys = {"title": "a", "ask": "a", "answer": "b[0]", key: TAG}
    head, step = f"title: {TAG}\nabout: {TAG}\nnetwork: worked-example", "\n".join(f"{k}: {v}" for k, v in keys.items())
    (tmp_path / "l.txt").write_text(f"{head}\n\n---\n{step}\n\n{TAG} `{TAG}`\n")
    assert window.features.learning.begin(str(tmp_path / "l.txt"))
    window.features.learning.answer("3")
    assert not markup(window)
    assert TAG in window.features.learning.bar.heading.text()
    window.features.learning.end()


def test_tables_with_markup_in_every_place(open_window, tmp_path):
    window, path = open_window(), tmp_path / "t.csv"
    rows = "".join(f"{i},{TAG if i % 2 else 'b'}\n" for i in range(8))
    for text in (f"{TAG},y\n1,b\n,c\n", f"a,{TAG}\n{rows}", f"a,y\n1,{TAG}\nx,b\n"):
        path.write_text(text)
        editor = NetworkEditor("", None, window)
        editor.path.setText(str(path))
        editor.read_data()
        assert not markup(editor)
        editor.deleteLater()
    path.write_text(f"{TAG},y\n{rows}")
    assert own_data.read(path).classes == (TAG, "b")


# ---------------------------------------------------------------- the second wall


@pytest.fixture
def fifo(tmp_path):
    """A file that nobody ever writes: who opens it to read waits for ever."""
    os.mkfifo(tmp_path / "fifo")
    return f'<img src="file://{tmp_path}/fifo"><img src="{tmp_path}/fifo"><p>words</p>'


@pytest.mark.parametrize("kind", [Page, CardBrowser])
def test_documents_read_no_files(kind, fifo, qtbot):
    page = kind()
    page.setHtml(fifo)
    page.show()
    page.grab()
    assert "words" in page.toPlainText()
    for resource in QTextDocument.ResourceType:
        assert page.loadResource(resource.value, page.source()) is not None
    page.deleteLater()


def test_printed_documents_read_no_files(fifo, qapp):
    assert pdf(fifo).startswith(b"%PDF")
