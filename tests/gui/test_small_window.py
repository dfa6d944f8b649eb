"""A window of 800x500 stays one: toolbars overflow, controls go on in the next line, panels scroll."""

import pytest
from PyQt6.QtWidgets import QApplication, QToolButton

from gui import theme
from gui.panels.flow import Flow


@pytest.fixture(autouse=True)
def normal_size(qapp):
    """Type of normal size before and after."""
    theme.set_scale(qapp, 1.0)
    yield
    theme.set_scale(qapp, 1.0)


def small(open_window, name, size=1.0):
    window = open_window(name, position=3, size=(800, 500))
    window.features.appearance.set_scale(size)
    QApplication.processEvents()
    return window


@pytest.mark.parametrize("size", [1.0, 2.0])
@pytest.mark.parametrize("name", ["worked-example", "xor", "digits-cnn", "ticket-router"])
def test_a_small_window_stays_small(open_window, name, size):
    window = small(open_window, name, size)
    for action in ("stage", "playground", "draw", "neuron", "metrics"):
        window.actions_by_name[action].trigger()
        QApplication.processEvents()
        assert (window.width(), window.height()) == (800, 500), action


@pytest.mark.parametrize("action", ["neuron", "draw", "metrics", "watches"])
def test_a_large_window_becomes_a_small_one_with_large_type_whatever_is_in_front(open_window, action):
    window = open_window("digits-cnn", position=12, size=(1280, 800))
    for name in ("watches", action) if action != "watches" else ("watches",):
        window.actions_by_name[name].trigger()
        QApplication.processEvents()
    window.resize(800, 500)
    QApplication.processEvents()
    window.features.appearance.set_scale(2.0)
    for _ in range(4):
        QApplication.processEvents()
    assert (window.width(), window.height()) == (800, 500)


def test_a_lesson_leaves_a_small_window_small_and_its_buttons_in_sight(open_window):
    window = small(open_window, "worked-example")
    window.features.learning.begin("04-backprop-by-hand")
    for _ in range(3):
        QApplication.processEvents()
        assert (window.width(), window.height()) == (800, 500)
        for button in (window.features.learning.bar.back, window.features.learning.bar.next):
            assert button.visibleRegion().boundingRect() == button.rect()
        window.actions_by_name["lesson_next"].trigger()
    window.actions_by_name["lesson_end"].trigger()


def test_every_panel_is_in_sight_and_the_stage_scrolls(open_window):
    window = small(open_window, "worked-example")
    for panel in (window.map, window.stage, window.card, window.listing, window.tape, window.chart):
        seen = panel.visibleRegion().boundingRect()
        assert seen.width() >= 100
        assert seen.height() >= 28
    room = window.stage.canvas.parentWidget().parentWidget()
    assert room.verticalScrollBar().maximum() > 0
    assert all(view.geometry_now.seen.height() >= 8 for view in window.stage.views() if not view.single)


def test_what_a_toolbar_has_no_room_for_is_one_click_away(open_window):
    window = small(open_window, "worked-example")
    more = window.transport.findChild(QToolButton, "qt_toolbar_ext_button")
    assert more.isVisible()
    assert not window.transport.picker.isVisible()


@pytest.mark.parametrize(("width", "lines"), [(400, 1), (250, 2), (150, 4)])
def test_controls_flow_into_lines(qtbot, width, lines):
    flow = Flow(space=0)
    qtbot.addWidget(flow)
    for _ in range(4):
        flow.add_group().addSpacing(100)
    height = flow.parts[0].sizeHint().height()
    assert flow.sizeHint().width() == 400
    assert flow.heightForWidth(width) == height * lines
    places = flow.places(width)
    assert len(places) == 4
    assert not any(a.intersects(b) for k, a in enumerate(places) for b in places[:k])
    if lines < 4:
        assert places[-1].right() + 1 == width  # the last one of a line is at its right end


def test_the_sample_says_more_where_there_is_room(open_window):
    window = open_window("digits-cnn", size=(1280, 800))
    QApplication.processEvents()
    assert "target" in window.stage.bar.sample.text()
    window.resize(800, 500)
    QApplication.processEvents()
    assert "target" not in window.stage.bar.sample.text()
    assert "target" in window.stage.bar.sample.toolTip()


@pytest.mark.full
def test_changing_size_of_type_in_a_row_settles(open_window):
    window = open_window("worked-example", size=(1280, 800))
    for action in ["larger"] * 12 + ["smaller"] * 14 + ["larger"] * 12:
        window.actions_by_name[action].trigger()  # without returning to the event loop
    assert theme.scale() == 2.0
