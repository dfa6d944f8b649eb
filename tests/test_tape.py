"""Eager values and their gradients."""

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Tensor, Variable, ops
from fastnn.errors import DTypeError, GraphError, ShapeError


def test_derivatives_of_a_polynomial():
    x, t, z = Variable(2.0), Variable(3.0), Variable(4.0)
    with GradientTape() as tape:
        y = x**2 + t**3 + z
    assert float(y) == 35.0
    assert [float(g) for g in tape.gradient(y, [x, t, z])] == [4.0, 27.0, 1.0]


def test_a_value_used_twice_gets_both_gradients():
    x = Variable([1.0, -2.0])
    with GradientTape() as tape:
        y = ops.sum(x * x + x)
    np.testing.assert_array_equal(tape.gradient(y, x), [3.0, -3.0])


def test_only_watched_tensors_have_gradients():
    a, b = Tensor([1.0]), Tensor([2.0])
    with GradientTape() as tape:
        tape.watch(a)
        y = a * b
    assert tape.gradient(y, {"a": a, "b": b})["b"] is None


def test_frozen_variables_are_not_watched():
    frozen = Variable([1.0], trainable=False)
    with GradientTape() as tape:
        y = frozen * 2.0
    assert tape.gradient(y, frozen) is None


def test_a_tape_answers_once_unless_persistent():
    x = Variable(3.0)
    for persistent in (False, True):
        with GradientTape(persistent=persistent) as tape:
            y = x * x
        tape.gradient(y, x)
        if persistent:
            assert float(tape.gradient(y, x)) == 6.0
        else:
            with pytest.raises(GraphError, match="persistent"):
                tape.gradient(y, x)


def test_saved_values_survive_an_assignment():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    x.assign(100.0)
    assert float(tape.gradient(y, x)) == 6.0


def test_float64_stays_float64_and_runs_the_reference():
    y = ops.sigmoid(np.array([0.5]))
    assert y.dtype == "float64"
    assert float(y.value[0]) == 1 / (1 + np.exp(-0.5))


@pytest.mark.parametrize(
    "change",
    [
        lambda a: np.asfortranarray(a),
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a[::-1][::-1],
        lambda a: a.astype(">f4"),
        lambda a: a.astype("float16"),
        lambda a: np.frombuffer(b"\0" + a.tobytes(), "u1")[1:].view("f4").reshape(a.shape),
    ],
    ids=["fortran", "strided", "reversed", "byte order", "half", "unaligned"],
)
def test_arrays_of_any_layout_are_read_rightly(change):
    a = np.arange(12, dtype="f4").reshape(3, 4) / 8 - 0.5
    expected = ops.dense(a, np.eye(4, dtype="f4")).value
    np.testing.assert_array_equal(ops.dense(change(a), np.eye(4, dtype="f4")).value, expected)


def test_read_only_arrays_are_inputs_like_others():
    a = np.ones((2, 2), "f4")
    a.flags.writeable = False
    np.testing.assert_array_equal(ops.relu(a), a)


@pytest.mark.parametrize(
    "wrong",
    [["a"], np.array([1j]), [object()], [[1.0], [1.0, 2.0]]],
    ids=["text", "complex", "object", "ragged"],
)
def test_what_is_not_numbers_is_refused(wrong):
    with pytest.raises(DTypeError):
        ops.relu(wrong)


def test_nan_and_infinity_pass_through():
    y = ops.relu(np.array([np.nan, np.inf, -np.inf], "f4")).value
    assert np.isnan(y[0])
    assert (y[1:] == [np.inf, 0]).all()


def test_wrong_shapes_say_what_was_expected():
    with pytest.raises(ShapeError, match=r"dense: expected .*4.* x is \(2, 3\), w is \(4, 5\)"):
        ops.dense(np.ones((2, 3)), np.ones((4, 5)))
    with pytest.raises(ShapeError, match="variable"):
        Variable([1.0, 2.0]).assign([1.0])


def test_operators_and_numbers_keep_the_type():
    x = Tensor([1.0, 2.0])
    for y in (x + 1, 1 + x, x - 0.5, 2 * x, x / 3, 1 / x, -x, abs(x), x**2, x**0.5, x[None] @ [[1.0], [2.0]]):
        assert y.dtype == "float32", y
    np.testing.assert_allclose((1 - x).numpy(), [0, -1])


def test_engine_numpy_computes_in_float64_and_c_really_runs_otherwise(monkeypatch):
    calls = []
    monkeypatch.setattr("fastnn.engine.execute.run_kernel", lambda op, *rest: calls.append(op.name))
    ops.relu([1.0, -1.0])
    assert calls == ["relu"]
    fastnn.config.engine("numpy")
    try:
        assert ops.relu([1.0, -1.0]).dtype == "float64"
        assert calls == ["relu"]
    finally:
        fastnn.config.engine("c")


def test_unknown_operations_and_attributes_suggest():
    from fastnn.ops.table import find

    with pytest.raises(GraphError, match=r"did you mean.*sigmoid"):
        find("sigmoyd")
    with pytest.raises(GraphError, match=r"received .*'colour'"):
        ops.relu([1.0], colour=3)


def test_gradients_of_gradients_are_refused_by_name():
    x, w = Variable(np.ones((1, 3, 3, 1), "float32")), np.ones((2, 2, 1, 1), "float32")
    with GradientTape() as outer, GradientTape() as inner:
        y = ops.conv2d(x, w, None)
        with pytest.raises(GraphError, match="conv2d"):
            inner.gradient(y, x)
    assert float(outer.gradient(y, x).numpy().sum()) == 16.0


def test_tensors_of_one_number_can_be_formatted():
    assert f"{Tensor(0.12345):.3f}" == "0.123"
    assert "shape=(2,)" in f"{Tensor([1.0, 2.0])}"


def test_equality_compares_numbers():
    x = Tensor([1.0, 2.0, 3.0])
    assert (x == 2).numpy().tolist() == [False, True, False]
    assert (x != np.array([1.0, 2.0, 0.0])).numpy().tolist() == [False, False, True]
    assert not x == None  # noqa: E711, SIM201  as scripts write it
    assert x != "a"
    assert len({x: 1, Tensor([1.0, 2.0, 3.0]): 2}) == 2
