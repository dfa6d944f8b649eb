"""The card: its printed numbers re-add, its links lead on, its check notices a wrong number."""

import dataclasses
import re

import numpy as np
import pytest
from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QGuiApplication

from fastnn.ops.terms import Formula
from gui import theme as themes
from gui.card_text import CardText, written
from gui.numbers import cell_label
from gui.panels.explain_card import ExplainCard
from gui.session import Session
from tests.gui.card_reading import COLOURS, plain


@pytest.fixture
def open_card(qtbot, qapp):
    themes.apply(qapp, "light")
    kept = []

    def open_it(name="worked-example", position=13, selection=None):
        session = Session()
        session.load(name, seed=0, position=position)
        card = ExplainCard(session)
        qtbot.addWidget(card)
        session.subscribe(lambda topic: card.refresh())
        if selection:
            session.select(*selection)
        card.refresh()
        kept.append(card)
        return card

    return open_it


def text_of(card, digits=4):
    return CardText(card.explanation, digits, COLOURS, cell_label)


def random_cells(session, count, seed):
    rng = np.random.default_rng(seed)
    names = [n for n in session.listing.written_by if session.computed(n) and session.view(n).dtype.kind == "f"]
    for _ in range(count):
        name = names[rng.integers(len(names))]
        yield name, tuple(int(rng.integers(n)) for n in session.view(name).shape)


@pytest.mark.parametrize("name", ["worked-example", "xor", "digits-cnn"])
def test_the_printed_line_gives_the_printed_result(open_card, name):
    card = open_card(name, 0)
    session = card.session
    session.goto(len(session.steps) - 1)
    checked = 0
    for cell in random_cells(session, 60, 3):
        session.select(*cell)
        text = text_of(card, 6)
        if len(text.lines()) != 2 or not np.isfinite(card.explanation.result):
            continue
        found = Formula(plain(text.lines()[1])).evaluate({})
        slack = 1e-5 * card.explanation.magnitude + 1e-6
        assert found == pytest.approx(card.explanation.result, abs=slack), plain(text.lines()[1])
        checked += 1
    assert checked >= 10


@pytest.mark.parametrize("name", ["worked-example", "xor", "digits-cnn"])
def test_parts_and_rest_make_the_total(open_card, name):
    card = open_card(name, 0)
    session = card.session
    session.goto(len(session.steps) - 1)
    for cell in random_cells(session, 60, 4):
        session.select(*cell)
        e, text = card.explanation, text_of(card)
        assert text.agrees(), (cell, e.result, e.recomputed)
        if e.kind == "sum":
            parts = text.scale() * (sum(t.value for t in e.terms) + e.rest) + sum(o.value for o in text.extras())
            assert parts == pytest.approx(e.result, abs=1e-5 * e.magnitude + 1e-12)


def test_a_wrong_number_is_noticed(open_card):
    card = open_card(position=13, selection=("output.kernel.grad", (0, 0)))
    text = text_of(card)
    assert text.agrees()
    assert "✓" in text.html()
    wrong = dataclasses.replace(card.explanation, result=card.explanation.result + 1e-3)
    assert not CardText(wrong, 4, COLOURS, cell_label).agrees()
    assert "✗" in CardText(wrong, 4, COLOURS, cell_label).html()


def test_an_operand_link_selects_it_and_back_returns(open_card):
    card = open_card(position=13, selection=("output.dense.grad", (0, 1)))
    operand = card.explanation.operands[0]
    card.body.anchorClicked.emit(QUrl("cell:0"))
    assert card.session.selection == (operand.name, operand.index)
    card.back.click()
    assert card.session.selection == ("output.dense.grad", (0, 1))


def test_every_operand_shown_is_a_link(open_card):
    card = open_card(position=13, selection=("output.dense.grad", (0, 1)))
    links = set(re.findall(r'href="cell:(\d+)"', card.body.toHtml()))
    assert links == {str(k) for k in range(len(card.explanation.operands))}


