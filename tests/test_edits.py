"""Changes during a run: exact, repeated by every replay, undone without a trace; forks and runs taken up again."""

import numpy as np
import pytest

import fastnn
from fastnn.engine.stepper import Stepper
from fastnn.errors import GraphError
from tests.small_models import Halving, assert_same, shown


def network():
    fastnn.utils.set_random_seed(3)
    x = fastnn.layers.Input((3,), name="x")
    layers = [x, fastnn.layers.Dense(4, "tanh", name="a"), fastnn.layers.Dense(2, name="b")]
    model = fastnn.Sequential(layers)
    model.compile(fastnn.optimizers.Adam(0.05), "mse")
    return model


@pytest.fixture
def stepper():
    rows = np.random.default_rng(0)
    x, y = rows.normal(size=(10, 3)).astype("float32"), rows.normal(size=(10, 2)).astype("float32")
    return Stepper(network(), x, y, batch_size=4, shuffle=True, seed=1)


def test_a_changed_weight_leads_to_what_a_model_with_that_weight_computes(stepper):
    stepper.goto(5)
    stepper.change("a.kernel", 0.75, (1, 2))
    model = network()
    model.layers[0].kernel.value[1, 2] = 0.75
    fresh = Stepper(model, *stepper.data.values(), batch_size=4, shuffle=True, seed=1)
    fresh.goto(5)
    assert_same(shown(stepper), shown(fresh))
    for each in (stepper, fresh):
        each.train(steps=7)
    assert_same(shown(stepper), shown(fresh))
    assert stepper.losses == fresh.losses


@pytest.mark.parametrize("name", ["a.kernel", "learning_rate"])
def test_a_change_in_mid_run_is_repeated_by_replay_and_undone_without_a_trace(stepper, name):
    length = len(stepper.steps)
    stepper.goto(8 * length)
    straight, losses = shown(stepper), list(stepper.losses)
    stepper.goto(4 * length + 6)
    before = shown(stepper)
    stepper.change(name, 0.5, () if name == "learning_rate" else (0, 0))
    assert len(stepper.losses) == 4
    stepper.goto(8 * length)
    changed = shown(stepper)
    assert not np.array_equal(changed["a.kernel"], straight["a.kernel"])
    stepper.goto(2)
    assert stepper.value(name).flat[0] != 0.5
    stepper.goto(8 * length)
    assert_same(shown(stepper), changed)
    stepper.goto(4 * length + 6)
    edits = stepper.edits
    stepper.set_edits(())
    assert_same(shown(stepper), before)
    stepper.goto(8 * length)
    assert_same(shown(stepper), straight)
    assert stepper.losses == losses
    stepper.set_edits(edits)
    assert_same(shown(stepper), changed)


def test_inputs_and_targets_change_for_all_batches_from_then_on(stepper):
    length, x = len(stepper.steps), stepper.listing.inputs[0]
    stepper.goto(4)
    row = int(stepper.sample_indices[2])
    stepper.change(x, 9.0, (row, 1))
    assert stepper.value(x)[2, 1] == 9.0
    untouched = stepper.data[x][row, 1]
    assert untouched != 9.0
    met = 0
    for step in range(1, 6):
        stepper.goto(step * length + 1)
        for place in np.flatnonzero(stepper.sample_indices == row):
            assert stepper.value(x)[place, 1] == 9.0
            met += 1
    assert met


def test_at_the_end_of_a_training_step_a_weight_changes_for_the_next(stepper):
    stepper.finish_step()
    stepper.change("b.bias", [1.0, 2.0])
    assert stepper.training_step == 1
    assert stepper.edits[0].step == 1
    assert stepper.value("b.bias").tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "index", "value", "said"),
    [
        ("a.dense", (0, 0), 1.0, "expected the name of a parameter"),
        ("nothing", (), 1.0, "received 'nothing'"),
        ("a.kernel", (3, 0), 1.0, "of shape (3, 4), received (3, 0)"),
        ("a.kernel", (0, 0, 0), 1.0, "received (0, 0, 0)"),
        ("a.kernel", (), [1.0, 2.0], "expected (3, 4) numbers"),
        ("a.kernel", (0, 0), "much", "expected () numbers"),
        ("y_true", (), 1.0, "begins with a row below 10"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_changes_nothing(stepper, name, index, value, said):
    stepper.goto(3)
    before = shown(stepper)
    with pytest.raises(GraphError) as failure:
        stepper.change(name, value, index)
    assert said in str(failure.value)
    assert_same(shown(stepper), before)
    assert stepper.edits == ()


def test_a_fork_goes_its_own_way(stepper):
    stepper.goto(3 * len(stepper.steps) + 5)
    twin, before = stepper.fork(), shown(stepper)
    assert_same(shown(twin), before)
    twin.change("learning_rate", 0.5)
    twin.train(steps=5)
    assert_same(shown(stepper), before)
    stepper.train(steps=5)
    assert stepper.losses != twin.losses
    assert stepper.losses[:3] == twin.losses[:3]


def test_a_run_is_taken_up_where_it_was_left(stepper):
    length = len(stepper.steps)
    stepper.goto(3 * length + 2)
    stepper.change("learning_rate", 0.01)
    stepper.goto(6 * length + 4)
    kept = stepper.checkpoint(), stepper.losses, stepper.edits
    again = Stepper(network(), *stepper.data.values(), batch_size=4, shuffle=True, seed=1)
    again.resume(6, *kept)
    again.goto(stepper.position)
    assert_same(shown(again), shown(stepper))
    for each in (stepper, again):
        each.goto(2 * length)
        each.goto(12 * length + 1)
    assert_same(shown(again), shown(stepper))
    assert again.losses == stepper.losses
    with pytest.raises(GraphError, match="expected the state of"):
        again.resume(6, kept[0][:-1], kept[1])


def test_models_that_decide_on_values_can_be_changed_and_undone():
    x = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    model = Halving()
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="decides on values"):
        stepper = Stepper(model, x, x, batch_size=2)
    stepper.train(steps=5)
    straight, position = shown(stepper), stepper.position
    stepper.goto(1)
    stepper.train(steps=1)
    stepper.goto(stepper.position - 1)
    stepper.change("inner.kernel", 4.0, (0, 0))
    stepper.train(steps=3)
    stepper.set_edits(())
    stepper.goto(position)
    assert_same(shown(stepper), straight)


def test_distance_counts_the_training_steps_to_run(stepper, monkeypatch):
    length = len(stepper.steps)
    stepper.goto(20 * length)
    assert stepper.distance(3 * length + 2) == 0
    assert stepper.distance(25 * length) == 5
    monkeypatch.setattr("fastnn.engine.run.KEYFRAME_BYTES", 2000)
    stepper.train(steps=1)
    assert stepper.distance(3 * length + 2) == 3
    stepper.goto(3 * length + 2)
