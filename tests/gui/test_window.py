"""The window: keys, mouse, panels, training beside the event loop."""

import time

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QApplication, QWidget

from fastnn import presets
from gui import theme
from gui.panels.listing import MARGIN
from gui.panels.tensor_view import TensorView
from gui.session import Session
from gui.shortcuts import ACTIONS

KEY = Qt.Key


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(window, key, modifier)


def view_of(window, name):
    """The view on the stage that shows a value."""
    return next(v for v in window.stage.findChildren(TensorView) if v.content.name == name and v.isVisible())


def click_cell(qtbot, window, name, index):
    view = view_of(window, name)
    centre = view.index_rect(index).center().toPoint()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=centre)


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_opens_on_something_to_see(open_window, name):
    window = open_window(name)
    assert presets.get(name).title in window.windowTitle()
    assert window.session.explanation() is not None
    assert window.card.isVisible()
    assert window.listing.model().rowCount() == len(window.session.steps)
    assert window.transport.picker.currentData() == name


@pytest.mark.parametrize("name", presets.names()[:5])
def test_keys_step_to_the_end_and_back_through_the_same_numbers(open_window, qtbot, name):
    window = open_window(name, position=0)
    session, straight = window.session, Session()
    straight.load(name, seed=0, position=0)
    straight.stepper.finish_step()
    seen = []
    for _ in session.steps:
        press(qtbot, window, KEY.Key_Right)
        seen.append({n: session.view(n).copy() for n in session.shown_step().outputs})
    assert session.done == len(session.steps)
    for value in session.listing.values:
        assert np.array_equal(session.stepper.value(value), straight.stepper.value(value), equal_nan=True)
    for shown in reversed(seen):
        assert all(np.array_equal(session.view(n), array) for n, array in shown.items())
        press(qtbot, window, KEY.Key_Left)
    assert session.moment.position == 0


def test_keys_move_by_layer_phase_and_to_the_ends(open_window, qtbot):
    window = open_window(position=0)
    session = window.session
    press(qtbot, window, KEY.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert session.current_step().layer == "output"
    press(qtbot, window, KEY.Key_PageDown)
    assert session.current_step().phase == "loss"
    press(qtbot, window, KEY.Key_PageUp)
    assert session.done == 0
    press(qtbot, window, KEY.Key_End)
    assert session.done == len(session.steps)
    press(qtbot, window, KEY.Key_Home)
    assert session.moment.position == 0


def hold(window, name, key, presses):
    """Let the presses of a held key arrive while the window is busy."""
    for _ in range(presses):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier, "", True)
        QApplication.sendEvent(window, event)
        window.actions_by_name[name].trigger()


def test_a_held_key_moves_once_however_many_presses_wait(open_window, qtbot):
    window = open_window(position=0)
    hold(window, "forward_op", KEY.Key_Right, 30)
    qtbot.wait(20)
    assert window.session.moment.position == 1


def test_a_button_works_after_a_key_was_held(open_window, qtbot):
    window = open_window(position=0)
    hold(window, "forward_op", KEY.Key_Right, 3)
    qtbot.wait(20)
    window.actions_by_name["breakpoint"].trigger()
    assert window.session.breakpoints == {1}


