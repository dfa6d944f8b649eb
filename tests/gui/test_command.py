"""`python -m gui`: pictures without a display, messages without traceback, and what to do without Qt."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from gui import startup
from gui.__main__ import opener, parse
from gui.pictures.__main__ import PICTURES


def run(*arguments, **changes):
    """Run the app in a process of its own; a change to None removes a variable."""
    environment = {**os.environ, **{k: v for k, v in changes.items() if v is not None}}
    for key in [k for k, v in changes.items() if v is None]:
        environment.pop(key, None)
    command = [sys.executable, "-m", "gui", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


NO_DISPLAY = {"DISPLAY": None, "WAYLAND_DISPLAY": None, "QT_QPA_PLATFORM": None}


def test_a_picture_needs_no_display(tmp_path):
    from PyQt6.QtGui import QImage

    picture = tmp_path / "picture.png"
    done = run("--preset", "xor", "--step", "9", "--size", "1000x700", "--screenshot", str(picture), **NO_DISPLAY)
    assert (done.returncode, done.stderr) == (0, "")
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1000, 700)
    colours = {image.pixel(x, y) for x in range(0, 1000, 7) for y in range(0, 700, 7)}
    assert len(colours) > 10


FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>{}</dir></fontconfig>"""


def test_the_window_needs_no_font_of_the_system(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "fonts.conf").write_text(FONTS.format(tmp_path / "empty"), encoding="utf-8")
    picture = tmp_path / "picture.png"
    config = {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "FONTCONFIG_PATH": str(tmp_path)}
    done = run("--preset", "xor", "--screenshot", str(picture), **NO_DISPLAY, **config)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert picture.stat().st_size > 5_000


