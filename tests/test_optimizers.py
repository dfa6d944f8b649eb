"""Optimizers: updates by hand, state, learning rate, errors."""

import numpy as np
import pytest

import fastnn
from fastnn import optimizers


def test_plain_descent_by_hand():
    v = fastnn.Variable([1.0, 2.0])
    optimizers.SGD(0.5).apply_gradients([([1.0, -4.0], v)])
    assert v.numpy().tolist() == [0.5, 4.0]


def test_momentum_by_hand():
    v, optimizer = fastnn.Variable([1.0]), optimizers.SGD(0.1, momentum=0.5)
    for _ in range(2):
        optimizer.apply_gradients([([1.0], v)])
    assert np.allclose(v.numpy(), 1 - 0.1 - (0.5 * 0.1 + 0.1))


def test_adams_first_step_is_the_learning_rate():
    v, optimizer = fastnn.Variable([1.0, -1.0]), optimizers.Adam(0.01)
    optimizer.apply_gradients([([3.0, -0.2], v)])
    assert np.allclose(v.numpy(), [0.99, -0.99], atol=1e-6)
    assert int(optimizer.iterations) == 1


def test_updates_keep_the_variables_memory():
    v = fastnn.Variable([1.0])
    memory = v.value
    optimizers.RMSprop().apply_gradients([([1.0], v)])
    assert v.value is memory
    assert memory[0] != 1


def test_variables_without_gradient_stay():
    a, b = fastnn.Variable([1.0]), fastnn.Variable([1.0])
    optimizers.SGD(1.0).apply_gradients([(None, a), ([1.0], b)])
    assert (a.numpy()[0], b.numpy()[0]) == (1.0, 0.0)
    with pytest.raises(ValueError, match="No gradients"):
        optimizers.SGD().apply_gradients([(None, a)])


def test_learning_rate_changes_in_place():
    v, optimizer = fastnn.Variable([0.0]), optimizers.SGD(1.0)
    optimizer.apply_gradients([([1.0], v)])
    optimizer.learning_rate = 0.25
    optimizer.apply_gradients([([1.0], v)])
    optimizer.learning_rate.assign(0.5)
    optimizer.apply_gradients([([1.0], v)])
    assert v.numpy()[0] == -1.75


def test_float64_weights_have_float64_state():
    v, optimizer = fastnn.Variable([1.0], dtype="float64"), optimizers.Adam(0.1)
    optimizer.apply_gradients([([1.0], v)])
    assert {x.dtype for x in optimizer.variables} == {"int64", "float64"}
    assert float(optimizer.learning_rate) == 0.1


def test_variables_come_in_the_order_of_files():
    a, b = fastnn.Variable([1.0], name="a"), fastnn.Variable([[1.0]], name="b")
    optimizer = optimizers.RMSprop(momentum=0.1)
    optimizer.build([a, b])
    paths = [v.path for v in optimizer.variables]
    assert paths == ["iterations", "learning_rate", "a/velocity", "b/velocity", "a/moment", "b/moment"]
    optimizer = optimizers.Adam()
    optimizer.build([a, b])
    assert [v.path for v in optimizer.variables][2:] == ["a/m", "a/v", "b/m", "b/v"]


def test_custom_loop_learns():
    w = fastnn.Variable([0.0, 0.0])
    x = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], "float32")
    y, optimizer = x @ np.array([2.0, -1.0], "float32"), optimizers.SGD(0.1)
    for _ in range(200):
        with fastnn.GradientTape() as tape:
            loss = fastnn.ops.mean(
                fastnn.ops.square(fastnn.ops.matmul(x, fastnn.ops.reshape(w, shape=(2, 1))) - y[:, None])
            )
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    assert np.allclose(w.numpy(), [2, -1], atol=1e-3)


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop", "SGD", "Adam"])
def test_names(name):
    found = optimizers.get(name)
    twin = optimizers.get(
        {"module": "keras.optimizers", "class_name": type(found).__name__, "config": found.get_config()}
    )
    assert twin.get_config() == found.get_config()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: optimizers.get("adamm"), "did you mean 'adam'"),
        (lambda: optimizers.get(3), "optimizer"),
        (lambda: optimizers.SGD("fast"), "learning_rate"),
        (lambda: optimizers.SGD(momentum=2), "momentum"),
        (lambda: optimizers.Adam(clipnorm=-1.0), "clipnorm"),
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), "only one of"),
        (lambda: optimizers.Adam(weight_decay=-0.1), "weight_decay"),
        (lambda: optimizers.AdamW(weight_decay=None), "weight_decay"),
        (lambda: optimizers.Adam(use_ema=True), "use_ema"),
        (lambda: optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), "one value more"),
        (lambda: optimizers.schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]), "rise"),
        (lambda: optimizers.schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps"),
        (lambda: optimizers.schedules.CosineDecay("fast", 10), "initial_learning_rate"),
        (lambda: optimizers.SGD().apply_gradients([([1.0, 2.0], fastnn.Variable([1.0]))]), r"shape \(1,\)"),
        (lambda: optimizers.SGD().apply([[1.0]], []), "one gradient per variable"),
    ],
)
def test_wrong_arguments_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# ---------------------------------------------------------------- what changes after the first step


