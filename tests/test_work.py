"""How much work an operation is: against the addends of its explanations, and the arrays that really move."""

import dataclasses
import math
from functools import partial

import numpy as np
import pytest

from fastnn.ops.convolution import pads, reach
from fastnn.ops.table import OPS, Case, find
from fastnn.ops.work import MOVING, backward_bytes, backward_flops, forward_bytes, forward_flops
from tests.table_checks import Example, differentiable

every_op = pytest.mark.parametrize("op", OPS.values(), ids=OPS)
counted = pytest.mark.parametrize("op", [op for op in OPS.values() if op.flops is not None and op.kind != "recurrence"])


def unpadded(op, case):
    """The case with its padding as part of the image; None where a result is cut instead."""
    attrs = op.complete(case.attrs)
    if attrs.get("padding") != "same":
        return case
    if op.name == "conv2d_transpose":
        return None
    x, w, b = case.shapes
    rows, cols = pads(x[1:3], reach(w, attrs["dilation_rate"]), attrs["strides"], "same")
    larger = (x[0], x[1] + sum(rows), x[2] + sum(cols), x[3])
    return Case((larger, w, b), {**case.attrs, "padding": "valid"})


def products(op, target, shape, shapes, attrs):
    """How many products all sums of a target have."""
    return sum(len(op.explain(target, index, shapes, **attrs)) for index in np.ndindex(*shape))


@counted
def test_multiply_adds_are_the_products_in_the_explanations(op):
    small = [c for c in map(partial(unpadded, op), op.cases) if c and sum(math.prod(s or ()) for s in c.shapes) < 3000]
    assert len(small) > 3
    for case in small:
        attrs, roles = op.complete(case.attrs), op.gradient_roles(len(case.shapes))
        (y,) = op.infer(case.shapes, attrs)
        assert forward_flops(op, case.shapes, case.attrs) == 2 * products(op, "y", y, case.shapes, attrs), case
        for role, shape in zip(roles[:2], case.shapes, strict=False):
            found = products(op, f"d{role}", shape, case.shapes, attrs)
            assert backward_flops(op, case.shapes, case.attrs, [role]) == 2 * found, (role, case)


def test_some_counts_by_hand():
    lstm, shapes = find("lstm"), [(32, 100, 512), (128, 512), None, None, None, None]
    product = 2 * 32 * 100 * 128 * 512
    assert forward_flops(lstm, shapes) == product
    assert backward_flops(lstm, shapes) == 2 * product
    assert backward_flops(lstm, shapes, wanted=["x"]) == product
    assert backward_flops(find("gru"), [(2, 3, 12), (4, 12), (2, 12), None, None, None], wanted=["bias"]) == (
        2 * 2 * 3 * 4 * 12 + 2 * 3 * 12
    )
    assert forward_flops(find("conv2d"), [(128, 26, 26, 32), (3, 3, 32, 64), (64,)]) == 2 * 128 * 24 * 24 * 64 * 288
    assert forward_flops(find("conv2d"), [(1, 5, 5, 1), (3, 3, 1, 1), None], {"padding": "same"}) == 2 * 25 * 9
    assert forward_flops(find("relu"), [(4, 5)]) == 20
    assert forward_flops(find("accumulate"), [(4, 5)] * 3) == 40
    assert forward_flops(find("sum"), [(4, 5)]) == 20
    assert forward_flops(find("reshape"), [(4, 5)], {"shape": (20,)}) == 0
    assert backward_flops(find("multiply"), [(4, 5), (4, 5)]) == 40
    assert backward_flops(find("dense"), [(4, 5), (5, 6), (6,)], wanted=["b"]) == 24


@every_op
def test_bytes_of_forward_are_those_of_the_arrays(op):
    for case in op.cases:
        example = Example(op, case, "float32")
        read = [x.nbytes for x in example.as_computed() if x is not None]
        written = sum(y.nbytes for y in example.kernel().values())
        found = forward_bytes(op, example.shapes, case.attrs, example.computing)
        if op.kind in MOVING:
            assert written <= found <= sum(read) + written, case
        else:
            assert found == sum(read) + written, case


@every_op
def test_bytes_of_backward_are_those_of_the_arrays(op):
    for case in (c for c in op.cases if differentiable(op, c)):
        example = Example(op, case, "float32")
        inputs = example.as_computed()
        results = {k: v.astype(example.dtype_of(k)) for k, v in example.reference(inputs).items()}
        upstream, saved = example.upstream(results), example.saved(example.by_role(results, inputs))
        moving = [*upstream, *saved, *example.backward_kernel(upstream, saved).values()]
        found = backward_bytes(op, example.shapes, case.attrs)
        assert found == sum(a.nbytes for a in moving if a is not None), case


@every_op
def test_work_adds_up_over_gradients_and_is_never_negative(op):
    for case in op.cases:
        shapes = case.shapes
        assert forward_flops(op, shapes, case.attrs) >= 0, case
        if op.backward is not None:
            each = [backward_flops(op, shapes, case.attrs, [r]) for r in op.gradient_roles(len(shapes))]
            whole = backward_flops(op, shapes, case.attrs)
            assert whole == sum(each) - (len(each) - 1) * backward_flops(op, shapes, case.attrs, []), case
            assert min(each, default=0) >= 0, case


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.kind == "elementwise"])
def test_elementwise_work_is_one_for_each_result(op):
    for case in op.cases:
        results = op.infer(case.shapes, op.complete(case.attrs))
        assert forward_flops(op, case.shapes, case.attrs) == max(map(math.prod, results)), case


def test_a_wrong_count_is_found():
    wrong = dataclasses.replace(find("dense"), flops=lambda x, w, b, **_: {"y": math.prod(x) * w[1]})
    shapes = [(3, 5), (5, 4), (4,)]
    assert forward_flops(wrong, shapes) != 2 * products(wrong, "y", (3, 4), shapes, {})


def test_products_are_counted_wherever_an_operation_is_made_of_them():
    assert all(op.flops is not None for op in OPS.values() if op.kind in ("contraction", "convolution", "recurrence"))
