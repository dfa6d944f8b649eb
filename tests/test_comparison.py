"""Truths, choices and changes of type: numbers that were worked out on paper, and the edges of every type."""

import numpy as np
import pytest

import fastnn
from fastnn import ops
from fastnn.engine import execute
from fastnn.engine.graph import Trace
from fastnn.engine.plan import Plan, finish
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Tensor, Variable

EDGES = np.array([-np.inf, -3e9, -1.5, -0.0, 0.5, 1.999, 255.5, 256, 3e9, 1e19, np.inf, np.nan], np.float32)


@pytest.fixture(params=execute.isas())
def isa(request):
    before = execute.isa()
    execute.isa(request.param)
    yield request.param
    execute.isa(before)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("int32", [-(2**31), -(2**31), -1, 0, 0, 1, 255, 256, 2**31 - 1, 2**31 - 1, 2**31 - 1, 0]),
        ("int64", [-(2**63), -3000000000, -1, 0, 0, 1, 255, 256, 3000000000, 2**63 - 1, 2**63 - 1, 0]),
        ("uint8", [0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 255, 0]),
        ("bool", [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]),
    ],
)
@pytest.mark.parametrize("source", ["float32", "float64"])
def test_floats_are_cut_off_and_held_within_the_range(dtype, expected, source, isa):
    result = ops.cast(EDGES.astype(source), dtype).numpy()
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, np.array(expected, dtype))


def test_integers_keep_their_last_bits(isa):
    x = np.array([-1, 256 + 7, 2**31 + 5, -(2**40)], np.int64)
    for dtype in ("uint8", "int32", "bool", "float32", "float64"):
        np.testing.assert_array_equal(ops.cast(x, dtype).numpy(), x.astype(dtype))


def test_cast_takes_names_and_numpy_types():
    for dtype in ("int32", np.int32, np.dtype("int32")):
        assert ops.cast([1.5], dtype).dtype == "int32"
    with pytest.raises(ValueError, match=r"dtype to be one of .*float32.* received 'float8'"):
        ops.cast([1.0], "float8")


def test_gradient_passes_between_floating_types_and_stops_at_integers():
    x = Variable([1.5, -2.5])
    with GradientTape(persistent=True) as tape:
        wide = ops.cast(x, "float64") * 3.0
        y = ops.sum(ops.cast(wide, "float32") * 2.0)
        z = ops.sum(ops.cast(ops.cast(x, "int32"), "float32") * x)
    dx = tape.gradient(y, x)
    assert dx.dtype == "float32"
    np.testing.assert_array_equal(dx, [6, 6])
    np.testing.assert_array_equal(tape.gradient(z, x), [1, -2])  # only by the factor x itself
    assert tape.gradient(ops.cast(x, "int32"), x) is None


