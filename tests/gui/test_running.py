"""Time in the window: travel, conditions, branches, comparison, files, errors."""

import sys

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, QSettings, Qt
from PyQt6.QtWidgets import QApplication, QMessageBox

import fastnn
from fastnn import layers
from fastnn.engine.breaking import run_until
from fastnn.engine.conditions import Epoch, GradientNorm, LossJump, NonFinite, ZeroShare
from gui import __main__ as command
from gui import lesson, storage, theme
from gui.history import ACCURACY, CHARTS, DEAD, RATE, RATIO, HeldOut
from gui.panels.conditions_dialog import ConditionsDialog
from gui.panels.keeper import Aside
from gui.session import Session
from gui.window import MainWindow

KEY, CTRL = Qt.Key, Qt.KeyboardModifier.ControlModifier


def state(session):
    """All that a run is made of, as bytes."""
    return b"".join(session.stepper.value(n).tobytes() for n, v in session.listing.values.items()
                    if v.role in ("parameter", "state") or session.stepper.computed(n))  # fmt: skip


# ---------------------------------------------------------------- travelling


def test_travelling_back_and_forth_gives_the_same_bits(open_window, qtbot):
    window = open_window("xor", position=0)
    session, length = window.session, len(window.session.steps)

    def go(step):
        window.travel(step * length)
        qtbot.waitUntil(lambda: not session.training and session.moment.position == step * length, timeout=60_000)
        return state(session)

    there = go(500)
    assert go(120) != there
    assert go(500) == there


@pytest.mark.parametrize("name", ["xor", "digits-mlp"])
def test_reset_twice_gives_the_same_first_losses(name):
    session, found = Session(), []
    session.load(name, seed=4)
    for _ in range(3):
        session.goto(50 * len(session.steps))
        found.append(session.losses.array.copy())
        session.reset()
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[1], found[2])


def test_the_chart_travels_to_the_step_that_is_clicked_and_the_last_request_wins(open_window, qtbot):
    window = open_window("xor", position=0)
    session, chart, length = window.session, window.chart, len(window.session.steps)
    session.goto(60 * length)
    moved = []
    session.subscribe(lambda topic: moved.append(session.moment.position) if topic == "position" else None)
    for step in (10, 20, 33):
        chart._ask(step)
    qtbot.waitUntil(lambda: session.moment.position == 33 * length, timeout=60_000)
    assert moved == [33 * length]
    chart.here.setValue(12)
    chart.here.sigDragged.emit(chart.here)
    qtbot.waitUntil(lambda: session.moment.position == 12 * length, timeout=60_000)
    chart._ask(10**6)
    qtbot.waitUntil(lambda: session.moment.position == 60 * length, timeout=60_000)


def test_a_curve_takes_further_points_and_another_look_makes_another_curve(open_window):
    window = open_window("xor", position=0)
    session, chart, length = window.session, window.chart, len(window.session.steps)
    session.goto(70 * length)
    (first,) = chart.curves
    session.goto(90 * length)
    (curve,) = chart.curves
    assert curve is first
    assert np.array_equal(curve.getOriginalDataset()[1], session.losses.array)
    assert curve.getOriginalDataset()[0][-1] == 90
    session.goto(30 * length)
    session.change("learning_rate", 0.7)  # what came after is forgotten: so few points are dots
    assert len(session.losses) < 60
    assert chart.curves[0] is not first
    assert np.array_equal(chart.curves[0].getOriginalDataset()[1], session.losses.array)
    window.set_theme("dark")
    assert chart.curves[0].opts["pen"].color().name() == theme.current().accent
    window.set_theme("light")


def test_a_click_on_the_chart_is_a_request(open_window, qtbot):
    window = open_window("xor", position=0)
    window.session.goto(40 * len(window.session.steps))
    box = window.chart.plot.getPlotItem().vb
    qtbot.waitUntil(lambda: box.viewRange()[0][1] > 39, timeout=60_000)
    place = window.chart.plot.mapFromScene(box.mapViewToScene(QPointF(15, box.viewRect().center().y())))
    qtbot.mouseClick(window.chart.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: window.session.moment.position == 15 * len(window.session.steps), timeout=60_000)


def test_while_a_long_way_is_run_the_latest_destination_wins(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    length = len(window.session.steps)
    window.travel(100_000 * length)
    assert window.session.training
    window.travel(7 * length + 2)
    qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)
    qtbot.waitUntil(lambda: window.session.moment.position == 7 * length + 2, timeout=60_000)


