"""Stepping is execution, and going back is exact."""

import numpy as np
import pytest

import fastnn
from fastnn.engine.gradcheck import check_model
from fastnn.engine.stepper import Stepper
from fastnn.errors import GraphError
from tests import small_models
from tests.small_models import assert_same, shown


@pytest.fixture(params=["float32", "float64"])
def stepper(request):
    model = small_models.Quadratic(request.param)
    return Stepper(model, *small_models.data(), batch_size=4, shuffle=True, seed=1)


def test_going_back_shows_what_was_shown_over_ragged_batches_and_epochs(stepper):
    seen = []
    for _ in range(5 * len(stepper.steps) + 3):
        seen.append(shown(stepper))
        stepper.next()
    for position in reversed(range(len(seen))):
        stepper.back()
        assert stepper.position == position
        assert_same(shown(stepper), seen[position])


@pytest.mark.parametrize("jump", [0, 1, 14, 15, 29, 40, 70])
def test_goto_equals_walking(stepper, jump):
    walked = Stepper(stepper.model, *small_models.data(), batch_size=4, shuffle=True, seed=1)
    for _ in range(jump):
        walked.next()
    stepper.goto(55)
    stepper.goto(jump)
    assert stepper.position == jump
    assert_same(shown(stepper), shown(walked))


def test_position_training_step_and_index_agree(stepper):
    length = len(stepper.steps)
    for position in range(2 * length + 2):
        assert (stepper.position, stepper.training_step, stepper.index) == (position, *divmod(position, length))
        stepper.next()


def test_training_at_full_speed_equals_stepping(stepper):
    walked = Stepper(stepper.model, *small_models.data(), batch_size=4, shuffle=True, seed=1)
    stepper.next()  # a step begun is finished first
    assert stepper.train(steps=6) == 6
    for _ in range(7 * len(stepper.steps)):
        walked.next()
    assert_same(shown(stepper), shown(walked))
    assert stepper.losses == walked.losses
    assert len(stepper.losses) == 7


def test_keyframes_are_thinned_when_memory_is_short(stepper, monkeypatch):
    stepper.train(steps=3)
    before = shown(stepper)
    monkeypatch.setattr("fastnn.engine.run.KEYFRAME_BYTES", 200)
    stepper.train(steps=100)
    assert sum(a.nbytes for state in stepper._keyframes.values() for a in state.values()) <= 200
    stepper.goto(3 * len(stepper.steps))
    assert_same(shown(stepper), before)


def test_the_way_back_over_a_border_is_one_training_step_however_seldom_states_are_kept(stepper, monkeypatch):
    monkeypatch.setattr("fastnn.engine.run.LARGE_STATE", 1)  # a byte
    length = len(stepper.steps)
    for _ in range(4):
        stepper.finish_step()
    before = shown(stepper)
    stepper.next()
    assert stepper.keyframe_before(2) == 0, "seldom"
    assert stepper.distance(4 * length) == 0, "the start of the training step before is there"
    stepper.back()
    assert_same(shown(stepper), before)
    stepper.rewind(3)
    assert (stepper.position, stepper.done) == (3 * length, 0)
    stepper.goto(4 * length)
    assert_same(shown(stepper), before)


