"""The playground: points, planes, and their page in the window."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QMessageBox

from fastnn import presets
from gui import playground
from gui.playground import Points, Score, Survey, bounds, centres, points_from, points_of, renewed, suits
from gui.session import Session
from gui.source import holding_out


def opened(source=None, position=1):
    session = Session()
    session.load(source or playground.own_source(), seed=0, position=position)
    return session


def test_a_cell_of_the_boundary_is_the_forward_pass_at_its_centre():
    session = opened()
    session.stepper.train(steps=30)
    low, high = bounds(points_from(session.source).x)
    plane = Survey(session.stepper).plane(low, high)
    model = session.stepper.model
    model.set_weights([session.stepper.storage[v] for v in model.weights])
    said = model.predict(centres(low, high), verbose=0).reshape(playground.CELLS, playground.CELLS)
    np.testing.assert_allclose(plane.output[..., 0], said, rtol=0, atol=1e-6)
    assert 0 < plane.decision.mean() < 1
    assert len(plane.neurons) == 16
    first = plane.neurons[0]
    assert (first[0], first[1]) == ("hidden1.tanh", 0)
    w, b = model.layers[0].get_weights()
    np.testing.assert_allclose(first[2].ravel(), np.tanh(centres(low, high) @ w[:, 0] + b[0]), atol=1e-6)


def test_a_painted_point_is_in_the_data_and_undo_takes_it_out():
    session = opened("xor", 40)
    points = points_from(session.source).painted((0.25, 0.75), 1)
    session.replace_source(renewed(session.source, points))
    assert session.stepper.data["x"].tolist()[-1] == [0.25, 0.75]
    assert session.stepper.data["y_true"].ravel()[-1] == points.labels[1]
    session.undo()
    assert len(session.stepper.data["x"]) == 4


def test_erasing_spares_what_is_out_of_reach_and_the_last_point():
    points = points_from(opened("xor").source)
    fewer = points.erased((0.0, 0.0), 0.2)
    assert len(fewer.x) == 3
    assert not (fewer.x == 0).all(1).any()
    assert len(points.erased((0.0, 0.0), 99.0).x) == 4


@pytest.mark.parametrize("name", playground.SETS)
def test_sets_have_both_classes_and_depend_on_the_seed_alone(name):
    x, y = points_of(name)
    again = points_of(name)
    np.testing.assert_array_equal(x, again[0])
    assert set(y.ravel()) == {0.0, 1.0}
    assert len(x) == len(y) == 120
    assert not np.array_equal(x, points_of(name, seed=1)[0])


def test_held_out_points_are_not_learned_from():
    session = opened()
    points = points_from(session.source).split(0.25)
    assert points.held.sum() == 30
    session.replace_source(renewed(session.source, points))
    rows = {tuple(r) for r in session.stepper.data["x"].tolist()}
    assert not rows & {tuple(r) for r in points.test[0].tolist()}
    assert len(rows) == 90


def test_data_held_out_elsewhere_are_known_here():
    session = opened("xor")
    source = holding_out(session.source, session.stepper.data, 0.5, 0)
    session.load(source)
    assert suits(session)
    points = points_from(source)
    assert points.held.tolist() == [False, False, True, True]
    session.replace_source(renewed(source, points.painted((0.5, 0.5), 1)))
    assert len(session.stepper.data["x"]) == 3
    assert len(session.source.test[0]) == 2


def test_the_score_counts_what_is_right():
    session = opened(playground.own_source("two clouds", noise=0.0))
    session.stepper.train(steps=200)
    points = points_from(session.source).split(0.5)
    score = Score(session.stepper, len(points.x))
    train, test = score(points)
    assert train > 0.9
    assert test > 0.9
    assert np.isnan(score(points.split(0.0))[1])


@pytest.mark.parametrize(
    ("labels", "kinds"), [([[0, 0, 1], [1, 0, 0], [0, 0, 1]], [2, 0, 2]), ([2, 0, 1], [2, 0, 1]), ([[-1], [1]], [0, 1])]
)
def test_classes_of_every_kind_of_target(labels, kinds):
    y = np.array(labels)
    points = Points(np.zeros((len(y), 2)), y, playground.labels_of(y), np.zeros(len(y), bool))
    assert points.classes.tolist() == kinds
    np.testing.assert_array_equal(points.painted((1, 1), kinds[0]).y[-1], y[0])


def test_which_networks_suit():
    found = {n for n in ("xor", "iris-perceptron", "worked-example", "digits-cnn", "housing") if suits(opened(n))}
    assert found == {"xor", "iris-perceptron"}
    assert presets.get("xor").title in opened("xor").title


@pytest.mark.parametrize("text", ["0", "8 x", "65", "1 2 3 4 5 6 7"])
def test_bad_widths_are_refused(text):
    with pytest.raises(ValueError, match="expected up to 6 hidden layers"):
        playground.widths(text)


def test_a_survey_is_fast():
    import time

    session = opened()
    survey = Survey(session.stepper)
    times = []
    for _ in range(9):
        begun = time.thread_time()
        survey.plane((-1, -1), (1, 1))
        times.append(time.thread_time() - begun)
    assert np.median(times) < 2 * 0.02  # a busy machine takes twice as long as promised


@pytest.fixture
def window(open_window):
    made = open_window("xor", position=40)
    made.actions_by_name["playground"].trigger()
    return made


def test_points_are_painted_erased_and_undone_by_mouse_and_key(window, qtbot):
    page, session = window.features.changing.playground, window.session
    assert window.workbench.page is page
    view = page.plane
    page.tools.button(1).click()
    spot = view.to_widget((0.5, 0.25)).toPoint()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot)
    assert len(session.stepper.data["x"]) == 5
    np.testing.assert_allclose(session.stepper.data["x"][-1], (0.5, 0.25), atol=0.02)
    assert page.points.classes[-1] == 1
    qtbot.mouseClick(view, Qt.MouseButton.RightButton, pos=spot)
    assert len(session.stepper.data["x"]) == 4
    window.actions_by_name["undo"].trigger()
    window.actions_by_name["undo"].trigger()
    assert session.moment.position == 40
    assert not view.grab().isNull()


def test_a_neuron_is_chosen_by_its_plane(window, qtbot):
    planes = window.features.changing.playground.neurons
    qtbot.mouseClick(planes, Qt.MouseButton.LeftButton, pos=planes.places()[3].center().toPoint())
    assert window.session.selection == ("hidden.tanh", (0, 3))


def test_the_boundary_moves_while_training(window, qtbot):
    page = window.features.changing.playground
    before = page.plane.plane.output.copy()
    window.toggle_training()
    qtbot.waitUntil(lambda: not np.array_equal(page.plane.plane.output, before), timeout=4000)
    window.trainer.pause(wait=True)


def test_a_look_at_a_point_makes_it_the_sample(open_window, qtbot):
    window = open_window()
    window.actions_by_name["playground"].trigger()
    page, session = window.features.changing.playground, window.session
    assert "moons" in session.title or page.suits()
    page.begin()
    place = page.points.train[0][session.moment.rows[4]]
    qtbot.mouseClick(page.plane, Qt.MouseButton.LeftButton, pos=page.plane.to_widget(place).toPoint())
    assert session.sample == 4


def test_the_playground_is_not_offered_where_it_makes_no_sense(window):
    window.load("digits-cnn")
    place = window.workbench.pages.index(window.features.changing.playground)
    assert not window.workbench.tabs.isTabVisible(place)
    assert window.workbench.page is window.stage


def test_holding_out_survives_painting_and_undo(window):
    page = window.features.changing.playground
    page.begin()
    page.held.setValue(50)
    page.split()
    assert page.points.held.sum() == 60
    page._put(page.points.painted((0, 0), 0))
    assert page.points.held.sum() == 60
    window.session.undo()
    assert page.points.held.sum() == 60
    window.session.undo()
    assert page.points.held.sum() == 0


@pytest.mark.parametrize("answer", ["No", "Yes"])
def test_a_run_is_not_ended_unasked(open_window, monkeypatch, answer):
    asked = []
    question = lambda *a: (asked.append(a[2]), getattr(QMessageBox.StandardButton, answer))[1]  # noqa: E731
    monkeypatch.setattr(QMessageBox, "question", question)
    window = open_window("digits-cnn", position=0)
    window.session.goto(2 * len(window.session.steps))
    window.actions_by_name["playground"].trigger()
    assert len(asked) == 1
    assert (window.session.source.name == "digits-cnn") == (answer == "No")
    assert (window.workbench.page is window.stage) == (answer == "No")


def test_where_there_is_nothing_to_lose_nothing_is_asked(open_window, monkeypatch):
    monkeypatch.setattr(QMessageBox, "question", None)
    window = open_window("digits-cnn", position=3)
    window.actions_by_name["playground"].trigger()
    assert window.workbench.page is window.features.changing.playground


@pytest.mark.parametrize("before", ["worked-example", "digits-cnn"])
def test_its_tab_is_in_sight_after_a_network_that_had_none(open_window, before):
    window = open_window(before)
    QApplication.processEvents()
    window.load("xor")
    QApplication.processEvents()
    tabs = window.workbench.tabs
    shown = [place for place in range(tabs.count()) if tabs.isTabVisible(place)]
    assert window.workbench.pages.index(window.features.changing.playground) in shown
    rects = [tabs.tabRect(place) for place in shown]
    assert all(rect.width() > 20 for rect in rects)
    assert not any(a.intersects(b) for k, a in enumerate(rects) for b in rects[:k])


def test_a_field_that_is_left_when_the_network_is_another_one_asks_for_nothing(open_window):
    window = open_window("moons" if "moons" in presets.names() else "xor")
    panel = window.features.changing.playground
    panel.held.setValue(30)
    window.load("digits-mlp")
    panel.split()
    assert window.session.source.name == "digits-mlp"
