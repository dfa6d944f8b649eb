"""The networks of fastnn.applications in the app: they open, and step both ways without lag."""

import time

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from fastnn import applications
from gui.session import Session
from tests.gui.residual_networks import pictures

KEY = Qt.Key
BUSY = 2  # a busy machine takes twice as long as promised


def opened(model, show_window, pixels, classes):
    """A window on one step of training with one picture."""
    model.compile("sgd", "sparse_categorical_crossentropy")
    session = Session()
    session.load_model(model, *pictures(1, pixels, classes), batch_size=1, position=1)
    return show_window(session)


def seconds_of_keys(window, qtbot, qapp, key, count):
    """Seconds of the processor for each of so many keys and what is painted of them."""
    times = []
    for _ in range(count):
        start = time.thread_time()
        qtbot.keyClick(window, key)
        qapp.processEvents()
        times.append(time.thread_time() - start)
    return times


def seconds_of_jump(window, qtbot, name):
    """Seconds of the processor until a jump has arrived, those of the engine's threads too."""
    session, start = window.session, time.process_time()
    window.actions_by_name[name].trigger()
    qtbot.waitUntil(lambda: session.bound_for is None, timeout=60_000)
    return time.process_time() - start


def test_a_mobilenet_steps_both_ways_through_all_phases(show_window, qtbot, qapp):
    model = applications.MobileNet((32, 32, 3), alpha=0.25, weights=None, classes=10)
    window = opened(model, show_window, 32, 10)
    session = window.session
    for phase in ("forward", "loss", "backward"):
        seconds_of_jump(window, qtbot, "forward_phase")
        assert session.shown_step().phase == phase
    end = session.moment.position
    name = session.shown_step().outputs[0]
    there = session.view(name).copy()
    seconds_of_keys(window, qtbot, qapp, KEY.Key_Left, 3)
    assert session.moment.position == end - 3
    seconds_of_keys(window, qtbot, qapp, KEY.Key_Right, 3)
    assert session.moment.position == end
    np.testing.assert_array_equal(session.view(name), there)
    assert not window.grab().isNull()


@pytest.mark.full
def test_resnet_50_of_224_pixels_steps_without_lag(show_window, qtbot, qapp):
    model = applications.ResNet50(weights=None)
    began = time.process_time()
    window = opened(model, show_window, 224, 1000)
    assert time.process_time() - began < 5 * BUSY
    session = window.session
    for phase in ("forward", "loss", "backward", "update"):
        assert seconds_of_jump(window, qtbot, "forward_phase") < 1.5 * BUSY
        assert session.shown_step().phase == phase
        for key in (KEY.Key_Left, KEY.Key_Right):
            assert np.median(seconds_of_keys(window, qtbot, qapp, key, 20)) < 0.15 * BUSY
    for _ in range(4):
        assert seconds_of_jump(window, qtbot, "back_phase") < 1.5 * BUSY
    assert session.moment.position == 0
    session.goto(8 * len(session.steps))  # keyframes of eight training steps take no more memory than is allowed
    states = session.stepper._keyframes.values()
    assert sum(a.nbytes for state in states for a in state.values()) <= 2**29