def test_where_by_hand():
    a, b = Variable([[1.0, 2.0], [3.0, 4.0]]), Variable(10.0)
    with GradientTape() as tape:
        y = ops.where([[True, False], [False, True]], a, b)
    np.testing.assert_array_equal(y, [[1, 10], [10, 4]])
    da, db = tape.gradient(y, [a, b], output_gradients=np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(da, [[1, 0], [0, 4]])
    assert float(db) == 5


def test_where_takes_numbers_as_truths_and_keeps_integers():
    y = ops.where([2, 0, 1], np.array([1, 2, 3]), np.array([7, 8, 9]))
    assert y.dtype == "int64"
    np.testing.assert_array_equal(y, [1, 8, 3])
    assert ops.where([True], 1, 0.5).dtype == "float32"


def test_nothing_equals_nan(isa):
    x = np.array([np.nan, 1, np.inf, -np.inf], np.float32)
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        np.testing.assert_array_equal(getattr(ops, name)(x, x[::-1]), getattr(np, name)(x, x[::-1]))
        np.testing.assert_array_equal(getattr(ops, name)(x, np.float32(np.nan)), getattr(np, name)(x, np.nan))
    np.testing.assert_array_equal(ops.isnan(x), [1, 0, 0, 0])
    np.testing.assert_array_equal(ops.isinf(x), [0, 0, 1, 1])
    np.testing.assert_array_equal(ops.isfinite(x), [0, 1, 0, 0])
    np.testing.assert_array_equal(ops.logical_not(x), [0, 0, 0, 0])


def test_large_integers_are_compared_exactly():
    a, b = np.array([2**60, 2**60 + 1]), np.array([2**60 + 1])
    np.testing.assert_array_equal(ops.equal(a, b), [False, True])


def test_operators_on_tensors_and_in_a_trace():
    data = np.array([1.0, -2.0, 3.5], np.float32)

    def everything(x):
        whole = ops.cast(x, "int32")
        return [
            x > 0, x >= 1, x < 3.5, x <= -2, x < 2, (x > 0) & (x < 2), (x > 0) | (x < -1), ~(x > 0), (x > 0) ^ (x > 2),
            x // 2, 7 // x, x % 2, 7 % x, whole // 2, whole % 2, whole + 0.5, 2**x, x**-2, x**1.5, x**3, x**x,
            (x > 0) + 1, (x > 0) * x,
        ]  # fmt: skip

    with np.errstate(all="ignore"):
        eager = everything(Tensor(data))
        whole = data.astype(np.int32)
        expected = [
            data > 0, data >= 1, data < 3.5, data <= -2, data < 2, [1, 0, 0], [1, 1, 1], ~(data > 0), [1, 0, 0],
            data // 2, 7 // data, data % 2, 7 % data, whole // 2, whole % 2, whole + 0.5, 2**data, data**-2.0,
            data**1.5, data**3, data**data, [2, 1, 2], [1, 0, 3.5],
        ]  # fmt: skip
    with Trace() as trace:
        x = trace.add_value("x", (3,), "float32", "input")
        symbols = everything(x)
    plan = Plan(finish(trace, [x], outputs=symbols), keep=True)
    plan.load("x", data)
    plan.run()
    for e, s, right in zip(eager, symbols, expected, strict=True):
        assert e.dtype == s.dtype
        np.testing.assert_allclose(e, right, rtol=2e-7)
        np.testing.assert_array_equal(plan.array(s.name), e)


def test_types_of_mixed_inputs():
    truth, small, whole = np.array([True]), np.array([200], np.uint8), np.array([5], np.int32)
    assert ops.add(truth, truth).dtype == "int32"
    assert ops.add(small, whole).dtype == "int32"
    assert ops.sum(small).dtype == "int32"
    assert ops.max(truth).dtype == "bool"
    assert int(ops.sum(np.full(1000, 200, np.uint8))) == 200_000
    assert ops.multiply(truth, np.float32(2)).dtype == "float32"
    assert ops.divide(whole, whole).dtype == "float32"


def test_a_symbolic_truth_is_a_key_and_no_answer():
    x = fastnn.Input((3,))
    assert {x: 1}[x] == 1
    assert (x == x).dtype == "bool"
    assert (x > 0).dtype == "bool"
    with pytest.raises(ValueError, match="not known yet"):
        bool(x > 0)


def test_a_model_of_questions():
    x = fastnn.Input((2,))
    model = fastnn.Model(x, ops.where(x > 0, x * 2, -x))
    np.testing.assert_array_equal(model.predict(np.array([[1.0, -3.0]])), [[2, 3]])


def test_the_signs_of_equality_compare_cell_by_cell_and_hashes_go_by_identity():
    a, b = fastnn.Tensor([1.0, 2.0]), fastnn.Variable([1.0, 3.0])
    assert (a == b).numpy().tolist() == [True, False]
    assert (a != 1.0).numpy().tolist() == [False, True]
    assert (np.array([1.0, 2.0]) == a).numpy().tolist() == [True, True]
    assert a not in (None, "word")
    assert {a: 1, b: 2}[b] == 2
    assert len({a, fastnn.Tensor([1.0, 2.0]), a}) == 2
    x = fastnn.Input((2,))
    model = fastnn.Model(x, fastnn.ops.cast(x == 1.0, dtype="float32"))
    assert model.predict(np.array([[1.0, 2.0]], "float32"), verbose=0).tolist() == [[1.0, 0.0]]


def test_metrics_may_say_equal_by_its_sign():
    def hits(y_true, y_pred):
        return fastnn.ops.cast(fastnn.ops.argmax(y_true, axis=-1) == fastnn.ops.argmax(y_pred, axis=-1), "float32")

    model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(3)])
    model.compile("sgd", "mse", metrics=[hits, "categorical_accuracy"])
    x, y = np.random.RandomState(0).normal(size=(9, 2)), np.eye(3)[np.arange(9) % 3]
    found = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    assert found["hits"] == found["categorical_accuracy"]
    assert 0 < found["hits"] < 1
