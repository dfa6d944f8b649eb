"""The same numbers elsewhere: small arrays by hand, large ones against NumPy, of every type."""

import numpy as np
import pytest

from fastnn import ops
from fastnn.engine import execute
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Variable
from fastnn.errors import ShapeError
from fastnn.ops.table import find

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_reshape():
    np.testing.assert_array_equal(ops.reshape(X, shape=(3, -1)), [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(ops.reshape(X, shape=-1), [0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(ops.flatten(np.ones((2, 3, 4), "f")), np.ones((2, 12)))


def test_expand_and_squeeze():
    assert ops.expand_dims(X, axis=1).shape == (2, 1, 3)
    assert ops.squeeze(X.reshape(2, 1, 3, 1)).shape == (2, 3)
    assert ops.squeeze(X.reshape(2, 1, 3, 1), axis=-1).shape == (2, 1, 3)


def test_transpose():
    np.testing.assert_array_equal(ops.transpose(X), [[0, 3], [1, 4], [2, 5]])


def test_concatenate_and_its_gradient():
    a, b = Variable(X), Variable(np.array([[8], [9]], np.float32))
    with GradientTape() as tape:
        y = ops.concatenate([a, b], -1)
    np.testing.assert_array_equal(y, [[0, 1, 2, 8], [3, 4, 5, 9]])
    da, db = tape.gradient(y, [a, b], output_gradients=np.arange(8, dtype=np.float32).reshape(2, 4))
    np.testing.assert_array_equal(da, [[0, 1, 2], [4, 5, 6]])
    np.testing.assert_array_equal(db, [[3], [7]])


def test_concatenate_finds_a_part_between_unwanted_ones():
    op, grad = find("concatenate"), np.empty((2, 1), np.float32)
    dy = np.arange(12, dtype=np.float32).reshape(2, 6)
    execute.run_kernel(op, True, [dy], [(2, 3), grad, (2, 2)], {"axis": 1})
    np.testing.assert_array_equal(grad, [[3], [9]])


def test_what_is_refused():
    with pytest.raises(ShapeError, match="expected a shape for 6 numbers, received"):
        ops.reshape(X, shape=(4, -1))
    with pytest.raises(ShapeError, match="at most one -1"):
        ops.reshape(X, shape=(-1, -1))
    with pytest.raises(ShapeError, match="expected every axis of rank 2 once"):
        ops.transpose(X, axes=(0, 0))
    with pytest.raises(ShapeError, match="expected shapes alike but for axis -1"):
        ops.concatenate(X, X.T, axis=-1)
    with pytest.raises(ShapeError, match="expected axes of extent 1"):
        ops.squeeze(X, axis=0)


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "uint8"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((300, 417), (1, 0)),
        ((7, 30, 31, 5), (0, 3, 1, 2)),
        ((7, 5, 30, 31), (0, 2, 3, 1)),
        ((6, 5, 4, 33), (2, 1, 0, 3)),
        ((3, 4, 5, 6, 7), (4, 2, 0, 3, 1)),
        ((40, 1, 50), (2, 1, 0)),
    ],
)
def test_kernel_transposes_cells_of_any_size(shape, axes, dtype):
    x = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    y = np.empty([shape[a] for a in axes], dtype)
    execute.run_kernel(find("transpose"), False, [x], [y], {"axes": axes})
    np.testing.assert_array_equal(y, x.transpose(axes))
    back = np.empty_like(x)
    execute.run_kernel(find("transpose"), True, [y], [back], {"axes": axes})
    np.testing.assert_array_equal(back, x)
