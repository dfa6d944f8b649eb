"""The metrics panel counts as the engine does, and brings a sample onto the stage."""

import numpy as np
from PyQt6.QtCore import Qt

from fastnn.engine.assessing import assess
from gui.panels.metrics import MOST_ROWS


def open_metrics(open_window, qtbot, name, position=1):
    window = open_window(name, position=position)
    window.actions_by_name["metrics"].trigger()
    panel = window.features.measuring.panel
    qtbot.waitUntil(lambda: panel.found is not None, timeout=5_000)
    return window, panel


def test_counts_and_accuracy_are_the_engines(open_window, qtbot):
    window, panel = open_metrics(open_window, qtbot, "digits-mlp", 40)
    found = assess(window.session.stepper)
    assert np.array_equal(panel.matrix.counts, found.confusion())
    assert f"{100 * np.trace(found.confusion()) / len(found.rows):.1f} %" in panel.summary.text()


def test_before_the_first_count_it_says_so_and_shows_no_empty_choice(open_window):
    window = open_window("digits-cnn")
    window.actions_by_name["metrics"].trigger()
    panel = window.features.measuring.panel
    assert panel.found is None
    assert "counting" in panel.summary.text()
    assert not panel.output.isVisible()


def test_it_follows_the_run(open_window, qtbot):
    window, panel = open_metrics(open_window, qtbot, "xor")
    before = panel.found.losses.copy()
    window.travel(200 * len(window.session.steps))
    qtbot.waitUntil(lambda: not window.session.training, timeout=20_000)
    qtbot.waitUntil(lambda: not np.array_equal(panel.found.losses, before), timeout=5_000)
    assert panel.found.losses.mean() < before.mean()


def test_what_was_found_of_another_network_is_not_shown(open_window, qtbot):
    window, panel = open_metrics(open_window, qtbot, "xor")
    window.load("worked-example")  # one row, where there were four
    for k in range(4):
        panel.show_cell(k // 2, k % 2)
    assert panel.worst.count() == 0
    assert "counting" in panel.summary.text()
    qtbot.waitUntil(lambda: panel.found is not None, timeout=5_000)
    assert len(panel.found.rows) == 1


def test_a_click_brings_the_sample_onto_the_stage(open_window, qtbot):
    window, panel = open_metrics(open_window, qtbot, "digits-cnn", 5)
    item = panel.worst.item(0)
    row = int(panel.found.rows[panel.found.worst(1)[0]])
    assert f"row {row:,}" in item.text()
    qtbot.mouseClick(panel.worst.viewport(), Qt.MouseButton.LeftButton, pos=panel.worst.visualItemRect(item).center())
    session = window.session
    qtbot.waitUntil(lambda: not session.training and row in session.moment.rows, timeout=20_000)
    qtbot.waitUntil(lambda: session.moment.rows[session.sample] == row, timeout=5_000)
    image = session.view(session.listing.inputs[0])[session.sample]
    assert np.array_equal(image, session.source.x[row])


def test_a_cell_of_the_matrix_lists_its_samples(open_window, qtbot):
    _, panel = open_metrics(open_window, qtbot, "xor")
    true, predicted = np.argwhere(panel.matrix.counts > 0)[0]
    cell = panel.matrix.cell_rect(true, predicted).center().toPoint()
    qtbot.mouseClick(panel.matrix, Qt.MouseButton.LeftButton, pos=cell)
    assert f"Class {true} taken for {predicted}" in panel.heading.text()
    assert panel.worst.count() == panel.matrix.counts[true, predicted]


def test_numbers_to_learn_have_no_matrix_but_worst_samples(open_window, qtbot):
    _, panel = open_metrics(open_window, qtbot, "housing")
    assert not panel.matrix.isVisible()
    assert panel.worst.count() > 5
    assert "no classes" in panel.summary.text()


def test_several_outputs_can_be_chosen(open_window, qtbot):
    _, panel = open_metrics(open_window, qtbot, "ticket-router")
    assert panel.output.isVisible()
    assert panel.output.count() == 2


def test_large_data_is_looked_at_in_part_and_says_so(open_window, qtbot, monkeypatch):
    monkeypatch.setattr("gui.panels.metrics.MOST_ROWS", 100)
    _, panel = open_metrics(open_window, qtbot, "digits-mlp")
    assert "100 of 1,438 samples" in panel.summary.text()
    assert MOST_ROWS >= 100


def test_hidden_metrics_compute_nothing(open_window, qtbot, monkeypatch):
    window = open_window("digits-mlp")
    called = []
    monkeypatch.setattr("gui.panels.metrics.assess", lambda *a: called.append(a))
    window.session.next()
    qtbot.wait(250)
    assert called == []


def test_the_matrix_is_what_plain_counting_of_predictions_gives(open_window, qtbot):
    window, panel = open_metrics(open_window, qtbot, "digits-mlp", 40)
    stepper, source = window.session.stepper, window.session.source
    names = ("hidden.kernel", "hidden.bias", "output.kernel", "output.bias")
    weights = {name: np.asarray(stepper.value(name), np.float64) for name in names}
    x = np.asarray(source.x, np.float64).reshape(len(source.x), -1)
    hidden = np.maximum(x @ weights["hidden.kernel"] + weights["hidden.bias"], 0)
    chosen = (hidden @ weights["output.kernel"] + weights["output.bias"]).argmax(-1)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (np.ravel(source.y), chosen), 1)
    assert np.array_equal(panel.matrix.counts, counts)
