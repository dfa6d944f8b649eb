"""What is selected, pointed at or zoomed in one panel is so in all of them."""

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QApplication

from gui.content import label_letters
from gui.network import step_blocks
from gui.numbers import cell_label, format_number

LEFT = Qt.MouseButton.LeftButton


def view_of(window, name):
    return next(v for v in window.stage.views() if v.content.name == name)


def wheel(widget, place, notches=1):
    """Turn the wheel at a place of a widget."""
    position = QPointF(place)
    event = QWheelEvent(
        position, QPointF(widget.mapToGlobal(place)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def assert_linked(window, name, index):
    """Stage, listing, map, card, edit bar and status line are about this number."""
    session = window.session
    assert session.selection == (name, index)
    assert view_of(window, name).selected == index
    row = session.shown_index()
    step = session.steps[row]
    assert name in (*step.inputs, *step.outputs)
    assert window.listing.viewport().rect().intersects(window.listing.row_rect(row))  # its line is in sight, and lit
    assert window.stage.scene.step is step
    if window.map.blocks is not None:
        lit = step_blocks(session.listing)[row]
        assert window.map._lit == window.map.blocks._home.get(lit, "")
    label = cell_label(name, index, label_letters(session.listing, name))
    assert window.card.title.text().replace("\u200b", "") == label  # it may be broken where it is too long
    assert window.cell.text().startswith(label)
    assert window.workbench.edit_bar.number.cell == (name, index)


def test_from_the_stage(open_window, qtbot):
    window = open_window("digits-mlp", position=3)
    name = window.session.shown_step().outputs[0]
    view = view_of(window, name)
    qtbot.mouseClick(view, LEFT, pos=view.index_rect((0, 5)).center().toPoint())
    assert_linked(window, name, (0, 5))


def test_from_the_card(open_window, qtbot):
    window = open_window("worked-example", position=13)
    window.session.select("hidden.kernel.grad", (1, 0))
    seen = []
    for operand in window.session.explanation().operands:
        window.session.select("hidden.kernel.grad", (1, 0))
        place = window.session.explanation().operands.index(operand)
        window.card._follow(QUrl(f"cell:{place}"))
        assert_linked(window, operand.name, operand.index)
        seen.append(operand.name)
    assert len(set(seen)) >= 2


def test_from_the_neurons_of_the_map(open_window, qtbot):
    window = open_window("worked-example", position=13)
    view, session = window.map, window.session
    assert view.shows_neurons
    cells = {}
    for x in range(0, view.width(), 6):
        for y in range(0, view.height(), 6):
            cell = view.neurons.cell_at(view.on_map(QPointF(x, y)), session.sample)
            if cell is not None and cell not in cells:
                cells[cell] = QPoint(x, y)
    assert len(cells) > 8  # neurons and edges
    for (name, index), place in list(cells.items())[::3]:
        qtbot.mouseClick(view, LEFT, pos=place)
        assert_linked(window, name, index)


def test_from_the_blocks_of_the_map(open_window, qtbot):
    window = open_window("digits-cnn", position=14)
    session, view = window.session, window.map
    for layer in ("conv1", "pool", "output"):
        qtbot.mouseClick(view, LEFT, pos=view.block_rect(layer).center().toPoint())
        assert session.shown_step().layer == layer
        assert view._lit == layer
        assert_linked(window, *session.selection)


def test_from_the_listing(open_window, qtbot):
    window = open_window("digits-cnn", position=14)
    for row in (0, 4, 9):
        window.listing.scrollTo(window.listing.steps.index(row))
        place = window.listing.row_rect(row).center()
        qtbot.mouseClick(window.listing.viewport(), LEFT, pos=place)
        assert window.session.shown_index() == row
        assert_linked(window, *window.session.selection)


def test_a_selection_survives_stepping_at_the_same_index_of_the_next_operation(open_window, qtbot):
    window = open_window("digits-cnn", position=1)
    session = window.session
    session.select("conv1.conv2d", (0, 3, 4, 5))
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert_linked(window, "conv1.relu", (0, 3, 4, 5))
    session.select("conv1.relu", (0, 6, 6, 7))
    for _ in range(3):
        session.next()
        name, index = session.selection
        assert name in session.shown_step().outputs
        shape = session.listing.values[name].shape
        assert index == tuple(min(i, n - 1) for i, n in zip((0, 6, 6, 7), shape, strict=True))
        assert_linked(window, name, index)


def test_the_pointer_outlines_receptive_field_and_consumers_and_fills_the_status_line(open_window, qtbot):
    window = open_window("digits-cnn", position=3)
    session = window.session
    view = view_of(window, "conv2.conv2d")
    place = view.index_rect((0, 2, 3, 5)).center().toPoint()
    qtbot.mouseMove(view, place)
    assert session.hovered == ("conv2.conv2d", (0, 2, 3, 5))
    assert view.marks.hover == view.arrangement.place((0, 2, 3, 5))  # the crosshair
    field = {tuple(i) for i in view_of(window, "conv1.relu").marks.operands.tolist()}
    assert field == {(0, h, w, c) for h in (2, 3, 4) for w in (3, 4, 5) for c in range(16)}
    value = format_number(session.view("conv2.conv2d")[0, 2, 3, 5], session.digits)
    assert window.cell.text().endswith(f"= {value}")
    pixel = view_of(window, "conv1.relu")
    qtbot.mouseMove(pixel, pixel.index_rect((0, 4, 4, 2)).center().toPoint())
    used = {tuple(i) for i in view.marks.consumers.tolist()}
    assert used == {(0, h, w, c) for h in (2, 3, 4) for w in (2, 3, 4) for c in range(32)}


def test_the_status_line_is_live_while_training(open_window, qtbot):
    window = open_window("xor", position=1)
    session = window.session
    view = view_of(window, "hidden.kernel")
    window.toggle_training()
    qtbot.waitUntil(lambda: session.moment.shown > 3)
    texts = set()
    qtbot.mouseMove(view, view.index_rect((0, 1)).center().toPoint())

    def changed():
        texts.add(window.cell.text())
        return len(texts) > 3

    qtbot.waitUntil(changed, timeout=10_000)
    window.trainer.pause(wait=True)
    assert all(text.startswith("hidden.kernel") for text in texts)
    shown = format_number(session.view("hidden.kernel")[0, 1], session.digits)
    assert f"= {shown}" in window.cell.text()


# ---------------------------------------------------------------- zoom


@pytest.mark.parametrize("notches", [1, 3, 6])
def test_the_wheel_zooms_a_tensor_at_the_pointer_and_same_shapes_with_it(open_window, notches):
    window = open_window("digits-cnn", position=2)
    first, second = view_of(window, "conv1.conv2d"), view_of(window, "conv1.relu")
    index = (0, 4, 4, 9)
    place = first.index_rect(index).center()
    for _ in range(notches):
        wheel(first, place.toPoint())
    assert first.view_port.zoom == pytest.approx(1.25**notches)
    assert first.index_at(place) == index  # what was under the pointer stays there
    assert second.view_port == first.view_port
    assert second.index_rect(index).size() == first.index_rect(index).size()
    wheel(first, place.toPoint(), -notches - 1)
    assert first.view_port.zoom == second.view_port.zoom == 1.0


def test_other_shapes_keep_their_zoom(open_window):
    window = open_window("digits-cnn", position=3)
    first = view_of(window, "conv2.conv2d")
    wheel(first, first.index_rect((0, 3, 3, 3)).center().toPoint())
    for view in window.stage.views():
        same = view.content.shape == first.content.shape
        assert (view.view_port.zoom == 1.0) is not same


def test_a_drag_pans_tensors_of_the_same_shape_together(open_window, qtbot):
    window = open_window("digits-cnn", position=2)
    first, second = view_of(window, "conv1.conv2d"), view_of(window, "conv1.relu")
    centre = first.geometry_now.seen.center().toPoint()
    for _ in range(6):
        wheel(first, centre)
    before = first.geometry_now.whole.topLeft()
    qtbot.mousePress(first, LEFT, pos=centre)
    move = QPoint(-30, -22)
    qtbot.mouseMove(first, centre + move / 2)
    qtbot.mouseMove(first, centre + move)
    qtbot.mouseRelease(first, LEFT, pos=centre + move)
    moved = first.geometry_now.whole.topLeft() - before
    assert (moved.x(), moved.y()) == pytest.approx((-30, -22), abs=1.5)
    assert second.view_port == first.view_port


def test_the_wheel_zooms_the_map_at_the_pointer(open_window):
    window = open_window("digits-cnn")
    view = window.map
    place = view.block_rect("conv2").center().toPoint()
    before, zoom = view.on_map(QPointF(place)), view._zoom
    wheel(view, place, 2)
    assert view._zoom > zoom
    after = view.on_map(QPointF(place))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=1e-6)
    assert view.block_at(QPointF(place)) == "conv2"


def test_the_wheel_zooms_tape_and_curve_at_the_pointer(open_window, qapp):
    window = open_window("worked-example", position=0)
    window.session.goto(40 * len(window.session.steps))
    qapp.processEvents()
    tape, axis = window.tape, window.tape.axis()
    x = round(axis.pixel(10.0))
    place = axis.place(x)
    wheel(tape, QPoint(x, 32), 3)
    assert tape.axis().unit == pytest.approx(axis.unit * 1.25**3)
    assert tape.axis().place(x) == pytest.approx(place, abs=1e-6)
    np.testing.assert_allclose(window.chart.plot.getPlotItem().vb.viewRange()[0], (tape.axis().low, tape.axis().high))
