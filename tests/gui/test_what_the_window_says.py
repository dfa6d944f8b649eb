"""Breadcrumb, transport bar, status line, legends, first window: what is promised to be there, is there and true."""

import html
import re

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, QSettings, Qt
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtWidgets import QApplication

import gui.__main__ as command
from gui import theme as themes
from gui.colours import CLASSES, Scale
from gui.content import Content
from gui.numbers import format_number
from gui.panels.plane_view import marker
from gui.panels.tensor_view import TensorView
from gui.panels.transport import STYLE
from gui.session import Session
from gui.window import MainWindow


def plain(text):
    return html.unescape(re.sub("<[^>]*>", "", text)).replace("\xa0", " ")


# ---------------------------------------------------------------- bars


def test_the_breadcrumb_names_epoch_batch_sample_phase_layer_and_operation(open_window):
    window = open_window("digits-mlp", position=0, size=(1920, 1080))
    session = window.session
    batches = session.moment.batches
    for position, sample in ((3, 0), (2 * len(session.steps) + 9, 4), (batches * len(session.steps) + 1, 7)):
        session.goto(position)
        session.set_sample(sample)
        step, place = session.shown_step(), (position - 1) // len(session.steps)
        where = f"epoch {place // batches + 1} · batch {place % batches + 1}/{batches} · sample {sample}"
        op = f"{'∂' if step.backward else ''}{step.op.name}"
        parts = [where, step.phase, *([step.layer] if step.layer else []), op]
        assert plain(window.breadcrumb.path.text()) == " › ".join(parts)


def test_the_transport_bar_has_its_buttons_in_order_the_grains_and_the_speeds(open_window):
    window = open_window("xor", position=0, size=(1920, 1080))
    bar = window.transport
    buttons = [w for w in (bar.widgetForAction(a) for a in bar.actions()) if w is not None and w.objectName()]
    moves = ("to_start", "back_grain", "play", "forward_grain", "to_end", *STYLE)
    assert [w.objectName() for w in buttons if w.objectName().startswith("button_")] == [f"button_{m}" for m in moves]
    grains = [bar.grain.itemText(k) for k in range(bar.grain.count())]
    assert grains == ["Term", "Element", "Op", "Layer", "Phase", "Batch", "Epoch"]
    assert bar.speed.count() >= 5


def borders_of(session, grain):
    steps = session.steps
    cuts = {
        "op": lambda k: True,
        "layer": lambda k: (steps[k - 1].layer, steps[k - 1].phase) != (steps[k].layer, steps[k].phase),
        "phase": lambda k: steps[k - 1].phase != steps[k].phase,
        "batch": lambda k: False,
    }[grain]
    return [k for k in range(1, len(steps)) if cuts(k)] + [len(steps)]


@pytest.mark.parametrize("grain", ["op", "layer", "phase", "batch"])
def test_the_buttons_move_by_the_grain_that_is_chosen(open_window, qtbot, grain):
    window = open_window("digits-cnn", position=0, size=(1920, 1080))
    bar, session = window.transport, window.session
    bar.grain.setCurrentText(grain.capitalize())
    bar.grain.activated.emit(bar.grain.currentIndex())
    forward, back = (bar.findChild(type(bar.widgetForAction(bar.actions()[0])), f"button_{w}_grain")
                     for w in ("forward", "back"))  # fmt: skip
    places = []
    for _ in borders_of(session, grain):
        qtbot.mouseClick(forward, Qt.MouseButton.LeftButton)
        places.append(session.moment.position)
    assert places == borders_of(session, grain)
    for place in [*reversed(places[:-1]), 0]:
        qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
        assert session.moment.position == place


def test_the_status_line_says_index_value_and_gradient(open_window, qtbot):
    window = open_window("digits-cnn", position=0)
    session = window.session
    session.goto(session.listing.updates)
    session.select("conv1.relu", (0, 5, 1, 3))
    value, slope = (session.view(n)[0, 5, 1, 3] for n in ("conv1.relu", "conv1.relu.grad"))
    said = window.cell.text()
    assert said == f"conv1.relu[n=0, h=5, w=1, c=3] = {format_number(value, 4)}    grad = {format_number(slope, 4)}"
    session.goto(2)
    session.select("conv1.relu", (0, 5, 1, 3))
    assert "grad" not in window.cell.text()  # not computed yet


