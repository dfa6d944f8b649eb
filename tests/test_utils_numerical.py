"""to_categorical: shapes and types as in Keras, and labels that it must refuse."""

import numpy as np
import pytest

from fastnn.errors import DTypeError, ShapeError
from fastnn.utils import to_categorical


def test_one_row_for_each_label():
    found = to_categorical([1, 0, 3])
    assert found.dtype == np.float64
    assert found.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((5,), (5, 4)), ((5, 1), (5, 4)), ((2, 3), (2, 3, 4)), ((2, 3, 1), (2, 3, 4)), ((), (4,)), ((1,), (1, 4))],
)
def test_shape_gains_the_class_axis_and_drops_a_last_axis_of_one(shape, expected):
    labels = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 4
    found = to_categorical(labels, 4)
    assert found.shape == expected
    np.testing.assert_array_equal(found.argmax(-1).ravel(), labels.ravel())
    np.testing.assert_array_equal(found.sum(-1), 1)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "uint64", "float32", "bool"])
def test_whole_numbers_of_every_type_are_labels(dtype):
    assert to_categorical(np.array([1, 0], dtype)).tolist() == [[0, 1], [1, 0]]


def test_no_labels_need_a_number_of_classes():
    assert to_categorical([], 3).shape == (0, 3)
    assert to_categorical(np.zeros((0, 1), int), 3).shape == (0, 3)
    with pytest.raises(ShapeError, match="expected num_classes"):
        to_categorical([])


@pytest.mark.parametrize(("labels", "count"), [([0, 3], 3), ([-1, 1], None), ([-1], 2), ([-2, -1], None)])
def test_labels_out_of_range_are_refused(labels, count):
    with pytest.raises(ShapeError, match=rf"expected labels 0\.\.\d+, received {min(labels)}\.\.{max(labels)}\."):
        to_categorical(labels, count)


@pytest.mark.parametrize("labels", [[0.5], [np.nan], [np.inf], ["1"], [None], [1j]])
def test_what_is_no_integer_is_refused(labels):
    with pytest.raises(DTypeError, match="expected labels that are integers"):
        to_categorical(labels, 2)


@pytest.mark.parametrize(("count", "error"), [(0, ShapeError), (-1, ShapeError), (2.0, DTypeError), ("2", DTypeError)])
def test_impossible_numbers_of_classes_are_refused(count, error):
    with pytest.raises(error, match="expected num_classes to be"):
        to_categorical([0], count)
