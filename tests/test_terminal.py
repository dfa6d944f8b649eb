"""What training prints on terminals of some widths, in pipes, in notebooks, and in encodings that have few letters."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import numpy as np
import pytest

import fastnn
from fastnn import utils
from fastnn.utils import meter
from fastnn.utils.meter import Meter

SCRIPT = """
import time, numpy as np, fastnn
class Slow(fastnn.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.02)
model = fastnn.Sequential([fastnn.layers.Input((3,)), fastnn.layers.Dense(2)])
model.compile("sgd", "mse", metrics=["mae", "mape", "cosine_similarity"])
x = np.ones((40, 3), "float32")
model.fit(x, x[:, :2], batch_size=2, epochs=2, callbacks=[Slow()])
"""


class Screen:
    """A terminal of so many columns that knows line feeds and carriage returns, and notes lines that go too far."""

    def __init__(self, width):
        self.width, self.rows, self.column, self.wrapped = width, [[]], 0, False

    def read(self, text):
        for letter in text:
            if letter == "\n":
                self.rows.append([])
                self.column = 0
            elif letter == "\r":
                self.column = 0
            else:
                assert letter.isprintable(), repr(letter)
                row = self.rows[-1]
                row += [" "] * (self.column + 1 - len(row))
                row[self.column] = letter
                self.column += 1
                self.wrapped = self.wrapped or self.column >= self.width
        return self

    @property
    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


def on_terminal(width, **environment):
    """What the script writes on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    given = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8", **environment}
    given = {key: value for key, value in given.items() if key != "CI" or key in environment}
    written = b""
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=theirs, env=given) as process:
        os.close(theirs)
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            written += part
    os.close(ours)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("width", "encoding"), [(40, "utf-8"), (80, "ascii")])
def test_a_line_moves_on_a_terminal_and_never_wraps(width, encoding):
    written = on_terminal(width, PYTHONIOENCODING=encoding)
    screen = Screen(width).read(written)
    assert not screen.wrapped
    assert written.count("\r") > 4
    assert screen.lines[0] == "Epoch 1/2"
    assert screen.lines[-1] == ""
    found = " ".join(screen.lines)
    for name in ("loss", "mae", "mape", "cosine_similarity"):
        assert len(re.findall(rf"- {name}: -?\d", found)) == 2


def test_a_pipe_gets_one_line_per_epoch():
    given = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    assert_plain(subprocess.run([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, env=given, check=True).stdout)


def assert_plain(written):
    lines = (written.decode() if isinstance(written, bytes) else written).splitlines()
    assert [line.split(" -")[0] for line in lines] == ["Epoch 1/2", "20/20", "Epoch 2/2", "20/20"]
    assert all(line.isprintable() for line in lines)
    assert "cosine_similarity: " in lines[1]


# ---------------------------------------------------------------- in this process


class Out(io.TextIOWrapper):
    """A standard output of some encoding, which may say that it is a terminal."""

    def __init__(self, encoding="utf-8", terminal=True):
        super().__init__(io.BytesIO(), encoding, newline="")
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    def text(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


@pytest.fixture
def out(monkeypatch):
    """Makes standard outputs."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)

    def make(width=None, kind=Out, **arguments):
        found = kind(**arguments)
        monkeypatch.setattr(sys, "stdout", found)
        monkeypatch.setattr(meter, "line_width", lambda: width)
        return found

    return make


def test_terminals_of_unknown_width_have_80_columns(monkeypatch):
    there, here = pty.openpty()  # 0 columns until somebody says how many
    with os.fdopen(there, "rb"), os.fdopen(here, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert meter.line_width() == 79


def test_nobody_looks_on_where_changes_are_tested(out, monkeypatch):
    out()
    assert Meter(1, 3).moving
    for name, value in (("CI", "true"), ("TERM", "dumb")):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            assert not Meter(1, 3).moving


def test_a_terminal_without_such_letters_has_a_plain_bar(out):
    for encoding, bar in (("cp1252", "===......."), ("utf-8", "━━━───────")):
        out(40, encoding=encoding)
        assert meter.drawn(3, 10, 10) == bar


def test_a_window_that_gets_narrower_is_followed(out, monkeypatch):
    written = out(100)
    bar = Meter(1, 10, seconds=0)
    bar.seconds = 0
    bar.tell(3, lambda: {"a_long_name_of_a_metric": 0.5, "loss": 1.0})
    monkeypatch.setattr(meter, "line_width", lambda: 20)
    bar.tell(4, lambda: {"a_long_name_of_a_metric": 0.5, "loss": 1.0})
    _, wide, narrow = written.text().split("\r")
    assert len(wide) > 60
    assert len(narrow) == 20


def test_a_shorter_line_leaves_nothing_of_the_longer_one(out):
    written = out(100)
    bar = Meter(1, 3)
    bar.seconds = 0
    bar.tell(1, lambda: {"loss": 123456.0})
    bar.tell(2)
    bar.end({})
    assert "loss" not in Screen(100).read(written.text()).lines[0]


def test_the_bar_gives_way_to_the_numbers_and_wide_letters_count_twice(out):
    written = out(30)
    bar = Meter(1, 10)
    bar.seconds = 0
    bar.tell(5, lambda: {"損失": 0.5})
    text = written.text().strip("\r")
    assert "損失: 0.5" in text
    assert meter.columns(text) <= 30
    assert meter.cut("損失損失", 5) == "損失"
    assert meter.cut("ab", 0) == ""


def test_evaluate_and_predict_move_too(out, monkeypatch):
    monkeypatch.setattr(meter, "TERMINAL", 0.0)
    model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((64, 1), "float32")
    for run in (lambda: model.evaluate(x, x, batch_size=4), lambda: model.predict(x, batch_size=4)):
        written = out(80)
        run()
        assert written.text().count("\r") > 2
        assert re.match(r"16/16 - ", Screen(80).read(written.text()).lines[0])


def test_a_notebook_gets_a_line_that_moves_slowly(out, monkeypatch):
    class Cell(Out):
        pass

    Cell.__module__ = "ipykernel.iostream"
    written = out(kind=Cell, terminal=False)
    bar = Meter(1, 100)
    assert bar.moving
    assert bar.seconds == meter.NOTEBOOK
    bar.begin()
    for step in range(100):
        bar.tell(step, lambda: {"loss": 0.5})
    bar.end({"loss": 0.5})
    assert written.text().count("\r") == 2
    assert written.text().endswith("- loss: 0.5000\n") or written.text().rstrip(" \n").endswith("- loss: 0.5000")
    assert "\x1b" not in written.text()


@pytest.mark.parametrize("terminal", [True, False])
def test_names_that_the_encoding_lacks_do_not_stop_training(out, terminal):
    written = out(60, encoding="cp1252", terminal=terminal)
    model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[fastnn.metrics.MeanSquaredError(name="損失")])
    model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2)
    assert "??: " in written.text()


def test_without_standard_output_training_goes_on(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert len(model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2).epoch) == 2
    bar = utils.Progbar(2)
    bar.add(2)


def test_metrics_of_several_numbers_are_printed(capsys):
    Meter(2, 1).end({"loss": 0.5, "of_classes": np.array([0.25, 0.75])})
    assert "of_classes: [0.2500 0.7500]" in capsys.readouterr().out


def test_a_stream_of_unknown_length_counts_up(out):
    written = out(80)
    bar = Meter(1, 0)
    bar.tell(7, lambda: {"loss": 0.5})
    assert re.fullmatch(r"\r7/\? 0s \w+/step - loss: 0\.5000", written.text())