def test_breakpoints_by_margin_and_key(open_window, qtbot):
    window = open_window(position=0)
    session, listing = window.session, window.listing
    middle = listing.row_rect(3).center().y()
    qtbot.mouseClick(listing.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(MARGIN // 2, middle))
    assert session.breakpoints == {3}
    press(qtbot, window, KEY.Key_F5)
    assert session.done == 3
    press(qtbot, window, KEY.Key_F9)
    assert session.breakpoints == set()


def test_the_listing_looks_on_a_click_and_runs_on_a_double_click(open_window, qtbot):
    window = open_window(position=4)
    session, listing = window.session, window.listing
    where = listing.row_rect(1).center()
    qtbot.mouseClick(listing.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert (session.shown_index(), session.moment.position) == (1, 4)
    qtbot.mouseDClick(listing.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert session.moment.position == 2


def test_clicking_a_cell_selects_and_explains_it(open_window, qtbot):
    window = open_window(position=1)
    name = window.session.shown_step().outputs[0]
    click_cell(qtbot, window, name, (0, 1))
    assert window.session.selection == (name, (0, 1))
    assert window.session.explanation().index == (0, 1)
    assert f"{name}[n=0, i=1] = 0.3925" in window.cell.text()


def test_an_operand_leads_to_its_own_card_and_alt_left_returns(open_window, qtbot):
    window = open_window(position=2)
    session = window.session
    before = session.selection
    operand = session.explanation().operands[0]
    window.card.follow_operand(0)
    assert session.selection == (operand.name, operand.index)
    press(qtbot, window, KEY.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert session.selection == before
    press(qtbot, window, KEY.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert session.selection == (operand.name, operand.index)


def test_copy_gives_the_exact_number(open_window, qtbot):
    window = open_window(position=2)
    press(qtbot, window, KEY.Key_C, Qt.KeyboardModifier.ControlModifier)
    name, index = window.session.selection
    assert float(QApplication.clipboard().text()) == window.session.view(name)[index]


def test_view_keys_toggle_what_is_shown(open_window, qtbot):
    window = open_window("digits-mlp", position=1)
    session = window.session
    press(qtbot, window, KEY.Key_V)
    press(qtbot, window, KEY.Key_N)
    press(qtbot, window, KEY.Key_Period)
    assert (session.show, session.numbers, session.sample) == ("gradients", False, 1)
    press(qtbot, window, KEY.Key_V)
    press(qtbot, window, KEY.Key_N)
    press(qtbot, window, KEY.Key_Comma)
    assert (session.show, session.numbers, session.sample) == ("values", True, 0)


def test_training_leaves_the_window_alive_and_pauses(open_window, qtbot):
    window = open_window("digits-mlp")
    beats, positions = [], []
    timer = qtbot_timer(window, lambda: beats.append(time.monotonic()))
    window.session.subscribe(lambda topic: positions.append(window.session.moment.position))
    press(qtbot, window, KEY.Key_F5, Qt.KeyboardModifier.ControlModifier)
    assert window.session.training
    qtbot.waitUntil(lambda: len(set(positions)) > 5 and len(beats) > 20 * len(set(positions)) / 5, timeout=60_000)
    press(qtbot, window, KEY.Key_F5, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)
    timer.stop()
    stopped = window.session.moment.position
    assert stopped == window.session.stepper.position
    assert len(window.session.losses) == stopped // len(window.session.steps)
    press(qtbot, window, KEY.Key_Right)
    assert window.session.moment.position == stopped + 1


def qtbot_timer(window, beat):
    from PyQt6.QtCore import QTimer

    timer = QTimer(window)
    timer.timeout.connect(beat)
    timer.start(10)
    return timer


def test_going_far_ahead_ends_at_the_very_step(open_window, qtbot):
    window = open_window("xor", position=0)
    target = 500 * len(window.session.steps) + 3
    window.travel(target)
    qtbot.waitUntil(lambda: window.session.moment.position == target, timeout=60_000)
    straight = Session()
    straight.load("xor", seed=0, position=target)
    assert np.array_equal(straight.losses.array, window.session.losses.array)


def test_closing_while_training_ends_the_worker(open_window, qtbot):
    window = open_window("digits-mlp")
    window.toggle_training()
    qtbot.waitUntil(lambda: len(window.session.losses) > 3, timeout=60_000)
    window.close()
    assert window.trainer.isFinished()
    assert not window.session.training


def test_another_network_can_be_chosen_while_training(open_window, qtbot):
    window = open_window("digits-mlp")
    window.toggle_training()
    qtbot.waitUntil(lambda: len(window.session.losses) > 3, timeout=60_000)
    window.load("xor")
    assert window.session.source.name == "xor"
    assert not window.session.training
    assert window.transport.picker.currentData() == "xor"


def test_play_moves_by_the_grain_until_paused(open_window, qtbot):
    window = open_window(position=0)
    window.player.set_speed(50)
    press(qtbot, window, KEY.Key_Space)
    qtbot.waitUntil(lambda: window.session.moment.position >= 3, timeout=60_000)
    press(qtbot, window, KEY.Key_Space)
    assert not window.player.playing


def test_playing_by_epochs_trains_beside_the_window(open_window, qtbot):
    window = open_window("lenet5", position=0)
    window.session.set_grain("epoch")
    window.player.set_speed(50)
    epoch = window.session.moment.batches * len(window.session.steps)
    press(qtbot, window, KEY.Key_Space)
    qtbot.waitUntil(lambda: window.session.training, timeout=60_000)
    qtbot.waitUntil(lambda: window.session.moment.position >= epoch, timeout=60_000)
    press(qtbot, window, KEY.Key_Space)
    qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)
    assert not window.player.playing
    assert window.session.moment.position % len(window.session.steps) == 0


def test_a_run_begun_right_after_another_network_was_loaded_lasts(open_window, qtbot):
    window = open_window("digits-mlp")
    window.toggle_training()
    window.load("xor")
    window.toggle_training()
    qtbot.waitUntil(lambda: len(window.session.losses) > 20, timeout=60_000)
    assert window.session.training
    assert window.trainer.isRunning()


def test_going_to_a_training_step_by_number(open_window, qtbot, monkeypatch):
    monkeypatch.setattr("gui.window.QInputDialog.getText", lambda *_, **__: ("7", True))
    window = open_window("xor", position=0)
    press(qtbot, window, KEY.Key_G, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not window.session.training and window.session.moment.shown == 6, timeout=60_000)
    assert window.session.done == 1


def test_explain_returns_to_what_was_computed_last(open_window, qtbot):
    window = open_window(position=6)
    window.session.select(window.session.steps[0].outputs[0], (0, 1))
    assert window.session.shown_index() == 0
    press(qtbot, window, KEY.Key_E)
    assert window.session.shown_index() == 5
    assert window.session.selection[0] in window.session.steps[5].outputs


def test_a_loss_that_is_not_finite_pauses_and_says_so(open_window, qtbot, monkeypatch):
    window = open_window("xor")
    monkeypatch.setattr(window.session.losses, "add", lambda new: None)
    window.session.losses._buffer[0], window.session.losses._count = np.nan, 1
    window.toggle_training()
    qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)
    assert "nan" in window.statusBar().currentMessage()


def test_the_theme_changes_every_panel(open_window, qtbot):
    window = open_window(position=5)
    before = window.grab().toImage()
    press(qtbot, window, KEY.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert theme.current().dark
    after = window.grab().toImage()
    for panel in (window.stage, window.map, window.card, window.listing, window.chart, window.transport):
        middle = panel.mapTo(window, QPoint(panel.width() - 8, panel.height() - 8))
        assert before.pixelColor(middle).lightness() > 128 > after.pixelColor(middle).lightness(), panel


def test_nothing_repaints_while_idle(open_window, qtbot):
    open_window("digits-mlp", position=5)
    qtbot.wait(200)
    painted = []

    class Watch(QWidget):
        def eventFilter(self, watched, event):
            if event.type() == QEvent.Type.Paint:
                painted.append(watched)
            return False

    watch = Watch()
    QApplication.instance().installEventFilter(watch)
    qtbot.wait(400)
    QApplication.instance().removeEventFilter(watch)
    assert painted == []


def test_keys_are_unique_and_every_focusable_widget_has_a_name(open_window):
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    window = open_window()
    focusable = [w for w in window.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisible()]
    assert [w for w in focusable if not w.accessibleName()] == []


def test_the_key_sheet_lists_every_key(open_window, qtbot, monkeypatch):
    from gui.panels import key_sheet

    shown = []
    monkeypatch.setattr(key_sheet.KeySheet, "exec", lambda sheet: shown.append(sheet.text.toPlainText()))
    press(qtbot, open_window(), KEY.Key_F1)
    assert all(key in shown[0] for action in ACTIONS for key in action.keys)


def test_an_error_becomes_a_message(open_window):
    window = open_window()
    window.load("no-such-network")
    assert "no-such-network" in window.statusBar().currentMessage()
    assert window.session.source.name == "worked-example"


def test_layout_is_kept_and_reset(open_window, qtbot, tmp_path):
    from PyQt6.QtCore import QSettings

    from gui.window import MainWindow

    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    session = Session()
    session.load("worked-example")
    first = MainWindow(session, settings)
    first.docks["network"].hide()
    first.close()
    second = MainWindow(session, settings)
    assert second.docks["network"].isHidden()
    second.reset_layout()
    assert not second.docks["network"].isHidden()
    second.close()
