"""Optimizers: updates by hand, state, learning rate, errors."""

import copy

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
    with pytest.warns(UserWarning, match=rf"Gradients do not exist for variables \['{a.path}'\]"):
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
        (lambda: optimizers.Adam(use_ema=True, ema_momentum=2), "ema_momentum"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=1), "gradient_accumulation_steps"),
        (lambda: optimizers.Adam(loss_scale_factor="big"), "loss_scale_factor"),
        (lambda: optimizers.Adam(beta1=0.9), "did you mean 'beta_1'"),
        (lambda: optimizers.SGD(lambda: "fast").apply([[1.0]], [fastnn.Variable([1.0])]), "learning_rate"),
        (lambda: optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), "one value more"),
        (lambda: optimizers.schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]), "rise"),
        (lambda: optimizers.schedules.PiecewiseConstantDecay([1, "a"], [0.1, 0.2, 0.3]), r"boundaries='a'"),
        (lambda: optimizers.schedules.PiecewiseConstantDecay(None, [0.1]), "boundaries=None"),
        (lambda: optimizers.schedules.CosineDecayRestarts(0.1, 5, t_mul=-1), "t_mul"),
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


def test_arguments_by_position_are_in_the_order_of_keras():
    assert optimizers.SGD(0.1, 0.9, True, 0.01).weight_decay == 0.01
    assert optimizers.Adam(0.1, 0.8, 0.7, 0.6, True, 0.01, 1.5).clipnorm == 1.5
    assert optimizers.RMSprop(0.1, 0.8, 0.7, 0.6, True, 0.01).weight_decay == 0.01
    assert optimizers.AdamW(0.1, 0.2, 0.8, 0.7, 0.6, True, 1.5).clipnorm == 1.5


def model_and_data(optimizer):
    fastnn.utils.set_random_seed(3)
    model = fastnn.Sequential([fastnn.layers.Input((2,)), fastnn.layers.Dense(3), fastnn.layers.Dense(1)])
    model.compile(optimizer, "mse")
    x = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.0], [-1.0, 1.0], [0.3, 0.7]], "float32")
    return model, x, x[:, :1] * 2 - x[:, 1:]


def trained(optimizer, epochs=2):
    model, x, y = model_and_data(optimizer)
    model.fit(x, y, batch_size=2, epochs=epochs, shuffle=False, verbose=0)
    return model.get_weights()


def same(weights, others):
    return all(np.array_equal(a, b) for a, b in zip(weights, others, strict=True))


class ByStep(optimizers.schedules.LearningRateSchedule):
    """A schedule that decides in Python."""

    def __call__(self, step):
        return 0.1 if step < 2 else 0.01


def rising():
    """0.01, 0.02, ... from call to call."""
    calls = []

    def rate():
        calls.append(1)
        return len(calls) * 0.01

    return rate


def test_functions_are_asked_for_the_learning_rate_before_every_step():
    v, optimizer = fastnn.Variable([0.0]), optimizers.SGD(rising())
    for _ in range(3):
        optimizer.apply_gradients([([1.0], v)])
    np.testing.assert_allclose(v.numpy(), [-0.06], rtol=1e-6)


def test_functions_are_asked_in_fit_and_by_the_stepper():
    by_list = trained(
        optimizers.SGD(optimizers.schedules.PiecewiseConstantDecay([0, 1, 2, 3, 4], [k * 0.01 for k in range(1, 7)]))
    )
    assert all(np.allclose(a, b, rtol=1e-6) for a, b in zip(by_list, trained(optimizers.SGD(rising())), strict=True))
    model, x, y = model_and_data(optimizers.SGD(rising()))
    stepper = fastnn.Stepper(model, x, y, batch_size=2)
    stepper.train(6)
    stepped = {v.path: stepper.storage[v].copy() for v in model.weights}
    stepper.goto(len(stepper.steps))
    stepper.train(5)
    assert same(stepped.values(), [stepper.storage[v] for v in model.weights])
    assert same(stepped.values(), trained(optimizers.SGD(rising())))