def test_large_states_are_kept_seldom_in_memory_used_again_and_replayed_exactly(stepper, monkeypatch):
    size = sum(a.nbytes for a in stepper.checkpoint())
    monkeypatch.setattr("fastnn.engine.run.LARGE_STATE", size // 4)
    kept, length = stepper.checkpoint(), len(stepper.steps)
    copies = [a.copy() for a in kept]
    seen = []
    for _ in range(12 * length):
        seen.append(shown(stepper))
        stepper.next()
        if stepper.position == 6 * length + 3:
            twin, handed = stepper.fork(), stepper.checkpoint()
            there = shown(stepper), [a.copy() for a in handed]
    assert len(stepper._marks) <= 12 // 3
    assert all(np.array_equal(a, b) for a, b in zip(kept, copies, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(handed, there[1], strict=True))
    assert_same(shown(twin), there[0])
    for position in (*reversed(range(11 * length, 12 * length)), 5, 7 * length + 2, 6 * length + 3, 2 * length):
        stepper.goto(position)
        assert_same(shown(stepper), seen[position])
    assert_same(shown(twin), there[0])
    twin.goto(2 * length)
    assert_same(shown(twin), seen[2 * length])


def test_snapshots_of_training_steps_take_no_new_memory(monkeypatch):
    stepper = Stepper(small_models.Quadratic("float32"), *small_models.data(), batch_size=4)
    monkeypatch.setattr("fastnn.engine.run.LARGE_STATE", 1)
    places = set()
    for _ in range(10):
        stepper.finish_step()
        places.add(tuple(a.ctypes.data for a in stepper._entered.values()))
    assert len(places) <= 3  # that of the keyframe, and one after it


def test_works_on_a_copy_unless_in_place():
    for in_place in (False, True):
        model = small_models.Quadratic()
        before = model.w.numpy()
        Stepper(model, *small_models.data(), in_place=in_place).train(steps=1)
        assert np.array_equal(before, model.w.value) is not in_place


def test_run_to_phase_layer_and_breakpoint(stepper):
    assert stepper.run_to("backward").phase == "backward"
    assert stepper.run_to("quadratic").layer == "quadratic"
    stepper.breakpoints.add(4)
    assert stepper.run_to("breakpoint") is stepper.steps[4]
    assert (stepper.training_step, stepper.index) == (1, 4)
    with pytest.raises(GraphError, match=r"received 'conv9'"):
        stepper.run_to("conv9")


def test_values_not_computed_yet_are_refused(stepper):
    loss = stepper.listing.loss
    with pytest.raises(GraphError, match="step 4 makes it"):
        stepper.value(loss)
    stepper.run_to("backward")
    assert stepper.value(loss).shape == ()
    with pytest.raises(GraphError, match="expected the name of a value"):
        stepper.value("nothing")
    with pytest.raises(ValueError, match="read-only"):
        stepper.view(loss)[...] = 0


def test_made_by_and_used_by(stepper):
    assert stepper.made_by("x") is None
    assert stepper.steps[stepper.made_by("quadratic.add")].op.name == "add"
    assert [stepper.steps[i].op.name for i in stepper.used_by("x")] == ["multiply", "multiply"]


def test_every_cell_explains_itself_even_after_the_update(stepper):
    stepper.goto(2 * len(stepper.steps))
    checked = 0
    for name, value in stepper.listing.values.items():
        for index in np.ndindex(value.shape):
            e = stepper.explain(name, index)
            assert e.result == float(stepper.value(name)[index])
            assert abs(e.recomputed - e.result) <= 1e-6 * max(e.magnitude, 1e-3), e
            checked += 1
    assert checked > 100


def test_a_weight_after_its_update_is_explained_by_the_weight_before(stepper):
    before = stepper.value("quadratic.w")
    stepper.finish_step()
    old = next(o for o in stepper.explain("quadratic.w", (1,)).operands if o.symbol == "w")
    assert old.value == before[1]


def test_wrong_index_position_and_batch_size(stepper):
    with pytest.raises(GraphError, match="expected an index into 'x' of shape"):
        stepper.explain("x", (99, 0))
    with pytest.raises(GraphError, match="position of 0 or more"):
        stepper.goto(-1)
    with pytest.raises(GraphError, match="start of the run"):
        stepper.back()
    for size in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="batch_size"):
            Stepper(small_models.Quadratic(), *small_models.data(), batch_size=size)
    with pytest.raises(ValueError, match="steps or of seconds"):
        stepper.train()


def test_gradients_of_the_list_equal_finite_differences():
    checks = check_model(small_models.Quadratic(), *small_models.data())
    assert [c.name for c in checks] == ["quadratic.w"]
    assert checks[0].error < 1e-7


def test_seeds_are_checked_and_keep_all_their_bits():
    from fastnn.engine.batches import epoch_order

    for seed in (-1, 1.7, "a", True):
        with pytest.raises(ValueError, match="seed"):
            Stepper(small_models.Quadratic(), *small_models.data(), seed=seed)
    assert not np.array_equal(epoch_order(50, True, 2**63, 0), epoch_order(50, True, 2**63 + 5, 0))


class Counting(fastnn.layers.Layer):
    """Multiplies by how often it was called in training, and remembers the mean of its input."""

    def build(self, input_shape):
        self.calls = self.add_weight(initializer="zeros", trainable=False, name="calls")
        self.average = self.add_weight((input_shape[-1],), "zeros", trainable=False, name="average")

    def call(self, x, training=False):
        if training:
            self.calls.assign_add(1.0)
            self.average.assign(self.average * 0.5 + fastnn.ops.mean(x, axis=0) * 0.5)
        return x * self.calls


def counting_model():
    fastnn.utils.set_random_seed(3)
    model = fastnn.Sequential([fastnn.Input((3,)), Counting(), fastnn.layers.Dense(2)])
    model.compile(fastnn.optimizers.SGD(0.01), "mse")
    return model


def test_assignments_in_call_count_training_steps_and_are_seen_by_later_reads():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 3)).astype("float32"), rng.normal(size=(10, 2)).astype("float32")
    model = counting_model()
    first = float(model.train_on_batch(x[:5], y[:5]))
    again = counting_model()
    again.layers[0].calls.assign(1.0)
    assert first == pytest.approx(float(again.test_on_batch(x[:5], y[:5])))
    model.evaluate(x, y, verbose=0)
    assert float(model.layers[0].calls) == 1
    np.testing.assert_allclose(model.layers[0].average.numpy(), x[:5].mean(0) / 2, rtol=1e-6)


