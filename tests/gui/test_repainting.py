"""What a step repaints: what has changed, once; nothing while nobody does anything."""

import time
from collections import Counter

import pytest
from PyQt6.QtCore import QEvent, QEventLoop, QObject, QRect, QTimer
from PyQt6.QtWidgets import QApplication, QWidget

from gui.panels.map_blocks import BlockPainter


class Paints(QObject):
    """Counts paint events and their areas by widget, as long as it is installed."""

    def __init__(self, app):
        super().__init__()
        self.app, self.count, self.area = app, Counter(), {}
        app.installEventFilter(self)

    def eventFilter(self, widget, event):
        if event is not None and event.type() == QEvent.Type.Paint and isinstance(widget, QWidget):
            self.count[widget] += 1
            self.area[widget] = self.area.get(widget, QRect()).united(event.region().boundingRect())
        return False

    def end(self):
        self.app.removeEventFilter(self)
        return self


def settle():
    for _ in range(3):
        QApplication.processEvents()


def painted(qapp, work):
    """What is painted by some work."""
    settle()
    paints = Paints(qapp)
    work()
    settle()
    return paints.end()


def test_a_step_paints_every_visible_view_once_and_nothing_hidden(open_window, qapp):
    window = open_window("digits-mlp", position=3)
    window.session.next()
    paints = painted(qapp, window.session.next)
    views = [v for v in window.stage.views() if v.isVisible()]
    assert views
    assert all(paints.count[view] == 1 for view in views)
    assert paints.count[window.map] == 1
    assert not [w for w in paints.count if not w.isVisible()]
    assert paints.count[window.chart.plot.viewport()] == 0  # no training step was finished: the curve is as it was


def test_a_step_paints_only_the_lines_of_the_listing_that_change(open_window, qapp):
    window = open_window("digits-mlp", position=3)
    viewport = window.listing.viewport()
    paints = painted(qapp, window.session.next)
    row = window.listing.row_rect(0).height()
    assert 0 < paints.area[viewport].height() <= 4 * row < viewport.height()
    window.session.toggle_breakpoint(9)
    settle()
    paints = painted(qapp, lambda: window.session.goto(window.session.moment.position + 3))
    last, here = window.listing.row_rect(window.session.done), window.listing.row_rect(window.session.done - 4)
    assert paints.area[viewport].contains(last.united(here) & viewport.rect())


def test_a_listing_painted_in_parts_looks_like_one_painted_whole(open_window):
    window = open_window("digits-mlp", position=3)
    for move in (window.session.next, window.session.next, window.session.back, window.session.to_end):
        settle()
        move()
        settle()
        seen = window.grab(QRect(window.listing.mapTo(window, window.listing.pos()), window.listing.size())).toImage()
        window.listing.viewport().update()
        settle()
        whole = window.grab(QRect(window.listing.mapTo(window, window.listing.pos()), window.listing.size())).toImage()
        assert seen == whole


def test_the_map_paints_names_and_shapes_once_not_at_every_step(open_window, monkeypatch):
    calls = []
    still = BlockPainter.still
    monkeypatch.setattr(BlockPainter, "still", lambda self, hovered: (calls.append(hovered), still(self, hovered)))
    window = open_window("digits-mlp", position=3)
    settle()
    first = len(calls)
    assert first >= 1
    for _ in range(5):
        window.session.next()
        settle()
    assert len(calls) == first
    window.set_theme("dark")
    settle()
    assert len(calls) == first + 1


def test_the_same_text_is_not_laid_out_again(open_window, monkeypatch):
    window = open_window("worked-example", position=3)
    laid_out = []
    monkeypatch.setattr(window.card.body, "setHtml", laid_out.append)
    window.card.refresh()
    assert not laid_out
    window.session.next()
    assert len(laid_out) == 1


@pytest.mark.parametrize("name", ["worked-example", "digits-mlp"])
def test_the_cards_text_is_no_wider_when_its_scroll_bar_has_nothing_to_do(open_window, name):
    window = open_window(name, position=3)
    widths = set()
    for _ in range(len(window.session.steps)):
        window.session.next()
        settle()
        bar = window.card.body.verticalScrollBar()
        assert bar.isEnabled() == (bar.maximum() > 0)
        widths.add(window.card.body.viewport().width())
    assert len(widths) == 1


def rested(qapp, seconds):
    """What is painted, and the processor's time that is spent, while nobody does anything."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    paints, begun = Paints(qapp), time.process_time()
    loop.exec()
    return paints.end().count, time.process_time() - begun


LONG = [pytest.param(before, marks=pytest.mark.full) for before in ("nothing", "playing", "training")]


@pytest.mark.parametrize("before", ["every page and panel", *LONG])
def test_a_window_that_nobody_touches_paints_nothing_and_takes_no_time(open_window, qapp, qtbot, before):
    window = open_window("digits-mlp", position=5)
    if before == "playing":
        window.player.toggle()
        qtbot.waitUntil(lambda: window.session.moment.position > 6, timeout=60_000)
        window.player.toggle()
    elif before == "training":
        window.toggle_training()
        qtbot.waitUntil(lambda: len(window.session.losses) > 20, timeout=60_000)
        window.toggle_training()
        qtbot.waitUntil(lambda: not window.session.training, timeout=60_000)
    elif before == "every page and panel":
        for name in ("neuron", "draw", "metrics", "pin", "gradient_check"):
            window.actions_by_name[name].trigger()
        qtbot.waitUntil(lambda: not window.features.explaining.check.running, timeout=60_000)
    qtbot.wait(1000)  # tool tips, cursors and what waits a moment before it looks anew
    painted, spent = rested(qapp, 2.0)
    assert not painted
    assert spent < 0.01 * 2.0
