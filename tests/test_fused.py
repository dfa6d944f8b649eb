"""Kernels that do several operations in one pass give the bits of the operations one after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnn.engine import execute
from fastnn.ops.table import find
from tests.kernel_checks import ISAS, machine

EPSILON = 1e-3


def run(name, backward, inputs, outputs, attrs=()):
    """Call a kernel; outputs given as shapes are made, and returned."""
    made = [np.full(o, 99, np.float32) if isinstance(o, tuple) else o for o in outputs]
    execute.compiled.call(name, backward, inputs, made, list(attrs))
    return made


class Normalized:
    """One batch normalization with data, by single operations and fused."""

    def __init__(self, shape, residual, relu, seed=0):
        rng = np.random.default_rng(seed)
        self.shape, self.channels, self.relu = shape, shape[-1:], relu
        self.x = (rng.normal(size=shape) * 3 + rng.normal(size=shape[-1]) * 5).astype(np.float32)
        self.dy = rng.normal(size=shape).astype(np.float32)
        self.gamma, self.beta = rng.normal(size=(2, shape[-1])).astype(np.float32)
        self.residual = rng.normal(size=shape).astype(np.float32) if residual else None
        self.axes = tuple(range(len(shape) - 1))

    def chain(self):
        beside = (1,) * len(self.axes) + self.channels
        gamma, beta = self.gamma.reshape(beside), self.beta.reshape(beside)
        settings = (self.axes, EPSILON)
        xhat, *statistics = run("standardize", False, [self.x], [self.shape, *[self.channels] * 3], settings)
        (y,) = run("multiply", False, [xhat, gamma], [self.shape])
        (y,) = run("add", False, [y, beta], [self.shape])
        if self.residual is not None:
            (y,) = run("add", False, [y, self.residual], [self.shape])
        dz = self.dy
        if self.relu:
            (y,) = run("relu", False, [y], [self.shape])
            (dz,) = run("relu", True, [dz, y], [self.shape])
        through, dbeta = run("add", True, [dz], [self.shape, beside])
        dxhat, dgamma = run("multiply", True, [through, xhat, gamma], [self.shape, beside])
        zero = np.zeros(self.channels, np.float32)
        dx, _, _ = run(
            "standardize", True, [dxhat, zero, zero, xhat, statistics[2]], [self.shape, *[self.channels] * 2], settings
        )
        return [y, *statistics, dx, dgamma.ravel(), dbeta.ravel(), dz]

    def fused(self):
        inputs, settings = [self.x, self.gamma, self.beta, self.residual], (EPSILON, self.relu)
        y, mean, variance, inverse = results = run(
            "fused_batch_norm", False, inputs, [self.shape, *[self.channels] * 3], settings
        )
        assert np.isfinite(variance).all()
        kept = y if self.residual is not None else None
        saved = [self.x, mean, inverse, self.gamma, self.beta, kept, None, None]
        places = [self.shape, *[self.channels] * 2, self.shape]
        grads = run("fused_batch_norm", True, [self.dy, *saved], places, settings)
        without = run("fused_batch_norm", True, [self.dy, *saved], [*places[:3], None], settings)
        for a, b in zip(grads, without[:3], strict=False):
            np.testing.assert_array_equal(a, b)
        return [*results, *grads]

    def check(self):
        for threads in (1, 2, 3, 7):
            with machine(threads=threads):
                for one, other in zip(self.chain(), self.fused(), strict=True):
                    np.testing.assert_array_equal(one, other)


BLOCKS = [(5, 3), (128, 300), (7, 9, 11, 6), (1, 4), (33, 17, 2), (3, 5, 5, 129), (4000, 3), (9, 1000), (9, 40, 40, 16)]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("residual", [False, True])
def test_batch_normalization_has_the_bits_of_its_steps(isa, relu, residual):
    with machine(isa):
        for shape in BLOCKS:
            Normalized(shape, residual, relu).check()


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(1, 70),
    width=st.integers(1, 30),
    channels=st.integers(2, 140),
    isa=st.sampled_from(ISAS),
    residual=st.booleans(),
    relu=st.booleans(),
)
def test_so_it_has_of_any_shape(rows, width, channels, isa, residual, relu):
    with machine(isa):
        Normalized((rows, width, channels), residual, relu, seed=rows).check()


@pytest.mark.parametrize("isa", ISAS)
def test_without_gamma_and_beta_it_standardizes(isa):
    with machine(isa):
        block = Normalized((40, 5, 7), False, False)
        expected = run("standardize", False, [block.x], [block.shape, *[(7,)] * 3], ((0, 1), EPSILON))
        found = run(
            "fused_batch_norm", False, [block.x, None, None, None], [block.shape, *[(7,)] * 3], (EPSILON, False)
        )
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- a product with one factor per column


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(2, 3000),
    channels=st.integers(1, 140),
    first=st.booleans(),
    isa=st.sampled_from(ISAS),
)
def test_the_gradient_of_a_factor_per_column_is_the_sum_over_the_rows(rows, channels, first, isa):
    rng = np.random.default_rng(rows)
    shape = (rows, channels)
    x, dy = rng.normal(size=(2, *shape)).astype(np.float32)
    factor = rng.normal(size=(1, channels)).astype(np.float32)
    inputs, shapes = ([factor, x], [factor.shape, shape]) if first else ([x, factor], [shape, factor.shape])
    exact = (dy.astype(np.float64) * x).sum(0, keepdims=True)
    found = {}
    for threads in (1, 2):
        with machine(isa, threads):
            found[threads] = run("multiply", True, [dy, *inputs], shapes)
            alone = run("multiply", True, [dy, *inputs], [None if s == shape else s for s in shapes])
        d_factor, dx = found[threads] if first else found[threads][::-1]
        np.testing.assert_array_equal(dx, dy * factor)
        np.testing.assert_allclose(d_factor, exact, atol=4e-7 * np.abs(dy * x).sum(0).max())
        np.testing.assert_array_equal(alone[0 if first else 1], d_factor)
    for one, other in zip(found[1], found[2], strict=True):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- sums and maxima with a relu


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], np.float32)


def rough(shape, seed):
    """Random numbers with some that are none."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape).astype(np.float32)
    x.ravel()[rng.integers(0, x.size, 5)] = SPECIAL
    return x


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("shape", [(1,), (7, 5), (64, 33, 40)])
def test_a_rectified_sum(isa, shape):
    a, b, dy = rough(shape, 0), rough(shape, 1), rough(shape, 2)
    with machine(isa):
        (total,) = run("add", False, [a, b], [shape])
        (y,) = run("relu", False, [total], [shape])
        np.testing.assert_array_equal(run("fused_add_relu", False, [a, b], [shape])[0], y)
        (d,) = run("relu", True, [dy, y], [shape])
        for places in ([shape, shape], [None, shape], [shape, None]):
            for found in run("fused_add_relu", True, [dy, y], places):
                if found is not None:
                    np.testing.assert_array_equal(found, d)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("shape", "attrs"),
    [
        ((3, 6, 8, 32), ((2, 2), (2, 2), 0)),
        ((2, 7, 9, 5), ((2, 2), (2, 2), 0)),
        ((2, 7, 9, 17), ((3, 2), (1, 2), 1)),
        ((5, 24, 24, 64), ((2, 2), None, 0)),
        ((1, 1, 1, 1), ((1, 1), None, 1)),
        ((40, 12, 12, 20), ((3, 3), (2, 2), 1)),
    ],
)
def test_the_gradient_of_maxima_of_rectified_numbers(isa, shape, attrs):
    x = rough(shape, 3)
    with machine(isa):
        (rectified,) = run("relu", False, [x], [shape])
        size, strides, same = attrs
        words = {"pool_size": size, "strides": strides, "padding": ("valid", "same")[same]}
        places = find("max_pool2d").infer([shape], words)
        y, winner = np.empty(places[0], np.float32), np.empty(places[1], np.int32)
        run("max_pool2d", False, [rectified], [y, winner], attrs)
        dy = rough(y.shape, 4)
        (through,) = run("max_pool2d", True, [dy, winner], [shape], attrs)
        (expected,) = run("relu", True, [through, rectified], [shape])
        for threads in (1, 2, 3, 7):
            with machine(isa, threads):
                (found,) = run("fused_max_pool2d_relu", True, [dy, winner, y], [shape], attrs)
            np.testing.assert_array_equal(found, expected)
