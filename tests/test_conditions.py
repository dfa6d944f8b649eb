"""Conditions: they stop behind the very operation that a plain scan finds, and nowhere else."""

import json
from itertools import pairwise

import numpy as np
import pytest

import fastnn
from fastnn import presets
from fastnn.engine import measures
from fastnn.engine.breaking import run_until, stretches
from fastnn.engine.conditions import (
    KINDS,
    Accuracy,
    Epoch,
    GradientNorm,
    LossJump,
    NonFinite,
    SampleWrong,
    ZeroShare,
    from_json,
)
from fastnn.engine.stepper import Stepper


def stepper_of(name, rate=None, seed=0):
    preset = presets.get(name)
    model, (x, y) = preset.build(seed), preset.data()
    if rate is not None:
        model.optimizer.learning_rate = rate
    return Stepper(model, x, y, preset.batch_size, preset.shuffle, seed)


def scan(stepper, limit):
    """Position behind the first operation that writes something not finite: every operation, every result."""
    for _ in range(limit):
        step = stepper.next()
        for name in step.outputs:
            array = stepper.value(name)
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                return stepper.position
    return None


@pytest.mark.parametrize("name", ["xor", "housing", "digits-cnn", "wide-and-deep"])
def test_a_huge_learning_rate_stops_at_the_first_operation_that_a_plain_scan_finds(name):
    stepper = stepper_of(name, 1e6)
    hit = run_until(stepper, [NonFinite()], steps=60)
    scanned = stepper_of(name, 1e6)
    expected = scan(scanned, 61 * len(scanned.steps))
    assert (hit is None) is (expected is None)
    if hit is not None:
        assert stepper.position == expected
        assert stepper.steps[hit.done - 1].op.name in hit.message
        assert not np.isfinite(stepper.view(hit.name)[hit.index])


def test_going_on_after_a_stop_moves_on(monkeypatch):
    stepper = stepper_of("housing", 1e6)
    first = run_until(stepper, [NonFinite()], steps=60)
    position = stepper.position
    second = run_until(stepper, [NonFinite()], steps=60)
    assert (first.condition, second.condition) == (NonFinite(), NonFinite())
    assert stepper.position > position


def test_a_value_that_is_overwritten_within_the_step_is_seen():
    x = np.ones((4, 2), "float32")
    layer = fastnn.layers.Dense(1, kernel_constraint=fastnn.constraints.NonNeg(), name="fc")
    model = fastnn.Sequential([fastnn.layers.Input((2,)), layer])
    model.compile(fastnn.optimizers.SGD(1e38), "mse")
    stepper = Stepper(model, x, 1e8 * x[:, :1])
    listing = stepper.listing
    writers = [i for i, s in enumerate(listing.steps) if "fc.kernel" in s.outputs]
    cut = list(stretches(listing, 0, len(listing.steps)))
    assert len(writers) == 2
    assert writers[1] in [begin for begin, _ in cut]
    hit = run_until(stepper, [NonFinite()], steps=3)
    scanned = Stepper(model, x, 1e8 * x[:, :1])
    assert stepper.position == scan(scanned, 3 * len(scanned.steps))
    assert hit is not None


def test_conditions_leave_the_numbers_alone():
    watched, plain = stepper_of("digits-mlp"), stepper_of("digits-mlp")
    every = [NonFinite(), GradientNorm(1e9), ZeroShare(1.0), LossJump(1e9), Accuracy(2.0), SampleWrong(10**9)]
    assert run_until(watched, every, steps=30) is None
    plain.train(steps=30)
    assert watched.losses == plain.losses
    assert all(np.array_equal(watched.value(n), plain.value(n)) for n in plain.listing.values)


def test_gradient_norm_stops_before_the_update_and_is_the_norm():
    stepper = stepper_of("digits-mlp")
    hit = run_until(stepper, [GradientNorm(0.0)], steps=1)
    assert stepper.steps[stepper.index].phase == "update"
    gradients = [stepper.value(f"{n}.grad") for n, v in stepper.listing.values.items() if v.role == "parameter"]
    expected = np.sqrt(sum((g.astype("float64") ** 2).sum() for g in gradients))
    assert f"{expected:.6g}" in hit.message
    alone = measures.gradient_norm(stepper.listing, stepper.view, "hidden")
    assert 0 < alone < expected
    assert run_until(stepper_of("digits-mlp"), [GradientNorm(1e9, below=1e9)], steps=1) is not None


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 1e25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_norms_are_those_of_float64_for_numbers_of_any_size(size, dtype):
    cells = (np.random.default_rng(0).normal(size=(37, 999)) * size).astype(dtype)
    cells[3] = 0
    expected = np.sqrt((cells.astype("float64") ** 2).sum())
    assert measures.norm([cells[:20], cells[20:]]) == pytest.approx(expected, rel=1e-6)
    assert measures.norm([cells, np.array([np.nan], dtype)]) != measures.norm([cells])
    assert measures.norm([cells, np.array([-np.inf], dtype)]) == np.inf
    assert measures.norm([np.zeros(10_000, dtype)]) == 0


