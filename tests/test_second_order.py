"""Gradients of gradients: every derivative written in operations, tapes within tapes, Jacobians, penalties."""

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Tensor, Variable, ops
from fastnn.errors import GraphError, ShapeError
from fastnn.ops.derivatives import DERIVATIVES
from fastnn.ops.table import OPS
from tests.table_checks import Example


def differentiated(op, case):
    """The arrays of a case that a derivative is about, and the results."""
    example = Example(op, case)
    by_role = dict(zip(op.roles(example.count), example.inputs, strict=True))
    inputs = [by_role[role] for role in op.gradient_roles(example.count)]
    return [x for x in (*inputs, *example.reference().values()) if x is not None]


NAMES = [name for name in DERIVATIVES if name in OPS]
CASES = {
    f"{name}-{k}": (OPS[name], case)
    for name in NAMES
    for k, case in enumerate(OPS[name].cases)
    if all(np.dtype(x.dtype).kind == "f" for x in differentiated(OPS[name], case))
}


@pytest.mark.parametrize(("op", "case"), CASES.values(), ids=CASES)
def test_derivatives_in_operations_equal_the_references(op, case):
    example = Example(op, case, "float64")
    results = example.reference()
    upstream = example.upstream(results)
    roles = op.roles(example.count)
    values = {r: None if x is None else Tensor(x) for r, x in zip(roles, example.inputs, strict=True)}
    values.update({r: Tensor(results[r]) for r in op.outputs})
    found = DERIVATIVES[op.name](values, *(Tensor(d) for d in upstream), **example.attrs)
    expected = example.backward_reference(upstream, example.saved(example.by_role(results)))
    assert len(found) >= len(expected)
    for (role, right), gradient in zip(expected.items(), found, strict=False):
        if values[role] is not None:
            np.testing.assert_allclose(np.asarray(gradient), right, rtol=1e-9, atol=1e-9, err_msg=role)


FUNCTIONS = {
    "polynomial": lambda x: x * x * x - 2.0 * x / (x + 5.0),
    "power": lambda x: ops.power(ops.square(x) + 1.0, np.float64(1.5)),
    "exponential": lambda x: ops.exp(-ops.square(x)) * ops.log(x * x + 1.0),
    "squashing": lambda x: ops.tanh(x) * ops.sigmoid(x),
    "roots": lambda x: ops.sqrt(x * x + 1.0),
    "reductions": lambda x: ops.sum(x * x, axis=0) * ops.mean(x, axis=1),
    "product": lambda x: ops.matmul(x * x, ops.transpose(x)),
    "shapes": lambda x: ops.reshape(ops.concatenate([x[:, 1:], x * x], axis=1), (-1,)),
    "broadcast": lambda x: ops.broadcast_to(x[:, :1], (3, 4)) * ops.flip(x[:, :1] * x[:, 1:2]),
    "slices": lambda x: x[::2, ::-1] * x[1, 2] * ops.pad(x, ((0, 0), (1, 0)))[:2, 1:],
    "choice": lambda x: ops.take(x, [2, 0, 2], axis=0) * ops.square(x),
    "softmax": lambda x: ops.softmax(x) * x,
    "stacks": lambda x: ops.stack([x, x * x], axis=1) * x[:, None],
    "einsum": lambda x: ops.einsum("ij,kj,il->kl", x, x, x),
    "dense": lambda x: ops.dense(ops.tanh(x), Tensor(W), None) * 2.0,
}
RNG = np.random.default_rng(5)
W = RNG.normal(size=(3, 2))


def slope(function, x, weights):
    """The gradient of the weighted sum of a function's cells, and what computed it."""
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(function(x) * weights)
    return tape.gradient(y, x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_equal_finite_differences(name):
    function, x = FUNCTIONS[name], Tensor(RNG.uniform(0.3, 1.5, (3, 3)))
    weights = RNG.normal(size=np.asarray(function(x)).shape)
    direction = RNG.normal(size=x.shape)
    with GradientTape() as outer:
        outer.watch(x)
        along = ops.sum(slope(function, x, weights) * direction)
    found = outer.gradient(along, x).numpy()
    step, numeric = 1e-6, np.zeros(x.shape)
    for cell in np.ndindex(x.shape):
        shift = np.zeros(x.shape)
        shift[cell] = step
        up, down = (slope(function, Tensor(x.value + s), weights).numpy() for s in (shift, -shift))
        numeric[cell] = ((up - down) * direction).sum() / (2 * step)
    np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=1e-6)


def test_third_derivative_by_hand():
    x = Variable(2.0)
    with GradientTape() as third, GradientTape() as second, GradientTape() as first:
        y = x * x * x * x
        dy = first.gradient(y, x)
        ddy = second.gradient(dy, x)
    assert float(dy) == 32.0
    assert float(ddy) == 48.0
    assert float(third.gradient(ddy, x)) == 48.0


