"""Convolutions of 3 x 3 by Winograd's algorithm: any size, error against float64, threads, and the epilogue."""

import ctypes
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnn.kernels import engine
from tests.c_steps import Attr, Epilogue, Step, finished, scratch_of, tensors
from tests.kernel_checks import ISAS, Bilinear, best_isa, machine

every_isa = pytest.mark.parametrize("isa", ISAS)


@st.composite
def convolutions(draw):
    """Shapes and attributes: images of few pixels, and sides that are no multiple of 4."""
    padding = draw(st.sampled_from(["valid", "same"]))
    least = 3 if padding == "valid" else 1
    side = st.one_of(st.integers(least, 5), st.integers(6, 22))
    size = draw(st.tuples(side, side))
    inputs, outputs = draw(st.tuples(*2 * [st.sampled_from([16, 17, 31, 64])]))
    images = draw(st.sampled_from([1, 2, 3, 11]))
    bias = (outputs,) if draw(st.booleans()) else None
    return ((images, *size, inputs), (3, 3, inputs, outputs), bias), {"padding": padding}


@every_isa
@settings(max_examples=40, deadline=None)
@given(example=convolutions(), seed=st.integers(0, 99))
def test_any_size(isa, example, seed):
    test = Bilinear("conv2d", *example, seed=seed)
    assert test.is_winograd()
    with machine(isa):
        test.check()


@every_isa
@settings(max_examples=15, deadline=None)
@given(example=convolutions(), seed=st.integers(0, 99))
def test_threads_change_no_bit(isa, example, seed):
    test = Bilinear("conv2d", *example, seed=seed)
    results = []
    for threads in (1, 2, 3):
        with machine(isa, threads):
            results.append(test.kernel())
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            np.testing.assert_array_equal(one, other)


LARGE = [
    ((4, 27, 30, 64), (3, 3, 64, 64), (64,)),
    ((40, 26, 26, 16), (3, 3, 16, 32), (32,)),  # several runs of blocks, several parts of dw
    ((2, 9, 13, 130), (3, 3, 130, 70), None),  # weights in several stretches
    ((0, 9, 13, 16), (3, 3, 16, 16), (16,)),
]


@best_isa
@pytest.mark.parametrize("shapes", LARGE)
def test_larger_sizes(isa, shapes):
    test = Bilinear("conv2d", shapes, {"padding": "same"})
    with machine(isa, 1):
        test.check()
        alone = test.kernel()
    with machine(isa, 2):
        for one, other in zip(alone, test.kernel(), strict=True):
            np.testing.assert_array_equal(one, other)


DISTRIBUTIONS = {"normal": np.asarray, "rectified": lambda x: np.maximum(x, 0), "positive": np.abs}


@every_isa
@pytest.mark.parametrize("kind", DISTRIBUTIONS)
@pytest.mark.parametrize("channels", [32, 256])
def test_error_is_small(isa, kind, channels):
    """Root mean square at most 2.1e-6, and everywhere at most 7e-6, of the largest value."""
    test = Bilinear("conv2d", ((2, 18, 18, channels), (3, 3, channels, 64), (64,)))
    test.inputs[0] = DISTRIBUTIONS[kind](test.inputs[0])
    with machine(isa):
        found = test.kernel()
    for actual, expected in zip(found, test.reference(np.asarray), strict=True):
        error = np.abs(actual - expected) / np.abs(expected).max()
        assert np.sqrt(np.mean(error**2)) < 2.1e-6
        assert error.max() < 7e-6


@pytest.mark.parametrize(
    ("shapes", "attrs"),
    [
        (((2, 9, 9, 15), (3, 3, 15, 16), None), {}),
        (((2, 9, 9, 16), (3, 3, 16, 15), None), {}),
        (((2, 9, 9, 16), (3, 3, 16, 16), None), {"strides": (1, 2)}),
        (((2, 9, 9, 16), (3, 3, 16, 16), None), {"dilation_rate": (2, 1)}),
        (((2, 9, 9, 32), (3, 3, 16, 32), None), {"groups": 2}),
        (((2, 9, 9, 16), (1, 3, 16, 16), None), {}),
    ],
)
def test_others_keep_to_the_direct_way(shapes, attrs):
    """Its narrower tolerance holds: each cell has the rounding of its own terms only."""
    test = Bilinear("conv2d", shapes, attrs)
    assert not test.is_winograd()
    test.check()


@every_isa
@pytest.mark.parametrize("pixel", [(0, 0), (5, 6), (3, 11)])
def test_not_a_number_reaches_its_windows_and_no_other_square(isa, pixel):
    """The results of a square are computed together: those beside a window of the pixel may be lost with it."""
    test = Bilinear("conv2d", ((2, 12, 12, 16), (3, 3, 16, 20), (20,)))
    test.inputs[0][1][(*pixel, 3)] = np.nan
    with machine(isa):
        lost = np.isnan(test.kernel()[0])
    windows = np.isnan(test.reference(np.asarray)[0])
    squares = np.zeros_like(lost)
    for n, row, col in np.argwhere(windows.any(-1)):
        squares[n, row // 4 * 4 :, col // 4 * 4 :][:4, :4] = True
    assert lost[windows].all()
    assert not lost[~squares].any()


# ---------------------------------------------------------------- epilogue: steps as C sees them


def run(way, isa, arrays, outputs, epilogue):
    """One step of `way` (fnn_winograd or fnn_conv2d_plain), forward or, with "_backward" behind it, backward."""
    library = ctypes.CDLL(engine.__file__)
    step = Step(None, tensors(arrays), tensors(outputs), len(arrays), len(outputs), epilogue=epilogue)
    step.attr[0] = Attr(2, (ctypes.c_int64 * 8)(1, 1))
    step.attr[1] = Attr(1, (ctypes.c_int64 * 8)(1))
    step.attr[2] = Attr(2, (ctypes.c_int64 * 8)(1, 1))
    step.attr[3] = Attr(1, (ctypes.c_int64 * 8)(1))
    need = getattr(library, f"{way.removesuffix('_backward')}_scratch_{isa}")
    need.restype = ctypes.c_int64
    scratch = scratch_of(need(ctypes.byref(step), int(way.endswith("_backward"))))
    step.scratch = scratch.ctypes.data
    assert getattr(library, f"{way}_{isa}")(ctypes.byref(step)) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the library shows Python's own names only")
@every_isa
@pytest.mark.parametrize("outputs", [16, 33])
@pytest.mark.parametrize("way", ["fnn_winograd", "fnn_conv2d_plain"])
@pytest.mark.parametrize(("relu", "masked", "accumulate"), [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
def test_epilogue(isa, way, outputs, relu, masked, accumulate):
    rng = np.random.default_rng(0)
    x, w, b, dy, old = (
        rng.normal(size=s).astype("f4")
        for s in ((2, 6, 9, 16), (3, 3, 16, outputs), outputs, (2, 6, 9, outputs), (2, 6, 9, outputs))
    )
    test = Bilinear("conv2d", (x.shape, w.shape, b.shape), {"padding": "same"})
    test.inputs, test.dy = [x, w, b], dy
    y, dx, *_ = test.reference(np.asarray)
    for backward, plain, before in (("", y, old), ("_backward", dx, x.copy())):
        mask = rng.normal(size=plain.shape).astype("f4") if masked else None
        epilogue = Epilogue(None, mask.ctypes.data if masked else None, relu, accumulate)
        found = before.copy()
        arrays = [dy, x, w] if backward else [x, w, b]
        run(way + backward, isa, arrays, [found, None, None] if backward else [found], epilogue)
        expected = finished(plain, before.astype(float), mask, relu, accumulate)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
