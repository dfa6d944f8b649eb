"""Dropout: what it drops depends on seed, step and element, and on nothing else."""

from functools import partial

import numpy as np
import pytest

from fastnn import ops
from fastnn.engine import execute
from fastnn.errors import GraphError, ShapeError
from fastnn.ops.random import GOLDEN, MASK, mixed, random_bits, uniform
from tests.op_results import DTYPES, gradients, run


def mask(shape, step=0, **attrs):
    return run("dropout", np.ones(shape), step, **attrs)["mask"]


def test_the_generator_is_splitmix():
    """The first outputs of SplitMix64 from 1234567, as published with the generator."""
    words = [mixed((1234567 + k * GOLDEN) & MASK) for k in (1, 2, 3)]
    assert words == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_one_number_and_many_agree():
    bits = random_bits(7, 3, 9)
    assert [uniform(7, 3, k) for k in range(9)] == list(bits / 2**32)


@pytest.mark.parametrize("dtype", DTYPES)
def test_kept_cells_are_scaled_and_others_are_zero(dtype):
    x = np.arange(1, 13).reshape(3, 4)
    found = run("dropout", x, 5, rate=0.75, seed=1, dtype=dtype)
    np.testing.assert_array_equal(found["y"], np.where(found["mask"] == 1, 4 * x, 0))
    np.testing.assert_array_equal(
        gradients("dropout", x, 5, upstream=x, rate=0.75, seed=1, dtype=dtype)["x"], found["y"]
    )


@pytest.mark.parametrize("size", [1, 2, 255, 257, 16385, 40000])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.999, 1.0])
def test_kernel_and_reference_drop_the_same_cells(size, rate):
    attrs, before = {"seed": 2**53, "rate": rate}, execute.isa()
    expected = run("dropout", np.ones(size), 2**40, dtype="float64", **attrs)["mask"]
    for isa in execute.isas():
        execute.isa(isa)
        found = mask(size, step=2**40, **attrs)
        execute.isa(before)
        np.testing.assert_array_equal(found, expected, err_msg=isa)


def test_the_same_step_drops_the_same_cells_whatever_the_threads():
    before = execute.threads()
    masks = []
    for count in (1, 2):
        execute.threads(count)
        masks.append(mask((1000, 700), step=9))
    execute.threads(before)
    np.testing.assert_array_equal(*masks)


def test_a_cell_does_not_depend_on_the_size():
    np.testing.assert_array_equal(mask(1000, step=4)[:77], mask(77, step=4))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_the_share_that_is_dropped(rate):
    dropped = 1 - mask(200_000, rate=rate, seed=3).mean()
    assert abs(dropped - rate) < 5 * np.sqrt(rate * (1 - rate) / 200_000)


SIZE = 100_000


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"step": 0}, {"step": 1}),
        ({"step": 6}, {"step": 7}),
        ({"seed": 0}, {"seed": 1}),
        ({"seed": 0, "step": 1}, {"seed": 1, "step": 0}),
        ({"seed": 2**53}, {"seed": 2**53 - 1}),
    ],
)
@pytest.mark.parametrize("shift", [0, 1, 2, 7])
def test_seeds_and_steps_are_independent(first, second, shift):
    a, b = (mask(SIZE, **kind).astype(float) * 2 - 1 for kind in (first, second))
    correlation = (a[shift:] * b[: SIZE - shift]).mean()
    assert abs(correlation) < 5 / np.sqrt(SIZE)


@pytest.mark.parametrize("shift", [1, 2, 3, 64, 1000])
def test_neighbours_are_independent(shift):
    a = mask(SIZE).astype(float) * 2 - 1
    assert abs((a[shift:] * a[:-shift]).mean()) < 5 / np.sqrt(SIZE)


def test_numbers_are_uniform():
    counts = np.histogram(random_bits(11, 5, 160_000) / 2**32, bins=16, range=(0, 1))[0]
    chi_square = ((counts - 10_000) ** 2 / 10_000).sum()
    assert 2 < chi_square < 45  # 15 degrees of freedom: both ends are rarer than one in ten thousand


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_ends_of_the_range(dtype):
    x = np.array([1.5, -2.0, np.inf])
    np.testing.assert_array_equal(run("dropout", x, 0, rate=0.0, dtype=dtype)["y"], x)
    np.testing.assert_array_equal(run("dropout", x, 0, rate=1.0, dtype=dtype)["y"], [0, 0, 0])
    np.testing.assert_array_equal(gradients("dropout", x, 0, rate=1.0, dtype=dtype)["x"], [0, 0, 0])


@pytest.mark.parametrize(
    ("attrs", "message"),
    [
        ({"rate": 1.5}, "expected a rate from 0 to 1, received 1.5"),
        ({"rate": -0.1}, "expected a rate from 0 to 1"),
        ({"seed": -1}, "expected a whole-numbered seed from 0 to 2"),
        ({"seed": 2**53 + 1}, "expected a whole-numbered seed"),
        ({"seed": 0.5}, "expected seed to be a whole number"),
    ],
)
def test_rates_and_seeds_out_of_range_are_refused(attrs, message):
    with pytest.raises(GraphError, match=message) as caught:
        run("dropout", np.ones(3), 0, **attrs)
    assert isinstance(caught.value, ValueError)


def test_a_step_for_every_cell_is_refused():
    with pytest.raises(ShapeError, match=r"expected step to be one number, shape \(\), received shape \(3,\)"):
        run("dropout", np.ones(3), [0, 1, 2])


@pytest.mark.parametrize("first", [0, 1, 2, 7, 255, 256, 257, 16_383, 2**40 + 1])
@pytest.mark.parametrize("size", [1, 3, 600, 17_000])
def test_a_part_of_the_cells_has_the_numbers_of_the_whole(first, size):
    before = min(first, 300)
    drop = partial(ops.dropout, rate=0.4, seed=5)
    draw = partial(ops.random_normal, seed=5)
    whole = drop(np.ones(before + size, np.float32), np.int64(3), start=first - before).numpy()[before:]
    np.testing.assert_array_equal(drop(np.ones(size, np.float32), np.int64(3), start=first).numpy(), whole)
    whole = draw(np.int64(3), shape=(before + size,), start=first - before).numpy()[before:]
    np.testing.assert_array_equal(draw(np.int64(3), shape=(size,), start=first).numpy(), whole)
