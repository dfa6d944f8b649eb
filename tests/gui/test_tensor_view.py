"""One tensor on the screen: its numbers, colours, marks, hover text, zoom."""

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF

from gui import theme as themes
from gui.colours import Scale
from gui.content import Content
from gui.panels.painting import fit_texts, outline, runs
from gui.panels.tensor_view import TensorView


@pytest.fixture
def show(qtbot, qapp):
    themes.apply(qapp, "light")
    kept = []

    def show_it(content, size=(300, 260)):
        view = TensorView()
        view.resize(*size)
        view.show_content(content)
        qtbot.addWidget(view)
        view.show()
        kept.append(view)
        return view

    return show_it


def normal(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def colour_at(view, index):
    """The colour in a corner of a cell, away from its number and its outline."""
    rect = view.index_rect(index)
    image = view.grab().toImage()
    return QColor(image.pixel(round(rect.right() - 4), round(rect.bottom() - 4)))


def expected_colour(view, value):
    scale = view.scale
    return QColor(*map(int, themes.current().table(scale.signed)[scale.positions(np.array([value]))[0]]))


def test_the_picture_is_the_tensor(show):
    x = normal(32, 8, 8, 16)
    view = show(Content("y", x.shape, x, "y", batch=True, sample=7))
    for index in [(7, 0, 0, 0), (7, 3, 5, 9), (7, 7, 7, 15)]:
        row, column = view.arrangement.place(index)
        assert view.picture()[row, column] == x[index]


@pytest.mark.parametrize("index", [(0, 0), (2, 3), (1, 1)])
def test_a_cell_has_the_colour_of_its_value(show, index):
    x = normal(3, 4)
    view = show(Content("w", x.shape, x, "w", weight=True))
    assert colour_at(view, index) == expected_colour(view, x[index])


def test_dark_theme_repaints_in_its_own_colours(show, qapp):
    x = normal(3, 4)
    view = show(Content("w", x.shape, x, "w", weight=True))
    light = colour_at(view, (0, 0))
    themes.apply(qapp, "dark")
    assert colour_at(view, (0, 0)) == expected_colour(view, x[0, 0])
    assert colour_at(view, (0, 0)) != light


def test_limits_are_symmetric_and_those_of_the_whole_tensor(show):
    x = normal(4, 6, 6, 2)
    x[3, 0, 0, 0] = -9
    view = show(Content("y", x.shape, x, "y", batch=True, sample=0))
    assert view.scale == Scale(-9.0, 9.0, True)


@pytest.mark.parametrize(("shape", "written"), [((3, 4), 12), ((40, 40), 0)])
def test_numbers_are_written_when_they_fit(show, shape, written):
    view = show(Content("w", shape, normal(*shape), "w", weight=True))
    view.grab()
    assert view.painted_numbers() == written
    view.set_numbers(False)
    view.grab()
    assert view.painted_numbers() == 0


def test_zooming_in_brings_the_numbers(show):
    view = show(Content("w", (40, 40), normal(40, 40), "w", weight=True))
    at = view.index_rect((20, 20)).center()
    for _ in range(12):
        view.set_view_port(view.geometry_now.zoomed(at, 1.25))
    assert view.index_at(at) == (20, 20)
    view.grab()
    assert 0 < view.painted_numbers() <= 400
    view.reset_zoom()
    assert view.geometry_now.whole == view.geometry_now.seen


def test_texts_fit_their_cells_and_keep_their_sign(qapp):
    from PyQt6.QtGui import QFontMetricsF

    values = np.array([-0.123456, 12.5, 0.0, -3.25e-7])
    texts, font = fit_texts(values, (2, 5), 40.0, 16.0, themes.text_font(9))
    assert all(QFontMetricsF(font).horizontalAdvance(t) <= 46 for t in texts)
    assert font.pixelSize() >= 9
    assert [t.startswith("−") for t in texts] == [True, False, False, True]
    assert texts[2] == "0"


def test_hover_text_gives_label_value_and_exact_value(show):
    x = normal(4, 6, 6, 2)
    view = show(Content("conv1.out", x.shape, x, "y", batch=True))
    text = view.hover_text((0, 2, 5, 1))
    assert text.startswith("conv1.out[n=0, h=2, w=5, c=1] = ")
    assert np.float32(text.split("exact: ")[1]) == x[0, 2, 5, 1]


def test_the_pointer_tells_the_cell_under_it(show, qtbot):
    view = show(Content("w", (3, 4), normal(3, 4), "w", weight=True))
    heard = []
    view.hovered.connect(lambda name, index: heard.append((name, index)))
    qtbot.mouseMove(view, view.index_rect((1, 2)).center().toPoint())
    qtbot.mouseMove(view, QPointF(view.width() - 2, view.height() - 2).toPoint())
    assert heard == [("w", (1, 2)), ("w", None)]


def test_a_click_tells_name_and_index(show, qtbot):
    view = show(Content("w", (3, 4), normal(3, 4), "w", weight=True))
    with qtbot.waitSignal(view.clicked) as signal:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.index_rect((2, 1)).center().toPoint())
    assert signal.args == ["w", (2, 1)]


