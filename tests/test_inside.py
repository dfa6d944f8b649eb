"""Inside a number: running sums and inner values of every operation lead to what its explanation gives."""

import numpy as np
import pytest

import fastnn
from fastnn.engine.inside import Inside, close, evaluated
from fastnn.errors import GraphError
from fastnn.ops.table import OPS
from fastnn.ops.terms import Formula, Sum
from tests.table_checks import NAMED, NAMED_BACKWARD, Example

SMALL = [name for name in NAMED if int(name.rpartition("-")[2]) < 3 and OPS[name.rpartition("-")[0]].explain]


def explained_values(name):
    """All values of a case by role, gradients too."""
    example = Example(*NAMED[name])
    results = example.reference()
    values = example.by_role(results)
    if name in NAMED_BACKWARD:
        upstream = example.upstream(results)
        values.update({f"d{role}": dy for role, dy in zip(example.op.outputs, upstream, strict=True)})
        grads = example.backward_reference(upstream, example.saved(values))
        values.update({(r if r in example.op.backward_extra else f"d{r}"): g for r, g in grads.items()})
    given = {*example.op.roles(example.count), *(f"d{role}" for role in example.op.outputs)}
    arrays = {role: np.asarray(v) for role, v in values.items() if v is not None}
    return example, arrays, [role for role in arrays if role not in given and arrays[role].size]


@pytest.mark.parametrize("name", SMALL)
def test_the_last_line_is_the_number_and_every_line_can_be_done_by_hand(name):
    example, arrays, targets = explained_values(name)
    rng = np.random.default_rng(0)
    for target in targets:
        cell = tuple(int(rng.integers(n)) for n in arrays[target].shape)
        expression = example.op.explain(target, cell, example.shapes, **example.attrs)
        inside = Inside(expression, {role: role for role in arrays}, arrays, digits=14)
        if len(inside):
            assert close(inside[-1].running, inside.total, inside.magnitude, 1e-9), (target, cell)
        for line in list(inside)[:40]:
            found = Formula(line.substituted).evaluate({})
            assert close(found, line.value, max(1.0, abs(line.value)), 1e-6), line


def test_running_sums_are_partial_sums():
    arrays = {"x": np.array([1.0, 2.0, 3.0]), "w": np.array([4.0, 5.0, 6.0]), "b": np.array([7.0])}
    cells = np.arange(3)[:, None]
    inside = Inside(Sum((("x", cells), ("w", cells)), (("b", (0,)),), scale=0.5), dict.fromkeys("xwb", "v"), arrays)
    assert [line.running for line in inside] == [4.0, 14.0, 32.0, 16.0, 23.0]
    assert inside.total == 23.0
    assert [line.value for line in inside] == [4.0, 10.0, 18.0, 16.0, 7.0]


def test_only_the_branch_taken_is_shown():
    moves = evaluated("log(x) if x > 0 else x - 1", {"x": -2.0})
    assert [move.symbol for move in moves] == ["x > 0", "x - 1"]


def test_parts_that_a_formula_names_are_moves():
    moves = evaluated("exp(x0 - (m := max(x0, x1))) + m", {"x0": 1.0, "x1": 3.0})
    assert [move.symbol for move in moves][:2] == ["m = max(x0, x1)", "x0 - m"]
    assert moves[-1].value == pytest.approx(np.exp(-2) + 3)


def test_a_long_row_needs_no_deep_recursion():
    text = " + ".join(f"exp(x{k})" for k in range(900))
    assert evaluated(text, {f"x{k}": 0.0 for k in range(900)})[-1].value == 900


@pytest.fixture
def stepper():
    model = fastnn.Sequential([fastnn.layers.Input((3,)), fastnn.layers.Dense(2, "sigmoid", name="fc")])
    model.compile("sgd", "mse")
    made = fastnn.Stepper(model, [[1.0, 2.0, 3.0]], [[0.0, 1.0]])
    made.finish_step()
    return made


def test_a_corrupted_buffer_is_noticed(stepper):
    inside = stepper.inside("fc.dense", (0, 1))
    assert close(inside.running[-1], float(stepper.view("fc.dense")[0, 1]), inside.magnitude)
    stepper._plan.array("fc.dense")[0, 1] += 1e-2
    assert not close(inside.running[-1], float(stepper.view("fc.dense")[0, 1]), inside.magnitude)


def test_what_no_step_computed_has_no_inside(stepper):
    assert stepper.inside(stepper.listing.inputs[0], (0, 0)) is None
    with pytest.raises(GraphError, match="index into"):
        stepper.inside("fc.dense", (0, 5))
