"""Normalisation: moving statistics as Keras moves them, step by step; neighbouring channels; and noise in training."""

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops
from fastnn.engine.stepper import Stepper
from tests.golden import normalized
from tests.golden.case import numbers
from tests.kernel_checks import ISAS, machine

GOLDEN = dict(np.load(normalized.FILE))


@pytest.mark.parametrize("name", normalized.NETWORKS)
def test_trainings_give_the_weights_of_keras_after_every_step(name):
    for key, value in normalized.train(fastnn, name).items():
        expected = GOLDEN[f"{name}/{key}"]
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=3e-6, err_msg=key)


def moving(model):
    return [v.numpy() for v in model.weights if v.name.startswith("moving")]


def test_moving_statistics_change_in_training_only():
    model, x, y = normalized.prepared(fastnn, "dense")
    before = moving(model)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    model(x)
    np.testing.assert_equal(moving(model), before)
    model.train_on_batch(x, y)
    assert all(np.any(now != then) for now, then in zip(moving(model), before, strict=True))


@pytest.mark.parametrize("name", normalized.NETWORKS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stepping_equals_fit_and_goes_back(name, dtype):
    fastnn.config.set_floatx(dtype)
    try:
        model, x, y = normalized.prepared(fastnn, name)
        stepper = Stepper(model, x, y, batch_size=4, shuffle=True, seed=3)
        before = moving(stepper.model)
        stepper.train(steps=2)
        halfway = [v.numpy() for v in stepper.model.weights]
        stepper.train(steps=4)
        twin = Stepper(model, x, y, batch_size=4, shuffle=True, seed=3)
        for _ in range(6 * len(twin.steps)):
            twin.next()
        for a, b in zip(stepper.model.weights, twin.model.weights, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.name)
        stepper.goto(2 * len(stepper.steps))
        np.testing.assert_equal([v.numpy() for v in stepper.model.weights], halfway)
        stepper.goto(0)
        np.testing.assert_equal(moving(stepper.model), before)
    finally:
        fastnn.config.set_floatx("float32")


def test_statistics_are_steps_of_their_own():
    model, x, y = normalized.prepared(fastnn, "dense")
    stepper = Stepper(model, x, y, batch_size=11)
    forward = [s.op.name for s in stepper.steps if s.phase == "forward"]
    assert (forward.count("standardize"), forward.count("moving_average")) == (2, 4)


def test_batches_of_one_sample():
    layer = layers.BatchNormalization(momentum=0.5)
    np.testing.assert_array_equal(layer([[3.0, -5.0]], training=True).numpy(), [[0, 0]])
    np.testing.assert_array_equal(layer.moving_mean.numpy(), [1.5, -2.5])
    np.testing.assert_array_equal(layer.moving_variance.numpy(), [0.5, 0.5])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda k: k.BatchNormalization(axis=2)(np.ones((2, 3))), "axis"),
        (lambda k: k.BatchNormalization(axis=[1, 2]), "axis"),
        (lambda k: k.BatchNormalization(momentum=2), "momentum"),
        (lambda k: k.BatchNormalization(epsilon=-1), "epsilon"),
        (lambda k: k.BatchNormalization(epsilon="small"), "epsilon"),
        (lambda k: k.BatchNormalization(renorm=True), "renorm"),
        (lambda k: k.BatchNormalization()(np.ones((2, 3, 4)), mask=np.ones((2,), bool)), "mask"),
        (lambda k: k.LayerNormalization(axis="last"), "axis"),
        (lambda k: k.LayerNormalization(axis=[]), "axis"),
        (lambda k: k.LayerNormalization(rms_scaling=True), "rms_scaling"),
        (lambda k: k.LayerNormalization(axis=3)(np.ones((2, 3))), "axis"),
        (lambda k: k.GroupNormalization(0), "groups"),
        (lambda k: k.GroupNormalization(2)(np.ones((2, 3))), "groups"),
        (lambda k: k.GroupNormalization(5)(np.ones((2, 3))), "groups"),
        (lambda k: k.GroupNormalization(1, axis=0)(np.ones((2, 3))), "axis"),
        (lambda k: k.RMSNormalization(epsilon=None), "epsilon"),
        (lambda k: k.UnitNormalization(axis=1.5), "axis"),
        (lambda k: k.LocalResponseNormalization(-1), "depth_radius"),
        (lambda k: k.LocalResponseNormalization(beta="a"), "beta"),
        (lambda k: k.ReLU(max_value=-1), "max_value"),
        (lambda k: k.ReLU(negative_slope=None), "negative_slope"),
        (lambda k: k.ReLU(threshold=-0.5), "threshold"),
        (lambda k: k.LeakyReLU(-0.1), "negative_slope"),
        (lambda k: k.PReLU(shared_axes=[2])(np.ones((2, 3))), "shared_axes"),
        (lambda k: k.PReLU(shared_axes="all"), "shared_axes"),
        (lambda k: k.ELU(None), "alpha"),
        (lambda k: k.Softmax(axis="last"), "axis"),
        (lambda k: k.Softmax()(np.ones((2, 3)), mask=np.ones((2, 2), bool)), "mask"),
        (lambda k: k.Dropout(1.5), "rate"),
        (lambda k: k.Dropout(0.5, noise_shape=3), "noise_shape"),
        (lambda k: k.Dropout(0.5, noise_shape=(2, 2))(np.ones((2, 3)), training=True), "noise_shape"),
        (lambda k: k.Dropout(0.5, seed=-1), "seed"),
        (lambda k: k.SpatialDropout1D(0.5)(np.ones((2, 3))), "rank 3"),
        (lambda k: k.SpatialDropout2D(0.5, "channels_middle"), "data_format"),
        (lambda k: k.GaussianDropout(1), "rate"),
        (lambda k: k.GaussianNoise(-0.1), "stddev"),
        (lambda k: k.AlphaDropout(1.0), "rate"),
        (lambda k: k.ActivityRegularization(l1=-1), "l1"),
    ],
)
def test_wrong_arguments_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make(layers)