def test_the_current_operation_is_lit_on_map_stage_listing_and_tape_at_every_step(open_window):
    window = open_window("digits-mlp", position=0, size=(1280, 800))
    session, tape = window.session, window.tape

    def strip(index):
        """The tape's picture around a tick."""
        rect = tape.ticks().tick(index).toAlignedRect()
        return tape.grab(rect).toImage()

    for position in range(1, len(session.steps) + 1):
        session.goto(position - 1)
        ahead = strip(position - 1)
        session.goto(position)
        QApplication.processEvents()
        step = session.steps[position - 1]
        assert window.stage.scene.step is step
        if step.layer in {block.name for block in window.map.layers}:
            assert window.map._lit == step.layer
        assert window.listing.viewport().rect().intersects(window.listing.row_rect(position - 1))
        assert strip(position - 1) != ahead  # its tick is drawn otherwise once it has run


def busy_pixels(window):
    """How many pixels of the lowest line below the breadcrumb have the colour of the busy bar."""
    crumb, accent = window.breadcrumb, themes.current().colour("accent")
    image = crumb.grab().toImage()
    return sum(image.pixelColor(x, image.height() - 2) == accent for x in range(image.width()))


def test_a_thin_bar_says_how_far_a_long_way_is(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    session = window.session
    assert busy_pixels(window) == 0
    window.travel(10**6 * len(session.steps))
    qtbot.waitUntil(lambda: session.reached > 3, timeout=60_000)
    assert 0 < window.breadcrumb.busy() < 0.5
    assert window.stage.views()[0].content.data is not None  # what was there stays in sight
    window.actions_by_name["play"].trigger()  # Space calls it off
    qtbot.waitUntil(lambda: not session.training, timeout=60_000)
    assert busy_pixels(window) == 0
    window.toggle_training()
    qtbot.waitUntil(lambda: session.reached > 3, timeout=60_000)
    QApplication.processEvents()
    assert busy_pixels(window) == window.breadcrumb.grab().toImage().width()
    window.trainer.pause(wait=True)
    QApplication.processEvents()
    assert busy_pixels(window) == 0


# ---------------------------------------------------------------- the first window and its layout


def test_the_first_window_is_a_trained_example_amid_a_backward_pass(qapp, monkeypatch, tmp_path):
    seen = []

    def look(window):
        seen.append(window.session)
        assert window.isVisible()
        assert window.session.explanation() is not None
        assert window.statusBar().currentMessage() == ""
        window.close()
        return 0

    assert command.open_window(command.opener(command.parse([])), "light", look) == 0
    session = seen[0]
    assert session.source.name == "worked-example"
    assert session.shown_step().phase == "backward"
    assert 0 < session.done < len(session.steps)


def kept_window(tmp_path):
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    session = Session()
    session.load("worked-example")
    window = MainWindow(session, settings)
    window.resize(1280, 800)
    window.show()
    return window


def test_docks_are_moved_floated_and_stacked_kept_and_put_back(qtbot, tmp_path):
    first = kept_window(tmp_path)
    places = {name: first.dockWidgetArea(dock) for name, dock in first.docks.items()}
    features = {name: dock.features() for name, dock in first.docks.items()}
    assert all(f & type(f).DockWidgetMovable and f & type(f).DockWidgetFloatable for f in features.values())
    first.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, first.docks["network"])
    first.tabifyDockWidget(first.docks["listing"], first.docks["training"])
    first.docks["explain"].setFloating(True)
    first.close()
    again = kept_window(tmp_path)
    assert again.dockWidgetArea(again.docks["network"]) == Qt.DockWidgetArea.RightDockWidgetArea
    assert again.docks["explain"].isFloating()
    assert again.docks["training"] in again.tabifiedDockWidgets(again.docks["listing"])
    again.actions_by_name["reset_layout"].trigger()
    assert {n: again.dockWidgetArea(again.docks[n]) for n in places} == places
    assert not any(dock.isFloating() for dock in again.docks.values())
    again.close()


