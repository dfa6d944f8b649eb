"""A lesson from its begin to its end by real key and mouse events of an X server."""

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gui import startup


def test_a_lesson_is_gone_through_by_keys_and_mouse(monkeypatch):
    if shutil.which("xvfb-run") is None or ctypes.util.find_library("Xtst") is None:
        pytest.skip("Xvfb is not installed")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    if startup.missing():
        pytest.skip(startup.missing())
    environment = {k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"}
    script = Path(__file__).with_name("x_session.py")
    environment["PYTHONPATH"] = os.pathsep.join([os.getcwd(), environment.get("PYTHONPATH", "")])
    command = ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", sys.executable, str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr
