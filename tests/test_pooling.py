"""Pooling: numbers worked by hand, agreement with what a NumPy programmer would write, and what is refused."""

import numpy as np
import pytest

from fastnn.errors import GraphError, ShapeError
from fastnn.ops.table import OPS
from tests.op_results import DTYPES, ROUNDING, gradients, run

both = pytest.mark.parametrize("dtype", DTYPES)
PICTURE = np.array([[0, 1, 0.5, 10], [2, 2.5, 1, -8], [4, 0, 5, 6], [15, 1, 2, 3]])


def image(rows):
    """One sample of one channel."""
    return np.asarray(rows, float)[None, :, :, None]


def plane(batch):
    return batch[0, :, :, 0]


# ---------------------------------------------------------------- worked by hand


@both
def test_the_largest_of_two_by_two(dtype):
    found = run("max_pool2d", image(PICTURE), dtype=dtype)
    np.testing.assert_array_equal(plane(found["y"]), [[2.5, 10], [15, 6]])
    np.testing.assert_array_equal(plane(found["winner"]), [[5, 3], [12, 11]])


@both
def test_the_mean_of_two_by_two(dtype):
    found = run("average_pool2d", image(PICTURE), dtype=dtype)["y"]
    np.testing.assert_allclose(plane(found), [[1.375, 0.875], [5, 4]])


@both
def test_gradients_go_to_the_winners(dtype):
    dx = gradients("max_pool2d", image(PICTURE), upstream=image([[1, 2], [3, 4]]), dtype=dtype)["x"]
    np.testing.assert_array_equal(plane(dx), [[0, 0, 0, 2], [0, 1, 0, 0], [0, 0, 0, 4], [3, 0, 0, 0]])
    dx = gradients("average_pool2d", image(PICTURE), upstream=image([[4, 8], [12, 16]]), dtype=dtype)["x"]
    np.testing.assert_array_equal(plane(dx), np.kron([[1, 2], [3, 4]], np.ones((2, 2))))


@both
def test_overlapping_windows_add_up(dtype):
    options = {"pool_size": (2, 2), "strides": (1, 1), "dtype": dtype}
    dx = gradients("max_pool2d", image([[1, 2, 3], [4, 9, 5], [6, 7, 8]]), **options)["x"]
    np.testing.assert_array_equal(plane(dx), [[0, 0, 0], [0, 4, 0], [0, 0, 0]])
    dx = gradients("average_pool2d", image(np.zeros((3, 3))), upstream=image(np.full((2, 2), 4)), **options)["x"]
    np.testing.assert_array_equal(plane(dx), [[1, 2, 1], [2, 4, 2], [1, 2, 1]])


