"""The tape and the loss curve have one axis: what is drawn for a position lies at one place on both."""

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt

from gui.panels.tape import LEGIBLE, RULER, Axis


@pytest.fixture
def window(open_window, qapp):
    window = open_window("worked-example", position=0)
    window.session.goto(30 * len(window.session.steps) + 5)
    qapp.processEvents()
    return window


def on_screen(window, step):
    """Where the curve draws a place of its axis, in the window's pixels."""
    box = window.chart.plot.getPlotItem().vb
    scene = box.mapViewToScene(QPointF(step, 0))
    return window.chart.plot.mapTo(window, window.chart.plot.mapFromScene(scene)).x()


def on_tape(window, x):
    return window.tape.mapTo(window, QPoint(round(x), 0)).x()


def test_places_and_pixels():
    axis = Axis(10.0, 110.0, 0.0, 20.0)
    assert (axis.unit, axis.pixel(5.0), axis.place(35.0)) == (5.0, 35.0, 5.0)


def test_the_ruler_of_the_tape_is_the_axis_of_the_curve(window):
    axis = window.tape.axis()
    for step in (1, 10, 30):
        assert abs(on_tape(window, axis.pixel(step)) - on_screen(window, step)) <= 1
    assert not window.tape.ticks().legible
    left, right = window.tape.ticks().ends()
    assert (left, right) == (axis.left, axis.right)


def test_zoomed_in_every_operation_lies_at_its_place_on_the_axis(window, qapp):
    session, tape = window.session, window.tape
    for _ in range(14):
        tape.zoomed.emit(1.25, 30.5)
    qapp.processEvents()
    assert tape.ticks().legible
    axis, count = tape.axis(), len(session.steps)
    assert axis.unit >= LEGIBLE * count
    for index in (0, 4, count - 1):
        assert on_tape(window, tape.ticks().tick(index).left()) == pytest.approx(
            on_screen(window, 30 + index / count), abs=1.5
        )
    # the cursor of the curve stands where the tape's does
    assert window.chart.here.value() == pytest.approx(30 + 5 / count)
    session.next()
    assert window.chart.here.value() == pytest.approx(30 + 6 / count)
    assert window.chart.axis_of(tape).unit == pytest.approx(axis.unit)  # and stepping does not undo the zoom


def test_clicks_lead_where_they_point(window, qtbot, qapp):
    session, tape = window.session, window.tape
    qtbot.mouseClick(tape, Qt.MouseButton.LeftButton, pos=tape.ticks().tick(2).center().toPoint())
    assert session.moment.position == 30 * len(session.steps) + 3
    x = round(tape.axis().pixel(12))
    qtbot.mouseClick(tape, Qt.MouseButton.LeftButton, pos=QPoint(x, RULER + 2))
    qtbot.waitUntil(lambda: not session.training)
    assert session.moment.position == 12 * len(session.steps)
    for _ in range(14):
        tape.zoomed.emit(1.25, 11.5)
    qapp.processEvents()
    axis, count = tape.axis(), len(session.steps)
    x = round(axis.pixel(11 + 6.5 / count))
    qtbot.mouseClick(tape, Qt.MouseButton.LeftButton, pos=QPoint(x, 15))
    qtbot.waitUntil(lambda: not session.training)
    assert session.moment.position == 11 * count + 7


def test_the_pointer_is_told_what_it_is_on(window):
    session, tape = window.session, window.tape
    position = tape.position_at(tape.ticks().tick(3).center().x(), 15)
    assert tape.words(position).startswith("training step 31, 4: ")
    assert session.steps[3].op.name in tape.words(position)
    assert tape.words(0) == "the start of the run"


def test_before_there_is_a_curve_the_step_has_the_whole_width(open_window, qtbot):
    window = open_window("worked-example", position=3)
    tape, session = window.tape, window.session
    assert tape.axis() is None
    last = tape.ticks().tick(len(session.steps) - 1)
    assert last.right() == pytest.approx(tape.width() - 8)
    qtbot.mouseClick(tape, Qt.MouseButton.LeftButton, pos=tape.ticks().tick(6).center().toPoint())
    assert session.moment.position == 7
    session.toggle_breakpoint(9)
    image = tape.grab().toImage()
    ratio = image.devicePixelRatio()
    dot = image.pixelColor(QPoint(round(tape.ticks().tick(9).center().x() * ratio), round(5 * ratio)))
    assert np.argmax(dot.getRgb()[:3]) == 0


def test_lists_that_differ_show_the_step_that_is_known(window, monkeypatch):
    from dataclasses import replace

    session, tape = window.session, window.tape
    for _ in range(10):
        tape.zoomed.emit(1.25, 30.0)
    assert len(tape._visible(tape.axis())) > 1
    session._moment = replace(session.moment, alike=False)
    assert tape._visible(tape.axis()) == [30]
    assert not tape.grab().isNull()


def test_the_training_step_shown_is_always_on_the_axis(window, qapp):
    session, tape = window.session, window.tape
    for position in (1, 31 * 15 + 3, 2 * 15 + 1, 47 * 15 + 14):
        session.goto(position)
        qapp.processEvents()
        axis, shown = tape.axis(), session.moment.shown
        assert axis.low <= shown
        assert shown + 1 <= axis.high
        ticks = [tape.ticks().tick(i) for i in range(len(session.steps))]
        assert ticks[0].left() >= axis.left - 1
        assert ticks[-1].right() <= axis.right + 1


def test_away_from_what_is_zoomed_the_step_is_drawn_out(window, qapp):
    session, tape = window.session, window.tape
    for _ in range(14):
        tape.zoomed.emit(1.25, 30.5)
    assert tape.ticks().legible
    session.goto(3 * len(session.steps) + 2)
    qapp.processEvents()
    assert not tape.ticks().legible
    assert tape.ticks().ends() == (tape.axis().left, tape.axis().right)
