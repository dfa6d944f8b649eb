"""What a window keeps of a run that it has left: nothing."""

import gc
import weakref

import pytest
from PyQt6.QtWidgets import QApplication

from gui.panels.keeper import Aside
from gui.window import MainWindow

from .conftest import delete_now


def left_over(window, name):
    """The stepper of the run, once another network was loaded and all that was thrown away is gone."""
    run = weakref.ref(window.session.stepper)
    window.load(name)
    QApplication.processEvents()
    delete_now()
    gc.collect()
    return run()


@pytest.mark.parametrize("action", ["", "table", "metrics", "profile", "playground", "neuron"])
def test_a_window_that_is_closed_leaves_no_widget_and_is_forgotten(qapp, session, action):
    session.goto(3)
    window = MainWindow(session)
    window.show()
    if action:
        window.actions_by_name[action].trigger()
    qapp.processEvents()
    window.close()
    window.close()  # twice is as good as once
    window.deleteLater()
    forgotten = weakref.ref(window)
    del window
    delete_now()
    assert not QApplication.allWidgets()
    gc.collect()
    assert forgotten() is None
    assert not session._callbacks


def test_a_run_is_forgotten_when_another_network_is_loaded(open_window):
    window = open_window("xor", position=3)
    window.session.goto(20 * len(window.session.steps))
    assert left_over(window, "worked-example") is None


def test_the_card_of_a_parameter_forgets_it(open_window):
    window = open_window("xor", position=0)
    window.session.select(next(n for n, v in window.session.listing.values.items() if v.role == "parameter"), (0, 0))
    assert window.session.spread[1]
    assert left_over(window, "worked-example") is None


def test_the_playground_forgets_it(open_window):
    window = open_window("xor", position=3)
    window.actions_by_name["playground"].trigger()
    assert window.features.changing.playground._survey is not None
    assert left_over(window, "worked-example") is None


def test_the_drawing_board_forgets_it(open_window):
    window = open_window("digits-mlp", position=3)
    window.actions_by_name["draw"].trigger()
    assert window.features.changing.drawing_board._reader is not None
    assert left_over(window, "xor") is None


def test_metrics_gradient_check_and_the_copy_kept_aside_forget_it(open_window, qtbot, tmp_path):
    window = open_window("xor", position=3)
    window.actions_by_name["metrics"].trigger()
    window.features.measuring.panel.look()
    window.features.explaining.check_gradients()
    check = window.features.explaining.check
    check.close()
    qtbot.waitUntil(lambda: not check.running, timeout=60_000)
    window.features.running.keeper.aside = (place := Aside(tmp_path)).path
    assert window.features.running.keeper.keep(wait=True)
    place.lock.unlock()
    assert left_over(window, "worked-example") is None


def test_training_a_comparison_and_changes_leave_nothing(open_window, qtbot):
    window = open_window("xor", position=3)
    session = window.session
    window.toggle_training()
    qtbot.waitUntil(lambda: len(session.losses) > 20, timeout=60_000)
    window.trainer.pause(wait=True)
    session.pin_run()
    session.change(next(n for n, v in session.listing.values.items() if v.role == "parameter"), 0.5, (0, 0))
    window.actions_by_name["neuron"].trigger()
    assert left_over(window, "worked-example") is None


def test_a_row_of_data_that_is_gone_is_no_error(open_window):
    window = open_window("xor", position=3)
    window.features.measuring.show_row(10**6)
    assert "not among the data" in window.statusBar().currentMessage()