# ---------------------------------------------------------------- neighbouring channels


def test_local_response_is_the_published_formula():
    x = numbers(1, 2, 3, 4, 9)
    y = layers.LocalResponseNormalization(2, bias=2.0, alpha=1e-2, beta=0.75)(x).numpy()
    for c in range(9):
        near = x[..., max(c - 2, 0) : c + 3]
        expected = x[..., c] / (2.0 + 1e-2 * (near**2).sum(-1)) ** 0.75
        np.testing.assert_allclose(y[..., c], expected, rtol=1e-5)


# ---------------------------------------------------------------- noise


def drawn(layer, x):
    """What the layer gives in training."""
    return layer(x, training=True).numpy()


def test_channels_are_dropped_as_a_whole():
    x = np.ones((40, 5, 30), np.float32)
    y = drawn(layers.SpatialDropout1D(0.25, seed=1), x)
    assert np.all(y == y[:, :1])
    assert set(np.unique(y)) == {np.float32(0), np.float32(4 / 3)}
    assert (y[:, 0] == 0).mean() == pytest.approx(0.25, abs=0.04)
    images = np.ones((20, 3, 4, 30), np.float32)
    last = drawn(layers.SpatialDropout2D(0.5, seed=2), images)
    assert np.all(last == last[:, :1, :1])
    assert len(np.unique(last)) == 2
    first = drawn(layers.SpatialDropout2D(0.5, "channels_first", seed=2), images)
    assert np.all(first == first[:, :, :1, :1])
    assert len(np.unique(first)) == 2


def test_noise_shape_shares_the_choice():
    y = drawn(layers.Dropout(0.5, noise_shape=(None, 1, 6), seed=3), np.ones((50, 4, 6), np.float32))
    assert np.all(y == y[:, :1])
    assert np.any(y[:, 0] != y[:1, 0])
    assert (y == 0).mean() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [
        (layers.GaussianNoise(0.5, seed=4), 3.0, 0.5),
        (layers.GaussianDropout(0.2, seed=5), 3.0, 1.5),
        (layers.Dropout(0.5, seed=6), 3.0, 3.0),
    ],
    ids=["noise", "gaussian", "dropout"],
)
def test_noise_has_its_mean_and_deviation(layer, mean, deviation):
    y = drawn(layer, np.full((200, 300), 3, np.float32))
    assert y.mean() == pytest.approx(mean, abs=0.03)
    assert y.std() == pytest.approx(deviation, abs=0.03)


