"""The session: moving, selecting, looking, resetting, training in slices."""

import numpy as np
import pytest

import fastnn
from gui.moment import ahead, behind, boundaries
from gui.session import Session


def parameters(session):
    """Copies of all values that training changes, by name."""
    names = [n for n, v in session.listing.values.items() if v.role in ("parameter", "state")]
    return {name: session.stepper.value(name) for name in names}


def same(first, second):
    return first.keys() == second.keys() and all(np.array_equal(first[n], second[n]) for n in first)


def test_moves_of_every_grain_undo_each_other(session):
    session.goto(len(session.steps) + 3)
    for grain in ("op", "layer", "phase", "batch", "epoch"):
        start = session.moment.position
        session.forward(grain)
        assert session.moment.position > start
        while session.moment.position > start:
            session.backward("op")
        assert session.moment.position == start


def test_a_layer_ends_where_the_next_one_begins(session):
    session.forward("layer")
    assert {s.layer for s in session.steps[: session.done]} == {"hidden"}
    assert session.current_step().layer == "output"
    session.forward("phase")
    assert session.current_step().phase == "loss"
    session.backward("phase")
    assert session.moment.position == 0


def test_boundaries_cover_the_whole_list(session):
    for grain in ("layer", "phase"):
        found = boundaries(session.steps, grain)
        assert found[0] == 0
        assert found[-1] == len(session.steps)
        assert found == sorted(set(found))
    assert len(boundaries(session.steps, "phase")) == 5


def test_moves_stop_at_the_start(session):
    for grain in ("op", "layer", "phase", "batch", "epoch"):
        assert behind(session.moment, grain) == 0
        assert ahead(session.moment, grain) > 0


def test_the_selection_moves_on_with_the_result(session):
    session.next()
    first = session.shown_step().outputs[0]
    session.select(first, (0, 1))
    session.next()
    assert session.selection == (session.shown_step().outputs[0], (0, 1))
    assert session.explanation().result == session.view(session.selection[0])[0, 1]


def test_a_selected_operand_stays_selected_while_it_is_shown(session):
    session.goto(3)
    step = session.shown_step()
    session.select(step.inputs[1], (1, 0))
    session.look(0)
    session.look(None)
    assert session.shown_step() is step


def test_following_an_operand_shows_the_step_that_made_it_and_history_returns(session):
    session.goto(4)
    shown, selected = session.shown_index(), session.selection
    source = session.steps[0].outputs[0]
    session.select(source, (0, 0))
    assert session.shown_index() == 0
    assert session.moment.position == 4
    session.history_back()
    assert (session.shown_index(), session.selection) == (shown, selected)
    session.history_forward()
    assert session.selection == (source, (0, 0))


def test_nothing_is_explained_before_it_is_computed(session):
    session.select(session.steps[-3].inputs[1], session.listing.values[session.steps[-3].inputs[1]].shape and (0, 0))
    assert session.explanation() is None
    session.to_end()
    assert session.stepper.computed(session.steps[-3].inputs[1])


def test_every_explanation_of_the_worked_example_holds(session):
    session.to_end()
    for name, value in session.listing.values.items():
        for index in np.ndindex(*value.shape):
            session.select(name, index)
            found = session.explanation()
            assert found.recomputed == pytest.approx(found.result, rel=1e-12, abs=1e-15)


def test_reset_gives_the_same_run_and_keeps_breakpoints():
    session = Session()
    session.load("xor", seed=3)
    session.toggle_breakpoint(2)
    session.goto(20 * len(session.steps))
    first = session.losses.array.copy()
    session.reset()
    assert len(session.losses) == 0
    assert session.breakpoints == {2}
    session.goto(20 * len(session.steps))
    assert np.array_equal(session.losses.array, first)
    session.reset(new_seed=True)
    session.goto(20 * len(session.steps))
    assert not np.array_equal(session.losses.array, first)


def test_losses_survive_going_back(session):
    session.goto(5 * len(session.steps))
    known = session.losses.array.copy()
    session.goto(2)
    assert np.array_equal(session.losses.array, known)