def test_schedules_may_decide_on_the_step():
    piecewise = optimizers.schedules.PiecewiseConstantDecay([1], [0.1, 0.01])
    assert all(
        np.allclose(a, b, rtol=1e-6)
        for a, b in zip(trained(optimizers.SGD(ByStep())), trained(optimizers.SGD(piecewise)), strict=True)
    )


@pytest.mark.parametrize(
    "change",
    [{"momentum": 0.2}, {"clipvalue": 0.1}, {"weight_decay": 0.5}, {"learning_rate": ByStep()}],
    ids=["momentum", "clipvalue", "weight_decay", "learning_rate"],
)
def test_settings_that_change_between_steps_are_obeyed(change):
    found = []
    for at_once in (True, False):
        v, optimizer = fastnn.Variable([1.0]), optimizers.SGD(0.3, momentum=0.9)
        if not at_once:
            optimizer.apply_gradients([([0.0], v)])
            v.assign([1.0])
            optimizer.iterations.assign(0)
        for key, value in change.items():
            setattr(optimizer, key, value)
        for _ in range(3):
            optimizer.apply_gradients([([1.0], v)])
        found.append(v.numpy())
    assert same(*found)
    v, plain = fastnn.Variable([1.0]), optimizers.SGD(0.3, momentum=0.9)
    for _ in range(3):
        plain.apply_gradients([([1.0], v)])
    assert v.numpy() != found[0]


class Centred(optimizers.SGD):
    """Takes the mean off every gradient, then descends half as far."""

    def apply(self, grads, trainable_variables=None):
        super().apply([g - fastnn.ops.mean(g) for g in grads], trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, gradient * learning_rate * 0.5)


def test_subclasses_in_the_style_of_keras_are_called_by_fit():
    v = fastnn.Variable([1.0, 1.0])
    Centred(0.5).apply_gradients([(np.array([4.0, 8.0], "float32"), v)])
    assert v.numpy().tolist() == [1.5, 0.5]
    model, x, y = model_and_data(Centred(0.1))
    before = model.get_weights()
    with fastnn.GradientTape() as tape:
        loss = fastnn.ops.mean(fastnn.ops.square(model(x) - y))
    gradients = [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]
    model.fit(x, y, batch_size=5, shuffle=False, verbose=0)
    for old, g, new in zip(before, gradients, model.get_weights(), strict=True):
        np.testing.assert_allclose(new, old - (g - g.mean()) * 0.05, rtol=1e-5, atol=1e-6)


class Remembering(optimizers.Optimizer):
    """Momentum as a course writes it."""

    def build(self, variables):
        super().build(variables)
        self.speeds = [self.add_variable_from_reference(v, "speed") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        speed = self.speeds[self._get_variable_index(variable)]
        self.assign(speed, speed * 0.5 - gradient * learning_rate)
        self.assign_add(variable, speed)


def test_own_memory_of_subclasses():
    v, own = fastnn.Variable([1.0]), Remembering(0.1)
    twin, known = fastnn.Variable([1.0]), optimizers.SGD(0.1, momentum=0.5)
    for _ in range(3):
        own.apply_gradients([([2.0], v)])
        known.apply_gradients([([2.0], twin)])
    np.testing.assert_allclose(v.numpy(), twin.numpy(), rtol=1e-6)
    assert "speed" in own.variables[-1].path


def test_one_optimizer_is_for_one_set_of_variables():
    optimizer = optimizers.Adam()
    optimizer.apply_gradients([([1.0], fastnn.Variable([1.0], name="mine"))])
    with pytest.raises(ValueError, match=r"Unknown variable: 'yours'.*'mine'"):
        optimizer.apply_gradients([([1.0], fastnn.Variable([1.0], name="yours"))])


def test_averages_take_the_place_of_weights_at_the_end_of_fit():
    kept, model, x, y = [], *model_and_data(optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5))
    note = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: kept.append(model.get_weights()))
    model.fit(x, y, batch_size=2, shuffle=False, verbose=0, callbacks=[note])
    for w, (a, b, c) in zip(model.get_weights(), zip(*kept, strict=True), strict=True):
        np.testing.assert_allclose(w, a / 4 + b / 4 + c / 2, rtol=1e-5, atol=1e-7)