def one_step(optimizer, variable, gradient=(2.0,)):
    optimizer.apply_gradients([(list(gradient), variable)])
    return float(variable.numpy()[0])


def test_settings_changed_after_the_first_step_count():
    optimizer, v = optimizers.SGD(0.5), fastnn.Variable([3.0])
    assert one_step(optimizer, v) == 2.0
    optimizer.clipvalue = 1.0
    assert one_step(optimizer, v) == 1.5
    optimizer.learning_rate = optimizers.schedules.PiecewiseConstantDecay([100], [0.25, 0.0])
    assert one_step(optimizer, v) == 1.25


def test_settings_changed_between_fits_count():
    model = fastnn.Sequential([fastnn.Input((1,)), fastnn.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizers.SGD(0.5), "mse")
    model.fit([[1.0]], [[1.0]], verbose=0)
    model.optimizer.clipvalue = 0.25
    before = float(model.weights[0].numpy()[0, 0])
    model.fit([[1.0]], [[9.0]], verbose=0)
    assert float(model.weights[0].numpy()[0, 0]) == pytest.approx(before + 0.125)


def test_a_function_as_learning_rate_is_refused_rather_than_called_once():
    with pytest.raises(ValueError, match="LearningRateSchedule"):
        optimizers.SGD(lambda: 0.1)


def test_schedules_in_double_precision():
    model = fastnn.Sequential(
        [fastnn.Input((1,), dtype="float64"), fastnn.layers.Dense(1, dtype="float64", kernel_initializer="zeros")]
    )
    model.compile(optimizers.SGD(optimizers.schedules.InverseTimeDecay(0.5, 1, 1.0)), "mse")
    model.fit([[1.0]], [[1.0]], verbose=0, epochs=2)
    assert model.weights[0].dtype == "float64"


class Signed(optimizers.Optimizer):
    """An optimizer in the style of Keras: slots made in build, update_step, assign."""

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.moments = [self.add_variable_from_reference(v, "moment") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        moment = self.moments[self._get_variable_index(variable)]
        self.assign(moment, moment * 0.5 + gradient)
        self.assign_sub(variable, fastnn.ops.sign(moment) * learning_rate)


def test_optimizers_of_users_in_the_style_of_keras():
    v = fastnn.Variable([3.0, -1.0])
    optimizer = Signed(0.5)
    optimizer.apply_gradients([([2.0, -2.0], v)])
    optimizer.apply_gradients([([-0.5, 3.0], v)])
    np.testing.assert_array_equal(v, [2.0, -1.0])
    np.testing.assert_array_equal(optimizer.moments[0], [0.5, 2.0])
    model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(1)])
    model.compile(Signed(0.1), "mse")
    model.fit([[1.0, 2.0]], [[1.0]], verbose=0)
    assert int(model.optimizer.iterations) == 1


def test_constraints_hold_after_every_step():
    layer = fastnn.layers.Dense(3, kernel_constraint=fastnn.constraints.UnitNorm(), bias_constraint="non_neg")
    model = fastnn.Sequential([fastnn.Input((2,)), layer])
    model.compile(optimizers.Adam(0.5), "mse")
    model.fit(np.ones((4, 2)), -np.ones((4, 3)), epochs=3, verbose=0)
    np.testing.assert_allclose(np.linalg.norm(layer.kernel.numpy(), axis=0), 1, rtol=1e-5)
    assert (layer.bias.numpy() >= 0).all()
    with pytest.raises(ValueError, match="unit_norm"):
        fastnn.layers.Dense(1, kernel_constraint="unit_nrom")


def test_weights_left_out_of_decay():
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    kept, decayed = fastnn.Variable([4.0], name="bias"), fastnn.Variable([4.0], name="kernel")
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply_gradients([([0.0], kept), ([0.0], decayed)])
    assert float(kept.numpy()[0]) == 4.0
    assert float(decayed.numpy()[0]) == 3.0
