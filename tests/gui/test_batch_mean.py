"""B: the mean over the batch on the stage in place of one sample."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from gui.content import content_of, has_batch, scene_of
from gui.panels.tensor_geometry import shape_text
from gui.session import Session

KEY = Qt.Key


def view_of(window, name):
    return next(v for v in window.stage.views() if v.content.name == name)


@pytest.mark.parametrize(
    ("preset", "name"),
    [
        ("digits-cnn", "conv2.conv2d"),
        ("digits-mlp", "hidden.relu"),
        ("two-layer-relu", "hidden.dense"),  # few enough rows to be shown as a table
        ("digits-mlp", "sparse_softmax_cross_entropy"),  # a number a sample
        ("ticket-router", "title_embedding.embedding"),
    ],
)
def test_cells_are_means_over_the_batch_and_back(open_window, qtbot, preset, name):
    window = open_window(preset, position=0)
    session = window.session
    session.goto(session.listing.written_by[name] + 1)
    session.set_sample(1)
    data = session.view(name)
    before = view_of(window, name).picture().copy()
    qtbot.keyClick(window, KEY.Key_B)
    view = view_of(window, name)
    mean = data.astype(np.float64).mean(axis=0)
    rows, columns = view.arrangement.size
    shown = {view.arrangement.index(r, c): view.picture()[r, c] for r in range(rows) for c in range(columns)}
    shown.pop(None, None)
    assert len(shown) == mean.size  # once, not once for every sample
    for index, number in shown.items():
        assert index[0] == 1  # a click selects a number that there is: that of the sample
        assert number == pytest.approx(mean[index[1:]], rel=1e-6, abs=1e-12)
    assert view.scale.high == pytest.approx(np.abs(mean).max(), rel=1e-6) or not view.scale.signed
    assert f"mean over n {len(data)}" in shape_text(view.content, view.arrangement)
    assert window.stage.bar.sample.text() == f"mean of {len(data)}"
    assert window.actions_by_name["batch_mean"].isChecked()
    qtbot.keyClick(window, KEY.Key_B)
    np.testing.assert_array_equal(view_of(window, name).picture(), before)
    assert window.stage.bar.sample.text().startswith("sample 1/")


def test_weights_labels_and_predicted_numbers_stay_as_they_are(open_window):
    window = open_window("digits-mlp", position=7)
    session = window.session
    session.toggle_batch_mean()
    session.look(session.listing.written_by["sparse_softmax_cross_entropy"])
    assert view_of(window, "y_true").content.mean is False  # a mean of classes means nothing
    session.look(session.listing.written_by["output.dense"])
    kernel = view_of(window, "output.kernel")
    np.testing.assert_array_equal(kernel.picture(), kernel.arrangement.image(session.view("output.kernel")))
    session.select("output.dense", (0, 3))
    window.actions_by_name["predict"].trigger()
    hidden = next(c for c in scene_of(session).results if c.name == "output.dense")
    assert (hidden.mean, hidden.hidden) == (False, (0, 3))
    assert "mean" not in window.cell.text()


def test_gradients_have_means_too_and_the_status_line_says_both_numbers(open_window, qtbot):
    window = open_window("digits-mlp", position=0)
    session = window.session
    session.goto(session.listing.updates)
    session.look(session.listing.written_by["hidden.relu"])
    qtbot.keyClick(window, KEY.Key_B)
    qtbot.keyClick(window, KEY.Key_V)
    view = view_of(window, "hidden.relu.grad")
    mean = session.view("hidden.relu.grad").astype(np.float64).mean(axis=0)
    assert float(view.content.data[0, 5]) == pytest.approx(mean[5], rel=1e-6)
    assert "mean over the batch" in view.hover_text((0, 5))
    session.select("hidden.relu", (0, 5))
    assert "mean over the batch = " in window.cell.text()
    assert session.explanation().result == session.view("hidden.relu")[0, 5]  # the card is about one sample


def test_without_numbers_there_is_no_mean():
    session = Session()
    session.load("digits-mlp", position=0)
    session.toggle_batch_mean()
    assert all(not c.mean for c in scene_of(session).results)
    assert not content_of(session, "hidden.kernel").mean


def test_a_statistic_of_as_many_channels_as_samples_has_no_axis_of_samples():
    session = Session()
    session.load("cifar-residual", position=0)
    session.goto(session.listing.updates)
    assert session.listing.values["block1_norm1.standardize.mean"].shape == (16,)  # and a batch has 16 samples
    for name in ("standardize.mean", "standardize.variance"):
        assert not has_batch(session.listing, f"block1_norm1.{name}")
    assert not has_batch(session.listing, "block2_norm2.standardize.dy_mean")
    assert not has_batch(session.listing, "block1_norm1.stop_gradient_2")  # a copy of the variance
    assert has_batch(session.listing, "block1_norm1.standardize")
    assert has_batch(session.listing, "sparse_softmax_cross_entropy")
    session.toggle_batch_mean()
    assert not content_of(session, "block1_norm1.standardize.mean").mean