def test_tabs_lead_from_value_to_gradient(open_card):
    card = open_card(position=13, selection=("hidden.sigmoid", (0, 0)))
    assert card.tabs.currentIndex() == 0
    assert card.tabs.isTabEnabled(1)
    card.tabs.tabBarClicked.emit(1)
    assert card.session.selection == ("hidden.sigmoid.grad", (0, 0))
    assert card.tabs.currentIndex() == 1
    card.tabs.tabBarClicked.emit(0)
    assert card.session.selection == ("hidden.sigmoid", (0, 0))


@pytest.mark.parametrize(
    ("chosen", "forward"), [("dc", "body_lstm.lstm.c"), ("dh", "body_lstm.lstm"), ("grad", "body_lstm.lstm")]
)
def test_gradients_inside_an_lstm_are_backward(open_card, chosen, forward):
    card = open_card("ticket-router", 0)
    card.session.goto(len(card.session.steps))
    card.session.select(f"body_lstm.lstm.{chosen}", (1, 2, 0))
    assert card.tabs.currentIndex() == 1
    card.tabs.tabBarClicked.emit(0)
    assert card.session.selection == (forward, (1, 2, 0))
    assert card.tabs.currentIndex() == 0


def test_a_gradient_of_no_value_has_no_forward_side(open_card):
    card = open_card("cifar-residual", 0)
    card.session.goto(len(card.session.steps))
    card.session.select("block1_norm1.standardize.dy_mean", (0,))
    assert card.tabs.currentIndex() == 1
    assert not card.tabs.isTabEnabled(0)


def test_both_tabs_stay_in_sight_where_the_card_is_narrow_and_type_is_large(open_window, qapp):
    window = open_window("ticket-router", 120)
    tabs = window.card.tabs
    window.features.appearance.set_scale(2.0)
    try:
        window.resizeDocks([window.docks["explain"]], [100], Qt.Orientation.Horizontal)
        for tab in (1, 0, 1):
            tabs.tabBarClicked.emit(tab)
            qapp.processEvents()
            assert tabs.currentIndex() == tab
            rects = [tabs.tabRect(k) for k in (0, 1)]
            assert all(tabs.rect().contains(rect) for rect in rects)
            assert min(rect.width() for rect in rects) > 60
    finally:
        window.features.appearance.set_scale(1.0)


def test_a_gradient_that_is_not_computed_cannot_be_chosen(open_card):
    card = open_card(position=2, selection=("hidden.sigmoid", (0, 0)))
    assert not card.tabs.isTabEnabled(1)
    card.tabs.tabBarClicked.emit(1)
    assert card.session.selection == ("hidden.sigmoid", (0, 0))


def test_step_links_look_at_the_step(open_card):
    card = open_card(position=13, selection=("hidden.sigmoid", (0, 0)))
    card.body.anchorClicked.emit(QUrl("step:2"))
    assert card.session.shown_index() == 2


def test_copying_gives_the_exact_number(open_card):
    card = open_card(position=13, selection=("output.kernel.grad", (0, 0)))
    card.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("output.kernel.grad[0, 0] = ")
    assert float(lines[2].lstrip("= ")) == card.session.view("output.kernel.grad")[0, 0]


def test_a_given_number_says_where_it_is_from(open_card):
    card = open_card(position=13, selection=("x", (0, 1)))
    assert "input" in card.body.toPlainText()
    assert "Used in" in card.body.toPlainText()


def test_a_long_sum_shows_the_largest_terms_and_the_rest(open_card):
    card = open_card("digits-cnn", 3, ("conv2.conv2d", (0, 2, 2, 4)))
    shown = card.body.toPlainText()
    assert "the sum of 144 products" in shown
    assert "rest of 132" in shown
    sizes = [abs(t.value) for t in card.explanation.terms]
    assert sizes == sorted(sizes, reverse=True)


