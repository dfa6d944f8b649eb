"""Convolution and patches: numbers worked by hand, any size on any instruction set, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fastnn.errors import ShapeError
from fastnn.ops.convolution import conv2d_backward_fast
from fastnn.ops.table import OPS
from tests.golden import convolution
from tests.kernel_checks import ISAS, Bilinear, machine
from tests.op_results import DTYPES, gradients, run

both = pytest.mark.parametrize("dtype", DTYPES)
every_isa = pytest.mark.parametrize("isa", ISAS)
PICTURE = [[0, 1, 0.5, 10], [2, 2.5, 1, -8], [4, 0, 5, 6], [15, 1, 2, 3]]


def image(rows):
    """One sample of one channel."""
    return np.asarray(rows, float)[None, :, :, None]


def kernel(rows):
    """One input and one output channel."""
    return np.asarray(rows, float)[:, :, None, None]


def plane(batch):
    return batch[0, :, :, 0]


WITNESS = dict(np.load(Path(__file__).parent / "golden" / "torch_convolution.npz"))


@both
@pytest.mark.parametrize("name", list(convolution.CASES))
def test_torch_is_a_second_witness(name, dtype):
    operation, _, _, attrs = convolution.CASES[name]
    inputs = convolution.given(name)
    y = run(operation, *inputs, dtype=dtype, **attrs)["y"]
    found = {"y": y, **gradients(operation, *inputs, upstream=convolution.coming_back(y), dtype=dtype, **attrs)}
    for key, expected in (("y", "y"), ("x", "dx"), ("w", "dw"), ("b", "db")):
        np.testing.assert_allclose(found[key], WITNESS[f"{name}/{expected}"], rtol=2e-5, atol=2e-5)


# ---------------------------------------------------------------- worked by hand


@both
def test_two_by_two_kernel_slides_over_the_picture(dtype):
    """Cross-correlation: the kernel is not turned round."""
    y = run("conv2d", image(PICTURE), kernel([[1, 2], [0, -1]]), [0.5], dtype=dtype)["y"]
    np.testing.assert_array_equal(plane(y), [[0, 1.5, 29], [7.5, 0, -20.5], [3.5, 8.5, 14.5]])


@both
def test_stride_two(dtype):
    y = run("conv2d", image(PICTURE), kernel([[1, 2], [0, -1]]), None, strides=(2, 2), dtype=dtype)["y"]
    np.testing.assert_array_equal(plane(y), [[-0.5, 28.5], [3, 14]])


@both
def test_the_extra_zero_of_same_is_at_the_end(dtype):
    y = run("conv2d", image([[1, 2], [3, 4]]), kernel([[1, 10], [100, 1000]]), None, padding="same", dtype=dtype)["y"]
    np.testing.assert_array_equal(plane(y), [[4321, 402], [43, 4]])


@both
def test_channels_are_mixed(dtype):
    x, w = [[[[1, 2]]]], [[[[1, 0, 3], [0, 10, 5]]]]
    np.testing.assert_array_equal(run("conv2d", x, w, [0, 0, 100], dtype=dtype)["y"], [[[[1, 20, 113]]]])


@both
def test_gradients_of_a_convolution(dtype):
    x, w = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), kernel([[1, 2], [3, 4]])
    found = gradients("conv2d", x, w, [0], upstream=image([[1, 0], [0, 10]]), dtype=dtype)
    np.testing.assert_array_equal(plane(found["x"]), [[1, 2, 0], [3, 14, 20], [0, 30, 40]])
    np.testing.assert_array_equal(found["w"][:, :, 0, 0], [[51, 62], [84, 95]])
    np.testing.assert_array_equal(found["b"], [11])


@both
def test_cells_that_no_window_meets_have_no_gradient(dtype):
    found = gradients("conv2d", image(np.ones((5, 5))), kernel([[2]]), None, strides=(3, 3), dtype=dtype)
    np.testing.assert_array_equal(plane(found["x"]), mesh())


def mesh():
    """2 at every third cell of a 5 x 5 picture."""
    cells = np.zeros((5, 5))
    cells[::3, ::3] = 2
    return cells


@pytest.mark.parametrize(
    ("size", "padding", "expected"),
    [(32, "same", (1, 16, 16, 20)), (32, "valid", (1, 13, 13, 20)), (34, "valid", (1, 14, 14, 20))],
)
def test_twenty_filters_of_eight_by_eight(size, padding, expected):
    attrs = OPS["conv2d"].complete({"strides": (2, 2), "padding": padding})
    assert OPS["conv2d"].infer(((1, size, size, 3), (8, 8, 3, 20), (20,)), attrs) == (expected,)


@both
def test_patches(dtype):
    patches = run("im2col", image([[1, 2, 3], [4, 5, 6]]), kernel_size=(2, 2), dtype=dtype)["y"]
    np.testing.assert_array_equal(patches, [[[[1, 2, 4, 5], [2, 3, 5, 6]]]])
    back = run("col2im", patches, kernel_size=(2, 2), dtype=dtype)["y"]
    np.testing.assert_array_equal(plane(back), [[1, 4, 3], [4, 10, 6]])


@both
def test_patches_hold_channels_side_by_side_and_zeros_outside(dtype):
    patches = run("im2col", [[[[1, 10], [2, 20]]]], kernel_size=(1, 2), padding="same", dtype=dtype)["y"]
    np.testing.assert_array_equal(patches, [[[[1, 10, 2, 20], [2, 20, 0, 0]]]])


# ---------------------------------------------------------------- any size


@st.composite
def convolutions(draw):
    kernel_size = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    size = draw(st.tuples(st.integers(1, 19), st.integers(1, 19)))
    padding = draw(st.sampled_from(["valid", "same"]))
    assume(padding == "same" or (size[0] >= kernel_size[0] and size[1] >= kernel_size[1]))
    inputs = draw(st.sampled_from([1, 2, 3, 5, 7, 16, 17, 33]))
    outputs = draw(st.sampled_from([1, 3, 6, 16, 31, 33, 65]))
    images = draw(st.sampled_from([1, 2, 3, 7, 19]))
    bias = (outputs,) if draw(st.booleans()) else None
    strides = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    return ((images, *size, inputs), (*kernel_size, inputs, outputs), bias), {"strides": strides, "padding": padding}


@every_isa
@settings(max_examples=60, deadline=None)
@given(example=convolutions(), seed=st.integers(0, 99))
def test_convolution_of_any_size(isa, example, seed):
    with machine(isa):
        Bilinear("conv2d", *example, seed=seed).check()


LARGE = [
    (((2, 70, 71, 20), (3, 3, 20, 35), (35,)), {"padding": "same"}),  # several bands of one image
    (((1, 90, 150, 9), (5, 4, 9, 8), (8,)), {"strides": (2, 3)}),
    (((20, 13, 13, 40), (1, 1, 40, 70), (70,)), {}),
    (((33, 20, 20, 1), (5, 5, 1, 6), (6,)), {"padding": "same"}),  # few channels: dx by rows of patches
    (((40, 15, 15, 2), (3, 3, 2, 2), (2,)), {}),
    (((3, 40, 40, 3), (7, 7, 3, 40), None), {"strides": (2, 2), "padding": "same"}),
    (((2, 30, 30, 2), (20, 3, 2, 40), (40,)), {}),  # a tall kernel
    (((2, 12, 9, 3), (2, 2, 3, 4), (4,)), {"strides": (5, 4)}),  # cells between windows
    (((3, 28, 27, 32), (3, 3, 32, 1), (1,)), {"padding": "same"}),  # few results: lanes over the depth
    (((2, 21, 30, 37), (4, 3, 37, 3), (3,)), {"strides": (2, 3), "padding": "same"}),
    (((5, 17, 30, 4), (5, 5, 4, 50), None), {"padding": "same"}),
    (((18, 9, 8, 150), (1, 1, 150, 3), (3,)), {}),
    (((3, 11, 45, 1), (3, 4, 1, 3), (3,)), {}),  # one channel: lanes over pixels
    (((2, 9, 39, 1), (3, 1, 1, 6), None), {"padding": "same", "strides": (2, 1)}),
    (((1, 40, 41, 16), (5, 3, 16, 24), (24,)), {"padding": "same"}),  # one image: dw is summed over bands
]


@every_isa
@pytest.mark.parametrize(("shapes", "attrs"), LARGE)
def test_larger_convolutions(isa, shapes, attrs):
    with machine(isa):
        Bilinear("conv2d", shapes, attrs).check()


@every_isa
@pytest.mark.parametrize(("shapes", "attrs"), LARGE)
def test_threads_change_no_bit(isa, shapes, attrs):
    example = Bilinear("conv2d", shapes, attrs)
    with machine(isa, threads=1):
        alone = example.kernel()
    with machine(isa, threads=2):
        together = example.kernel()
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("shapes", "attrs"), LARGE)
def test_the_baseline_of_the_benchmarks_agrees(shapes, attrs):
    example = Bilinear("conv2d", shapes, attrs)
    x, w, b = (None if a is None else a.astype(np.float64) for a in example.inputs)
    y, *gradients_found = example.reference(np.asarray)
    fast = conv2d_backward_fast(example.dy.astype(np.float64), x, w, example.shapes, **example.attrs)
    np.testing.assert_allclose(OPS["conv2d"].numpy_fast(x, w, b, **example.attrs), y, atol=1e-10)
    for found, expected in zip((g for g in fast if g is not None), gradients_found, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


@every_isa
def test_not_a_number_reaches_exactly_its_windows(isa):
    example = Bilinear("conv2d", ((1, 6, 6, 2), (3, 3, 2, 20), (20,)))
    example.inputs[0][0, 0, 0, 1] = np.nan
    with machine(isa):
        lost = np.isnan(example.kernel()[0])
    assert lost[0, 0, 0].all()
    assert lost.sum() == 20


def test_scratch_does_not_grow_with_the_batch():
    sizes = [scratch_of(images) for images in (64, 256)]
    assert sizes[0] == sizes[1] < 64 * 26 * 26 * 288 * 4 / 20  # far below the matrix of patches


def scratch_of(images):
    from fastnn.kernels import engine

    example = Bilinear("conv2d", ((images, 28, 28, 32), (3, 3, 32, 16), (16,)))
    grads = [np.empty(s, np.float32) for s in example.shapes]
    rows = [("conv2d", True, [example.dy, *example.saved(example.inputs)], grads, [(1, 1), 0, (1, 1), 1])]
    return engine.Plan(rows).scratch_bytes


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("shapes", "attrs", "message"),
    [
        (((32, 28, 28, 4), (3, 3, 3, 8), None), {}, r"conv2d: expected 3 input channels, received 4\. x is \(32, 28"),
        (((28, 28, 3), (3, 3, 3, 8), None), {}, "expected x with four axes .*, received rank 3"),
        (((1, 28, 28, 3), (3, 3, 3), None), {}, "expected w with four axes .*, received rank 3"),
        (((1, 28, 28, 3), (3, 3, 3, 8), (3,)), {}, r"expected a bias of shape \(8,\), .* channel, received \(3,\)"),
        (((1, 2, 9, 3), (3, 3, 3, 8), None), {}, "expected an image of at least 3 x 3, .*, received 2 x 9"),
        (((1, 9, 9, 3), (3, 3, 3, 8), None), {"strides": (0, 1)}, "expected strides of two positive numbers"),
        (((1, 9, 9, 3), (0, 3, 3, 8), None), {"padding": "same"}, "expected a kernel size of two positive numbers"),
    ],
)
def test_wrong_shapes(shapes, attrs, message):
    with pytest.raises(ShapeError, match=message):
        OPS["conv2d"].infer(shapes, OPS["conv2d"].complete(attrs))


@pytest.mark.parametrize(
    ("shape", "attrs", "message"),
    [
        ((1, 3, 3, 10), {}, "expected patches of a multiple of 4 numbers, received 10"),
        ((1, 3, 3, 8), {"size": (9, 9)}, r"expected 8 x 8 patches of an image of 9 x 9, received \(3, 3\)"),
        ((3, 3, 8), {}, "expected col with four axes"),
    ],
)
def test_patches_that_fit_no_image(shape, attrs, message):
    with pytest.raises(ShapeError, match=message):
        OPS["col2im"].infer((shape,), OPS["col2im"].complete(attrs))