def test_zeros_of_an_activation_are_counted():
    stepper = stepper_of("digits-mlp")
    name = "hidden.relu"
    stepper.run_to("loss")
    share = float((stepper.value(name) == 0).mean())
    stepper.goto(0)
    assert run_until(stepper, [ZeroShare(share + 1e-6)], position=len(stepper.steps) - 1) is None
    stepper.goto(0)
    hit = run_until(stepper, [ZeroShare(share - 1e-6)], steps=1)
    assert (hit.name, stepper.steps[hit.done - 1].op.name) == (name, "relu")
    assert 0 <= measures.dead_share(stepper.view(name)) <= share


def test_a_loss_that_jumps_is_noticed_once_it_is_known():
    stepper = stepper_of("housing", 10.0)
    hit = run_until(stepper, [LossJump(3.0)], steps=200)
    losses = stepper.losses
    here = float(stepper.view(stepper.listing.loss))
    assert hit is not None
    assert here > 3 * losses[-1]
    assert all(b <= 3 * a for a, b in pairwise(losses))


def test_accuracy_and_a_wrong_sample():
    stepper = stepper_of("digits-mlp")
    run_until(stepper, [Accuracy(0.75)], steps=200)
    batch = measures.accuracy(stepper.listing, stepper.view)
    assert batch >= 0.75
    fresh = stepper_of("digits-mlp")
    fresh.run_to("backward")
    index, name = measures.rightness(fresh.listing)
    right = fresh.value(name)
    wrong = int(fresh.sample_indices[np.flatnonzero(right == 0)[0]])
    good = int(fresh.sample_indices[np.flatnonzero(right == 1)[0]]) if right.any() else None
    fresh.goto(0)
    hit = run_until(fresh, [SampleWrong(wrong)], steps=1)
    assert (hit.done, fresh.index) == (index + 1, index + 1)
    if good is not None:
        fresh.goto(0)
        assert run_until(fresh, [SampleWrong(good)], steps=1) is None


def test_an_epoch_stops_the_run_where_it_begins_and_once():
    stepper = stepper_of("xor")
    hit = run_until(stepper, [Epoch(3)], steps=100)
    assert (stepper.training_step, stepper.index, stepper.at_end) == (2 * stepper.schedule.batches, 0, True)
    assert "Epoch 3" in hit.message
    assert run_until(stepper, [Epoch(3)], steps=5) is None


def test_the_first_of_several_conditions_wins():
    stepper = stepper_of("digits-mlp")
    hit = run_until(stepper, [GradientNorm(0.0), ZeroShare(0.0)], steps=1)
    assert isinstance(hit.condition, ZeroShare)


def test_a_position_limits_the_run_within_a_training_step():
    stepper = stepper_of("xor")
    assert run_until(stepper, [NonFinite()], position=2 * len(stepper.steps) + 5) is None
    assert stepper.position == 2 * len(stepper.steps) + 5
    with pytest.raises(ValueError, match="conditions"):
        run_until(stepper, [])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_conditions_are_written_and_read(kind):
    condition = kind()
    assert from_json(json.loads(json.dumps(condition.to_json()))) == condition
    assert condition.label
    assert condition.title
    assert from_json(GradientNorm(np.inf, 1.0).to_json()) == GradientNorm(np.inf, 1.0)


@pytest.mark.parametrize(
    "record",
    [{}, None, 3, {"kind": "Other"}, {"kind": "Epoch", "number": "2"}, {"kind": "Epoch", "x": 1},
     {"kind": "LossJump", "factor": True}, {"kind": "LossJump", "factor": [1]}],
)  # fmt: skip
def test_other_records_are_refused(record):
    with pytest.raises(ValueError, match="Expected"):
        from_json(record)


def test_what_a_network_lacks_is_said():
    linear = stepper_of("linear-example").listing
    assert "relu" in ZeroShare().missing(linear)
    assert "accuracy" in Accuracy().missing(linear)
    assert NonFinite().missing(linear) == ""
    assert measures.accuracy(linear, lambda name: None) != measures.accuracy(linear, lambda name: None)


def test_ratios_and_learning_rate_are_those_of_the_values():
    stepper = stepper_of("digits-mlp")
    stepper.finish_step()
    ratios = measures.update_ratios(stepper.listing, stepper.view)
    assert list(ratios) == ["hidden", "output"]
    pair = [
        np.concatenate([stepper.value(f"hidden.{n}{end}").ravel() for n in ("kernel", "bias")]) for end in (".grad", "")
    ]
    assert ratios["hidden"] == pytest.approx(np.linalg.norm(pair[0]) / np.linalg.norm(pair[1]), rel=1e-6)
    assert measures.learning_rate(stepper.listing, stepper.view) == pytest.approx(3e-3, rel=1e-6)


def test_sums_that_overflow_are_not_mistaken_for_infinity():
    big = np.full(4, 3e38, "float32")
    assert not measures.has_nonfinite(big)
    assert measures.has_nonfinite(np.array([np.inf, -np.inf], "float32"))
    assert not measures.has_nonfinite(np.zeros(0, "float32"))
    assert not measures.has_nonfinite(np.array([1, 2]))
