"""Depthwise, grouped and transposed convolutions of any size, on any instruction set and number of threads."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.kernel_checks import ISAS, Bilinear, best_isa, machine

every_isa = pytest.mark.parametrize("isa", ISAS)
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def windows(draw):
    """Images' and kernel's sizes that fit, with strides, padding and dilation."""
    size = draw(st.tuples(st.integers(1, 14), st.integers(1, 33)))
    kernel = draw(st.one_of(st.sampled_from([(3, 3), (5, 5), (7, 7)]), st.tuples(st.integers(1, 6), st.integers(1, 7))))
    attrs = {"padding": draw(st.sampled_from(["valid", "same"]))}
    moves = draw(st.sampled_from(["strides", "dilation_rate"]))
    attrs[moves] = draw(st.one_of(st.sampled_from([(1, 1), (2, 2)]), pairs))
    reach = [(k - 1) * (attrs[moves][d] if moves == "dilation_rate" else 1) + 1 for d, k in enumerate(kernel)]
    assume(attrs["padding"] == "same" or (size[0] >= reach[0] and size[1] >= reach[1]))
    return size, kernel, attrs


def bias(draw, channels):
    return (channels,) if draw(st.booleans()) else None


@st.composite
def depthwise(draw):
    size, kernel, attrs = draw(windows())
    images, channels = draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 3, 5, 8, 16, 17, 33, 48]))
    multiple = draw(st.sampled_from([1, 1, 2, 3]))
    w = (*kernel, channels, multiple)
    return ((images, *size, channels), w, bias(draw, channels * multiple)), attrs


@st.composite
def grouped(draw):
    size, kernel, attrs = draw(windows())
    groups, ins, outs = (draw(st.sampled_from(n)) for n in ([2, 3, 5, 8], [1, 2, 4, 8, 9, 16], [1, 2, 3, 4, 8, 11, 17]))
    shapes = (draw(st.integers(1, 3)), *size, groups * ins), (*kernel, ins, groups * outs), bias(draw, groups * outs)
    return shapes, {**attrs, "groups": groups}


@st.composite
def transposed(draw):
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    attrs = {
        "padding": draw(st.sampled_from(["valid", "same"])),
        draw(st.sampled_from(["strides", "dilation_rate"])): draw(pairs),
    }
    ins, outs = draw(st.sampled_from([1, 3, 16, 33])), draw(st.sampled_from([1, 2, 16, 35]))
    return ((draw(st.integers(1, 3)), *size, ins), (*kernel, outs, ins), bias(draw, outs)), attrs


@every_isa
@settings(max_examples=100, deadline=None)
@given(example=depthwise(), seed=st.integers(0, 99))
def test_depthwise_of_any_size(isa, example, seed):
    with machine(isa):
        Bilinear("depthwise_conv2d", *example, seed=seed).check()


@every_isa
@settings(max_examples=100, deadline=None)
@given(example=grouped(), seed=st.integers(0, 99))
def test_groups_of_any_size(isa, example, seed):
    with machine(isa):
        Bilinear("conv2d", *example, seed=seed).check()


@every_isa
@settings(max_examples=60, deadline=None)
@given(example=transposed(), seed=st.integers(0, 99))
def test_transposed_of_any_size(isa, example, seed):
    with machine(isa):
        Bilinear("conv2d_transpose", *example, seed=seed).check()


SAME = {"padding": "same"}
LARGE = [
    ("depthwise_conv2d", ((3, 40, 41, 35), (3, 3, 35, 1), (35,)), SAME),
    ("depthwise_conv2d", ((2, 40, 41, 64), (3, 3, 64, 1), (64,)), {**SAME, "strides": (2, 2)}),
    ("depthwise_conv2d", ((1, 90, 80, 32), (5, 5, 32, 1), None), SAME),  # one image: bands of rows
    ("depthwise_conv2d", ((2, 30, 60, 40), (3, 3, 40, 2), (80,)), SAME),  # several bands of spread rows
    ("depthwise_conv2d", ((40, 7, 7, 70), (3, 3, 70, 1), (70,)), SAME),
    ("depthwise_conv2d", ((2, 50, 50, 20), (7, 4, 20, 1), (20,)), {**SAME, "dilation_rate": (2, 3)}),
    ("conv2d", ((3, 40, 31, 64), (3, 3, 4, 64), (64,)), {**SAME, "groups": 16}),  # small groups: vectors over all
    ("conv2d", ((3, 41, 31, 64), (3, 3, 16, 96), (96,)), {**SAME, "groups": 4, "strides": (2, 2)}),
    ("conv2d", ((1, 70, 71, 60), (3, 3, 20, 105), (105,)), {**SAME, "groups": 3}),
    ("conv2d", ((2, 40, 31, 36), (3, 3, 18, 24), (24,)), {**SAME, "groups": 2, "dilation_rate": (2, 3)}),
    ("conv2d", ((2, 17, 30, 66), (3, 3, 33, 6), (6,)), {"groups": 2}),  # few results: lanes over the depth
    ("conv2d_transpose", ((9, 14, 14, 64), (3, 3, 32, 64), (32,)), {**SAME, "strides": (2, 2)}),
    ("conv2d_transpose", ((5, 28, 29, 16), (3, 3, 1, 16), (1,)), SAME),
    ("conv2d_transpose", ((5, 20, 15, 16), (2, 2, 20, 16), (20,)), {"strides": (3, 3)}),  # cells that no window meets
]
every_large = pytest.mark.parametrize(("name", "shapes", "attrs"), LARGE)


@best_isa
@every_large
def test_larger_ones(isa, name, shapes, attrs):
    with machine(isa):
        Bilinear(name, shapes, attrs).check()


@every_isa
@every_large
def test_threads_change_no_bit(isa, name, shapes, attrs):
    example = Bilinear(name, shapes, attrs)
    results = []
    for threads in (1, 2, 3):
        with machine(isa, threads=threads):
            results.append(example.kernel())
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


@every_isa
@pytest.mark.parametrize("multiple", [1, 2])
def test_not_a_number_reaches_exactly_its_windows(isa, multiple):
    example = Bilinear("depthwise_conv2d", ((1, 6, 9, 20), (3, 3, 20, multiple), None), SAME)
    example.inputs[0][0, 0, 0, 1] = np.nan
    with machine(isa):
        y, dx, dw = example.kernel()
    assert np.isnan(y[0, :2, :2, multiple : 2 * multiple]).all()
    assert np.isnan(y).sum() == 4 * multiple
    assert not np.isnan(dx).any()
    assert np.isnan(dw).sum() == 4 * multiple  # taps that are over the first cell in some window


@every_isa
def test_weights_that_no_cell_meets_change_nothing(isa):
    example = Bilinear("depthwise_conv2d", ((2, 1, 1, 18), (3, 3, 18, 1), None), SAME)
    example.inputs[1][:] = np.where(np.arange(9).reshape(3, 3, 1, 1) == 4, 2, np.nan)
    with machine(isa):
        y, dx, dw = example.kernel()
    np.testing.assert_array_equal(y, 2 * example.inputs[0])
    np.testing.assert_array_equal(dx, 2 * example.dy)
    assert (np.delete(dw.reshape(9, 18), 4, 0) == 0).all()
