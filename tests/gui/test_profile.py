"""The profile panel: measured beside the window, on copies, and a click on a row leads to its step."""

import threading
import time

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from fastnn.engine.peak import Peak
from fastnn.engine.profiling import Profile
from gui import profiling
from gui.panels import profile as panels
from gui.profiling import Measurement, digits, duration, rates, summary, tip
from gui.session import Session

MACHINE = Peak(100e9, 10e9, "avx2", 2, "a processor")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The machine is known, and few passes are enough."""
    monkeypatch.setattr(profiling, "measure", lambda: MACHINE)
    monkeypatch.setattr(profiling, "SECONDS", 0.05)


def opened(open_window, qtbot, name="digits-cnn", position=5):
    window = open_window(name, position=position)
    window.actions_by_name["profile"].trigger()
    panel = window.features.profiling.panel
    qtbot.waitUntil(lambda: panel.found is not None, timeout=60_000)
    return window, panel


def test_it_measures_when_opened_and_shows_a_bar_for_each_row(open_window, qtbot):
    window, panel = opened(open_window, qtbot)
    found = panel.found
    assert isinstance(found, Profile)
    assert panel.rows.count() == len(found.rows) == found.description.totals["rows"]
    assert found.description.plan.listing is window.session.listing
    assert "conv2d + relu" in panel.rows.item(0).text()
    assert "a processor" in panel.summary.text()
    assert panel.button.text() == "Measure again"
    assert not panel.rows.grab().isNull()


def test_the_run_goes_on_as_if_it_had_not_been_measured(open_window, qtbot):
    window, _ = opened(open_window, qtbot, "digits-mlp")
    other = Session()
    other.load("digits-mlp", seed=0, position=5)
    for session in (window.session, other):
        session.goto(3 * len(session.steps))
    mine, its = window.session.stepper.storage, other.stepper.storage
    for a, b in zip(mine.values(), its.values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_click_looks_at_the_step_of_a_row(open_window, qtbot):
    window, panel = opened(open_window, qtbot)
    for row in (3, 0, panel.rows.count() - 1):
        item = panel.rows.item(row)
        panel.rows.scrollToItem(item)
        place = panel.rows.visualItemRect(item).center()
        QTest.mouseClick(panel.rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert window.session.shown_index() == panel.found.rows[row].line.steps[0]
    panel.rows.setCurrentRow(1)
    qtbot.keyClick(panel.rows, Qt.Key.Key_Return)
    assert window.session.shown_index() == panel.found.rows[1].line.steps[0]


def test_the_slowest_come_first_if_asked(open_window, qtbot):
    _, panel = opened(open_window, qtbot)
    panel.order.setCurrentIndex(1)
    panel.order.activated.emit(1)
    times = [panel.rows.item(k).data(panels.TIMING).best for k in range(panel.rows.count())]
    assert times == sorted(times, reverse=True)
    assert panel.longest() == times[0]


def test_the_window_stays_alive_while_it_measures(open_window, qtbot, monkeypatch):
    window = open_window("digits-cnn", position=5)
    go_on = threading.Event()
    monkeypatch.setattr(Measurement, "run", lambda self: go_on.wait(30) and "nothing")
    begun = time.perf_counter()
    window.actions_by_name["profile"].trigger()
    panel = window.features.profiling.panel
    before = window.session.moment.position
    window.actions_by_name["forward_op"].trigger()
    assert time.perf_counter() - begun < 5
    assert window.session.moment.position == before + 1
    assert panel.busy
    assert panel.button.text() == "Stop"
    go_on.set()
    qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
    assert panel.summary.text() == "nothing"


def test_it_can_be_stopped_and_measured_again(open_window, qtbot, monkeypatch):
    monkeypatch.setattr(profiling, "SECONDS", 1000)
    monkeypatch.setattr(profiling, "MOST", 10**9)
    window = open_window("digits-mlp", position=5)
    window.actions_by_name["profile"].trigger()
    panel = window.features.profiling.panel
    assert panel.busy
    qtbot.wait(50)
    qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
    assert not panel.busy
    qtbot.waitUntil(lambda: not panel._background.busy, timeout=30_000)
    assert panel.found is None
    monkeypatch.setattr(profiling, "SECONDS", 0.05)
    qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.found is not None, timeout=30_000)


def test_training_and_measuring_exclude_each_other(open_window, qtbot):
    window, panel = opened(open_window, qtbot, "xor")
    window.toggle_training()
    panel.press()
    assert not panel.busy
    assert "pause" in panel.summary.text()
    window.trainer.pause(wait=True)
    panel.press()
    assert panel.busy
    window.toggle_training()
    assert not panel.busy
    window.trainer.pause(wait=True)
    qtbot.waitUntil(lambda: not panel._background.busy, timeout=30_000)


def test_another_network_forgets_it(open_window, qtbot):
    window, panel = opened(open_window, qtbot, "xor")
    window.load("digits-mlp")
    assert panel.found is None
    assert panel.rows.count() == 0
    assert panel.button.text() == "Measure"


def test_a_step_that_fails_says_why(open_window, qtbot, monkeypatch):
    window = open_window("xor", position=5)

    def fails(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(profiling, "copy_of", fails)
    window.actions_by_name["profile"].trigger()
    panel = window.features.profiling.panel
    qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
    assert panel.summary.text() == "MemoryError: no room"


@pytest.mark.parametrize("name", ["worked-example", "ticket-router", "autoencoder"])
def test_words_hold_for_networks_of_every_kind(name):
    session = Session()
    session.load(name, seed=0, position=1)
    found = Measurement(session, MACHINE).run()
    assert isinstance(found, Profile)
    assert ("NumPy references" in summary(found)) == (not found.description.plan.in_c)
    for timing in found.rows:
        assert f"step {timing.line.steps[0] + 1}" in tip(timing)
        assert "of peak" in rates(timing)


def test_times_have_three_digits():
    assert [duration(s) for s in (1.0, 0.9999, 0.0123456, 8.829e-4, 2.5e-7, 0.0)] == [
        "1.00 s", "1.00 s", "12.3 ms", "883 µs", "0.25 µs", "0.00 µs"
    ]  # fmt: skip
    assert [digits(x) for x in (1234.6, 99.51, 12.34, 9.96, 0.126)] == ["1235", "100", "12.3", "10.0", "0.13"]
