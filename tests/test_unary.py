"""Functions of one number: rounding measured against float64, and the edges as NumPy has them."""

import math

import numpy as np
import pytest

from fastnn import ops
from fastnn.engine import execute
from fastnn.ops.table import find

# name: (lower and upper bound of x, most units in the last place)
ACCURACY = {
    "exp": (-80, 80, 2),
    "exp2": (-100, 100, 1),
    "expm1": (-15, 15, 3),
    "log": (1e-6, 1e6, 1.5),
    "log1p": (-0.999, 100, 3),
    "log2": (1e-6, 1e6, 1.5),
    "log10": (1e-6, 1e6, 2),
    "sqrt": (0, 1e6, 0.51),
    "rsqrt": (1e-3, 1e6, 1.6),
    "reciprocal": (-1e3, 1e3, 0.51),
    "sin": (-30, 30, 1),
    "cos": (-30, 30, 1),
    "tan": (-1.5, 1.5, 2),
    "arcsin": (-1, 1, 1.5),
    "arccos": (-1, 1, 1.5),
    "arctan": (-50, 50, 1.5),
    "sinh": (-20, 20, 2.5),
    "cosh": (-20, 20, 2),
    "arcsinh": (-100, 100, 2),
    "arccosh": (1.001, 100, 2.5),
    "arctanh": (-0.999, 0.999, 3),
    "erf": (-4, 4, 1.5),
    "erfinv": (-0.9999, 0.9999, 1),
    "softplus": (-80, 80, 4),
    "log_sigmoid": (-80, 80, 4),
    "tanh_shrink": (-3, 3, 3),
    "elu": (-15, 15, 3),
    "mish": (-20, 20, 8),
    "silu": (-80, 80, 4),
}
EDGE_NAMES = """floor ceil trunc rint sign sqrt exp exp2 expm1 log log1p log2 log10 sin cos tan arcsin arccos arctan
    sinh cosh arcsinh arccosh arctanh reciprocal absolute negative square"""
EDGES = np.array([-np.inf, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 2.5, np.inf, np.nan], np.float32)


@pytest.fixture(params=execute.isas())
def isa(request):
    before = execute.isa()
    execute.isa(request.param)
    yield request.param
    execute.isa(before)


@pytest.mark.parametrize("name", ACCURACY)
def test_rounding_in_units_in_the_last_place(name, isa):
    low, high, most = ACCURACY[name]
    x = np.random.default_rng(0).uniform(low, high, 20_000).astype("float32")
    x = x[np.abs(x) > 1e-4]
    exact = find(name).forward(x.astype("float64"), **find(name).complete({}))
    error = np.abs(find(name)(x).numpy().astype("float64") - exact) / np.spacing(np.abs(exact).astype("float32"))
    assert error.max() <= most, f"{error.max():.2f} ulp at {x[error.argmax()]}"


@pytest.mark.parametrize(
    "name",
    EDGE_NAMES.split(),
)
def test_edges_are_those_of_numpy(name, isa):
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(EDGES)
    actual = ops.round(EDGES) if name == "rint" else find(name)(EDGES)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7)


def test_round_to_decimals_and_tens(isa):
    np.testing.assert_allclose(ops.round([1.25, -1.35, 2.5], 1), [1.2, -1.4, 2.5], rtol=1e-6)
    np.testing.assert_array_equal(ops.round([14.0, 15.0, 25.0, -16.0], -1), [10, 20, 20, -20])
    np.testing.assert_array_equal(ops.round([0.5, 1.5, 2.5]), [0, 2, 2])


def test_clip_by_hand(isa):
    np.testing.assert_array_equal(ops.clip([-3.0, 0.5, 9.0, np.nan], -1, 2), [-1, 0.5, 2, np.nan])
    np.testing.assert_array_equal(ops.clip([-3.0, 9.0], 2, 1), [1, 1])  # as NumPy: the upper bound wins
    whole = ops.clip(np.array([-5, 3, 9]), -1, 4)
    assert whole.dtype == "int64"
    np.testing.assert_array_equal(whole, [-1, 3, 4])


def test_error_function_and_inverse():
    np.testing.assert_allclose(ops.erf([0.0, 0.5, -2.0]), [0, 0.5204999, -0.9953223], rtol=1e-6)
    np.testing.assert_array_equal(ops.erfinv([1.0, -1.0, 0.0]), [math.inf, -math.inf, 0])
    assert np.isnan(ops.erfinv([1.5]).numpy()).all()
    x = np.linspace(-3, 3, 25)
    np.testing.assert_allclose(find("erfinv").forward(find("erf").forward(x)), x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers_divide_as_in_numpy(dtype, isa):
    low = np.iinfo(dtype).min
    a = np.array([7, -7, 7, -7, 0, 5, low, low], dtype)
    b = np.array([2, 2, -2, -2, 3, 0, -1, 2], dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ops.floor_divide(a, b), np.floor_divide(a, b))
        np.testing.assert_array_equal(ops.mod(a, b), np.mod(a, b))
    np.testing.assert_array_equal(ops.absolute(a[:6]), np.abs(a[:6]))


def test_floats_divide_as_in_numpy(isa):
    numbers = [-np.inf, -7.5, -1, -0.1, -0.0, 0.0, 0.3, 1, 6, 1e30, np.inf, np.nan]
    a, b = (x.ravel() for x in np.meshgrid(numbers, numbers))
    a, b = a.astype("float32"), b.astype("float32")
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ops.mod(a, b), np.mod(a, b))
        np.testing.assert_array_equal(ops.floor_divide(a, b), np.floor_divide(a, b))
        np.testing.assert_allclose(ops.arctan2(a, b), np.arctan2(a, b), rtol=1e-6)
        np.testing.assert_allclose(ops.hypot(a, b), np.hypot(a, b), rtol=1e-6)
        np.testing.assert_allclose(ops.logaddexp(a, b), np.logaddexp(a, b), rtol=1e-6, atol=1e-7)