def test_gradient_outside_of_the_inner_tape():
    x = Variable([1.0, 3.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = ops.sum(x * x * x)
        dy = inner.gradient(y, x)
    np.testing.assert_array_equal(outer.gradient(dy, x).numpy(), [6.0, 18.0])


def test_one_persistent_tape_differentiates_twice():
    x = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = x * x * x
        dy = tape.gradient(y, x)
    assert float(tape.gradient(dy, x)) == 18.0
    assert float(tape.gradient(y, x)) == 27.0


def test_gradient_penalty_reaches_the_weights():
    """The penalty (|d critic / d x| - 1)^2 of a linear critic is (|w| - 1)^2; its gradient is 2 (|w| - 1) w / |w|."""
    w = Variable([[3.0], [4.0]])
    x = Tensor([[0.5, -1.0], [2.0, 0.0]])
    with GradientTape() as outer:
        with GradientTape() as inner:
            inner.watch(x)
            score = ops.matmul(x, w)
        slopes = inner.gradient(score, x)
        norms = ops.sqrt(ops.sum(ops.square(slopes), axis=1))
        penalty = ops.mean(ops.square(norms - 1.0))
    assert float(penalty) == 16.0
    np.testing.assert_allclose(outer.gradient(penalty, w).numpy(), [[4.8], [6.4]], rtol=1e-6)


class Penalised(fastnn.Model):
    """A critic trained on nothing but the penalty on its slopes."""

    def __init__(self):
        super().__init__()
        self.score = fastnn.layers.Dense(1, use_bias=False)

    def call(self, x):
        return self.score(x)

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with GradientTape() as outer:
            with GradientTape() as inner:
                inner.watch(x)
                score = self(x, training=True)
            slopes = inner.gradient(score, x)
            penalty = ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slopes), axis=1)) - 1.0))
        grads = outer.gradient(penalty, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=True))
        return {"penalty": penalty}


def test_gradient_penalty_in_a_step_list():
    model = Penalised()
    x = np.asarray([[0.5, -1.0], [2.0, 0.0]], "float32")
    model(x)
    model.score.kernel.assign([[3.0], [4.0]])
    model.compile(optimizer=fastnn.optimizers.SGD(0.5))
    history = model.fit(x, np.zeros((2, 1), "float32"), epochs=1, verbose=0)
    assert history.history["penalty"] == [16.0]
    np.testing.assert_allclose(model.score.kernel.numpy(), [[0.6], [0.8]], rtol=1e-5)


# ---------------------------------------------------------------- the rest of the tape


def test_jacobians():
    x = Variable([1.0, 2.0, 3.0])
    with GradientTape() as tape:
        y = ops.stack([x[0] * x[1], x[2] * x[2]])
    np.testing.assert_array_equal(tape.jacobian(y, x).numpy(), [[2, 1, 0], [0, 0, 6]])
    rows = Tensor([[1.0, 2.0], [3.0, 4.0]])
    with GradientTape() as tape:
        tape.watch(rows)
        y = rows * rows
    np.testing.assert_array_equal(tape.batch_jacobian(y, rows).numpy(), [[[2, 0], [0, 4]], [[6, 0], [0, 8]]])
    with GradientTape() as tape:
        tape.watch(rows)
        y = ops.sum(rows, axis=0)[:1]
    with pytest.raises(ShapeError, match="same first axis"):
        tape.batch_jacobian(y, rows)


def test_hessian_by_jacobian_of_a_gradient():
    x = Variable([1.0, 2.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = x[0] * x[0] * x[1]
        gradient = inner.gradient(y, x)
    np.testing.assert_array_equal(outer.jacobian(gradient, x).numpy(), [[4.0, 2.0], [2.0, 0.0]])


def test_sources_that_the_target_does_not_depend_on():
    x, other = Variable(2.0), Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y = x * x
    found = tape.gradient(y, {"x": [x], "other": (other,)})
    assert float(found["x"][0]) == 4.0
    assert found["other"] == (None,)
    np.testing.assert_array_equal(tape.gradient(y, other, unconnected_gradients="zero").numpy(), [0.0, 0.0])
    assert tape.jacobian(y, other) is None
    assert tape.jacobian(y, other, unconnected_gradients="zero").shape == (2,)
    with pytest.raises(ValueError, match="'none' or 'zero'"):
        tape.gradient(y, x, unconnected_gradients="nothing")


def test_several_targets_are_added():
    x = Variable(2.0)
    with GradientTape() as tape:
        a, b = x * x, 3.0 * x
    assert float(tape.gradient([a, b], x)) == 7.0


def test_pausing_and_forgetting():
    x = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = x * x
        with tape.stop_recording():
            z = y * y
        assert tape.watched_variables() == (x,)
        assert tape.gradient(z, x) is None
        assert float(tape.gradient(y, x)) == 6.0
        tape.reset()
        assert tape.watched_variables() == ()
        assert tape.gradient(y, x) is None
        w = x * 5.0
    assert float(tape.gradient(w, x)) == 5.0


def test_what_cannot_be_differentiated_twice_is_named():
    x = Variable(np.ones((1, 4, 4, 1), "float32"))
    with GradientTape() as outer, GradientTape() as inner:
        y = ops.sum(ops.square(ops.max_pool2d(x)))
        with pytest.raises(GraphError, match=r"follows 'max_pool2d'.*gradients of gradients are not available"):
            inner.gradient(y, x)
    assert outer.gradient(y, x).shape == x.shape
