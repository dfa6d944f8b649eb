"""The vectorised exp, log, tanh and logistic function against float64, in units in the last place."""

import numpy as np
import pytest

from fastnn.engine import execute
from fastnn.ops.table import find

TINY = float(np.finfo(np.float32).smallest_subnormal)


@pytest.fixture(params=execute.isas())
def isa(request):
    before = execute.isa()
    execute.isa(request.param)
    yield request.param
    execute.isa(before)


def kernel(name, x):
    y = np.empty_like(x)
    execute.run_kernel(find(name), False, [x], [y], {})
    return y


def floats_between(low, high, count=100_000):
    """Floats spread evenly over the bit patterns from low to high (both positive)."""
    first, last = np.array([low, high], np.float32).view(np.int32)
    return np.unique(np.linspace(first, last, count).astype(np.int32)).view(np.float32)


def worst_error(actual, exact):
    spacing = np.maximum(np.abs(np.spacing(exact.astype(np.float32))).astype(np.float64), TINY)
    return (np.abs(actual.astype(np.float64) - exact) / spacing).max()


def logistic(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("name", "exact", "low", "high", "sign", "bound"),
    [
        ("exp", np.exp, 1e-30, 88.7, 1, 1.5),
        ("exp", np.exp, 1e-30, 86.9, -1, 1.5),
        ("log", np.log, 1e-45, 3e38, 1, 1.0),
        ("log", np.log, 0.5, 2.0, 1, 1.0),
        ("tanh", np.tanh, 1e-30, 20.0, 1, 2.5),
        ("tanh", np.tanh, 0.3, 1.0, -1, 1.5),
        ("sigmoid", logistic, 1e-30, 30.0, 1, 2.5),
        ("sigmoid", logistic, 1e-30, 87.0, -1, 2.5),
        ("softplus", lambda x: np.logaddexp(0, x), 1e-30, 1e4, 1, 2.0),
        ("softplus", lambda x: np.logaddexp(0, x), 1e-30, 86.0, -1, 2.0),
        ("exp2", np.exp2, 1e-30, 127.9, 1, 1.5),
        ("exp2", np.exp2, 1e-30, 125.4, -1, 1.5),
        ("log2", np.log2, 1e-45, 3e38, 1, 2.0),
        ("sinh", np.sinh, 1e-30, 89.4, -1, 3.0),
        ("cosh", np.cosh, 1e-30, 89.4, 1, 3.0),
        ("log1p", np.log1p, 1e-30, 3e38, 1, 2.5),
    ],
)
def test_error_is_as_stated(isa, name, exact, low, high, sign, bound):
    x = sign * floats_between(low, high)
    assert worst_error(kernel(name, x), exact(x.astype(np.float64))) <= bound


def test_limits(isa):
    x = np.array([np.inf, -np.inf, np.nan, 0, 200, -200], np.float32)
    np.testing.assert_array_equal(kernel("exp", x), np.array([np.inf, 0, np.nan, 1, np.inf, 0], np.float32))
    np.testing.assert_array_equal(kernel("tanh", x), np.array([1, -1, np.nan, 0, 1, -1], np.float32))
    np.testing.assert_array_equal(kernel("sigmoid", x), np.array([1, 0, np.nan, 0.5, 1, 0], np.float32))
    x = np.array([np.inf, -1, np.nan, 0, 1, -np.inf, -1e-45], np.float32)
    expected = np.array([np.inf, np.nan, np.nan, -np.inf, 0, np.nan, np.nan], np.float32)
    np.testing.assert_array_equal(kernel("log", x), expected)