# ---------------------------------------------------------------- legends, marks


@pytest.fixture
def written(monkeypatch):
    """What is written by a painter's drawText from now on."""
    texts = []

    class Noting(QPainter):
        def drawText(self, *arguments):
            texts.extend(a for a in arguments if isinstance(a, str))
            super().drawText(*arguments)

    monkeypatch.setattr("gui.panels.tensor_view.QPainter", Noting)
    return texts


def shown(qtbot, content, size=(320, 240)):
    view = TensorView()
    qtbot.addWidget(view)
    view.resize(*size)
    view.show_content(content)
    view.show()
    return view


@pytest.mark.parametrize("numbers", [True, False])
def test_the_legend_says_least_zero_and_largest(qtbot, written, numbers):
    x = np.array([[0.5, -2.25], [1.0, 0.0]], np.float32)
    view = shown(qtbot, Content("w", x.shape, x, "w", weight=True))
    view.set_numbers(numbers)
    view.grab()
    said = [text.strip() for text in written]
    assert any(text.startswith("−2.25") for text in said)
    assert any(text.startswith(("2.25", "+2.25")) for text in said)
    assert "0" in said


def test_infinities_and_nan_are_written_and_do_not_change_the_limits(qtbot, written):
    x = np.array([[1.0, np.nan], [np.inf, -np.inf]], np.float32)
    view = shown(qtbot, Content("w", x.shape, x, "w", weight=True))
    view.grab()
    assert {"NaN", "+inf", "−inf"} <= set(written)
    assert view.scale == Scale(-1.0, 1.0, True)


def test_a_cell_beyond_held_limits_has_a_mark_in_its_corner(qtbot):
    x = np.array([[0.5, 9.0]], np.float32)
    plain_view = shown(qtbot, Content("w", x.shape, x, "w", weight=True, scale=Scale(-9.0, 9.0)))
    held = shown(qtbot, Content("w", x.shape, x, "w", weight=True, scale=Scale(-1.0, 1.0)))
    for view in (plain_view, held):
        view.set_numbers(False)

    def corners(view, index):
        """Colours near the four corners of a cell."""
        rect, image = view.index_rect(index), view.grab().toImage()
        return {
            image.pixelColor(QPoint(round(x), round(y))).name()
            for x in (rect.left() + 2, rect.right() - 3)
            for y in (rect.top() + 1, rect.bottom() - 3)
        }

    assert len(corners(plain_view, (0, 1))) == 1
    assert len(corners(held, (0, 1))) == 2  # one corner is otherwise
    assert len(corners(held, (0, 0))) == 1


@pytest.mark.parametrize("room", [33.0, 34.0])
def test_numbers_need_cells_of_34_pixels(qtbot, room):
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    view = shown(qtbot, Content("w", x.shape, x, "w", weight=True), (400, 260))
    geometry = view.geometry_now
    view._geometry = type(geometry)(
        geometry.arrangement, geometry.edge, geometry.room, (room, 20.0), geometry.port, geometry.single
    )
    view.grab()
    assert view.painted_numbers() == (24 if room >= 34 else 0)


def test_classes_differ_by_colour_and_by_shape(qapp):
    okabe_ito = {"#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"}
    grey = "#7f7f7f"  # in place of black, which a dark ground hides
    assert set(CLASSES) == {*okabe_ito, grey}
    shapes = []
    for kind in range(4):
        image = QImage(40, 40, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        marker(painter, kind, QPointF(20, 20), False, themes.LIGHT)
        painter.end()
        shapes.append(tuple(image.pixelColor(x, y).alpha() > 127 for x in range(40) for y in range(40)))
        assert any(shapes[-1])
    assert len(set(shapes)) == 4
