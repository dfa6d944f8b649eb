"""What somebody who knows Keras gets wrong in the first hours, and what is said then."""

import re

import numpy as np
import pytest

import fastnn
from fastnn import layers


@pytest.mark.parametrize("shape", ["3", "abc", (3, "4"), (3.0,), (-1,), [[3]], {}, (True,)])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("shape", lambda shape: layers.Input(shape)),
        ("batch_shape", lambda shape: layers.Input(batch_shape=shape)),
        ("input_shape", lambda shape: layers.Dense(2, input_shape=shape)),
        ("batch_input_shape", lambda shape: layers.Dense(2, batch_input_shape=shape)),
    ],
)
def test_what_is_no_shape_is_refused_where_it_is_given(name, make, shape):
    with pytest.raises(ValueError, match=re.escape(f"Received: {name}={shape!r}")):
        make(shape)


@pytest.mark.parametrize("rows", [-4, 0, 2.5, "many"])
def test_a_batch_has_at_least_one_row(rows):
    with pytest.raises(ValueError, match=re.escape(f"batch_size={rows!r}")):
        layers.Input((3,), batch_size=rows)


@pytest.mark.parametrize("shape", [(None, 4), [2, 4], np.array([2, 4]), (np.int32(2), 4), (0, 4), range(4), ()])
def test_shapes_of_every_kind_are_shapes(shape):
    assert layers.Input(shape, batch_size=3).shape == (3, *shape)
    assert layers.Input(batch_shape=shape).shape == tuple(shape)
    assert layers.Dense(2, input_shape=shape).batch_input_shape == (None, *shape)


# ---------------------------------------------------------------- imports


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("from fastnn.layers import Conv3D", "fastnn.layers has no 'Conv3D': volumes"),
        ("from fastnn.layers import Dense, Densee", "did you mean 'Dense'?"),
        ("from fastnn.applications import EfficientNetB0", "there are VGG16, VGG19, ResNet50"),
        ("from fastnn.datasets import minst", "there are .*, mnist, "),
        ("from fastnn import dtype_policies", "float32 or float64"),
        ("import fastnn.optimizer", "did you mean .*'optimizers'"),
        ("from fastnn.compat.wrappers import SKLearnClassifier", "Classifier or Regressor of fastnn.sklearn"),
    ],
)
def test_an_import_of_what_is_absent_says_what_there_is(line, words):
    with pytest.raises(ImportError, match=words):
        exec(line)


@pytest.mark.parametrize("line", ["import fastnn.layers.basic.no_such", "import no_such_package", "import fastnn._no"])
def test_other_imports_fail_as_ever(line):
    with pytest.raises(ModuleNotFoundError, match="No module named"):
        exec(line)


def test_modules_of_preprocessing_are_attributes_too():
    assert fastnn.preprocessing.sequence.pad_sequences([[1], [2, 3]]).tolist() == [[0, 1], [2, 3]]
    assert fastnn.preprocessing.image_dataset_from_directory is fastnn.utils.image_dataset_from_directory
    with pytest.warns(DeprecationWarning, match="np_utils"):
        assert fastnn.utils.np_utils.to_categorical([1]).tolist() == [[0, 1]]
