"""Update rules: numbers worked by hand, in place and apart, and what is refused."""

import math

import numpy as np
import pytest

from fastnn.engine import execute
from fastnn.errors import ShapeError
from fastnn.ops.table import OPS
from tests.op_results import DTYPES, ROUNDING, run

both = pytest.mark.parametrize("dtype", DTYPES)
RULES = [op.name for op in OPS.values() if op.kind == "update" and "w" in op.inputs]


def close(actual, expected, dtype, places=None):
    atol = ROUNDING[dtype] if places is None else 0.5 * 10.0**-places + ROUNDING[dtype]
    np.testing.assert_allclose(actual, expected, rtol=ROUNDING[dtype], atol=atol)


@both
def test_one_step_of_gradient_descent_worked_by_hand(dtype):
    close(run("sgd", [0.40], [0.082167041], 0.5, dtype=dtype)["w_new"], [0.35891648], dtype, 8)
    w, g = [3.0, 4.0, 1.0, 2.0], [88.0, 22.0, 132.0, 66.0]
    close(run("sgd", w, g, 0.01, dtype=dtype)["w_new"], [2.12, 3.78, -0.32, 1.34], dtype)


@both
def test_momentum(dtype):
    found = run("momentum", [1.0], [0.5], [0.2], 0.1, momentum=0.9, dtype=dtype)
    close(found["velocity_new"], [0.13], dtype)
    close(found["w_new"], [1.13], dtype)
    found = run("momentum", [1.0], [0.5], [0.2], 0.1, momentum=0.9, nesterov=True, dtype=dtype)
    close(found["velocity_new"], [0.13], dtype)
    close(found["w_new"], [1 + 0.9 * 0.13 - 0.05], dtype)


@both
def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(dtype):
    found = run("adam", [1.0, 1.0], [0.1, -50.0], [0, 0], [0, 0], 0.01, 0, dtype=dtype)
    close(found["w_new"], [0.99, 1.01], dtype, 5)
    close(found["m_new"], [0.01, -5.0], dtype)
    close(found["v_new"], [0.00001, 2.5], dtype)


@both
def test_a_later_step_of_adam(dtype):
    found = run("adam", [1.0], [0.5], [0.2], [0.04], 0.1, 9, dtype=dtype)
    m, v = 0.9 * 0.2 + 0.1 * 0.5, 0.999 * 0.04 + 0.001 * 0.25
    alpha = 0.1 * math.sqrt(1 - 0.999**10) / (1 - 0.9**10)
    close([found["m_new"][0], found["v_new"][0]], [m, v], dtype)
    close(found["w_new"], [1 - alpha * m / (math.sqrt(v) + 1e-7)], dtype)


@both
def test_rmsprop(dtype):
    found = run("rmsprop", [1.0], [0.5], [0.1], 0.01, dtype=dtype)
    close(found["velocity_new"], [0.115], dtype)
    close(found["w_new"], [1 - 0.005 / math.sqrt(0.115 + 1e-7)], dtype)


@both
def test_rmsprop_with_momentum(dtype):
    found = run("rmsprop_momentum", [1.0], [0.5], [0.1], [0.02], 0.01, momentum=0.5, dtype=dtype)
    moment = 0.5 * 0.02 + 0.005 / math.sqrt(0.115 + 1e-7)
    close(found["moment_new"], [moment], dtype)
    close(found["w_new"], [1 - moment], dtype)


@both
def test_centered_rmsprop(dtype):
    found = run("rmsprop_centered", [1.0], [0.5], [0.1], [0.1], [0.0], 0.01, dtype=dtype)
    close(found["average_new"], [0.14], dtype)
    close(found["w_new"], [1 - 0.005 / math.sqrt(0.115 - 0.14**2 + 1e-7)], dtype)


@both
def test_rmsprop_without_momentum_equals_plain_rmsprop(dtype):
    w, g, v = np.random.default_rng(0).uniform(0.1, 1, (3, 40))
    plain = run("rmsprop", w, g, v, 0.01, dtype=dtype)["w_new"]
    close(run("rmsprop_momentum", w, g, v, 0 * w, 0.01, momentum=0.0, dtype=dtype)["w_new"], plain, dtype)


def test_the_counter_counts():
    assert run("increment", 41)["step_new"] == 42
    assert run("increment", 2**40)["step_new"] == 2**40 + 1


def arguments(op, size, rng):
    """Inputs of an update rule; memory that is squared somewhere is positive, averages are small."""
    special = {"learning_rate": np.float32(0.05), "step": np.int64(3)}
    return [np.asarray(special.get(role, rng.uniform(0.1, 0.3, size).astype(np.float32))) for role in op.inputs]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("size", [1, 15, 17, 16384, 40001])
def test_writing_over_the_inputs_gives_the_same_bits_as_writing_elsewhere(name, size):
    op = OPS[name]
    attrs = op.complete({"epsilon": 1.0} if "epsilon" in op.attrs else {})
    inputs = arguments(op, size, np.random.default_rng(size))
    apart = [np.full(size, 99, np.float32) for _ in op.outputs]
    execute.run_kernel(op, False, [x.copy() for x in inputs], apart, attrs)
    own = [x.copy() for x in inputs]
    over = [own[op.inputs.index(op.in_place[role])] for role in op.outputs]
    execute.run_kernel(op, False, own, over, attrs)
    for role, a, b in zip(op.outputs, apart, over, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=role)
        assert not np.array_equal(a, inputs[op.inputs.index(op.in_place[role])])


@pytest.mark.parametrize("name", RULES)
def test_nan_stays_in_its_cell(name):
    op = OPS[name]
    inputs = arguments(op, 40, np.random.default_rng(0))
    inputs[1 if "g" in op.inputs else 0][17] = np.nan
    found = run(name, *inputs, **({"epsilon": 1.0} if "epsilon" in op.attrs else {}))
    for values in found.values():
        assert np.array_equal(np.flatnonzero(np.isnan(values)), [17])


@pytest.mark.parametrize("name", RULES)
def test_unlike_shapes_are_refused(name):
    op = OPS[name]
    inputs = arguments(op, 6, np.random.default_rng(0))
    for k, role in enumerate(op.inputs[1:], 1):
        wrong = [*inputs[:k], np.zeros((2, 3)), *inputs[k + 1 :]]
        expected = r"\(\)" if role in ("learning_rate", "step") else r"\(6,\)"
        with pytest.raises(ShapeError, match=rf"{name}: expected {role} of shape {expected}, received \(2, 3\)"):
            run(name, *wrong)
