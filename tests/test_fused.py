"""Kernels that do several operations in one pass give the bits of the operations one after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnn.engine import execute
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