def test_breakpoints_stop_a_run_before_their_step(session):
    assert not session.run_to_breakpoint()
    session.toggle_breakpoint(4)
    assert session.run_to_breakpoint()
    assert session.done == 4
    assert session.run_to_breakpoint()
    assert (session.moment.shown, session.done) == (1, 4)
    session.toggle_breakpoint(4)
    assert session.breakpoints == set()


def test_play_stops_at_a_breakpoint_inside_of_a_grain(session):
    session.toggle_breakpoint(3)
    session.set_grain("phase")
    assert session.play_target() == (3, True)
    session.goto(3)
    assert session.play_target() == (ahead(session.moment, "phase"), False)
    session.set_grain("op")
    assert session.play_target() == (4, False)


def test_training_in_slices_gives_the_bits_of_stepping():
    trained, stepped = Session(), Session()
    for session in (trained, stepped):
        session.load("xor", seed=1, position=5)
    trained.start_training()
    while trained.stepper.training_step < 7:
        trained.train(0.001, 7 - trained.stepper.training_step)
    moment = trained.snapshot()
    assert moment.position == 7 * len(moment.steps)
    trained.stop_training()
    for _ in range(7 * len(stepped.steps) - 5):
        stepped.next()
    assert same(parameters(trained), parameters(stepped))
    assert np.array_equal(trained.losses.array, stepped.losses.array)


def test_while_training_the_session_answers_from_copies(session):
    session.next()
    name = session.shown_step().outputs[0]
    session.view(name)
    session.start_training()
    with pytest.raises(fastnn.errors.FastnnError, match="paused"):
        session.next()
    session.train(0.0, 3)
    session.publish(session.snapshot())
    copy = session.view(name)
    session.train(0.0, 3)
    assert session.view(name) is copy
    assert not np.array_equal(copy, session.stepper.value(name))
    assert session.explanation().result == session.view(session.selection[0])[session.selection[1]]
    assert session.shown_step().outputs == (name,)
    session.stop_training()
    assert session.shown_step().outputs == (name,)
    assert np.array_equal(session.view(name), session.stepper.value(name))


def test_observers_hear_topics_until_they_leave(session):
    heard = []
    leave = session.subscribe(heard.append)
    session.next()
    session.toggle_numbers()
    session.toggle_breakpoint(1)
    session.hover("x", (0, 0))
    session.hover("x", (0, 0))
    assert heard == ["position", "view", "breakpoints", "hover"]
    leave()
    session.next()
    assert len(heard) == 4


def test_going_to_a_layer_looks_back_or_runs_ahead(session):
    session.goto_layer("output")
    assert session.shown_step().layer == "output"
    session.to_end()
    session.goto_layer("hidden")
    assert session.shown_step().layer == "hidden"
    assert session.done == len(session.steps)


def test_a_users_own_model_is_left_as_it_was():
    preset = fastnn.presets.get("worked-example")
    model, (x, y) = preset.build(0), preset.data()
    before = [v.numpy().copy() for v in model.variables_of_training()]
    session = Session()
    session.load_model(model, x, y, title="mine")
    session.goto(3 * len(session.steps))
    assert session.title == "mine"
    assert all(np.array_equal(a, v.numpy()) for a, v in zip(before, model.variables_of_training(), strict=True))


def test_sample_and_channel_stay_in_bounds():
    session = Session()
    session.load("digits-mlp")
    session.set_sample(10**6)
    assert session.sample == len(session.moment.rows) - 1
    session.set_sample(-5)
    session.set_channel(-5)
    assert (session.sample, session.channel) == (0, 0)


def test_an_explanation_is_never_that_of_another_run():
    session = Session()
    session.load("xor", seed=0, position=3)
    session.select("output.kernel", (0, 0))
    first = session.explanation()
    session.load("xor", seed=1, position=3)
    session.select("output.kernel", (0, 0))
    assert session.explanation().result != first.result
    assert session.explanation().result == session.view("output.kernel")[0, 0]


def test_the_sample_shown_is_one_of_the_batch_while_training_too():
    session = Session()
    session.load("digits-mlp", position=0)
    session.set_sample(31)
    session.start_training()
    session.train(10.0, session.moment.batches)
    session.publish(session.snapshot())
    assert len(session.moment.rows) == 30
    assert session.sample == 29
    session.stop_training()
