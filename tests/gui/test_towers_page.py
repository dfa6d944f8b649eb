"""Siamese networks: twin columns, margins per sample, and gradients of shared weights as left + right."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt, QUrl

from fastnn.engine.margins import Margin
from gui.cards import figures, sight_of
from gui.session import Session
from gui.towers import parts_of, towers_of

START = 20 * 77  # where the 21st training step begins: some distances are below the margin by then
PAST = START + 70  # all backward steps have run


@pytest.fixture
def page(open_window):
    window = open_window("siamese-digits", position=PAST)
    window.actions_by_name["towers"].trigger()
    found = window.features.changing.towers
    found.window = window
    assert window.workbench.page is found
    return found


def test_twin_columns_show_both_towers_of_every_layer(page):
    session, towers = page.session, page.towers()
    assert towers.rows[0] == ("picture_a", "picture_b")
    assert ("base/hidden3.relu", "base/hidden3.relu_2") in towers.rows
    for names, views in zip(towers.rows, page.views, strict=True):
        for name, view in zip(names, views, strict=True):
            assert view.content.name == name
            assert np.array_equal(view.content.data, session.view(name))
        assert len({view.scale for view in views}) == 1
    session.toggle_show()
    assert page.views[-1][1].content.name == "base/hidden3.relu_2.grad"
    assert page.views[0][0].content.missing == "has no gradient"


def test_a_cell_is_marked_in_both_towers_and_zoom_is_linked(page, qtbot):
    left, right = page.views[0]
    qtbot.mouseClick(left, Qt.MouseButton.LeftButton, pos=left.index_rect((0, 9, 11)).center().toPoint())
    assert page.session.selection == ("picture_a", (0, 9, 11))
    assert left.selected == right.selected == (0, 9, 11)
    left._move(left.geometry_now.zoomed(left.index_rect((0, 9, 11)).center(), 2.0))
    assert right.view_port == left.view_port
    assert right.view_port.zoom == 2.0


def test_the_gradient_of_a_shared_weight_is_left_plus_right_with_both_norms(page):
    session, towers = page.session, page.towers()
    parts = {p.parameter: p for p in parts_of(session, towers)}
    assert parts.keys() == {f"hidden{k}.{w}" for k in (1, 2, 3) for w in ("kernel", "bias")}
    for parameter, each in parts.items():
        arrays = [session.view(name).astype(np.float64) for name, _ in each.parts]
        np.testing.assert_allclose(arrays[0] + arrays[1], session.view(f"{parameter}.grad"), rtol=1e-5, atol=1e-9)
        for array, (_, size) in zip(arrays, each.parts, strict=True):
            assert size == pytest.approx(np.linalg.norm(array), rel=1e-6)
    # the left tower is that of the first picture: its part is made of that picture's numbers
    left = parts["hidden1.kernel"].parts[0][0]
    made = session.steps[session.listing.written_by[left]]
    assert "base/flatten.flatten" in made.inputs
    text = page.parts.toPlainText()
    assert "left + right" in text
    assert f"{parts['hidden1.kernel'].parts[1][1]:.4f}" in text


def test_a_norm_leads_to_the_parts_card(page):
    name = parts_of(page.session, page.towers())[0].parts[1][0]
    page._follow(QUrl(f"value:{name}"))
    assert page.session.selection[0] == name
    largest = np.abs(page.session.view(name)).max()
    assert abs(page.session.view(name)[page.session.selection[1]]) == largest


def test_every_sample_has_a_badge_and_a_click_shows_the_sample(page, qtbot):
    session = page.session
    same, distance = session.view("y_true").ravel(), session.view("distance.sqrt").ravel()
    expected = [
        Margin.CLIPPED if d >= 1 else Margin.WEIGHTED_OUT if s else Margin.ACTIVE
        for s, d in zip(same, distance, strict=True)
    ]
    assert [b.margin for b in page.strip.badges] == expected
    assert Margin.ACTIVE in expected
    active = expected.index(Margin.ACTIVE)
    qtbot.mouseClick(page.strip, Qt.MouseButton.LeftButton, pos=page.strip.box(active).center().toPoint())
    assert session.sample == active
    assert "margin active" in page.badge.text()
    session.set_sample(next(k for k, m in enumerate(expected) if m is not Margin.ACTIVE))
    assert "margin not active" in page.badge.text()


def test_before_the_loss_there_is_no_badge_and_before_backward_it_is_open(page):
    page.session.goto(START + 10)
    assert {b.margin for b in page.strip.badges} == {None}
    assert "…" in page.parts.toPlainText()
    page.session.goto(START + 33)
    assert Margin.OPEN in {b.margin for b in page.strip.badges}
    assert Margin.ACTIVE not in {b.margin for b in page.strip.badges}


def test_the_card_of_a_shared_weights_gradient_names_both_uses():
    session = Session()
    session.load("siamese-digits", position=PAST)
    session.select("hidden1.kernel.grad", (300, 5))
    table = next(f for f in figures(sight_of(session)) if getattr(f, "title", "").startswith("one part for each"))
    assert {row[0].split(",")[0] for row in table.rows[:-1]} == {"base/hidden1 (1)", "base/hidden1 (2)"}


def test_the_table_of_gradients_needs_no_scrolling_sideways(open_window, qapp):
    window = open_window("siamese-digits", 3)
    window.actions_by_name["towers"].trigger()
    for position in (3, 10, PAST):
        window.session.goto(position)
        qapp.processEvents()
        assert window.workbench.page.parts.horizontalScrollBar().maximum() == 0


def test_networks_without_shared_layers_have_no_towers(open_window):
    window = open_window("digits-mlp")
    window.actions_by_name["towers"].trigger()
    assert window.workbench.page is window.stage
    assert towers_of(window.session.listing) is None
