"""Inside a number: running sums and inner values of every operation lead to what its explanation gives."""

import tracemalloc

import numpy as np
import pytest

import fastnn
from fastnn.engine.inside import Inside, close, evaluated
from fastnn.errors import GraphError
from fastnn.ops.table import OPS
from fastnn.ops.terms import Formula, Sum, named_parts
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


# ---------------------------------------------------------------- named parts, tables


def explained(op, target, cell, arrays, **attrs):
    """The expression, what it is made of, and its moves."""
    shapes = tuple(a.shape for a in arrays[: len(op.inputs)])
    expression = op.explain(target, cell, shapes, **op.complete(attrs))
    roles = (*op.inputs, *op.outputs, *op.extra)
    values = dict(zip(roles, (np.asarray(a) for a in arrays), strict=False))
    return expression, values, Inside(expression, {role: role for role in values}, values)


def test_parts_of_a_formula_have_names_and_numbers():
    f = Formula("w - (change := rate * (m := a + g) / (1 - 0.5**(t := step + 1)))", dict.fromkeys(["w"], ("w", ())))
    assert f.short == "w - change"
    assert named_parts(f.text) == (("m", "a + g"), ("t", "step + 1"), ("change", "rate * m / (1 - 0.5**t)"))


def test_adam_is_explained_in_its_textbook_quantities():
    w, g, m, v, rate, step = 0.5, 0.2, 0.01, 0.004, 0.001, 4
    arrays = [np.float64(x) for x in (w, g, m, v, rate)] + [np.int64(step)]
    expression, values, _ = explained(OPS["adam"], "w_new", (), arrays)
    found = expression.inner_values(values)
    m_new, v_new = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    m_hat, v_hat = m_new / (1 - 0.9**5), v_new / (1 - 0.999**5)
    wanted = {"m_new": m_new, "v_new": v_new, "t": 5, "m_hat": m_hat, "v_hat": v_hat}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-12)
    result = float(OPS["adam"].forward(*arrays, **OPS["adam"].complete({}))[0])
    assert w - found["change"] == pytest.approx(result, rel=1e-12)


def test_an_explanation_prints_its_named_parts(stepper):
    model = fastnn.Sequential([fastnn.layers.Input((3,)), fastnn.layers.Dense(2, name="fc")])
    model.compile("adam", "mse")
    made = fastnn.Stepper(model, [[1.0, 2.0, 3.0]], [[0.0, 1.0]])
    made.finish_step()
    e = made.explain("fc.kernel", (0, 1), 10)
    assert [part.name for part in e.named] == ["m_new", "t", "m_hat", "v_new", "correction", "v_hat", "change"]
    assert e.symbol == "w - change"
    assert {p.name: p.substituted for p in e.named}["t"] == "0 + 1"
    for part in e.named:
        assert Formula(part.substituted).evaluate({}) == pytest.approx(part.value, rel=1e-6, abs=1e-11)
    assert "m_hat = m_new / (1 - 0.9**t)" in str(e)


@pytest.mark.parametrize("size", [1, 3, 10, 100])
@pytest.mark.parametrize("sparse", [True, False])
def test_cross_entropy_has_a_table_by_class(size, sparse):
    rng = np.random.default_rng(size)
    z, label = rng.normal(size=(2, size)) * 3, rng.integers(size, size=2)
    truth = label if sparse else np.eye(size)[label]
    op = OPS["sparse_softmax_cross_entropy" if sparse else "softmax_cross_entropy"]
    loss, p = op.forward(truth, z)
    _, _, inside = explained(op, "y", (1,), [truth, z, loss, p])
    np.testing.assert_allclose(inside.rows["z - max"], z[1] - z[1].max())
    np.testing.assert_allclose(inside.rows["exp"], np.exp(z[1] - z[1].max()))
    np.testing.assert_allclose(inside.rows["p"], p[1])
    addends = inside.rows["-log p"] * inside.rows["t"] if sparse else inside.rows["-t log p"]
    assert addends.sum() == pytest.approx(float(loss[1]))


@pytest.mark.parametrize("name", ["sparse_softmax_cross_entropy", "softmax_cross_entropy", "softmax"])
def test_a_row_of_the_jacobian_times_upstream_is_the_gradient(name):
    op, rng = OPS[name], np.random.default_rng(4)
    z, truth = rng.normal(size=(3, 6)), np.array([4, 0, 5])
    if name == "softmax":
        dy, y = rng.normal(size=(3, 6)), op.forward(z)
        (grad,) = op.backward(dy, y, shapes=((3, 6),))
        values, shapes = {"x": z, "y": y, "dy": dy, "dx": grad}, (z.shape,)
    else:
        truth = truth if name.startswith("sparse") else np.eye(6)[truth]
        dy, p = rng.normal(size=3), op.forward(truth, z)[1]
        (grad,) = op.backward(dy, truth, p, shapes=())
        values, shapes = {op.inputs[0]: truth, "p": p, "dy": dy, "dlogits": grad}, (truth.shape, z.shape)
    for cell in np.ndindex(3, 6):
        f = op.explain("dx" if name == "softmax" else "dlogits", cell, shapes)
        found = f.rows.evaluate(f, values)
        assert found["product"].sum() == pytest.approx(float(grad[cell]), abs=1e-12)
        upstream, slope = (found[head] for head, _ in f.rows.columns[-3:-1])
        np.testing.assert_allclose(upstream * slope, found["product"], atol=1e-12)
        if name != "softmax":  # the same slope from a difference quotient
            moved = z.copy()
            moved[cell] += 1e-6
            p_moved = np.exp(moved) / np.exp(moved).sum(-1, keepdims=True)
            np.testing.assert_allclose(slope, ((p_moved - p) / 1e-6)[cell[0]], atol=1e-5)


def test_a_sum_over_few_cells_of_a_large_array_takes_little_memory():
    arrays = {"x": np.ones((1000, 1000), np.float32), "w": np.full((1000, 1000), 2, np.float32)}
    cells = np.array([(i, i) for i in range(50)])
    tracemalloc.start()
    assert Sum((("x", cells), ("w", cells))).evaluate(arrays) == 100
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000  # one of them in float64 would take 8 million bytes