def test_formulas_are_written_for_readers():
    assert written("dy * (1 - y) < 2") == "dy · (1 − y) &lt; 2"


def test_the_term_in_focus_is_scrolled_into_sight(open_card):
    card = open_card("digits-cnn", 3, ("conv2.conv2d", (0, 2, 2, 4)))
    card.resize(320, 300)
    card.show()
    card.session.set_term(70)
    shown = card.body.cursorForPosition(card.body.viewport().rect().center()).block().position()
    focus = card.body.document().find("▶").block().position()
    assert "▶" in card.body.toPlainText()
    assert card.body.verticalScrollBar().value() > 0 or abs(shown - focus) < 200


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("digits-mlp", ("hidden.dense", (3, 9))),
        ("digits-cnn", ("conv2.conv2d", (0, 2, 3, 5))),
        ("digits-cnn", ("conv1.kernel.grad", (0, 1, 0, 3))),
        ("ticket-router", ("title_lstm.lstm_cell.recurrent_kernel.grad", (0, 1))),
        ("cifar-residual", ("block1_norm1.standardize.mean", (2,))),
        ("digits-mlp", ("output.softmax", (3, 2))),
    ],
)
def test_term_by_term_to_the_number_and_a_corrupted_buffer_is_noticed(open_card, name, cell):
    card = open_card(name, 0)
    session = card.session
    session.goto(session.listing.updates)
    session.select(*cell)
    inside, result = session.stepper.inside(*cell), float(session.number_at(*cell))
    if len(inside.products):
        partial, k = np.float32(0), 0
        for k, product in enumerate(inside.products):
            partial = np.float32(partial + np.float32(product))
            slack = 1e-6 * (k + 1) ** 0.5 * float(np.abs(inside.products[: k + 1]).sum()) + 1e-12
            assert inside[k].running == pytest.approx(float(partial), abs=slack)
    assert inside[len(inside) - 1].running == pytest.approx(result, abs=1e-5 * inside.magnitude)
    card.refresh()
    assert "\u2713 recomputed" in card.body.toPlainText()
    buffer = session.stepper.view(cell[0])
    buffer.flags.writeable = True
    buffer[cell[1]] += 1e-3 * max(inside.magnitude, abs(result))
    session.select(session.listing.loss, ())
    session.select(*cell)
    assert "\u2717 recomputed" in card.body.toPlainText()


@pytest.mark.parametrize(
    ("name", "position", "cell"),
    [
        ("lenet5", 40, ("output.kernel", (0, 0))),
        ("go-policy-value", 70, ("policy.dense.grad", (0, 0))),
        ("digits-mlp", 8, ("sparse_softmax_cross_entropy", (3,))),
        ("cifar-residual", 100, ("block2_conv2.conv2d.grad", (0, 3, 3, 2))),
        ("ticket-router", 33, ("title_lstm.lstm.dc", (0, 2, 1))),
        ("digits-cnn", 10, ("conv2.conv2d", (0, 2, 3, 5))),
    ],
)
def test_a_card_needs_no_scrolling_sideways(open_card, qapp, name, position, cell):
    card = open_card(name, position, cell)
    card.resize(340, 600)
    card.show()
    qapp.processEvents()
    assert card.body.horizontalScrollBar().maximum() == 0


def test_an_overflow_is_said_to_be_one(open_window):
    window = open_window("xor")
    session = window.session
    session.goto(len(session.steps) - 1)
    session.change("hidden.kernel", 3e38, (0, 0))
    session.change("hidden.bias", 3e38, (0,))
    session.change(session.listing.inputs[0], 2.0, (int(session.moment.rows[0]), 0))
    session.goto(1)
    name = session.shown_step().outputs[0]
    session.select(name, (0, 0))
    assert np.isposinf(session.view(name)[0, 0])
    text = window.card.body.toPlainText()
    assert "✓ recomputed 9.0" in text
    assert "more than float32 can hold, 3.4e+38" in text
    assert "rounding" not in text