def test_the_window_needs_no_opengl(tmp_path):
    picture = tmp_path / "picture.png"
    script = f"""
import sys
sys.modules["OpenGL"] = None  # not there; and what Qt has of it can be imported, but not made
from PyQt6 import QtGui, QtOpenGL, QtOpenGLWidgets
class Refused(QtOpenGLWidgets.QOpenGLWidget):
    def __init__(self, *arguments):
        raise OSError("no OpenGL")
QtGui.QOpenGLContext = QtOpenGL.QOpenGLWindow = QtOpenGLWidgets.QOpenGLWidget = Refused
import pyqtgraph
from gui.__main__ import main
code = main(["--preset", "xor", "--step", "9", "--screenshot", {str(picture)!r}])
sys.exit(code or bool(pyqtgraph.getConfigOption("useOpenGL")))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.stat().st_size > 10_000


def test_what_the_window_does_not_need_is_not_imported_at_its_start():
    code = "import sys, gui.window; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    heavy = {"asyncio", "ssl", "unittest.mock", "tarfile", "h5py", "matplotlib", "pandas", "PIL", "scipy", "pooch"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_the_walkthrough_is_printed():
    done = run("--preset", "linear-example", **NO_DISPLAY)
    assert done.returncode == 0
    assert done.stderr.splitlines() == ["fastnn-gui: no display found; continuing as python -m fastnn walkthrough"]
    assert "output.dense[0, 0] = 5.000000" in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_a_file_is_not_exchanged_for_something_else():
    done = run("mine.fastnn", **NO_DISPLAY)
    assert done.returncode == 1
    assert "expected a display to open mine.fastnn on" in done.stderr
    assert done.stdout == ""


def test_an_unknown_preset_is_a_message(tmp_path):
    done = run("--preset", "no-such-network", "--screenshot", str(tmp_path / "p.png"))
    assert done.returncode == 2
    assert "no-such-network" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_ending_that_nothing_opens_is_named(capsys):
    with pytest.raises(SystemExit):
        parse(["nan.fastn"])
    assert "expected FILE to end in .fastnn, .py, .keras" in capsys.readouterr().err


def test_a_model_that_does_not_exist_is_said_to(capsys):
    with pytest.raises(SystemExit):
        parse(["nope.keras"])
    assert "expected --data FILE" in (said := capsys.readouterr().err)
    assert "'nope.keras' does not exist" in said


@pytest.mark.parametrize("arguments", [["m.keras"], ["m.keras", "--data", "d.npz", "--preset", "xor"], ["--size", "7"]])
def test_a_wrong_command_line_is_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        parse(arguments)
    assert "expected" in capsys.readouterr().err


def test_a_missing_library_is_named_with_its_package(tmp_path, monkeypatch):
    broken = tmp_path / "libbroken.so"
    broken.write_bytes(b"not a library")
    monkeypatch.setattr(startup, "libraries", lambda: [broken])
    assert startup.missing().startswith("Qt cannot start") or "libbroken.so" in startup.missing()
    message = "libxcb-cursor.so.0: cannot open shared object file: No such file or directory"
    assert startup.remedy(message).endswith("(on Debian and Ubuntu: apt install libxcb-cursor0)")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(startup.importlib.util, "find_spec", lambda name: None)
    assert startup.missing() == "the app needs PyQt6 and pyqtgraph: pip install 'fastnn[gui]'"


def test_the_window_opens_on_a_real_display(tmp_path, monkeypatch):
    if shutil.which("xvfb-run") is None:
        pytest.skip("Xvfb is not installed")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    if startup.missing():
        pytest.skip(startup.missing())
    script = (
        "import gui.__main__ as app; "
        f"app.open_window(lambda s: s.load('xor'), 'light', app.photograph({str(tmp_path / 'x.png')!r}))"
    )
    command = ["xvfb-run", "-a", sys.executable, "-c", script]
    environment = {k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.png").stat().st_size > 10_000


@pytest.fixture
def own_network(tmp_path):
    """A saved model and its data: the paths of both."""
    import fastnn
    from fastnn import layers

    fastnn.config.set_random_seed(0)
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.save(tmp_path / "mine.keras")
    numbers = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=numbers.normal(size=(20, 3)), y=numbers.normal(size=(20, 1)))
    return tmp_path / "mine.keras", tmp_path / "data.npz"


def test_a_network_of_ones_own_opens_with_its_weights(own_network):
    from fastnn.models import load_model
    from gui.session import Session

    session = Session()
    opener(parse([str(own_network[0]), "--data", str(own_network[1]), "--batch-size", "8", "--step", "4"]))(session)
    assert (session.title, session.moment.position, session.moment.batches) == ("mine.keras", 4, 3)
    kernel = load_model(own_network[0]).layers[-1].kernel
    name = next(n for n, v in session.listing.values.items() if v.role == "parameter" and v.shape == (4, 1))
    assert np.array_equal(session.view(name), kernel.numpy())


def test_the_picture_of_a_network_of_ones_own(own_network, tmp_path):
    picture = tmp_path / "own.png"
    done = run(str(own_network[0]), "--data", str(own_network[1]), "--screenshot", str(picture), **NO_DISPLAY)
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.stat().st_size > 10_000


def test_data_without_x_and_y_are_refused(own_network, tmp_path):
    np.savez(tmp_path / "wrong.npz", a=np.zeros(3))
    done = run(str(own_network[0]), "--data", str(tmp_path / "wrong.npz"), "--screenshot", str(tmp_path / "p.png"))
    assert done.returncode == 2
    assert "expected arrays x and y" in done.stderr


def test_a_lesson_begins_from_the_command_line(tmp_path):
    picture = tmp_path / "lesson.png"
    done = run("--lesson", "04-backprop-by-hand", "--screenshot", str(picture), **NO_DISPLAY)
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.stat().st_size > 10_000


def test_a_script_is_opened_where_its_training_begins(tmp_path):
    from gui.session import Session

    text = "import keras\nm = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])\n"
    (tmp_path / "course.py").write_text(text + "m.compile('sgd', 'mse')\nm.fit([[1.0], [2.0]], [[2.0], [4.0]])\n")
    session = Session()
    opener(parse([str(tmp_path / "course.py"), "--step", "2"]))(session)
    assert (session.title, session.moment.position) == ("course.py", 2)


def test_show_opens_a_window_on_a_model_and_returns_when_it_is_closed(qapp, monkeypatch):
    import fastnn
    import gui
    from gui.window import MainWindow

    preset, seen = fastnn.presets.get("xor"), []
    model, (x, y) = preset.build(0), preset.data()

    def close_when_up(*_):
        for window in qapp.topLevelWidgets():
            if isinstance(window, MainWindow) and window.isVisible():
                seen.append((window.session.title, window.session.moment.batches))
                window.close()
        return 0

    monkeypatch.setattr(type(qapp), "exec", close_when_up)
    monkeypatch.setattr("gui.__main__.kept_settings", lambda: None)
    assert gui.show(model, x, y, batch_size=2, title="mine", theme="light") is None
    assert seen == [("mine", 2)]


def test_show_without_a_display_says_so(monkeypatch):
    import gui

    monkeypatch.setattr("gui.startup.has_display", lambda: False)
    with pytest.raises(RuntimeError, match=r"display.*fastnn\.Stepper"):
        gui.show(None, [0.0])


def test_show_refuses_other_threads_and_unknown_options(qapp, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    import fastnn
    import gui

    monkeypatch.setattr("gui.__main__.kept_settings", lambda: None)
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="main thread"):
        pool.submit(gui.show, None, [0.0]).result()
    preset = fastnn.presets.get("xor")
    with pytest.raises(TypeError, match=r"batch_size.*'batchsize'"):
        gui.show(preset.build(0), *preset.data(), batchsize=2)


@pytest.mark.full
def test_the_pictures_of_the_readme_are_taken_anew(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gui.pictures", str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in tmp_path.iterdir()} == set(PICTURES)
    assert all(path.stat().st_size > 50_000 for path in tmp_path.iterdir())
