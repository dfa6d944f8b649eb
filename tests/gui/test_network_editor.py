"""The dialog for own data and networks, and opening files from the window."""

import numpy as np
import pytest

import fastnn
from fastnn import layers
from gui.own_data import read
from gui.panels.network_editor import NetworkEditor, shape_words


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "points.csv"
    rows = [f"{k % 7},{k % 5},{'in' if k % 3 else 'out'}" for k in range(40)]
    path.write_text("\n".join(["a,b,class", *rows]), encoding="utf-8")
    return path


@pytest.fixture
def editor(open_window, qtbot):
    made = NetworkEditor("", None, open_window())
    made.show()
    yield made
    made.close()


def test_data_suggests_a_network_and_both_are_stepped_through(editor, table, open_window):
    editor.path.setText(str(table))
    editor.read_data()
    assert editor.about.text() == "40 samples of 2, 2 classes"
    assert editor.edit.toPlainText().startswith("Input((2,))")
    editor.take()
    window = open_window()
    assert window.features.files.load(editor.source)
    assert window.session.title == "points.csv"
    window.session.to_end()
    assert np.isfinite(window.session.losses.array).all()


def test_shapes_follow_what_is_written(editor, qtbot):
    editor.edit.setPlainText("Input((8, 8, 1))\nConv2D(4, 3)\nFlatten()\nDense(2)")
    editor.check()
    shown = {n: shape_words(line) for n, line in editor.edit.lines.items()}
    assert shown == {1: "(8, 8, 1)", 2: "(6, 6, 4)  40 weights", 3: "(144)", 4: "(2)  290 weights"}
    editor.edit.setPlainText("Input((8, 8, 1))\nConv2D(4, 9)")
    qtbot.waitUntil(lambda: "line 2, Conv2D" in editor.message.text(), timeout=3_000)
    assert not editor.start.isEnabled()


def test_a_layer_is_added_with_its_usage(editor):
    editor.edit.setPlainText("Input((4,))")
    editor.insert("Dense")
    assert editor.edit.toPlainText() == "Input((4,))\nDense()"
    assert "Dense(units, activation=None" in editor.message.text()


def test_what_does_not_fit_the_data_is_said(editor, table):
    editor.take_data(read(table))
    editor.edit.setPlainText("Input((3,))\nDense(1)\ncompile('sgd', 'mse')")
    editor.take()
    assert "line 1: expected Input((2,)) for this data" in editor.message.text()
    assert editor.source is None


@pytest.mark.parametrize("path", ["/no/such/file.csv", "/etc/hostname"])
def test_data_that_cannot_be_read_is_said(editor, path):
    editor.path.setText(path)
    editor.read_data()
    assert editor.message.text()
    assert editor.data is None


def test_a_network_is_saved_and_opened(editor, tmp_path, monkeypatch):
    path = str(tmp_path / "net.txt")
    text = "Input((4,))\nDense(2)\ncompile('sgd', 'mse')"
    monkeypatch.setattr("gui.panels.network_editor.QFileDialog.getSaveFileName", lambda *_: (path, ""))
    monkeypatch.setattr("gui.panels.network_editor.QFileDialog.getOpenFileName", lambda *_: (path, ""))
    editor.edit.setPlainText(text)
    editor.save_text()
    editor.edit.clear()
    editor.open_text()
    assert editor.edit.toPlainText() == text


def test_models_and_scripts_are_opened_from_the_window(open_window, tmp_path, table):
    model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1, activation="sigmoid", name="last")])
    model.compile("adam", "binary_crossentropy")
    model.save(tmp_path / "mine.keras")
    window = open_window()
    assert window.features.files.open(str(tmp_path / "mine.keras"), str(table))
    assert window.session.title == "mine.keras"
    assert np.array_equal(window.session.view("last.kernel"), model.layers[-1].kernel.numpy())
    script = "import fastnn as keras\nm = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])\n"
    script += "m.compile('sgd', 'mse')\nm.fit([[1.0], [2.0]], [[2.0], [4.0]])\n"
    (tmp_path / "course.py").write_text(script, encoding="utf-8")
    assert window.features.files.open(str(tmp_path / "course.py"))
    assert window.session.title == "course.py"


@pytest.mark.parametrize("name", ["damaged.keras", "nothing.py", "absent.keras", "absent.py"])
def test_what_cannot_be_opened_is_said_and_the_network_stays(open_window, tmp_path, table, name):
    window, said = open_window(), []
    window.features.files.complain = lambda what, why: said.append((what, why))
    if not name.startswith("absent"):
        (tmp_path / name).write_text("x = 1", encoding="utf-8")
    assert not window.features.files.open(str(tmp_path / name), str(table))
    assert said[0][0] == f"Cannot open {name}"
    assert said[0][1]
    assert window.session.source.name == "worked-example"
