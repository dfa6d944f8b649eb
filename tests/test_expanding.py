"""A convolution written out as patches, one product and a reshape: the same numbers up to rounding."""

import numpy as np
import pytest

import fastnn
from fastnn import layers, presets
from fastnn.engine.graph import Trace, expanding
from fastnn.engine.plan import Plan, finish, write_backward
from fastnn.engine.steplist import in_float64
from fastnn.engine.stepper import Stepper
from fastnn.ops.table import OPS
from tests.table_checks import Example

EXPANDED = [(op, case) for op in OPS.values() if op.expand is not None for case in op.cases]


def run(op, case, expand):
    """Outputs and gradients of the sum of the squares of one operation's result, in float64."""
    example = Example(op, case)
    with expanding(expand), Trace() as trace:
        pairs = zip(op.roles(example.count), example.inputs, strict=True)
        given = [None if x is None else trace.add_value(r, x.shape, "float64", "input", None) for r, x in pairs]
        y = op(*given, **example.attrs)
        loss = fastnn.ops.sum(fastnn.ops.square(y))
        sources = [g for g in given if g is not None]
        grads = write_backward(trace, loss, sources)
    plan = Plan(in_float64(finish(trace, sources, outputs=[y, *grads])), keep=True)
    for symbol, x in zip(sources, [x for x in example.inputs if x is not None], strict=True):
        plan.load(symbol.name, x)
    plan.run()
    names = [step.op.name for step in plan.listing.steps if step.phase == "forward"]
    return names, [plan.array(t.name) for t in (y, *grads)]


def test_there_is_something_to_expand():
    assert {op.name for op, _ in EXPANDED} == {"conv2d"}


@pytest.mark.parametrize(("op", "case"), EXPANDED, ids=lambda x: getattr(x, "name", None))
def test_an_expanded_operation_is_the_same_in_other_steps(op, case):
    names, found = run(op, case, True)
    plain, expected = run(op, case, False)
    whole = op.complete(case.attrs)
    if whole["groups"] == 1 and whole["dilation_rate"] == (1, 1):
        assert op.name not in names
        assert names[:4] == ["im2col", "reshape", "reshape", "dense"]
    else:
        assert names == plain
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def both(preset="digits-cnn", rows=8):
    given = presets.get(preset)
    x, y = given.data()
    return [Stepper(given.build(3), x[:rows], y[:rows], expand=expand) for expand in (True, False)]


def test_a_stepper_shows_the_patches_and_the_product():
    expanded, plain = both()
    assert {"im2col", "dense", "reshape"} <= {s.op.name for s in expanded.steps if s.layer == plain.steps[0].layer}
    assert not any(s.op.name == "conv2d" for s in expanded.steps)
    for stepper in (expanded, plain):
        stepper.train(3)
    np.testing.assert_allclose(expanded.losses, plain.losses, rtol=1e-4)
    for a, b in zip(expanded.storage.values(), plain.storage.values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_an_expanded_run_goes_back_bit_by_bit_and_forks():
    expanded = both()[0]
    expanded.goto(len(expanded.steps) + 7)
    seen = {n: expanded.value(n) for n in expanded.listing.values if expanded.computed(n)}
    twin = expanded.fork()
    expanded.goto(3)
    expanded.goto(len(expanded.steps) + 7)
    for stepper in (expanded, twin):
        for name, array in seen.items():
            np.testing.assert_array_equal(stepper.value(name), array, err_msg=name)


def test_the_models_own_list_is_not_touched():
    model = fastnn.Sequential([layers.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.ones((2, 6, 6, 2)), np.ones((2, 2))
    Stepper(model, x, y, expand=True)
    assert "conv2d" in {s.op.name for s in Stepper(model, x, y).steps}
