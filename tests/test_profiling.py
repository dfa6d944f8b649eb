"""How long rows take: measured on whole passes over copies, so that numbers and the model are what they would be."""

import signal
import threading
import time

import numpy as np
import pytest

import fastnn
from fastnn import config, layers
from fastnn.engine.peak import Peak
from fastnn.engine.profiling import copy_of, fill, profile
from fastnn.errors import KernelError, ShapeError

MACHINE = Peak(100e9, 10e9, "avx2", 2, "a processor")


def network(units=16, batch=32, inputs=20):
    fastnn.utils.set_random_seed(3)
    stack = [layers.Dense(units, "relu"), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(3, "softmax")]
    model = fastnn.Sequential([layers.Input((inputs,)), *stack])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(batch, inputs)).astype("float32"), rng.integers(0, 3, batch)


def state(model):
    return [v.value.copy() for v in model.variables_of_training()]


def test_the_model_stays_as_it_is():
    model, x, y = network()
    before = state(model)
    found = model.plan().profile(x, y, repeats=3, machine=MACHINE)
    for a, b in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert found.seconds.shape == (3, len(found.rows))
    assert len(found.whole) == 3


@pytest.mark.parametrize("engine", ["c", "numpy"])
def test_timed_passes_leave_the_same_numbers_as_passes_in_one_go(engine):
    before = config.engine()
    config.engine(engine)
    try:
        model, x, y = network()
        feeds = model.prepare_data(x, y)
        listing = model.step_list(32, feeds)
        plans = []
        for timed in (True, False):
            plan = copy_of(listing)
            fill(plan, feeds)
            for _ in range(4):
                assert plan.run_timed().min() >= 0 if timed else plan.run() is None
            plans.append(plan)
        for name in {n for row in plans[0].program.rows for n in row.writes} - plans[0].program.hidden:
            np.testing.assert_array_equal(plans[0].array(name), plans[1].array(name), err_msg=name)
    finally:
        config.engine(before)


def test_rows_are_all_timed_and_add_up_to_about_the_whole():
    model, x, y = network(units=512, batch=256, inputs=512)
    found = model.plan(256).profile(x, y, repeats=15, machine=MACHINE)
    assert [t.line for t in found.rows] == list(found.description.rows)
    assert all(0 <= t.best <= t.median for t in found.rows)
    assert sum(t.share for t in found.rows) == pytest.approx(1)
    assert 0.2 < sum(t.best for t in found.rows) / found.whole.min() < 2
    slow = {t.line.work.split(" ")[0] for t in found.ordered("time")[:2]}
    assert slow <= {"dense", "adam"}
    times = [t.best for t in found.ordered("time")]
    assert times == sorted(times, reverse=True)
    assert found.ordered("run") == found.rows


def test_rates_and_shares_are_those_of_the_work():
    model, x, y = network()
    found = model.plan().profile(x, y, repeats=2, machine=MACHINE)
    for t in found.rows:
        if t.best:
            assert t.flops == t.line.flops / t.best
            assert t.bandwidth == t.line.bytes / t.best
            assert t.peak == pytest.approx(max(t.flops / 100e9, t.bandwidth / 10e9))


def test_the_tables_name_rows_and_machine():
    model, x, y = network()
    found = model.plan().profile(x, y, repeats=2, machine=MACHINE)
    for text in (str(found), found.text(by="time")):
        assert "dense + relu" in text
        assert "a processor: 100 GFLOP/s (avx2, threads: 2), 10.0 GB/s" in text
        assert "Whole pass: best" in text
    assert str(found) != found.text("time") or found.rows == found.ordered("time")
    with pytest.raises(ValueError, match="Expected by to be one of"):
        found.text("size")


def test_the_plan_of_given_data_is_profiled_on_it():
    model, x, y = network()
    assert model.plan(x=x, y=y).profile(repeats=1, machine=MACHINE).rows
    predicting = model.plan(16, training=None, x=x)
    assert {t.line.phase for t in predicting.profile(repeats=1, machine=MACHINE).rows} == {"forward"}
    assert predicting.profile(repeats=1).machine.flops > 1e6


def test_data_that_do_not_fit_are_refused():
    model, x, y = network()
    plan = model.plan()
    with pytest.raises(ValueError, match=r"Expected x to run the plan .* Received: None"):
        plan.profile()
    with pytest.raises(ValueError, match=r"Expected data for \['y_true'\]"):
        plan.profile(x)
    with pytest.raises(ShapeError, match="at least 32 rows"):
        plan.profile(x[:5], y[:5])
    for repeats in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="repeats"):
            plan.profile(x, y, repeats=repeats)


def test_a_kernel_that_fails_is_named_and_the_plan_can_be_run_again():
    model, x, y = network()
    feeds = model.prepare_data(x, y)
    plan = copy_of(model.plan().plan.listing)
    fill(plan, {**feeds, "y_true": np.full(32, 7, np.int32)})
    with pytest.raises(KernelError, match=r"sparse_softmax_cross_entropy.*labels"):
        plan.run_timed()
    fill(plan, feeds)
    assert len(plan.run_timed()) == len(plan.program.rows)


def test_who_is_told_can_stop():
    model, x, y = network()
    heard = []
    found = profile(
        copy_of(model.plan().plan.listing), model.prepare_data(x, y), 50, MACHINE, lambda k: heard.append(k) or k < 4
    )
    assert heard == [1, 2, 3, 4]
    assert len(found.whole) == 4


def test_ctrl_c_ends_a_profile(interruptible):
    model, x, y = network(units=512, batch=256, inputs=512)
    plan = model.plan(256)
    before = state(model)
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        plan.profile(x, y, repeats=1_000_000, machine=MACHINE)
    timer.join()
    assert time.perf_counter() - started < 10
    for a, b in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert plan.profile(x, y, repeats=1, machine=MACHINE).rows
