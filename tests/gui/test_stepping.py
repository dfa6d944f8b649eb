"""Stepping through a whole training step of every kind of network, and back."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from gui.session import Session
from tests.small_models import Halving

NETWORKS = ("fashion-mlp", "lenet5", "imdb-reviews", "cifar-residual", "siamese-digits", "autoencoder")
KEY = Qt.Key


def trained(session):
    """Copies of all that training changes."""
    names = [n for n, v in session.listing.values.items() if v.role in ("parameter", "state")]
    return {name: session.stepper.value(name) for name in names}


def in_full_others(*quick):
    """Some of the networks, and the others in the long tests."""
    return [*quick, *(pytest.param(name, marks=pytest.mark.full) for name in NETWORKS if name not in quick)]


@pytest.mark.parametrize("name", in_full_others("fashion-mlp", "lenet5", "cifar-residual"))
def test_a_step_is_the_engines_list_and_leaves_its_bits_and_back_shows_the_same_values(name):
    session, straight = Session(), Session()
    for each in (session, straight):
        each.load(name, seed=0, position=0)
    straight.stepper.train(steps=1)
    run, seen = [], []
    for _ in session.steps:
        session.next()
        run.append(session.shown_step())
        seen.append({n: session.stepper.value(n) for n in session.shown_step().outputs})
    assert tuple(run) == session.listing.steps
    assert all(np.array_equal(a, b) for a, b in zip(trained(session).values(), trained(straight).values(), strict=True))
    for shown in reversed(seen):
        assert all(np.array_equal(session.view(n), array, equal_nan=True) for n, array in shown.items())
        session.back()
    assert session.moment.position == 0
    start = Session()
    start.load(name, seed=0, position=0)
    assert all(np.array_equal(a, b) for a, b in zip(trained(session).values(), trained(start).values(), strict=True))


@pytest.mark.parametrize("name", in_full_others("lenet5"))
def test_right_to_the_end_and_left_to_the_start_in_the_window_shows_the_same_pictures(open_window, qtbot, name):
    window, straight = open_window(name, position=0), Session()
    session = window.session
    straight.load(name, seed=0, position=0)
    straight.stepper.train(steps=1)

    def on_stage():
        """Everything that the stage shows, copied."""
        return [
            (v.content.name, None if v.content.data is None else v.content.data.copy()) for v in window.stage.views()
        ]

    seen = [on_stage()]
    for position in range(1, len(session.steps) + 1):
        qtbot.keyClick(window, KEY.Key_Right)
        assert session.moment.position == position
        seen.append(on_stage())
    assert all(np.array_equal(a, b) for a, b in zip(trained(session).values(), trained(straight).values(), strict=True))
    for position in range(len(session.steps) - 1, -1, -1):
        qtbot.keyClick(window, KEY.Key_Left)
        assert session.moment.position == position
        for (name_now, now), (name_then, then) in zip(on_stage(), seen[position], strict=True):
            assert name_now == name_then
            assert (now is None) == (then is None)
            assert now is None or np.array_equal(now, then, equal_nan=True), (position, name_now)


def test_over_in_out_and_back_as_in_a_debugger(open_window, qtbot):
    window = open_window("digits-cnn", position=0)
    session = window.session
    qtbot.keyClick(window, KEY.Key_F11)
    assert session.moment.position == 1
    qtbot.keyClick(window, KEY.Key_F10)
    assert session.current_step().layer != session.steps[0].layer
    qtbot.keyClick(window, KEY.Key_F11, Qt.KeyboardModifier.ShiftModifier)
    assert session.current_step().phase == "loss"
    qtbot.keyClick(window, KEY.Key_Left)
    assert session.current_step().phase == "forward"
    for key, position in ((KEY.Key_End, len(session.steps)), (KEY.Key_Home, 0)):
        qtbot.keyClick(window, key)
        assert session.moment.position == position


@pytest.mark.parametrize(
    ("text", "step"), [("7", 6), ("1.3", 2), ("2.1", 45), (" 3 . 10 ", 99), ("epoch 2", 45), ("1,000", 999)]
)
def test_places_to_go_to_are_training_steps_or_epochs_and_batches(text, step):
    session = Session()
    session.load("digits-mlp")
    assert session.place(text) == step * len(session.steps) + 1


@pytest.mark.parametrize("text", ["", "x", "0", "1.0", "1.46", "-3", "1.2.3", "99999999999"])
def test_places_that_there_are_not_are_refused(text):
    session = Session()
    session.load("digits-mlp")
    with pytest.raises(ValueError, match="expected a training step"):
        session.place(text)


@pytest.mark.filterwarnings("ignore:.*decides on values")
def test_networks_whose_training_steps_differ_are_walked_in_both_directions():
    x = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    model, session = Halving(), Session()
    model.compile("sgd", "mse")
    session.load_model(model, x, x, batch_size=2)
    lengths, forward = set(), []
    for grain in ("op", "layer", "phase", "batch", "batch", "op", "batch", "epoch", "batch") * 6:
        session.forward(grain)
        lengths.add(len(session.steps))
        forward.append(session.moment.position)
        assert 0 < session.done <= len(session.steps)
    assert forward == sorted(set(forward))
    assert len(lengths) == 2
    session.toggle_breakpoint(5)
    for grain in ("op", "layer", "phase", "batch", "epoch") * 40:
        before = session.moment.position
        session.backward(grain)
        assert session.moment.position < before or before == 0
        assert 0 <= session.done <= len(session.steps)
    assert session.moment.position == 0
    assert session.run_to_breakpoint()
    assert session.done == 5