def test_accumulated_gradients_are_those_of_a_larger_batch():
    found = []
    for size, steps in ((4, None), (2, 2)):
        model, x, y = model_and_data(optimizers.Adam(0.05, gradient_accumulation_steps=steps))
        model.fit(x[:4], y[:4], batch_size=size, epochs=2, shuffle=False, verbose=0)
        found.append(model.get_weights())
    assert all(np.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(*found, strict=True))


def test_scaled_losses_change_nothing_else():
    assert same(trained(optimizers.SGD(0.1)), trained(optimizers.SGD(0.1, loss_scale_factor=8.0)))


def test_copies_of_averaging_optimizers_go_on():
    model, x, y = model_and_data(optimizers.Adam(0.1, use_ema=True, gradient_accumulation_steps=2))
    model.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    twin = copy.deepcopy(model)
    for m in (model, twin):
        m.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    assert same(model.get_weights(), twin.get_weights())


def test_a_rate_that_falls_by_decay_can_be_changed():
    with pytest.warns(DeprecationWarning, match="decay"):
        optimizer = optimizers.SGD(1.0, decay=0.5)
    v = fastnn.Variable([0.0])
    for _ in range(2):
        optimizer.apply_gradients([([1.0], v)])
    assert np.allclose(v.numpy(), -(1 + 1 / 1.5))
    with pytest.warns(DeprecationWarning, match="lr"):
        fastnn.backend.set_value(optimizer.lr, 4.0)
    optimizer.apply_gradients([([1.0], v)])
    assert np.allclose(v.numpy(), -(1 + 1 / 1.5 + 4 / 2))
    again = optimizers.SGD.from_config(optimizer.get_config())
    assert float(again.learning_rate) == 4.0
    assert len(again.variables) == len(optimizer.variables)


@pytest.mark.filterwarnings("ignore:SGD")
@pytest.mark.parametrize(
    ("rate", "decay", "words"),
    [(optimizers.schedules.CosineDecay(0.1, 3), 0.5, "learning_rate to be a number"), (0.1, -1, "decay=-1")],
)
def test_decay_falls_beside_numbers_only(rate, decay, words):
    with pytest.raises(ValueError, match=words):
        optimizers.SGD(rate, decay=decay)


def test_state_moves_between_optimizers():
    v, store = fastnn.Variable([1.0, 2.0]), {}
    first, second = optimizers.Adam(0.5), optimizers.Adam(0.25)
    first.apply_gradients([([1.0, -3.0], v)])
    first.save_own_variables(store)
    assert sorted(store) == ["0", "1", "2", "3"]
    with pytest.warns(UserWarning, match="not built"):
        second.load_own_variables(store)
    with pytest.raises(ValueError, match="build"):
        second.set_weights(list(store.values()))
    second.build([v])
    second.load_own_variables(store)
    assert [x.numpy().tolist() for x in second.variables] == [x.numpy().tolist() for x in first.variables]
    second.set_weights([2 * x.numpy() for x in first.variables])
    assert int(second.iterations) == 2
    assert float(second.learning_rate) == 1.0
    before = [x.numpy().tolist() for x in second.variables]
    with pytest.raises(ValueError, match="shape"):
        second.set_weights([5, 0.1, np.zeros(3), np.zeros(2)])
    with pytest.raises(ValueError, match="Expected 4 arrays"):
        second.set_weights([5])
    assert [x.numpy().tolist() for x in second.variables] == before


@pytest.mark.parametrize(
    ("kind", "switch"), [("SGD", "nesterov"), ("Adam", "amsgrad"), ("RMSprop", "centered"), ("Lion", "use_ema")]
)
def test_switches_are_true_or_false(kind, switch):
    make = getattr(optimizers, kind)
    with pytest.raises(ValueError, match=rf"{switch} of .* to be True or False\. Received: {switch}='no'"):
        make(**{switch: "no"})
    assert getattr(make(**{switch: np.True_}), switch)
