"""`python -m gui`: pictures without a display, messages without traceback, and what to do without Qt."""

import os
import shutil
import subprocess
import sys

import pytest

from gui import startup
from gui.__main__ import parse


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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_the_walkthrough_is_printed():
    done = run("--preset", "worked-example", **NO_DISPLAY)
    assert done.returncode == 0
    assert done.stderr.splitlines() == ["fastnn-gui: no display found; continuing as python -m fastnn walkthrough"]
    assert "0.298371" in done.stdout


def test_an_unknown_preset_is_a_message(tmp_path):
    done = run("--preset", "no-such-network", "--screenshot", str(tmp_path / "p.png"))
    assert done.returncode == 2
    assert "no-such-network" in done.stderr
    assert "Traceback" not in done.stderr


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


def test_the_window_opens_on_a_real_display(tmp_path):
    if shutil.which("xvfb-run") is None:
        pytest.skip("Xvfb is not installed")
    script = (
        "import gui.__main__ as app; "
        f"app.open_window(lambda s: s.load('xor'), 'light', app.photograph({str(tmp_path / 'x.png')!r}))"
    )
    command = ["xvfb-run", "-a", sys.executable, "-c", script]
    environment = {k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.png").stat().st_size > 10_000
