"""What all tests share: --full, the folder of real data, no display, and a guard against silent skips."""

import gc
import os
import re
import signal
import sys
from pathlib import Path

import pytest

collect_ignore_glob = ["golden/make_*.py"]  # they need the packages that they take golden values from
if os.name != "posix":
    collect_ignore_glob.append("test_terminal.py")  # other systems have no pseudo-terminals
ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")

if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def repeatable():
    """Every test draws the same initial weights and orders, whatever ran before it."""
    from fastnn import config

    config.set_random_seed(1)


@pytest.fixture
def interruptible():
    """Ctrl-C is heard even where the tests were started in the background, with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def data_folder():
    """The folder with real data (FASTNN_DATA), or a skip that says what is missing."""
    folder = os.environ.get("FASTNN_DATA")
    if not folder:
        pytest.skip("FASTNN_DATA is not set: no real data")
    return Path(folder)


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the long checks (marked `full`) too")


def pytest_configure(config):
    if os.environ.get("FASTNN_STRICT_SKIPS") == "1":
        config.pluginmanager.register(SkipGuard(allowed_skips()), "skip-guard")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--full"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]


def pytest_collection_finish():
    gc.collect()
    gc.freeze()  # thousands of tests that last as long as the run need no look at every collection


def allowed_skips():
    """The patterns of `allowed_skips.txt`: one a line, `#` starts a comment."""
    lines = (line.split("#")[0].strip() for line in ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines())
    return [re.compile(line) for line in lines if line]


def skip_reason(report):
    """Why a test or a whole file was skipped."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


class SkipGuard:
    """Makes a run fail that skips a test for a reason which is not on the list."""

    def __init__(self, allowed):
        self.allowed, self.forbidden = allowed, []

    def note(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = skip_reason(report)
            if not any(pattern.fullmatch(reason) for pattern in self.allowed):
                self.forbidden.append(f"{report.nodeid}: {reason}")

    pytest_runtest_logreport = note
    pytest_collectreport = note

    def pytest_sessionfinish(self, session):
        if self.forbidden and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        if self.forbidden:
            terminalreporter.section(f"skips that {ALLOWED_SKIPS.name} does not allow", red=True)
            for line in self.forbidden:
                terminalreporter.write_line(line)