def test_the_menu_of_a_cell_copies_the_exact_number(show):
    from PyQt6.QtGui import QGuiApplication

    x = normal(3, 4)
    view = show(Content("w", x.shape, x, "w", weight=True))
    actions = {a.text().split()[0]: a for a in reversed(view.menu((2, 1)).actions())}
    assert list(actions) == ["Show", "Copy", "Explain"]
    heard = []
    view.asked.connect(heard.append)  # what others do is offered where others listen
    actions = {a.text().split()[0]: a for a in reversed(view.menu((2, 1)).actions())}
    assert list(actions) == ["Show", "Copy", "Export…", "Numbers", "Stop", "Step", "Pin", "Explain"]
    actions["Pin"].trigger()
    assert heard == ["watch"]
    actions["Copy"].trigger()
    assert np.float32(QGuiApplication.clipboard().text()) == x[2, 1]
    assert [a.text() for a in view.menu(None).actions()] == ["Show the whole tensor"]


def test_gaps_between_channels_are_no_cells(show):
    x = normal(1, 4, 4, 4)
    view = show(Content("y", x.shape, x, "y", batch=True))
    first = view.index_rect((0, 0, 3, 0))
    assert view.index_at(QPointF(first.right() + first.width() / 2, first.center().y())) is None


def test_nan_is_hatched_and_not_coloured(show):
    x = np.array([[1.0, np.nan], [np.inf, -1.0]], np.float32)
    view = show(Content("w", x.shape, x, "w", weight=True))
    ground = QColor(themes.current().panel)
    image, rect = view.grab().toImage(), view.index_rect((0, 1))
    pixels = {
        QColor(image.pixel(px, py)).name()
        for px in range(int(rect.left()) + 3, int(rect.right()) - 3)
        for py in range(int(rect.top()) + 3, int(rect.bottom()) - 3)
    }
    assert ground.name() in pixels
    assert QColor(themes.current().bad).name() in pixels
    assert expected_colour(view, 0.0).name() not in pixels
    assert view.scale == Scale(-1.0, 1.0, True)


def test_what_is_not_computed_is_said(show):
    view = show(Content("y", (3, 4), None, "y"))
    view.grab()
    assert view.picture() is None
    assert view.hover_text((0, 0)) == "y[axis 0=0, axis 1=0]: not computed yet"


def test_cells_that_share_a_pixel_are_announced(show):
    from gui.panels.tensor_geometry import shape_text

    content = Content("w", (2048, 10), normal(2048, 10), "w", weight=True)
    view = show(content)
    down, across = view.geometry_now.shrink
    assert down > 1
    assert across == 1
    assert f"1 px = {down}×1" in shape_text(content, view.arrangement, (down, across))


@pytest.mark.parametrize("shape", [(0, 4), (), (1,), (1, 1), (2000,), (3, 3, 64, 64), (128, 128)])
def test_every_shape_can_be_drawn(show, shape):
    view = show(Content("w", shape, np.ones(shape, np.float32), "w", weight=True), (180, 140))
    assert not view.grab().isNull()


def test_the_outline_of_cells_is_their_border():
    mask = np.zeros((4, 5), bool)
    mask[1:3, 1:4] = True
    lines = outline(mask, QPointF(0, 0), 10, 10)
    assert sorted((line.x1(), line.y1(), line.x2(), line.y2()) for line in lines) == [
        (10, 10, 10, 30),
        (10, 10, 40, 10),
        (10, 30, 40, 30),
        (40, 10, 40, 30),
    ]
    assert len(runs(np.zeros((2, 3), bool))) == len(outline(np.zeros((2, 3), bool), QPointF(0, 0), 10, 10)) == 0


def test_a_title_that_is_too_long_ends_in_dots(show):
    x = normal(4)
    room = 100 - 20  # without mark and margins
    bold = QFontMetricsF(themes.text_font(9.5, bold=True))
    short = bold.elidedText("inverse_deviation", Qt.TextElideMode.ElideRight, room)
    assert short.endswith("…")
    long, dotted = (show(Content(t, x.shape, x, t), (100, 120)).grab().toImage() for t in ("inverse_deviation", short))
    assert long == dotted
