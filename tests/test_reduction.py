"""Sums, means and maxima by hand; and large ones, whose rounding has to stay small."""

import numpy as np
import pytest

from fastnn import ops
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Variable
from fastnn.errors import ShapeError

X = [[1, 5, 2], [7, 7, 3]]


def gradient(op, x, upstream, **attrs):
    variable = Variable(np.asarray(x, np.float32))
    with GradientTape() as tape:
        y = op(variable, **attrs)
    return np.asarray(tape.gradient(y, [variable], output_gradients=np.asarray(upstream, np.float32))[0])


def test_sum():
    assert float(ops.sum(X)) == 25
    np.testing.assert_array_equal(ops.sum(X, axis=0), [8, 12, 5])
    np.testing.assert_array_equal(ops.sum(X, axis=1, keepdims=True), [[8], [17]])
    np.testing.assert_array_equal(gradient(ops.sum, X, [1, 2, 3], axis=0), [[1, 2, 3], [1, 2, 3]])


def test_mean():
    np.testing.assert_allclose(ops.mean(X), 25 / 6)
    np.testing.assert_array_equal(ops.mean(X, axis=0), [4, 6, 2.5])
    np.testing.assert_array_equal(gradient(ops.mean, X, [3, 6], axis=1), [[1, 1, 1], [2, 2, 2]])


def test_max_shares_the_gradient_of_ties():
    np.testing.assert_array_equal(ops.max(X, axis=1), [5, 7])
    np.testing.assert_array_equal(gradient(ops.max, X, [1, 4], axis=1), [[0, 1, 0], [2, 2, 0]])


def test_argmax_is_the_first():
    assert int(ops.argmax(X)) == 3
    result = np.asarray(ops.argmax(X, axis=1))
    assert result.dtype == np.int64
    np.testing.assert_array_equal(result, [1, 0])
    np.testing.assert_array_equal(ops.argmax(np.array([[1, np.nan, 3, np.nan]], "f"), axis=-1), [1])


def test_sum_and_count():
    np.testing.assert_array_equal(ops.sum_and_count(np.array([1, 2, 3], "f")), [6, 3])
    np.testing.assert_array_equal(ops.sum_and_count(np.array([1, 2, 3], "f"), np.array([0, 1, 2], "f")), [8, 3])
    np.testing.assert_array_equal(ops.sum_and_count(np.array(X, "f"), np.array([1, 2], "f")), [42, 9])


def test_accumulate_adds_in_order():
    big, small = np.float32(2**24), np.float32(1)
    np.testing.assert_array_equal(ops.accumulate([big], [small], [small], [-big]), [0])
    np.testing.assert_array_equal(ops.accumulate([small], [small], [big], [-big]), [2])


def test_integers_stay_integers():
    for op, expected in ((ops.sum, 25), (ops.max, 7)):
        result = np.asarray(op(np.array(X)))
        assert result.dtype == np.int64
        assert result == expected


def test_what_is_refused():
    with pytest.raises(ShapeError, match="expected axes of an array of rank 2, received 2"):
        ops.sum(X, axis=2)
    with pytest.raises(ShapeError, match="expected at least one number along axis 0"):
        ops.max(np.zeros((0, 3)), axis=0)
    with pytest.raises(ShapeError, match="expected each axis once"):
        ops.mean(X, axis=(0, -2))
    with pytest.raises(ShapeError, match="expected inputs of one shape"):
        ops.accumulate(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((1_000_003,), None),
        ((100_001, 10), 0),
        ((100_001, 10), 1),
        ((1500, 700), 0),
        ((1500, 700), 1),
        ((60, 5000), 0),
        ((17, 50, 50, 13), (1, 2)),
        ((17, 13, 50, 51), (0, 2, 3)),
        ((9, 8, 7, 6, 5, 41), (0, 2, 4)),
        ((9, 8, 7, 6, 5, 41), (1, 3, 5)),
    ],
)
def test_large_reductions(shape, axis):
    x = np.random.default_rng(0).uniform(0.5, 1.5, shape).astype("f")
    np.testing.assert_allclose(ops.sum(x, axis=axis), x.astype("d").sum(axis), rtol=2e-6)
    np.testing.assert_allclose(ops.mean(x, axis=axis), x.astype("d").mean(axis), rtol=2e-6)
    np.testing.assert_array_equal(ops.max(x, axis=axis), x.max(axis))
