"""Dense, matmul, bias_add: numbers worked by hand, any size on any instruction set, and what is refused."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnn.errors import ShapeError
from fastnn.ops.table import OPS
from tests.c_steps import Epilogue, finished, run_entry
from tests.kernel_checks import ISAS, Bilinear, machine
from tests.op_results import DTYPES, gradients, run

both = pytest.mark.parametrize("dtype", DTYPES)
every_isa = pytest.mark.parametrize("isa", ISAS)
SIZES = st.sampled_from([1, 2, 3, 5, 7, 8, 13, 14, 15, 16, 17, 31, 32, 33, 48, 61, 67, 129, 170])
X, W, B = [[0.2, 0.5, 0.6]], [[-0.5, 0.7], [0.2, -0.8], [0.1, 0.2]], [0.1, 0.2]


# ---------------------------------------------------------------- worked by hand


@both
def test_three_inputs_two_units(dtype):
    np.testing.assert_allclose(run("dense", X, W, B, dtype=dtype)["y"], [[0.16, 0.06]], rtol=1e-5)


@both
def test_gradients_of_three_inputs_two_units(dtype):
    found = gradients("dense", X, W, B, upstream=[[1, 10]], dtype=dtype)
    np.testing.assert_allclose(found["x"], [[6.5, -7.8, 2.1]], rtol=1e-6)
    np.testing.assert_allclose(found["w"], [[0.2, 2], [0.5, 5], [0.6, 6]], rtol=1e-6)
    np.testing.assert_array_equal(found["b"], [1, 10])


@both
def test_gradients_of_weights_are_summed_over_positions(dtype):
    found = gradients("dense", [[[1, 2]], [[3, 4]]], [[1], [1]], [0], upstream=[[[1]], [[10]]], dtype=dtype)
    np.testing.assert_array_equal(found["w"], [[31], [42]])
    np.testing.assert_array_equal(found["b"], [11])


@both
def test_matrix_product(dtype):
    a, b = [[1, 2, 3], [4, 5, 6]], [[1, 0], [0, 1], [1, 1]]
    np.testing.assert_array_equal(run("matmul", a, b, dtype=dtype)["y"], [[4, 5], [10, 11]])
    found = gradients("matmul", a, b, upstream=[[1, 0], [0, 2]], dtype=dtype)
    np.testing.assert_array_equal(found["a"], [[1, 0, 1], [0, 2, 2]])
    np.testing.assert_array_equal(found["b"], [[1, 8], [2, 10], [3, 12]])


@both
def test_one_matrix_for_the_whole_batch_or_one_for_each(dtype):
    a = [[[1, 2]], [[3, 4]]]
    np.testing.assert_array_equal(run("matmul", a, [[1], [10]], dtype=dtype)["y"], [[[21]], [[43]]])
    np.testing.assert_array_equal(run("matmul", a, [[[1], [10]], [[0], [1]]], dtype=dtype)["y"], [[[21]], [[4]]])


@both
def test_the_bias_is_added_to_every_row(dtype):
    np.testing.assert_array_equal(run("bias_add", [[1, 2], [3, 4]], [10, 20], dtype=dtype)["y"], [[11, 22], [13, 24]])
    found = gradients("bias_add", [[1, 2], [3, 4]], [10, 20], upstream=[[1, 2], [3, 4]], dtype=dtype)
    np.testing.assert_array_equal(found["x"], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(found["b"], [4, 6])


# ---------------------------------------------------------------- any size


@every_isa
@settings(max_examples=40, deadline=None)
@given(rows=SIZES, depth=SIZES, cols=SIZES, bias=st.booleans(), seed=st.integers(0, 99))
def test_dense_of_any_size(isa, rows, depth, cols, bias, seed):
    with machine(isa):
        Bilinear("dense", ((rows, depth), (depth, cols), (cols,) if bias else None), seed=seed).check()


@every_isa
@settings(max_examples=15, deadline=None)
@given(batch=st.integers(0, 3), rows=SIZES, depth=SIZES, cols=SIZES)
def test_batches_of_products_of_any_size(isa, batch, rows, depth, cols):
    with machine(isa):
        Bilinear("matmul", ((batch, rows, depth), (batch, depth, cols))).check()


@every_isa
@pytest.mark.parametrize(
    ("rows", "depth", "cols"),
    [
        (1, 700, 300),  # one sample
        (3, 40, 200),
        (70, 1030, 260),  # two stretches of the depth; dx has packed weights
        (1030, 256, 100),  # rows of A, and of its transpose, that share cache sets
        (300, 520, 512),
        (200, 3, 1),
        (2, 0, 5),
        (0, 4, 5),
    ],
)
def test_products_that_are_cut_into_blocks(isa, rows, depth, cols):
    with machine(isa):
        Bilinear("dense", ((rows, depth), (depth, cols), (cols,))).check()


@every_isa
@pytest.mark.parametrize("shape", [(5, 64, 70), (1500, 300, 130), (1, 900, 600), (400, 512, 256)])
def test_threads_change_no_bit(isa, shape):
    rows, depth, cols = shape
    example = Bilinear("dense", ((rows, depth), (depth, cols), (cols,)))
    with machine(isa, threads=1):
        alone = example.kernel()
    with machine(isa, threads=2):
        together = example.kernel()
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, two)


@every_isa
def test_a_number_does_not_depend_on_its_neighbours(isa):
    """The same row of a tall and a flat product has the same bits: tiles, blocks and packing keep the order."""
    rng = np.random.default_rng(0)
    x, w = (rng.normal(size=s).astype(np.float32) for s in ((700, 600), (600, 300)))
    with machine(isa):
        whole = run_dense(x, w)
        np.testing.assert_array_equal(run_dense(x[35:51], w), whole[35:51])
        np.testing.assert_array_equal(run_dense(x[40:41], w), whole[40:41])
        np.testing.assert_array_equal(run_dense(x, np.ascontiguousarray(w[:, 64:101])), whole[:, 64:101])


def run_dense(x, w):
    example = Bilinear("dense", (x.shape, w.shape, None))
    example.inputs = [x, w, None]
    return example.kernel()[0]


@every_isa
@pytest.mark.parametrize("rows", [1, 5, 40])
def test_not_a_number_and_infinity_reach_exactly_their_row(isa, rows):
    x, w = np.ones((rows, 20), np.float32), np.ones((20, 35), np.float32)
    x[0, 3] = np.nan
    with machine(isa):
        y = run_dense(x, w)
        assert np.isnan(y[0]).all()
        assert (y[1:] == 20).all()
        x[0, 3] = np.inf
        assert (run_dense(x, w)[0] == np.inf).all()


# ---------------------------------------------------------------- epilogue: steps as C sees them

seen_by_c = pytest.mark.skipif(sys.platform == "win32", reason="the library shows Python's own names only")
EPILOGUES = pytest.mark.parametrize(
    ("relu", "masked", "accumulate"), [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]
)


def check_epilogue(isa, test, relu, masked, accumulate):
    """The output and the first gradient with an epilogue, against the reference finished likewise."""
    rng = np.random.default_rng(1)
    y, dx, *_ = test.reference(np.asarray)
    wanted = [None if s is None else tuple(s) for s in test.shapes[1:]]
    for backward, plain in ((False, y), (True, dx)):
        old, mask = (rng.normal(size=plain.shape).astype("f4") for _ in range(2))
        if mask.size:
            mask.flat[0] = np.nan  # no number is no leave to pass
        epilogue = Epilogue(None, mask.ctypes.data if masked else None, relu, accumulate)
        found = old.copy()
        arrays = [test.dy, *test.saved(test.inputs)] if backward else test.inputs
        run_entry(test.op.name, isa, arrays, [found, *wanted] if backward else [found], {}, epilogue, backward)
        expected = finished(plain, old.astype(float), mask if masked else None, relu, accumulate)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6 * (1 + sum(plain.shape)))


@seen_by_c
@every_isa
@EPILOGUES
@pytest.mark.parametrize(
    ("rows", "depth", "cols"),
    [
        (1, 70, 300),  # one sample
        (2, 33, 41),
        (3, 300, 10),
        (31, 100, 10),
        (70, 1030, 90),  # stretches of the depth
        (200, 256, 130),  # strides that share cache sets
        (5, 0, 7),
        (1, 0, 7),
    ],
)
def test_dense_finishes_its_result(isa, rows, depth, cols, relu, masked, accumulate):
    test = Bilinear("dense", ((rows, depth), (depth, cols), (cols,)))
    check_epilogue(isa, test, relu, masked, accumulate)


@seen_by_c
@every_isa
@EPILOGUES
@pytest.mark.parametrize(
    "shapes",
    [((3, 20, 30), (3, 30, 17)), ((2, 3, 40, 33), (33, 50)), ((2, 90, 64), (2, 64, 90)), ((5, 1, 8), (5, 8, 1))],
)
def test_matmul_finishes_its_result(isa, shapes, relu, masked, accumulate):
    check_epilogue(isa, Bilinear("matmul", shapes), relu, masked, accumulate)


@seen_by_c
@every_isa
@pytest.mark.parametrize(("masked", "accumulate"), [(1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("shapes", [((20, 30), (3, 30, 17)), ((2, 1, 9, 8), (3, 8, 5))])
def test_the_gradient_of_a_repeated_matrix_is_finished(isa, shapes, masked, accumulate):
    check_epilogue(isa, Bilinear("matmul", shapes), 0, masked, accumulate)


@seen_by_c
@every_isa
def test_a_finished_result_is_the_unfinished_one_finished(isa):
    """To the bit: relu, mask and sum after the product, as the steps that a fusion saves would give it."""
    test = Bilinear("dense", ((33, 130), (130, 70), (70,)))
    with machine(isa):
        y, dx, *_ = test.kernel()
    mask = test.inputs[0]
    found = np.full_like(y, np.nan)
    run_entry("dense", isa, test.inputs, [found], {}, Epilogue(None, None, 1, 0))
    np.testing.assert_array_equal(found, np.maximum(y, 0))
    found = np.full_like(dx, np.nan)
    unwanted = [tuple(s) for s in test.shapes[1:]]
    run_entry(
        "dense",
        isa,
        [test.dy, *test.saved(test.inputs)],
        [found, *unwanted],
        {},
        Epilogue(None, mask.ctypes.data, 0, 0),
        backward=True,
    )
    np.testing.assert_array_equal(found, np.where(mask > 0, dx, 0))


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("dense", ((2, 3), (4, 5), None), r"dense: expected 4 input features, received 3\. x is \(2, 3\), w is"),
        ("dense", ((), (4, 5), None), "expected x with at least one axis, received rank 0"),
        ("dense", ((2, 4), (4,), None), "expected w with two axes"),
        ("dense", ((2, 4), (4, 5), (4,)), r"expected a bias of shape \(5,\), one .* unit, received \(4,\)"),
        ("dense", ((2, 4), (4, 5), (1, 5)), "expected a bias of shape"),
        ("matmul", ((2, 3), (4, 5)), "expected b with 3 rows, as many as a has columns, received 4"),
        ("matmul", ((), (3, 5)), "expected a with at least one axis"),
        ("matmul", ((2, 3), ()), "expected b with at least one axis"),
        ("matmul", ((2, 4, 3), (5, 3, 2)), r"axes that broadcast, equal or 1, received \(2,\) and \(5,\)"),
        ("matmul", ((4,), (5, 3, 2)), "expected b with 4 rows, as many as a has columns, received 3"),
        ("bias_add", ((2, 3), (2,)), r"expected a bias of shape \(3,\), one number for each channel, received \(2,\)"),
        ("bias_add", ((), ()), "expected x with at least one axis"),
    ],
)
def test_wrong_shapes(name, shapes, message):
    with pytest.raises(ShapeError, match=message):
        OPS[name].infer(shapes, {})