def test_stepping_equals_fit_where_layers_assign_and_goes_back():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 3)).astype("float32"), rng.normal(size=(10, 2)).astype("float32")
    fitted, stepped = counting_model(), counting_model()
    fitted.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    stepper = Stepper(stepped, x, y, batch_size=4, in_place=True)
    seen = []
    for _ in range(6 * len(stepper.steps)):
        seen.append({v.path: a.copy() for v, a in stepper.storage.items()})
        stepper.next()
    for a, b in zip(fitted.weights, stepped.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    for state in reversed(seen):
        stepper.back()
        for v, a in stepper.storage.items():
            np.testing.assert_array_equal(a, state[v.path])


def test_a_state_that_two_steps_overwrite_is_explained_and_undone():
    from fastnn.engine.graph import Trace
    from fastnn.engine.plan import finish

    class Twice:
        optimizer = fastnn.optimizers.SGD()
        v = fastnn.Variable([1.0, 2.0], trainable=False, name="v")

        def prepare_data(self, *_):
            return {"x": np.ones((1, 2), "float32")}

        def variables_of_training(self):
            return [self.v, self.optimizer.iterations]

        def step_list(self, batch, feeds):
            with Trace() as trace:
                x = trace.add_value("x", (1, 2), "float32", "input")
                trace.phase = "update"
                for factor in (3.0, 5.0):
                    fastnn.ops.assign(trace.place(self.v), trace.place(self.v) * factor)
                return finish(trace, [x], loss=trace.place(self.v))

    stepper = Stepper(Twice(), None)
    stepper._losses = [0.0]
    states = []
    for _ in range(4):
        states.append(stepper.value("v"))
        stepper.next()
    np.testing.assert_array_equal(stepper.value("v"), [15, 30])
    np.testing.assert_array_equal(stepper.seen_by(1, "value"), [3, 6])
    np.testing.assert_array_equal(stepper.seen_by(1, "variable_new"), [3, 6])
    np.testing.assert_array_equal(stepper.seen_by(2, "a"), [3, 6])
    np.testing.assert_array_equal(stepper.seen_by(0, "a"), [1, 2])
    np.testing.assert_array_equal(stepper.value("v"), [15, 30])
    for state in reversed(states):
        stepper.back()
        np.testing.assert_array_equal(stepper.value("v"), state)
