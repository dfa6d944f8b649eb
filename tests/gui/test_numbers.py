"""Numbers, indices and shapes as they are written."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.numbers import axis_letters, cell_label, decimals_for, exact, format_cell, format_number, shape_label


def read(text):
    return float(text.replace("−", "-"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4182, "0.4182"),
        (-0.5, "−0.5000"),
        (1e-3, "0.0010"),
        (9.9e-4, "9.900e−04"),
        (12345.678, "1.235e+04"),
        (0.0, "0"),
        (-0.0, "0"),
        (-1e-12, "−1.000e−12"),
        (math.nan, "NaN"),
        (math.inf, "+inf"),
        (-math.inf, "−inf"),
        (7, "7"),
        (np.int64(-3), "−3"),
        (np.float32(0.1), "0.1000"),
    ],
)
def test_format_number(value, text):
    assert format_number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_is_shown_as_zero_unless_it_is_zero(x):
    text = format_number(x)
    assert (read(text) == 0) == (x == 0)
    assert "-" not in text


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_exact_gives_the_same_float_back(x):
    assert np.float32(exact(np.float32(x))) == np.float32(x)
    assert float(exact(x)) == x


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e3))
def test_decimals_resolve_a_thousandth_of_the_range(low, span):
    x = np.array([low, low + span])
    real = float(x[1] - x[0])
    if real > 0:
        decimals = decimals_for(x, most=20)
        assert 10.0**-decimals <= real / 1000 * 1.0000001


def test_close_numbers_are_told_apart():
    x = np.array([0.994, 0.9991, 1.004])
    decimals = decimals_for(x)
    assert len({format_cell(v, decimals) for v in x}) == 3


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 7))
def test_a_cell_never_shows_zero_for_something_else(x, decimals):
    assert (read(format_cell(x, decimals)) == 0) == (x == 0)


def test_labels_show_axis_letters():
    assert cell_label("conv1.out", (0, 11, 7, 3), axis_letters(4, "activation")) == "conv1.out[n=0, h=11, w=7, c=3]"
    assert cell_label("k", (1, 2, 0, 5), axis_letters(4, "parameter")) == "k[kh=1, kw=2, in=0, out=5]"
    assert shape_label((3, 3, 1, 16), axis_letters(4, "parameter")) == "kh 3 × kw 3 × in 1 × out 16"
