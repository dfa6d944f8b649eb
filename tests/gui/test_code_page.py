"""The autoencoder page: what the network makes of a picture, and what its decoder makes of another code."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt

import fastnn
from fastnn import layers
from fastnn.datasets import digits28


@pytest.fixture
def page(open_window):
    window = open_window("autoencoder", position=21)
    window.actions_by_name["code"].trigger()
    found = window.features.changing.code
    found.window = window
    assert window.workbench.page is found
    return found


def test_input_output_and_difference_are_the_runs_own(page):
    session, parts = page.session, page.parts()
    session.set_sample(4)
    given, made, difference = (view.content for view in page.views)
    assert np.array_equal(given.data, session.view(parts.given))
    assert np.array_equal(made.data, session.view(parts.made))
    expected = session.view(parts.made)[4].astype(float) - session.view(parts.given)[4]
    np.testing.assert_array_equal(difference.data[0], expected)
    assert f"{float(np.square(expected).mean()):.4f}" in page.words.text()
    assert page.views[0].scale == page.views[1].scale
    assert not page.views[1].scale.signed
    assert not page.own.isEnabled()


def test_a_slider_sets_its_number_and_runs_the_decoder_and_undo_returns(page, qtbot):
    session, parts = page.session, page.parts()
    before = {n: session.view(n).copy() for n in (parts.code, parts.made)}
    slider = page.sliders[3]
    assert slider.cell.index == (0, 3)
    slider.slider.setFocus()
    qtbot.keyClick(slider.slider, Qt.Key.Key_Up)
    tried = session.tries[parts.code, (0, 3)]
    assert tried != before[parts.code][0, 3]
    shown = page.views[1].content.data.copy()
    code = before[parts.code].copy()
    code[0, 3] = tried
    decoder = next(x for x in session.model.layers if x.name == "decoder")
    own = [w.value.copy() for w in decoder.weights]
    for variable, array in session.stepper.at_start().items():
        for w in decoder.weights:
            if w is variable:
                w.value[...] = array
    np.testing.assert_allclose(shown, np.asarray(decoder(code)), rtol=1e-5, atol=1e-6)
    for w, array in zip(decoder.weights, own, strict=True):
        w.value[...] = array
    assert page.words.text().startswith("EXPERIMENT")
    assert all(np.array_equal(session.view(n), array) for n, array in before.items())
    page.window.actions_by_name["undo"].trigger()
    assert session.tries == {}
    assert np.array_equal(page.views[1].content.data, before[parts.made])
    page.window.actions_by_name["redo"].trigger()
    assert session.tries == {(parts.code, (0, 3)): tried}
    assert np.array_equal(page.views[1].content.data, shown)


def test_a_drag_is_one_undo(page):
    slider = page.sliders[0].slider
    slider.setSliderDown(True)
    for tick in (10, 20, 150):
        slider.setValue(tick)
    slider.setSliderDown(False)
    assert len(page.session.tries) == 1
    page.session.undo()
    assert page.session.tries == {}
    assert not page.session.can_undo


def test_an_experiment_belongs_to_its_training_step(page):
    session, parts = page.session, page.parts()
    session.try_value(parts.code, (0, 0), 3.0)
    position = session.moment.position
    session.goto(position + len(session.steps))
    assert session.tries == {}
    assert page.words.text().startswith("the run's own code")
    session.goto(position)
    assert page.words.text().startswith("EXPERIMENT")
    page.own.click()
    assert session.tries == {}


def test_before_the_code_is_computed_there_is_nothing_to_slide(page):
    page.session.goto(2)
    assert not any(slider.isVisible() for slider in page.sliders)
    assert "not computed" in page.words.text()


def test_a_click_on_the_difference_selects_the_output(page, qtbot):
    page.session.set_sample(2)
    view = page.views[2]
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.index_rect((0, 14, 14, 0)).center().toPoint())
    assert page.session.selection == (page.parts().made, (2, 14, 14, 0))


def test_other_networks_have_no_such_page(open_window):
    window = open_window("digits-mlp")
    window.actions_by_name["code"].trigger()
    assert window.workbench.page is window.stage


def test_rows_of_pixels_are_shown_as_pictures(open_window):
    x = digits28.load_data(40)[0].reshape(40, 784)
    model = fastnn.Sequential(
        [
            layers.Input((784,), name="x"),
            layers.Dense(32, activation="relu", name="code"),
            layers.Dense(784, activation="sigmoid", name="out"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    window = open_window("xor")
    window.session.load_model(model, x, x, batch_size=8, position=4)
    window.actions_by_name["code"].trigger()
    page = window.features.changing.code
    window.session.set_sample(3)
    for view in page.views:
        assert view.picture().shape == (28, 28)
    row = window.session.moment.rows[3]
    np.testing.assert_array_equal(page.views[0].picture(), x[row].reshape(28, 28))
    assert page.views[1].index_at(page.views[1].index_rect((3, 5 * 28 + 7)).center()) == (3, 147)
    assert sum(slider.isVisibleTo(page) for slider in page.sliders) == 32
