"""The list, its memory, and the loop that runs it."""

import threading
import time

import numpy as np
import pytest

from fastnn import Sequential, layers, ops
from fastnn.engine import execute, graph
from fastnn.engine.batches import Schedule, epoch_order
from fastnn.engine.plan import Plan, finish, write_backward
from fastnn.engine.tensor import Variable
from fastnn.errors import DTypeError, GraphError, KernelError, ShapeError
from tests import small_models


def trained(keep, dtype="float32", steps=5):
    model = small_models.Quadratic(dtype)
    feeds = model.prepare_data(*small_models.data(20), None)
    plan = Plan(model.step_list(4, feeds), keep=keep)
    done = plan.run_batches(feeds, np.arange(20), 0, steps)
    assert done == steps
    return model.w.numpy(), plan


def test_shared_memory_gives_the_same_bits_and_needs_less():
    kept, plan_kept = trained(keep=True)
    shared, plan_shared = trained(keep=False)
    np.testing.assert_array_equal(kept, shared)
    assert plan_shared.bytes < plan_kept.bytes


def test_float64_runs_the_references_to_the_same_numbers():
    np.testing.assert_allclose(trained(keep=False)[0], trained(keep=False, dtype="float64")[0], rtol=1e-5)


def test_totals_add_up_the_watched_values():
    model = small_models.Quadratic("float32")
    feeds = model.prepare_data(*small_models.data(20), None)
    plan = Plan(model.step_list(4, feeds))
    totals, losses = plan.new_totals(), []
    for batch in range(5):
        plan.run_batches(feeds, np.arange(20), batch, batch + 1, totals=totals)
        losses.append(float(plan.array(plan.listing.watch["loss"])))
    assert plan.by_name(totals)["loss"] == pytest.approx(sum(losses))


def test_the_list_prints_one_line_per_step():
    listing = trained(keep=False)[1].listing
    lines = str(listing).splitlines()
    assert len(lines) == len(listing.steps)
    assert "∂mean_squared_error" in str(listing)
    phases = [s.phase for s in listing.steps]
    assert phases == sorted(phases, key=["forward", "loss", "backward", "update"].index)


def test_a_loss_of_several_numbers_or_of_no_weight_is_refused():
    with graph.Trace() as trace:
        x = trace.add_value("x", (3,), "float32", "input")
        w = Variable([1.0, 2.0, 3.0], name="w")
        with pytest.raises(GraphError, match="loss of one number"):
            write_backward(trace, ops.multiply(x, w), [w])
        with pytest.raises(GraphError, match="depends on trainable weights"):
            write_backward(trace, ops.sum(x), [w])


def test_wrong_feeds_are_refused():
    model = small_models.Quadratic()
    feeds = model.prepare_data(*small_models.data(20), None)
    plan = Plan(model.step_list(4, feeds))
    with pytest.raises(IndexError):
        plan.run_batches(feeds, np.arange(20), 0, 6)
    with pytest.raises(IndexError):
        plan.run_batches(feeds, np.arange(20) + 1, 0, 5)
    with pytest.raises(DTypeError):
        plan.run_batches({k: v.astype("float64") for k, v in feeds.items()}, np.arange(20), 0, 5)
    with pytest.raises(ShapeError, match="expected 'x' of shape"):
        plan.load("x", np.zeros((5, 3)))
    with pytest.raises(IndexError):
        plan.run(0, 99)
    with pytest.raises(GraphError, match="name of a value"):
        plan.array("nothing")


def test_a_kernel_error_names_layer_and_operation():
    with graph.Trace() as trace:
        labels = trace.add_value("labels", (2,), "int32", "input")
        p = trace.add_value("p", (2, 3), "float32", "input")
        with trace.layer("head"):
            loss = ops.sparse_categorical_crossentropy(labels, p)
    plan = Plan(finish(trace, [labels, p], outputs=[loss]))
    plan.load("labels", [0, 7])
    plan.load("p", np.full((2, 3), 1 / 3))
    with pytest.raises(
        KernelError, match=r"layer 'head' \(sparse_categorical_crossentropy\): expected labels .* row 1"
    ):
        plan.run()


def long_plan(steps=400, size=200_000):
    with graph.Trace() as trace:
        x = trace.add_value("x", (size,), "float32", "input")
        y = x
        for _ in range(steps):
            y = ops.tanh(y)
    plan = Plan(finish(trace, [x], outputs=[y]))
    plan.load("x", np.linspace(-3, 3, size))
    return plan, y.name