def test_alpha_dropout_keeps_mean_and_variance():
    y = drawn(layers.AlphaDropout(0.3, seed=7), numbers(3, 300, 400))
    assert y.mean() == pytest.approx(0, abs=0.01)
    assert y.std() == pytest.approx(1, abs=0.01)
    shared = drawn(layers.AlphaDropout(0.3, noise_shape=(None, 1), seed=7), np.zeros((50, 4), np.float32))
    assert np.all(shared == shared[:, :1])
    assert len(np.unique(shared)) == 2


NOISY = {
    "noise": lambda: layers.GaussianNoise(0.3, seed=1),
    "gaussian": lambda: layers.GaussianDropout(0.3, seed=1),
    "alpha": lambda: layers.AlphaDropout(0.3, seed=1),
    "shaped": lambda: layers.Dropout(0.3, noise_shape=(None, 1), seed=1),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NOISY)
def test_noise_is_drawn_anew_in_every_step_and_repeated_when_going_back(name, dtype):
    model = fastnn.Sequential([fastnn.Input((6,)), NOISY[name](), layers.Dense(2)])
    model.compile("sgd", "mse")
    stepper = Stepper(model, np.ones((4, 6), dtype), np.ones((4, 2), dtype), batch_size=4)
    (noisy,) = {s.outputs[0] for s in stepper.steps if s.layer == model.layers[0].name and s.phase == "forward"} & {
        s.inputs[0] for s in stepper.steps if s.op.name == "dense"
    }
    seen = []
    for _ in range(3):
        stepper.run_to("backward")
        seen.append(stepper.value(noisy).copy())
        stepper.train(steps=1)
    assert not np.array_equal(seen[0], seen[1])
    stepper.goto(0)
    stepper.run_to("backward")
    np.testing.assert_array_equal(stepper.value(noisy), seen[0])


def test_penalty_on_outputs_is_that_of_the_regularizer():
    layer = layers.ActivityRegularization(l1=0.1, l2=0.2)
    x = numbers(5, 4, 3)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    expected = (0.1 * np.abs(x).sum() + 0.2 * np.square(x).sum()) / 4
    assert float(layer.losses[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("shape", [(4096, 1), (4096, 3), (300, 33, 2), (20_000, 5), (7, 300)])
def test_standardising_large_offsets_loses_nothing(isa, shape):
    """Deviations are taken from the mean of a few rows: an offset of 10,000 leaves them as exact as the numbers."""
    signs = np.arange(shape[0]) % 2
    x = np.broadcast_to(signs.reshape(-1, *[1] * (len(shape) - 1)), shape).astype(np.float32) + np.float32(10_000)
    exact = x.astype(np.float64)
    with machine(isa):
        y, mean, variance = ops.standardize(x, axis=tuple(range(len(shape) - 1)), epsilon=0.0)
        turned = ops.standardize(np.moveaxis(x, -1, 0), axis=tuple(range(1, len(shape))), epsilon=0.0)
    for one, other in zip((np.moveaxis(y.numpy(), -1, 0), mean.numpy(), variance.numpy()), turned, strict=True):
        np.testing.assert_allclose(other.numpy(), one, rtol=2e-7)
    np.testing.assert_array_equal(mean.numpy(), exact.mean((*range(len(shape) - 1),)).astype(np.float32))
    np.testing.assert_allclose(variance.numpy(), exact.var((*range(len(shape) - 1),)), rtol=1e-7)
    if shape[0] % 2 == 0:
        np.testing.assert_array_equal(np.unique(y.numpy()), [-1, 1])


@pytest.mark.parametrize("isa", ISAS)
def test_statistics_of_what_floats_hardly_hold(isa):
    """Outliers, the largest numbers, and infinities: as in double."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 7)).astype(np.float32)
    x[0, 0], x[4000, 1], x[:, 2] = 1e4, -1e6, 3e38
    x[:2500, 3] *= 1e18
    x[9, 4], x[11, 5] = np.inf, np.nan
    with machine(isa), np.errstate(all="ignore"):
        exact = x.astype(np.float64)
        for along, numbers_of in ((0, x), (1, x.T)):
            _, mean, variance = (t.numpy() for t in ops.standardize(numbers_of, axis=along))
            np.testing.assert_allclose(mean, exact.mean(0), rtol=5e-7, atol=1e-7)
            np.testing.assert_allclose(variance[[0, 1, 3, 6]], exact.var(0)[[0, 1, 3, 6]], rtol=5e-7)
            assert np.isnan(variance[[4, 5]]).all()
