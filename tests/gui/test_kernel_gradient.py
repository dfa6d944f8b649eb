"""The gradient of a kernel weight: upstream gradient and shifted input overlaid, linked to the list of terms."""

import numpy as np
import pytest
from PyQt6.QtCore import QUrl

from gui.cards import figures, sight_of
from gui.cards.figure import Overlay, Place, Table
from gui.cards.overlay import MOST, overlay_svg, window_of
from gui.session import Session


def session_at(preset, gradient, index, sample=0):
    session = Session()
    session.load(preset, position=0)
    session.to_end()
    session.set_sample(sample)
    session.select(gradient, index)
    return session


def figures_of(session):
    found = list(figures(sight_of(session)))
    return next(f for f in found if isinstance(f, Overlay)), next(f for f in found if isinstance(f, Table))


@pytest.mark.parametrize("sample", [0, 3])
def test_both_maps_hold_the_numbers_that_are_multiplied(sample):
    session = session_at("digits-cnn", "conv2.kernel.grad", (0, 2, 5, 7), sample)
    overlay, _ = figures_of(session)
    upstream, pixels = session.view("conv2.conv2d.grad"), session.view("conv1.relu")
    rows, columns = upstream.shape[1:3]
    np.testing.assert_array_equal(overlay.upstream, upstream[sample, :, :, 7])
    np.testing.assert_array_equal(overlay.pixels, pixels[sample, 0:rows, 2 : 2 + columns, 5])  # shifted by the weight
    together = sum(
        np.vdot(upstream[n, :, :, 7].astype(float), pixels[n, 0:rows, 2 : 2 + columns, 5]) for n in range(len(upstream))
    )
    assert session.explanation().result == pytest.approx(together, rel=1e-4, abs=1e-7)


def test_positions_whose_pixel_is_padding_are_empty():
    session = session_at("cifar-residual", "conv1.kernel.grad", (0, 0, 1, 3))
    overlay, _ = figures_of(session)
    assert np.isnan(overlay.upstream[0]).all()
    assert np.isnan(overlay.pixels[:, 0]).all()
    assert np.isfinite(overlay.pixels[1:, 1:]).all()


def test_the_numbered_positions_are_the_lists_largest_terms():
    session = session_at("digits-cnn", "conv2.kernel.grad", (1, 1, 0, 0))
    inside = session.stepper.inside(*session.selection)
    sample = int(np.asarray(dict(inside.expression.factors)["dy"])[np.abs(inside.products).argmax(), 0])
    session.set_sample(sample)
    overlay, table = figures_of(session)
    cells = np.asarray(dict(inside.expression.factors)["dy"])
    order = np.argsort(-np.abs(inside.products), kind="stable")[:12]
    expected = {
        (int(cells[k, 1]), int(cells[k, 2]), r, int(k)) for r, k in enumerate(order, 1) if cells[k, 0] == sample
    }
    assert set(overlay.marks) == expected
    assert 1 in {rank for _, _, rank, _ in overlay.marks}
    heads = [row[0] for row in table.rows[:12]]
    assert [h.term for h in heads] == order.tolist()
    assert [h.value.split(".")[0] for h in heads] == [str(k) for k in range(1, 13)]


def test_a_click_on_a_line_of_the_list_marks_the_position_on_map_and_stage(open_window):
    window = open_window("digits-cnn", position=0)
    session = window.session
    session.to_end()
    session.select("conv2.kernel.grad", (1, 1, 0, 0))
    _, table = figures_of(session)
    second = next(row[0] for row in table.rows[1:])
    assert isinstance(second, Place)
    assert f'href="term:{second.term}"' in window.card._writer().html(figures(sight_of(session)))
    window.card._follow(QUrl(f"term:{second.term}"))
    assert session.term == second.term
    inside = session.stepper.inside(*session.selection)
    cell = {role: np.asarray(cells)[second.term].tolist() for role, cells in inside.expression.factors}
    overlay, _ = figures_of(session)
    assert overlay.current == tuple(cell["dy"][1:3])
    marks = {name: cells.tolist() for name, cells in window.stage.scene.marks.items()}
    assert marks == {"conv2.conv2d.grad": [cell["dy"]], "conv1.relu": [cell["x"]]}


def test_gradients_of_pixels_and_biases_have_no_overlay():
    for name, index in (("conv1.relu.grad", (0, 3, 3, 2)), ("conv2.bias.grad", (1,))):
        session = session_at("digits-cnn", name, index)
        assert not any(isinstance(f, Overlay) for f in figures(sight_of(session)))


def test_transposed_convolutions_have_one_too():
    session = session_at("autoencoder", "conv3.kernel_2.grad", (1, 1, 3, 4))
    overlay, _ = figures_of(session)
    terms = np.nansum(overlay.upstream * overlay.pixels)
    inside = session.stepper.inside(*session.selection)
    samples = np.asarray(inside.expression.factors[-1][1])[:, 0]
    assert terms == pytest.approx(inside.products[samples == 0].sum(), rel=1e-6, abs=1e-12)


def test_large_maps_are_cut_around_the_largest_term():
    values = np.ones((100, 200))
    figure = Overlay("", values, values, ("dy", "x"), ((90, 150, 1, 0),))
    top, left = window_of(figure)
    assert top <= 90 < top + MOST
    assert left <= 150 < left + MOST
    colours = dict.fromkeys(("text", "muted", "line", "bad"), "#000000")
    picture = overlay_svg(figure, lambda part: "#ffffff", colours)
    assert picture.count("<polygon") == 2 * MOST * MOST
    assert f"rows {top}…{top + MOST - 1}" in picture