def test_the_gil_is_free_while_a_plan_runs():
    plan, _ = long_plan()
    started, ticks, stop = time.perf_counter(), 0, threading.Event()
    worker = threading.Thread(target=lambda: (plan.run(), stop.set()))
    worker.start()
    while not stop.is_set():
        ticks += 1
        time.sleep(0)
    worker.join()
    assert ticks > 50, f"{ticks} turns in {time.perf_counter() - started:.3f} s"


def test_two_plans_at_once_agree_with_one():
    alone, name = long_plan()
    alone.run()
    pair = [long_plan()[0] for _ in range(2)]
    workers = [threading.Thread(target=p.run) for p in pair]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for plan in pair:
        np.testing.assert_array_equal(plan.array(name), alone.array(name))


def test_one_plan_in_two_threads_is_refused():
    plan, _ = long_plan()
    worker = threading.Thread(target=plan.run)
    worker.start()
    time.sleep(0.01)
    try:
        if worker.is_alive():
            with pytest.raises(GraphError, match="another thread"):
                plan.run()
    finally:
        worker.join()


def test_the_number_of_threads_does_not_change_a_bit():
    before = execute.threads()
    try:
        results = []
        for count in (1, 2):
            execute.threads(count)
            plan, name = long_plan(steps=3)
            plan.run()
            results.append(plan.array(name).copy())
        np.testing.assert_array_equal(*results)
    finally:
        execute.threads(before)


def test_schedule_makes_ragged_batches_and_repeatable_orders():
    s = Schedule(50_000, 128, shuffle=False, seed=0)
    assert (s.batches, s.size(390)) == (391, 80)
    s = Schedule(1000, 128, shuffle=True, seed=3)
    assert (s.batches, s.size(7), s.size(8)) == (8, 104, 128)
    epoch = np.concatenate([s.rows(k) for k in range(8)])
    assert sorted(epoch) == list(range(1000))
    np.testing.assert_array_equal(epoch, epoch_order(1000, True, 3, 0))
    assert not np.array_equal(epoch, np.concatenate([s.rows(8 + k) for k in range(8)]))


# ---------------------------------------------------------------- batches of neighbouring rows


def weights_after(order, x, y, keep):
    model = small_models.Quadratic("float32")
    feeds = model.prepare_data(x, y, None)
    plan = Plan(model.step_list(4, feeds), keep=keep)
    for begin in (0, 3):
        plan.run_batches(feeds, order, begin, begin + 2)
    return model.w.numpy(), plan


@pytest.mark.parametrize("order", ["neighbours", "some", "none"])
def test_rows_read_where_they_lie_give_the_same_bits(order):
    x, y = small_models.data(20)
    rows = {"neighbours": np.arange(20), "none": np.arange(20)[::-1].copy()}.get(order, np.r_[4:12, 0:4, 19:11:-1])
    copied, read = (weights_after(rows.astype(np.int64), x, y, keep)[0] for keep in (True, False))
    np.testing.assert_array_equal(copied, read)


def test_inputs_that_are_targets_too_are_told_apart_afterwards():
    """Both feeds read the same memory while their rows are neighbours; then each has its own buffer again."""
    model = Sequential([layers.Input((3,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    feeds = model.prepare_data(x, x, None)
    assert len({id(a) if a.base is None else id(a.base) for a in feeds.values()}) <= 2
    plan = Plan(model.step_list(4, feeds))
    plan.run_batches(feeds, np.arange(8), 0, 2)
    name = plan.listing.targets[0]
    apart = {**feeds, name: x + 1}
    plan.run_batches(apart, np.array([7, 1, 5, 3], np.int64), 0, 1)
    np.testing.assert_array_equal(plan.array(name), x[[7, 1, 5, 3]] + 1)
    np.testing.assert_array_equal(plan.array(plan.listing.inputs[0]), x[[7, 1, 5, 3]])
    expected = np.square(plan.array(plan.listing.outputs[0]) - plan.array(name)).mean()
    assert float(plan.array(plan.listing.loss)) == pytest.approx(float(expected), rel=1e-5)


def test_an_output_that_is_the_input_is_there_to_be_read():
    with graph.Trace() as trace:
        x = trace.add_value("x", (2, 3), "float32", "input")
        y = ops.reshape(x, shape=(3, 2))
    plan = Plan(finish(trace, [x], outputs=[y]))
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    plan.run_batches({"x": rows}, np.arange(4), 1, 2)
    np.testing.assert_array_equal(plan.array(y.name).ravel(), rows[2:].ravel())
