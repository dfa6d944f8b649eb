"""Kernels on float32 against the references on the same numbers in float64, on any instruction set."""

import contextlib

import numpy as np
import pytest

from fastnn.engine import execute
from fastnn.kernels import engine
from fastnn.ops.table import OPS

ROUNDINGS = 8e-7  # error of a sum in units of the sum of its terms' magnitudes: a few roundings of float32
# Winograd's algorithm adds and subtracts the pixels of a whole 6 x 6 square, also those that a result has no part in:
# its error is in units of the largest sum of the array, not of each cell's own. Seen: 1.2e-6.
WINOGRAD_ROUNDINGS = 3e-6
ISAS = engine.isas()
best_isa = pytest.mark.parametrize(  # the others in the long tests
    "isa", [ISAS[0], *(pytest.param(isa, marks=pytest.mark.full) for isa in ISAS[1:])]
)


@contextlib.contextmanager
def machine(isa=None, threads=None):
    """Use an instruction set and a number of threads for a while."""
    before = engine.isa(), engine.threads()
    engine.set_isa(isa or before[0])
    engine.set_threads(threads or before[1])
    try:
        yield
    finally:
        engine.set_isa(before[0])
        engine.set_threads(before[1])


class Bilinear:
    """One operation that multiplies its inputs, with random inputs and upstream gradient.

    Its results are sums of products, so that the reference on magnitudes bounds what rounding may do.
    """

    def __init__(self, name, shapes, attrs=None, seed=0):
        self.op, self.shapes = OPS[name], tuple(shapes)
        self.attrs = self.op.complete(attrs or {})
        rng = np.random.default_rng(seed)
        self.inputs = [None if s is None else rng.normal(size=s).astype(np.float32) for s in self.shapes]
        (self.output,) = self.op.infer(self.shapes, self.attrs)
        self.dy = rng.normal(size=self.output).astype(np.float32)

    def kernel(self):
        """Output, then gradients, from C."""
        y = np.full(self.output, np.nan, np.float32)
        execute.run_kernel(self.op, False, self.inputs, [y], self.attrs)
        grads = [None if s is None else np.full(s, np.nan, np.float32) for s in self.shapes]
        places = [() if g is None else g for g in grads]
        execute.run_kernel(self.op, True, [self.dy, *self.saved(self.inputs)], places, self.attrs)
        return [y, *(g for g in grads if g is not None)]

    def saved(self, inputs):
        by_role = dict(zip(self.op.inputs, inputs, strict=True))
        return [by_role[role] for role in self.op.saves]

    def reference(self, change):
        """The same from NumPy, in float64, of changed numbers."""
        inputs = [None if x is None else change(x.astype(np.float64)) for x in self.inputs]
        dy = change(self.dy.astype(np.float64))
        grads = self.op.backward(dy, *self.saved(inputs), shapes=self.shapes, **self.attrs)
        return [self.op.forward(*inputs, **self.attrs), *(g for g in grads if g is not None)]

    def is_winograd(self):
        """Whether the kernel is of 3 x 3 with enough channels on both sides, as the rule in winograd.h has it."""
        if (
            self.op.name != "conv2d"
            or max(*self.attrs["strides"], *self.attrs["dilation_rate"], self.attrs["groups"]) > 1
        ):
            return False
        return self.shapes[1][:2] == (3, 3) and min(self.shapes[1][2:]) >= 16

    def tolerance(self, magnitude):
        """How far a result may be from the reference, given the sums of its terms' magnitudes."""
        if self.is_winograd() and magnitude.ndim == 4 and magnitude.size:  # a bias gradient is a plain sum
            return np.full_like(magnitude, WINOGRAD_ROUNDINGS * magnitude.max())
        return ROUNDINGS * magnitude

    def check(self):
        """Raise AssertionError unless every number is right within rounding."""
        results = zip(self.kernel(), self.reference(np.asarray), self.reference(np.abs), strict=True)
        for found, expected, magnitude in results:
            assert found.shape == expected.shape
            excess = np.abs(found - expected) - (self.tolerance(magnitude) + 1e-30)
            assert not excess.size or excess.max() <= 0, (self.op.name, self.shapes, self.attrs, excess.max())
            assert np.isfinite(found).all()
