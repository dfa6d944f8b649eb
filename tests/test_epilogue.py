"""What a convolution does to its result before it is written, on every way that it may take."""

import sys

import numpy as np
import pytest

from tests.c_steps import Epilogue, finished, run_entry
from tests.kernel_checks import ISAS, Bilinear

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the library shows Python's own names only")

WAYS = {
    "plain": ("conv2d", ((2, 7, 9, 5), (3, 3, 5, 20), (20,)), {"padding": "same"}),
    "strided": ("conv2d", ((2, 8, 9, 20), (3, 3, 20, 33), (33,)), {"padding": "same", "strides": (2, 2)}),
    "one image": ("conv2d", ((1, 40, 9, 20), (3, 3, 20, 7), (7,)), {"strides": (1, 2)}),
    "few channels": ("conv2d", ((2, 12, 37, 1), (5, 5, 1, 6), (6,)), {"padding": "same"}),
    "one result": ("conv2d", ((2, 11, 13, 32), (3, 3, 32, 1), (1,)), {"padding": "same"}),
    "1 x 1": ("conv2d", ((2, 6, 5, 17), (1, 1, 17, 18), (18,)), {}),
    "winograd": ("conv2d", ((2, 9, 8, 16), (3, 3, 16, 33), (33,)), {"padding": "same"}),
    "winograd of one image": ("conv2d", ((1, 26, 26, 32), (3, 3, 32, 16), (16,)), {}),
    "dilated": ("conv2d", ((2, 9, 8, 16), (3, 3, 16, 18), (18,)), {"padding": "same", "dilation_rate": (2, 2)}),
    "groups": ("conv2d", ((2, 7, 9, 24), (3, 3, 12, 20), (20,)), {"padding": "same", "groups": 2}),
    "small groups": ("conv2d", ((2, 7, 9, 8), (3, 3, 2, 12), (12,)), {"padding": "same", "groups": 4}),
    "dilated groups": ("conv2d", ((2, 9, 9, 24), (3, 3, 12, 20), (20,)), {"groups": 2, "dilation_rate": (2, 1)}),
    "depthwise": ("depthwise_conv2d", ((2, 7, 9, 18), (3, 3, 18, 1), (18,)), {"padding": "same"}),
    "depthwise, two each": ("depthwise_conv2d", ((2, 7, 9, 5), (3, 3, 5, 2), (10,)), {"strides": (2, 2)}),
    "transposed": ("conv2d_transpose", ((2, 5, 6, 16), (3, 3, 33, 16), (33,)), {"padding": "same", "strides": (2, 2)}),
    "transposed, stride 1": ("conv2d_transpose", ((2, 9, 9, 16), (3, 3, 20, 16), (20,)), {"padding": "same"}),
    "transposed, few": ("conv2d_transpose", ((2, 5, 6, 16), (3, 3, 1, 16), (1,)), {"strides": (2, 2)}),
    "transposed, gaps": ("conv2d_transpose", ((2, 5, 6, 8), (2, 2, 20, 8), (20,)), {"strides": (3, 3)}),
    "transposed, dilated": ("conv2d_transpose", ((2, 5, 6, 8), (3, 3, 20, 8), (20,)), {"dilation_rate": (2, 2)}),
}
every_way = pytest.mark.parametrize("way", WAYS)
every_isa = pytest.mark.parametrize("isa", ISAS)


@every_isa
@every_way
def test_relu_of_the_result(isa, way):
    name, shapes, attrs = WAYS[way]
    test = Bilinear(name, shapes, attrs)
    plain = test.reference(np.asarray)[0]
    found = np.full(plain.shape, np.nan, "f4")
    run_entry(name, isa, test.inputs, [found], test.attrs, Epilogue(relu=1))
    np.testing.assert_allclose(found, finished(plain, None, None, 1, 0), rtol=1e-5, atol=1e-4)
    assert (found > 0).any()


@every_isa
@every_way
def test_relu_is_a_step_of_its_own_to_the_bit(isa, way):
    name, shapes, attrs = WAYS[way]
    test = Bilinear(name, shapes, attrs)
    plain, fused = (np.full(test.output, np.nan, "f4") for _ in range(2))
    run_entry(name, isa, test.inputs, [plain], test.attrs, Epilogue())
    run_entry(name, isa, test.inputs, [fused], test.attrs, Epilogue(relu=1))
    np.testing.assert_array_equal(np.maximum(plain, 0), fused)


@every_isa
@every_way
def test_mask_of_the_gradient(isa, way):
    name, shapes, attrs = WAYS[way]
    test = Bilinear(name, shapes, attrs)
    plain = test.reference(np.asarray)[1]
    mask = np.random.default_rng(1).normal(size=plain.shape).astype("f4")
    grads = [np.full(s, np.nan, "f4") for s in shapes]
    inputs = [test.dy, *test.saved(test.inputs)]
    run_entry(name, isa, inputs, grads, test.attrs, Epilogue(mask=mask.ctypes.data), backward=True)
    np.testing.assert_allclose(grads[0], finished(plain, None, mask, 0, 0), rtol=1e-5, atol=1e-4)
    for found, expected in zip(grads[1:], test.reference(np.asarray)[2:], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


@every_isa
@pytest.mark.parametrize("way", ["plain", "few channels", "one result", "1 x 1", "winograd", "groups", "depthwise"])
def test_sum_with_what_is_there(isa, way):
    name, shapes, attrs = WAYS[way]
    test = Bilinear(name, shapes, attrs)
    plain = test.reference(np.asarray)[0]
    old, mask = np.random.default_rng(1).normal(size=(2, *plain.shape)).astype("f4")
    found = old.copy()
    run_entry(name, isa, test.inputs, [found], test.attrs, Epilogue(mask=mask.ctypes.data, accumulate=1))
    np.testing.assert_allclose(found, finished(plain, old, mask, 0, 1), rtol=1e-5, atol=1e-4)


@every_isa
@every_way
def test_not_a_number_stays_one(isa, way):
    """A pixel that is NaN is not made 0 by the rectifier."""
    name, shapes, attrs = WAYS[way]
    test = Bilinear(name, shapes, attrs)
    test.inputs[0][-1, 2, 2] = np.nan
    found = np.zeros(test.output, "f4")
    run_entry(name, isa, test.inputs, [found], test.attrs, Epilogue(relu=1))
    assert np.isnan(found[np.isnan(test.reference(np.asarray)[0])]).all()
