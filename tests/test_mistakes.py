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
