"""What all tests share: --full, the folder of real data, no display, and a guard against silent skips."""

import os
import sys
from pathlib import Path

import pytest

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")

if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def data_folder():
    """The folder with real data (FASTNN_DATA), or a skip that says what is missing."""
    folder = os.environ.get("FASTNN_DATA")
    if not folder:
        pytest.skip("FASTNN_DATA is not set: no real data")
    return Path(folder)