# ---------------------------------------------------------------- charts


def test_every_chart_holds_what_the_engine_measures(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    session = window.session
    for _ in range(12):
        session.forward("batch")
    stepper, history = session.stepper, session.history
    accuracy = float(stepper.view("sparse_categorical_accuracy").mean())
    assert history.of(ACCURACY)[""].near(12) == (12, accuracy)
    assert history.of(RATE)[""].near(12)[1] == float(stepper.view("learning_rate"))
    assert list(history.of(RATIO)) == ["hidden", "output"]
    dead = float((stepper.view("hidden.relu") == 0).all(axis=0).mean())
    assert history.of(DEAD)["hidden.relu"].near(12) == (12, pytest.approx(dead))
    for chart in ("loss", *CHARTS):
        window.chart.show_chart(chart)
        assert len(window.chart.curves) == len(window.chart.lines()) >= 1
        for curve, (_, x, y) in zip(window.chart.curves, window.chart.lines(), strict=True):
            assert len(x) == 12
            assert np.array_equal(curve.getOriginalDataset()[1], y)


def test_hover_reads_the_exact_value_and_the_axis_can_be_logarithmic(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    session, chart = window.session, window.chart
    session.goto(40 * len(session.steps))
    box = chart.plot.getPlotItem().vb
    qtbot.waitUntil(lambda: box.viewRange()[0][1] > 39, timeout=60_000)
    chart._hover(box.mapViewToScene(QPointF(17.2, box.viewRect().center().y())))
    assert "step 17:" in chart.reading.text()
    assert float(chart.reading.toolTip().split(": ")[1]) == session.losses.array[16]
    chart.log.click()
    assert chart.plot.getPlotItem().getAxis("left").logMode
    shown = chart.curves[0].getData()[1]
    assert np.allclose(shown, np.log10(session.losses.array))


def test_going_back_keeps_what_is_known_and_a_change_forgets_it(open_window):
    window = open_window("digits-mlp", position=0)
    session = window.session
    for _ in range(8):
        session.forward("batch")
    session.goto(3 * len(session.steps) + 1)
    assert len(session.losses) == len(session.history.of(ACCURACY)[""]) == 8
    session.change("learning_rate", 0.5)
    assert len(session.losses) == len(session.history.of(ACCURACY)[""]) == 3
    session.forward("batch")
    assert len(session.losses) == 4


def test_a_network_without_accuracy_says_so(open_window):
    window = open_window("linear-example", position=0)
    window.session.forward("batch")
    window.chart.show_chart(ACCURACY)
    assert "accuracy" in window.chart.empty.text()
    assert window.chart.pages.currentWidget() is window.chart.empty


def test_rows_held_out_are_tested_often_and_never_learnt_from(open_window, qtbot, monkeypatch, tmp_path):
    window = open_window("digits-mlp", position=0)
    session = window.session
    count = session.stepper.schedule.count
    monkeypatch.setattr("gui.features.running.QInputDialog.getInt", lambda *_: (25, True))
    window.actions_by_name["hold_out"].trigger()
    held = session.held.data
    assert session.stepper.schedule.count + len(held["image"]) == count
    assert "held out" in window.windowTitle()
    batches = session.stepper.schedule.batches
    for _ in range(3):
        session.forward("epoch")
    steps, values = session.history.of(ACCURACY)["test"].arrays
    assert {batches, 2 * batches, 3 * batches} < set(steps.tolist())
    assert np.diff(steps[steps <= batches]).max() <= batches / 5
    for variable, array in session.stepper.storage.items():
        variable.value[...] = array
    loss, accuracy = session.model.evaluate(held["image"], held["y_true"], verbose=0)
    assert values[-1] == pytest.approx(accuracy, abs=1e-6)
    assert session.history.of("loss")["test"].near(3 * batches)[1] == pytest.approx(loss, rel=1e-5)
    window.chart.show_chart("loss")
    assert [name for name, _, _ in window.chart.lines()] == ["loss", "test"]
    storage.save(session, tmp_path / "held.fastnn")
    again = Session()
    storage.restore(again, tmp_path / "held.fastnn")
    assert np.array_equal(again.held.data["image"], held["image"])
    assert again.history.of(ACCURACY)["test"].arrays[1].tolist() == values.tolist()


def overfitting():
    session = Session()
    session.load(lesson.find("10-overfitting").source(), 2, 0)
    return session


def test_a_short_run_is_tested_often_whichever_way_it_is_run(show_window, qtbot):
    jumped, trained = overfitting(), show_window(overfitting())
    jumped.goto(400 * len(jumped.steps))
    trained.travel(400 * len(jumped.steps))
    trained.trainer.pause(wait=True)
    trained.session.start_training()
    trained.session.train(30.0, 400 - trained.session.stepper.training_step)
    trained.session.stop_training()
    for session in (jumped, trained.session):
        steps, values = session.history.of("loss")["test"].arrays
        assert {1, 2, 3, 32, 200, 400} <= set(steps.tolist())
        assert np.diff(steps).max() <= 16
        assert values[-1] > values[0]
    known = dict(zip(*(a.tolist() for a in jumped.history.of("loss")["test"].arrays), strict=True))
    assert all(known.get(step, value) == value for step, value in zip(steps.tolist(), values.tolist(), strict=True))
    assert np.array_equal(jumped.losses.array, overfitted_without_tests(400))


def overfitted_without_tests(steps):
    session = overfitting()
    session.held = HeldOut()
    session.goto(steps * len(session.steps))
    return session.losses.array


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_the_legend_covers_no_line(show_window, size, qtbot):
    window = show_window(overfitting(), size)
    chart = window.chart
    for steps in (40, 400):
        window.session.goto(steps * len(window.session.steps))
        window.repaint()
        QApplication.processEvents()
        box = chart.legend.mapRectToItem(chart.plot.getPlotItem().vb, chart.legend.boundingRect())
        assert chart.legend.isVisible()
        for name, x, y in chart.lines():
            points = [chart.plot.getPlotItem().vb.mapFromView(place) for place in map(QPointF, x, y)]
            assert not [p for p in points if box.contains(p)], (steps, name)


# ---------------------------------------------------------------- conditions


def test_training_stops_where_a_plain_run_finds_the_condition(open_window, qtbot):
    window = open_window("housing", position=0)
    session = window.session
    session.change("learning_rate", 1e6)
    session.set_conditions([NonFinite()])
    window.toggle_training()
    qtbot.waitUntil(lambda: not session.training, timeout=60_000)
    plain = Session()
    plain.load("housing", seed=0, position=0)
    plain.change("learning_rate", 1e6)
    hit = run_until(plain.stepper, [NonFinite()], steps=100)
    assert session.hit == hit
    assert session.stepper.position == plain.stepper.position
    assert session.selection == (hit.name, hit.index)
    assert hit.message in window.breadcrumb.count.text()
    assert hit.message in window.statusBar().currentMessage()
    session.back()
    assert session.hit is None
    assert "stopped" not in window.breadcrumb.count.text()


def test_conditions_stop_playing_and_running_but_not_travelling(open_window, qtbot):
    window = open_window("xor", position=0)
    session, length = window.session, len(window.session.steps)
    session.set_conditions([GradientNorm(0.0)])
    window.player.set_speed(50)
    window.player.toggle()
    qtbot.waitUntil(lambda: session.hit is not None, timeout=60_000)
    stopped = session.moment.position
    assert not window.player.playing
    assert session.shown_step().phase == "backward"
    session.toggle_breakpoint(1)
    window.actions_by_name["run"].trigger()
    assert session.moment.position == length + 1
    assert session.hit is None
    window.actions_by_name["run"].trigger()
    assert session.moment.position == length + stopped
    window.travel(400 * length)
    qtbot.waitUntil(lambda: not session.training and session.moment.position == 400 * length, timeout=60_000)


def test_playing_by_epochs_stops_at_a_condition_within(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    session = window.session
    session.set_conditions([LossJump(1.01)])
    session.set_grain("epoch")
    window.player.toggle()
    qtbot.waitUntil(lambda: session.hit is not None and not session.training, timeout=60_000)
    assert not window.player.playing
    plain = Session()
    plain.load("digits-mlp", seed=0, position=0)
    run_until(plain.stepper, [LossJump(1.01)], steps=100)
    assert session.stepper.position == plain.stepper.position


def test_the_dialog_sets_what_is_ticked_and_says_what_is_missing(open_window, qtbot):
    window = open_window("linear-example")
    session = window.session
    session.toggle_breakpoint(2)
    dialog = ConditionsDialog(session, window)
    rows = {row.kind.__name__: row for row in dialog.rows}
    assert not rows["ZeroShare"].box.isEnabled()
    assert "relu" in rows["ZeroShare"].missing
    rows["NonFinite"].box.click()
    rows["GradientNorm"].box.click()
    rows["GradientNorm"].settings["above"].setValue(2.5)
    rows["Epoch"].box.click()
    rows["Epoch"].settings["number"].setValue(7)
    dialog.clear.click()
    assert session.breakpoints == set()
    dialog.accept()
    assert session.conditions == [NonFinite(), GradientNorm(2.5), Epoch(7)]
    again = ConditionsDialog(session, window)
    assert [row.condition() for row in again.rows if row.box.isChecked()] == session.conditions
    session.load("gradient-step")
    assert session.conditions == [NonFinite(), GradientNorm(2.5), Epoch(7)]
    session.goto(3)
    session.set_conditions([])
    with pytest.raises(ValueError, match="relu"):
        session.set_conditions([ZeroShare()])


# ---------------------------------------------------------------- branches and comparison


def test_identical_runs_differ_by_nothing_and_a_branch_says_how_it_differs(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    session, length = window.session, len(window.session.steps)
    session.goto(6 * length + 4)
    window.actions_by_name["pin"].trigger()
    compare = window.features.running.compare
    assert compare.isVisible()
    assert window.actions_by_name["pin"].isChecked()
    assert {d.largest for d in compare.differences()} == {0.0}
    session.reset()
    session.goto(9 * length)
    assert {d.largest for d in compare.differences()} == {0.0}
    assert "No bit differs" in compare.head.text()
    session.goto(2 * length + 1)
    window.features.running.branch("0.3")
    assert "learning_rate = 0.3 from step 3" in compare.head.text()
    session.goto(5 * length)
    found = {d.name: d for d in compare.differences()}
    other = Session()
    other.load("digits-mlp", seed=0, position=5 * length)
    expected = session.view("hidden.kernel").astype("float64") - other.view("hidden.kernel")
    assert np.array_equal(found["hidden.kernel"].array, expected)
    assert found["hidden.kernel"].largest == np.abs(expected).max() > 0
    names = [name for name, _, _ in window.chart.lines()]
    assert names[0].startswith("A")
    assert "learning_rate = 0.3" in names[1]
    session.select("hidden.kernel", (1, 1))
    assert np.array_equal(compare.picture.content.data, expected)
    window.actions_by_name["pin"].trigger()
    assert session.pin is None
    assert not compare.isVisible()


def test_a_learning_rate_that_is_no_number_changes_nothing(open_window):
    window = open_window("digits-mlp", position=5)
    window.attempt(lambda: window.features.running.branch("fast"))
    assert "fast" in window.statusBar().currentMessage()
    assert window.session.stepper.edits == ()
    assert window.session.pin is None


# ---------------------------------------------------------------- undo


def test_undo_and_redo_give_the_same_bits(open_window):
    session = open_window("digits-cnn", position=9).session
    before = state(session)
    session.change("learning_rate", 0.7)
    session.change(next(n for n, v in session.listing.values.items() if v.role == "parameter"), 2.0, (0, 0, 0, 0))
    after = state(session)
    session.undo()
    session.undo()
    assert state(session) == before
    assert not session.can_undo
    session.redo()
    session.redo()
    assert state(session) == after
    assert not session.can_redo


# ---------------------------------------------------------------- files


def test_save_and_open_by_menu_bring_everything_back(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window("digits-mlp", position=0)
    session, path = window.session, str(tmp_path / "kept")
    session.goto(4 * len(session.steps) + 7)
    before, selection = state(session), session.selection
    window.docks["explain"].hide()
    monkeypatch.setattr("gui.panels.keeper.QFileDialog.getSaveFileName", lambda *_: (path, ""))
    window.actions_by_name["save"].trigger()
    assert window.features.running.keeper.path == path + ".fastnn"
    session.load("xor")
    window.docks["explain"].show()
    monkeypatch.setattr("gui.panels.keeper.QFileDialog.getOpenFileName", lambda *_: (path + ".fastnn", ""))
    window.actions_by_name["open_session"].trigger()
    assert (state(session), session.selection) == (before, selection)
    assert window.docks["explain"].isHidden()
    assert "digits" in window.windowTitle().lower()


def test_a_damaged_file_is_named_and_nothing_changes(open_window, qtbot, tmp_path):
    window = open_window("xor", position=5)
    (tmp_path / "bad.fastnn").write_bytes(b"PK nonsense")
    assert not window.features.running.keeper.read(str(tmp_path / "bad.fastnn"))
    box = window.findChildren(QMessageBox)[0]
    assert "bad.fastnn" in box.text()
    box.close()
    assert window.session.source.name == "xor"


def kept_window(tmp_path, qtbot):
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    session = Session()
    session.load("xor", seed=0, position=0)
    window = MainWindow(session, settings)
    qtbot.addWidget(window)
    window.show()
    return window


def test_a_copy_is_kept_aside_offered_after_a_crash_and_deleted_at_the_end(qtbot, tmp_path):
    window = kept_window(tmp_path, qtbot)
    keeper = window.features.running.keeper
    window.session.goto(3 * len(window.session.steps) + 2)
    assert keeper.keep(wait=True)
    left = keeper.aside.read_bytes()
    window.close()
    assert not keeper.aside.exists()
    keeper.aside.write_bytes(left)  # as if it had crashed
    again = kept_window(tmp_path, qtbot)
    again.features.running.offer_what_was_kept()
    box = again.findChildren(QMessageBox)[0]
    box.accept()
    qtbot.waitUntil(lambda: again.session.moment.position == 3 * len(again.session.steps) + 2, timeout=60_000)
    again.close()


def test_a_copy_is_kept_while_training(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("gui.panels.keeper.EVERY", 0.05)
    window = kept_window(tmp_path, qtbot)
    window.toggle_training()
    qtbot.waitUntil(lambda: window.features.running.keeper.aside.exists(), timeout=60_000)
    window.close()
    assert list(tmp_path.glob("*.fastnn")) == []


@pytest.mark.parametrize("training", [False, True])
def test_what_is_too_large_to_be_kept_aside_is_said_once(qtbot, tmp_path, monkeypatch, training):
    monkeypatch.setattr("gui.panels.keeper.LARGEST", 10)
    monkeypatch.setattr("gui.panels.keeper.EVERY", 0.02)
    window, said = kept_window(tmp_path, qtbot), []
    keeper = window.features.running.keeper
    keeper.unkept.connect(said.append)
    if training:
        window.toggle_training()
        qtbot.waitUntil(lambda: bool(said), timeout=10_000)
        qtbot.wait(100)
        window.toggle_training()
        qtbot.waitUntil(lambda: not window.session.training, timeout=5_000)
    for _ in range(3):
        window.session.next()
        assert not keeper.keep(wait=True)
    qtbot.waitUntil(lambda: bool(said), timeout=2_000)
    assert len(said) == 1
    assert "Save it yourself" in said[0]
    assert "menu File" in said[0]
    assert not keeper.aside.exists()
    window.load("xor")
    assert not keeper.keep(wait=True)
    assert len(said) == 2
    window.close()


class Passing(layers.Layer):
    """A layer that no file knows."""

    def call(self, x):
        return x


def test_code_that_a_file_lacks_is_told_when_saving(qtbot, tmp_path):
    window, said = kept_window(tmp_path / "kept", qtbot), []
    keeper = window.features.running.keeper
    keeper.unkept.connect(said.append)
    model = fastnn.Sequential([layers.Input((3,)), Passing(), layers.Dense(1)])
    model.compile("sgd", "mse")
    window.session.load_model(model, np.ones((4, 3)), np.ones((4, 1)))
    for _ in range(2):  # once is enough
        assert keeper.write(str(tmp_path / "own.fastnn"))
        assert (tmp_path / "own.fastnn").exists()
    (box,) = [w for w in window.findChildren(QMessageBox) if w.isVisible()]
    assert "'Passing'" in box.text()
    assert "register_keras_serializable" in box.text()
    box.close()
    window.session.next()
    assert keeper.keep(wait=True)
    assert [text for text in said if "'Passing'" in text] == said != []
    window.close()


def test_two_windows_keep_two_copies(tmp_path):
    first, second = Aside(tmp_path), Aside(tmp_path)
    assert first.path != second.path
    first.lock.unlock()
    second.lock.unlock()


# ---------------------------------------------------------------- errors


def test_an_error_in_a_slot_becomes_one_box_with_details(qtbot, tmp_path, capsys):
    window = kept_window(tmp_path, qtbot)
    window.activateWindow()  # a window that another test has left open is not meant
    qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
    for _ in range(3):
        try:
            raise ZeroDivisionError("by design")
        except ZeroDivisionError:
            command.report(*sys.exc_info())
    errors = window.features.running.errors
    qtbot.waitUntil(lambda: errors.box is not None and errors.box.isVisible(), timeout=60_000)
    assert errors.box.times == 3
    assert "ZeroDivisionError: by design" in errors.box.informativeText()
    assert str(window.features.running.keeper.aside) in errors.box.informativeText()
    errors.box.copy.click()
    assert "by design" in QApplication.clipboard().text()
    assert errors.box is not None
    errors.box.close()
    qtbot.waitUntil(lambda: errors.box is None, timeout=60_000)
    assert "by design" in capsys.readouterr().err
    window.close()


def test_an_error_is_reported_over_the_window_in_use(open_window, qtbot, capsys):
    first, second = open_window("xor"), open_window("xor")
    for used, other in ((second, first), (first, second)):
        used.activateWindow()
        qtbot.waitUntil(used.isActiveWindow, timeout=60_000)
        command.report(ValueError, ValueError("by design"), None)
        assert used.features.running.errors.box is not None
        assert other.features.running.errors.box is None
        used.features.running.errors.box.close()
    assert "by design" in capsys.readouterr().err


def test_an_error_while_training_becomes_a_box_and_the_window_lives(qtbot, tmp_path, monkeypatch, capsys):
    window = kept_window(tmp_path, qtbot)
    monkeypatch.setattr(window.session, "train", lambda *_: [][1])
    window.toggle_training()
    qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)
    assert "IndexError" in window.features.running.errors.box.informativeText()
    window.features.running.errors.box.close()
    monkeypatch.undo()
    window.actions_by_name["forward_op"].trigger()
    assert window.session.done == 1
    assert "IndexError" in capsys.readouterr().err
    window.close()


def test_the_bar_says_how_many_conditions_are_set(open_window):
    window = open_window("xor")
    window.session.set_conditions([NonFinite(), Epoch(3)])
    assert window.actions_by_name["conditions"].iconText() == "Stop at 2"
    window.session.set_conditions([])
    assert window.actions_by_name["conditions"].iconText() == "Stop at…"


def test_the_rate_that_is_found_can_be_used_from_here_on(open_window, qtbot, monkeypatch):
    window = open_window("digits-mlp", position=3)
    shown = []

    def wait(dialog):
        qtbot.waitUntil(dialog.use.isEnabled, timeout=60_000)
        shown.append(dialog)
        return True

    monkeypatch.setattr("gui.panels.rate_dialog.RateDialog.exec", wait)
    window.actions_by_name["find_rate"].trigger()
    search = shown[0].search
    assert len(shown[0].smooth.getOriginalDataset()[0]) > 10
    assert window.session.stepper.edits[0].value == np.float32(f"{search.suggestion:.3g}")
    assert window.session.pin is not None


@pytest.mark.parametrize("way", ["close", "load", "reset"])
def test_a_long_way_is_called_off_by_closing_loading_and_resetting(open_window, qtbot, way):
    window = open_window("digits-mlp", position=0)
    session = window.session
    window.travel(10**6 * len(session.steps))
    qtbot.waitUntil(lambda: len(session.losses) > 3, timeout=60_000)
    if way == "close":
        window.close()
    elif way == "load":
        window.load("xor")
    else:
        window.bound["new_seed"]()
    position = session.moment.position
    qtbot.wait(150)
    assert not session.training
    assert session.moment.position == position
    assert session.bound_for is None


def test_space_stops_a_long_way_where_it_is(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    session = window.session
    window.travel(10**6 * len(session.steps))
    qtbot.waitUntil(lambda: len(session.losses) > 3, timeout=60_000)
    assert "on the way to" in window.breadcrumb.count.text()
    window.actions_by_name["play"].trigger()
    qtbot.waitUntil(lambda: not session.training, timeout=60_000)
    qtbot.wait(100)
    assert not session.training
    assert session.moment.position < 10**6 * len(session.steps)
