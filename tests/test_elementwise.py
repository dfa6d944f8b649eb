"""Arithmetic by hand: numbers that were worked out on paper."""

import numpy as np
import pytest

from fastnn import ops
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Variable
from fastnn.errors import ShapeError


def gradients(op, *inputs, upstream=None):
    """The op's result and the gradients of its inputs."""
    variables = [Variable(np.asarray(x, np.float32)) for x in inputs]
    with GradientTape() as tape:
        y = op(*variables)
    d = np.ones(y.shape, np.float32) if upstream is None else np.asarray(upstream, np.float32)
    return np.asarray(y), [np.asarray(g) for g in tape.gradient(y, variables, output_gradients=d)]


def test_add_a_row():
    y, (da, db) = gradients(ops.add, [[1, 2], [3, 4]], [10, 20], upstream=[[1, 2], [3, 4]])
    np.testing.assert_array_equal(y, [[11, 22], [13, 24]])
    np.testing.assert_array_equal(da, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(db, [4, 6])


def test_subtract_a_column():
    y, (da, db) = gradients(ops.subtract, [[1, 2], [3, 4]], [[1], [2]], upstream=[[1, 2], [3, 4]])
    np.testing.assert_array_equal(y, [[0, 1], [1, 2]])
    np.testing.assert_array_equal(da, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(db, [[-3], [-7]])


def test_multiply_by_one_number():
    y, (da, db) = gradients(ops.multiply, [[1, 2], [3, 4]], 3)
    np.testing.assert_array_equal(y, [[3, 6], [9, 12]])
    np.testing.assert_array_equal(da, [[3, 3], [3, 3]])
    np.testing.assert_array_equal(db, 10)


def test_divide():
    y, (da, db) = gradients(ops.divide, [1, 6], [2, 4])
    np.testing.assert_array_equal(y, [0.5, 1.5])
    np.testing.assert_array_equal(da, [0.5, 0.25])
    np.testing.assert_array_equal(db, [-0.25, -0.375])


@pytest.mark.parametrize(("op", "expected"), [(ops.maximum, [2, 5, 4]), (ops.minimum, [1, 3, 4])])
def test_a_tie_counts_as_the_first_input(op, expected):
    y, (da, db) = gradients(op, [1, 5, 4], [2, 3, 4])
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(da, [0, 1, 1] if op is ops.maximum else [1, 0, 1])
    np.testing.assert_array_equal(db, [1, 0, 0] if op is ops.maximum else [0, 1, 0])


def test_power():
    y, (da, db) = gradients(ops.power, [2, 3, -2, 0], [3, 2, 2, 2])
    np.testing.assert_allclose(y, [8, 9, 4, 0])
    np.testing.assert_allclose(da, [12, 6, -4, 0])
    np.testing.assert_allclose(db, [8 * 0.6931472, 9 * 1.0986123, 0, 0], rtol=1e-6)


def test_power_of_anything_as_numpy_has_it():
    a = np.array([0, -0.0, 1, -1, 2, -2, 0.5, 1e-40, 3e38, np.inf, -np.inf, np.nan], np.float32)
    b = np.array([0, 1, -1, 2, -2, 3, 0.5, -0.5, 200, -200, np.inf, -np.inf, np.nan], np.float32)
    x, z = np.meshgrid(a, b)
    with np.errstate(all="ignore"):
        expected = np.power(x, z)
    np.testing.assert_allclose(ops.power(x, z), expected, rtol=2e-7)


def test_power_is_rounded_well():
    rng = np.random.default_rng(0)
    x, z = np.exp(rng.uniform(-20, 20, 100_000)).astype("f"), rng.uniform(-4, 4, 100_000).astype("f")
    exact = np.power(x.astype("d"), z.astype("d"))
    assert np.abs(np.asarray(ops.power(x, z)) / exact - 1).max() < 6.1e-8


@pytest.mark.parametrize(
    ("op", "x", "y", "dx"),
    [
        (ops.negative, [1, -2], [-1, 2], [-1, -1]),
        (ops.absolute, [3, -2, 0], [3, 2, 0], [1, -1, 0]),
        (ops.square, [3, -2], [9, 4], [6, -4]),
        (ops.sqrt, [4, 0.25], [2, 0.5], [0.25, 1]),
        (ops.exp, [0, 1], [1, 2.7182817], [1, 2.7182817]),
        (ops.log, [1, 2.7182817], [0, 1], [1, 0.36787945]),
        (ops.reciprocal, [2, -4], [0.5, -0.25], [-0.25, -0.0625]),
    ],
)
def test_unary(op, x, y, dx):
    result, (gradient,) = gradients(op, x)
    np.testing.assert_allclose(result, y, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gradient, dx, rtol=1e-6)


@pytest.mark.parametrize("op", [ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum], ids=lambda op: op.name)
def test_integers_stay_integers(op):
    result = np.asarray(op(np.array([7, 2]), np.array([3, 9])))
    assert result.dtype == np.int64
    np.testing.assert_array_equal(result, getattr(np, op.name)([7, 2], [3, 9]))


def test_division_makes_floats_of_integers():
    result = np.asarray(ops.divide(np.array([1, 3]), np.array([2, 2])))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, [0.5, 1.5])


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ShapeError, match=r"add: expected shapes that broadcast.*a is \(2, 3\), b is \(2,\)"):
        ops.add(np.ones((2, 3)), np.ones(2))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((300, 700), (700,)),
        ((300, 700), (300, 1)),
        ((500, 3000), (3000,)),
        ((40, 50, 60), (50, 1)),
        ((40, 1, 60), (50, 1)),
        ((200_000, 3), (3,)),
        ((700_000,), ()),
        ((8, 1, 9, 1, 40), (7, 1, 10, 1)),
    ],
)
def test_large_broadcasts(a, b):
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=a).astype("f"), rng.uniform(0.5, 2, b).astype("f")
    upstream = rng.normal(size=np.broadcast_shapes(a, b)).astype("f")
    y, (da, db) = gradients(ops.multiply, x, z, upstream=upstream)
    np.testing.assert_array_equal(y, x * z)
    exact = ops.multiply.backward(upstream.astype("d"), x.astype("d"), z.astype("d"), shapes=(a, b))
    for actual, expected in zip((da, db), exact, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6 * np.sqrt(upstream.size / expected.size) * 8)
