"""Models with a training step of their own: written down as a list, run by fit, stepped through."""

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops
from fastnn.engine.stepper import Stepper
from fastnn.errors import GraphError

X = np.random.default_rng(0).normal(size=(10, 3)).astype("float32")
Y = X.sum(-1, keepdims=True) ** 2


class Clipped(fastnn.Model):
    """Gradient descent by hand, with the gradient's sign."""

    def train_step(self, data):
        x, y = data
        with fastnn.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        signs = [ops.sign(g) for g in gradients]
        self.optimizer.apply_gradients(zip(signs, self.trainable_variables, strict=True))
        return {"loss": loss, "largest": ops.max(ops.absolute(y_pred))}


def clipped():
    fastnn.utils.set_random_seed(2)
    x = fastnn.Input((3,))
    model = Clipped(x, layers.Dense(1)(layers.Dense(4, "tanh")(x)))
    model.compile(fastnn.optimizers.SGD(0.01), "mse")
    return model


def by_hand(batch_size, epochs):
    model = clipped()
    for _ in range(epochs):
        for k in range(0, 10, batch_size):
            with fastnn.GradientTape() as tape:
                y_pred = model(X[k : k + batch_size], training=True)
                loss = ops.mean(fastnn.losses.mean_squared_error(Y[k : k + batch_size], y_pred))
            for v, g in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True):
                v.assign(v.numpy() - 0.01 * np.sign(g.numpy()))
    return model.get_weights(), float(loss), float(np.abs(y_pred.numpy()).max())


def test_fit_runs_the_models_own_step():
    model = clipped()
    history = model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    weights, loss, largest = by_hand(4, 3)
    for ours, wanted in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)
    assert history["loss"][-1] == pytest.approx(loss, rel=1e-5)
    assert history["largest"][-1] == pytest.approx(largest, rel=1e-5)


def test_stepping_equals_fit():
    fitted, stepped = clipped(), clipped()
    fitted.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    stepper = Stepper(stepped, X, Y, batch_size=4, in_place=True)
    assert {"dense", "tanh", "sign", "sgd"} <= {s.op.name for s in stepper.steps}
    assert next(s.layer for s in stepper.steps if s.op.name == "dense") == stepped.layers[1].name
    stepper.train(steps=6)
    for a, b in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    while stepper.position:
        stepper.back()
    assert stepped.get_weights()[0].tolist() == clipped().get_weights()[0].tolist()


class Adversaries(fastnn.Model):
    """A generator and a discriminator that take turns; two optimizers."""

    def __init__(self):
        super().__init__()
        self.generator = fastnn.Sequential([fastnn.Input((2,)), layers.Dense(3, name="made")], name="generator")
        self.discriminator = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(1, name="judged")], name="judge")

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile()
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

    def train_step(self, real):
        noise = ops.matmul(real, PICK)
        fake = self.generator(noise)
        with fastnn.GradientTape() as tape:
            ones = ops.exp(ops.sum(real * 0.0, axis=-1, keepdims=True))
            d_loss = self.loss_fn(ones, self.discriminator(real)) + self.loss_fn(ones * 0.0, self.discriminator(fake))
        variables = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, variables), variables, strict=True))
        with fastnn.GradientTape() as tape:
            g_loss = self.loss_fn(ones, self.discriminator(self.generator(noise)))
        variables = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, variables), variables, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


PICK = np.eye(3, 2, dtype="float32")


def adversaries():
    fastnn.utils.set_random_seed(5)
    model = Adversaries()
    model.compile(
        fastnn.optimizers.Adam(0.1), fastnn.optimizers.SGD(0.1), fastnn.losses.BinaryCrossentropy(from_logits=True)
    )
    return model


def test_two_networks_with_two_optimizers_take_turns():
    model, by_tape = adversaries(), adversaries()
    history = model.fit(X, batch_size=5, epochs=2, shuffle=False, verbose=0).history
    for _ in range(2):
        for k in (0, 5):
            logs = by_tape.train_step(fastnn.Tensor(X[k : k + 5]))
    for a, b in zip(model.get_weights(), by_tape.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert history["g_loss"][-1] == pytest.approx(float(logs["g_loss"]), rel=1e-5)
    assert int(model.d_optimizer.iterations) == int(model.g_optimizer.iterations) == 4


def test_a_step_that_looks_at_numbers_is_written_for_every_batch():
    seen = []

    class Looking(Clipped):
        def train_step(self, data):
            logs = super().train_step(data)
            seen.append(float(logs["loss"]))
            return logs

    x = fastnn.Input((3,))
    model = Looking(x, layers.Dense(1)(x))
    model.compile(fastnn.optimizers.SGD(0.01), "mse")
    with pytest.warns(UserWarning, match="decides on values"):
        history = model.fit(X, Y, batch_size=5, epochs=2, shuffle=False, verbose=0).history
    assert len(seen) == 4
    assert seen[1::2] == pytest.approx(history["loss"])


def test_updating_before_asking_for_gradients_is_refused():
    class Early(fastnn.Model):
        def train_step(self, data):
            x, y = data
            with fastnn.GradientTape(persistent=True) as tape:
                loss = self.compute_loss(y=y, y_pred=self(x))
            for variable in (self.layers[2].kernel, self.layers[1].kernel):
                self.optimizer.apply_gradients([(tape.gradient(loss, variable), variable)])
            return {"loss": loss}

    x = fastnn.Input((3,))
    model = Early(x, layers.Dense(1)(layers.Dense(3)(x)))
    model.compile("sgd", "mse")
    with pytest.raises(GraphError, match="gradients before the update of"):
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize(("returned", "message"), [(None, "return a dict"), ({"loss": "low"}, "number for 'loss'")])
def test_a_step_that_returns_something_else_is_refused(returned, message):
    class Wrong(fastnn.Model):
        def train_step(self, data):
            return returned

    x = fastnn.Input((3,))
    model = Wrong(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, verbose=0)


def test_layers_in_an_own_step_train_only_where_it_says_so():
    class Net(fastnn.Model):
        def __init__(self, how):
            super().__init__()
            self.how, self.norm = how, fastnn.layers.BatchNormalization()

        def call(self, x, training=None):
            return self.norm(x, training=training)

        def train_step(self, data):
            return {"mean": fastnn.ops.mean(self(data[0], **self.how))}

    x = np.full((4, 2), 3.0, np.float32)
    for how, mean in (({}, 3.0), ({"training": True}, 0.0)):
        model = Net(how)
        model.compile("sgd")
        history = model.fit(x, x, verbose=0).history
        np.testing.assert_allclose(history["mean"], [mean], atol=2e-3)
        assert (model.norm.moving_mean.numpy() > 0).all() == (mean == 0)


def test_a_loss_of_ones_own_where_layers_are_attributes():
    class Net(fastnn.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(1)

        def call(self, x):
            return self.inner(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.mean(ops.cast(y == 1.0, "float32") * ops.square(y_pred - y))

    x, y = np.ones((4, 2), np.float32), np.array([[1], [0], [1], [0]], np.float32)
    model = Net()
    model(x)
    model.set_weights([np.zeros((2, 1)), np.zeros(1)])
    model.compile(fastnn.optimizers.SGD(0.0), metrics=["mae"])
    history = model.fit(x, y, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["mae"], [0.5])
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0, return_dict=True)["mae"], 0.5)
