"""Reductions by hand and beside NumPy; and large ones, whose rounding has to stay small."""

import math

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


def value_and_gradient(op, x):
    """The result, and the gradient of the sum of its cells."""
    return np.asarray(op(x)), gradient(op, x, np.ones(np.shape(op(x))))


REDUCED = np.random.default_rng(4).normal(size=(3, 4, 5)).astype("float32")


@pytest.mark.parametrize("name", ["min", "max", "sum", "prod", "mean", "var", "std", "any", "all", "count_nonzero"])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), [1]])
def test_reductions_are_those_of_numpy(name, axis):
    named = tuple(axis) if isinstance(axis, list) else axis
    kwargs = {} if name == "count_nonzero" else {"keepdims": True}
    for data in (
        REDUCED,
        np.round(REDUCED * 2).astype("int32"),
        REDUCED > 0.3,
        np.round(REDUCED).clip(0).astype("uint8"),
    ):
        if name == "prod" and data.dtype == np.uint8:
            continue  # NumPy computes in 64 bits, this in 32
        expected = getattr(np, name)(data, axis=named, **kwargs)
        actual = getattr(ops, name)(data, axis=axis, **kwargs)
        np.testing.assert_allclose(actual, np.asarray(expected, actual.dtype), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["min", "max", "sum", "prod", "mean", "var", "std", "logsumexp", "cumsum", "cumprod"])
def test_nan_and_infinity_spread_as_in_numpy(name):
    rows = np.array([[1, np.nan, 2], [np.inf, 1, 2], [-np.inf, 0, 1], [np.inf, -np.inf, 1], [0, -0.0, np.inf]], "f")
    reference = {"logsumexp": lambda x, axis: np.logaddexp.reduce(x, axis)}.get(name) or getattr(np, name)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(getattr(ops, name)(rows, axis=1), reference(rows, axis=1), rtol=1e-6)


def test_argmin_takes_the_first_and_nan_before_all():
    x = np.array([[3, 1, 1], [2, np.nan, 0], [np.inf, np.inf, np.inf]], "f")
    np.testing.assert_array_equal(ops.argmin(x, axis=1), [1, 1, 0])
    np.testing.assert_array_equal(ops.argmin(np.array([4, 2, 2])), 1)


def test_logsumexp_by_hand():
    y, dx = value_and_gradient(ops.logsumexp, [0.0, math.log(3.0)])
    np.testing.assert_allclose(y, math.log(4), rtol=1e-6)
    np.testing.assert_allclose(dx, [0.25, 0.75], rtol=1e-6)
    np.testing.assert_allclose(ops.logsumexp([1000.0, 1000.0]), 1000 + math.log(2), rtol=1e-7)
    assert float(ops.logsumexp([-np.inf, -np.inf])) == -np.inf


@pytest.mark.parametrize(
    ("x", "dx"), [([2.0, 3.0, 4.0], [12, 8, 6]), ([2.0, 0.0, 4.0], [0, 8, 0]), ([0.0, 0.0, 4.0], [0, 0, 0])]
)
def test_the_gradient_of_a_product_with_zeros(x, dx):
    y, found = value_and_gradient(ops.prod, x)
    assert float(y) == np.prod(x)
    np.testing.assert_array_equal(found, dx)


def test_cumulative_by_hand():
    y, dx = value_and_gradient(ops.cumsum, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(y, [1, 3, 6])
    np.testing.assert_array_equal(dx, [3, 2, 1])
    y, dx = value_and_gradient(ops.cumprod, [2.0, 0.0, 3.0])
    np.testing.assert_array_equal(y, [2, 0, 0])
    np.testing.assert_array_equal(dx, [1, 8, 0])  # 1 + 0 + 0, 2 + 2 * 3, 2 * 0
    np.testing.assert_array_equal(ops.cumsum(np.array([[1, 2], [3, 4]], "uint8"), axis=0), [[1, 2], [4, 6]])
    assert ops.cumsum([True, True], dtype="float32").dtype == "float32"


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("order", [None, 0, 1, 2, 3, -1, np.inf, -np.inf])
def test_norms_of_vectors_are_those_of_numpy(axis, order):
    x = REDUCED[0] if axis is not None else REDUCED[0, 0]
    expected = np.linalg.norm(x, order, axis, keepdims=True)
    np.testing.assert_allclose(ops.norm(x, order, axis, keepdims=True), expected, rtol=1e-5)


@pytest.mark.parametrize("order", [None, "fro", 1, -1, np.inf, -np.inf])
def test_norms_of_matrices_are_those_of_numpy(order):
    for axes in ((0, 1), (1, 2), (2, 0), (-1, 0)):
        expected = np.linalg.norm(REDUCED, order, axes)
        np.testing.assert_allclose(ops.norm(REDUCED, order, axes), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"ord to be 'fro', 1, -1, inf or -inf"):
        ops.norm(REDUCED, "nuc", (0, 1))
    with pytest.raises(ValueError, match="one axis or two"):
        ops.norm(REDUCED, 1)