@both
def test_same_padding_counts_real_cells_only(dtype):
    options = {"padding": "same", "dtype": dtype}
    found = run("average_pool2d", image([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), **options)["y"]
    np.testing.assert_allclose(plane(found), [[3, 4.5], [7.5, 9]])
    found = run("max_pool2d", image(-np.arange(1, 10).reshape(3, 3)), **options)["y"]
    np.testing.assert_array_equal(plane(found), [[-1, -3], [-7, -9]])


@both
def test_the_odd_cell_of_same_padding_goes_behind(dtype):
    found = run("average_pool2d", image([[1, 2, 4, 8]]), pool_size=(1, 2), strides=(1, 1), padding="same", dtype=dtype)
    np.testing.assert_allclose(plane(found["y"]), [[1.5, 3, 6, 8]])


@both
def test_the_first_of_equal_cells_wins(dtype):
    x = image(np.full((2, 2), 7))
    assert run("max_pool2d", x, dtype=dtype)["winner"].item() == 0
    np.testing.assert_array_equal(plane(gradients("max_pool2d", x, dtype=dtype)["x"]), [[1, 0], [0, 0]])


@both
def test_whole_images(dtype):
    x = image(PICTURE)
    np.testing.assert_allclose(run("global_average_pool2d", x, dtype=dtype)["y"], [[PICTURE.mean()]])
    found = run("global_max_pool2d", x, dtype=dtype)
    assert (found["y"].item(), found["winner"].item()) == (15, 12)
    assert run("global_max_pool2d", x, keepdims=True, dtype=dtype)["y"].shape == (1, 1, 1, 1)
    assert run("global_average_pool2d", x, keepdims=True, dtype=dtype)["y"].shape == (1, 1, 1, 1)


def test_shapes_from_the_course():
    assert run("max_pool2d", np.zeros((1, 4, 4, 5)), pool_size=(2, 2), strides=(2, 2))["y"].shape == (1, 2, 2, 5)


# ---------------------------------------------------------------- against NumPy

WINDOWS = [
    {},
    {"pool_size": (3, 3), "strides": (2, 2)},
    {"pool_size": (3, 3), "strides": (2, 2), "padding": "same"},
    {"pool_size": (2, 2), "strides": (1, 1), "padding": "same"},
    {"pool_size": (1, 4), "strides": (3, 1)},
    {"pool_size": (2, 3), "strides": (4, 5), "padding": "same"},
]


@pytest.mark.parametrize("channels", [1, 3, 15, 16, 17, 70])
@pytest.mark.parametrize("attrs", WINDOWS)
@both
def test_pooling_agrees_with_plain_numpy(attrs, channels, dtype):
    x = np.random.default_rng(channels).normal(size=(2, 10, 13, channels)).astype(dtype)
    for name in ("max_pool2d", "average_pool2d"):
        op = OPS[name]
        expected = op.numpy_fast(x, **op.complete(attrs))
        np.testing.assert_allclose(run(name, x, dtype=dtype, **attrs)["y"], expected, atol=ROUNDING[dtype])


@both
def test_tiles_that_divide_the_image_agree_too(dtype):
    x = np.random.default_rng(0).normal(size=(2, 12, 6, 5)).astype(dtype)
    for name in ("max_pool2d", "average_pool2d"):
        op, attrs = OPS[name], {"pool_size": (3, 2)}
        expected = op.numpy_fast(x, **op.complete(attrs))
        np.testing.assert_allclose(run(name, x, dtype=dtype, **attrs)["y"], expected, atol=ROUNDING[dtype])


@pytest.mark.parametrize("channels", [1, 6, 16, 33])
@pytest.mark.parametrize("name", ["max_pool2d", "global_max_pool2d"])
@both
def test_nan_wins_as_in_numpy(name, channels, dtype):
    rng = np.random.default_rng(channels)
    x = rng.integers(-3, 3, (3, 8, 6, channels)).astype(dtype)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.1] = -np.inf
    op = OPS[name]
    found, expected = run(name, x, dtype=dtype), op.forward(x, **op.complete({}))
    np.testing.assert_array_equal(found["y"], expected[0])
    np.testing.assert_array_equal(found["winner"], expected[1])
    biggest = x.reshape(3, 4, 2, 3, 2, channels).max((2, 4)) if name == "max_pool2d" else x.max((1, 2))
    np.testing.assert_array_equal(found["y"], biggest)


# ---------------------------------------------------------------- what is refused

POOLS = pytest.mark.parametrize("name", ["max_pool2d", "average_pool2d"])


@POOLS
def test_a_window_larger_than_the_image_is_refused(name):
    with pytest.raises(ShapeError, match=r"at least the window \(3, 3\) for valid padding, received \(2, 5\)"):
        run(name, np.zeros((1, 2, 5, 1)), pool_size=(3, 3))
    assert run(name, np.zeros((1, 2, 5, 1)), pool_size=(3, 3), padding="same")["y"].shape == (1, 1, 2, 1)


@POOLS
def test_other_nonsense_is_refused(name):
    with pytest.raises(ShapeError, match=r"expected an image batch .* received shape \(4, 4, 1\)"):
        run(name, np.zeros((4, 4, 1)))
    with pytest.raises(ShapeError, match="at least 1"):
        run(name, np.zeros((1, 4, 4, 1)), strides=(0, 1))
    with pytest.raises(GraphError, match="padding"):
        run(name, np.zeros((1, 4, 4, 1)), padding="full")


@pytest.mark.parametrize("name", ["global_max_pool2d", "global_average_pool2d"])
def test_an_image_without_cells_is_refused(name):
    with pytest.raises(ShapeError, match=r"expected an image batch"):
        run(name, np.zeros((1, 0, 4, 1)))
