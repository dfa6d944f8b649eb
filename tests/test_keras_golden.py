"""The same losses, layers, optimizers and trainings give the numbers that the real Keras 3 gave (golden/keras.npz)."""

from pathlib import Path

import numpy as np
import pytest

import fastnn
from tests.golden import networks

HERE = Path(__file__).parent / "golden"
GOLDEN = dict(np.load(HERE / "keras.npz"))
OPTIMIZERS = list(networks.optimizers(fastnn))


def below(prefix):
    """Golden numbers whose name starts with a prefix, by the rest of the name."""
    found = {key[len(prefix) + 1 :]: value for key, value in GOLDEN.items() if key.startswith(f"{prefix}/")}
    assert found, prefix
    return found


def close(actual, expected, rtol=2e-5, atol=2e-6):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=rtol, atol=atol)


def test_golden_numbers_are_of_keras_3():
    assert str(GOLDEN["version"]).startswith("3.")


@pytest.mark.parametrize("name", list(networks.losses(fastnn)))
def test_losses(name):
    loss, y_true, y_pred = networks.losses(fastnn)[name]
    close(loss(y_true, y_pred), GOLDEN[f"loss/{name}"])


@pytest.mark.parametrize("name", ["mse", "scce"])
def test_weighted_losses(name):
    loss, y_true, y_pred = networks.losses(fastnn)[name]
    close(loss(y_true, y_pred, np.arange(6.0)), GOLDEN[f"loss/{name}/weighted"])


@pytest.mark.parametrize("name", list(networks.metrics(fastnn)))
def test_metrics(name):
    metric, y_true, y_pred = networks.metrics(fastnn)[name]
    metric.update_state(y_true[:5], y_pred[:5])
    metric.update_state(y_true[5:], y_pred[5:], sample_weight=np.array([1.0, 2.0, 0.0, 3.0]))
    close(metric.result(), GOLDEN[f"metric/{name}"])


@pytest.mark.parametrize("name", list(networks.layers(fastnn)))
def test_layers(name):
    layer, x = networks.layers(fastnn)[name]
    layer.build(x.shape)
    networks.settle(layer)
    close(layer(x), GOLDEN[f"layer/{name}"])


@pytest.mark.parametrize("name", list(networks.layers(fastnn)))
def test_shapes_of_layers(name):
    layer, x = networks.layers(fastnn)[name]
    shape = (None, *GOLDEN[f"layer/{name}"].shape[1:])
    assert layer.compute_output_shape((None, *x.shape[1:])) == shape
    assert fastnn.layers.Layer.__call__(layer, fastnn.Input(x.shape[1:])).shape == shape


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    for i, values in enumerate(networks.five_steps(fastnn, networks.optimizers(fastnn)[name])):
        close(values, GOLDEN[f"optimizer/{name}/{i}"])


@pytest.mark.parametrize("name", list(networks.TRAININGS))
def test_trainings(name):
    expected, found = below(f"training/{name}"), networks.train(fastnn, name)
    assert set(found) == set(expected)
    for key, value in expected.items():
        close(found[key], value, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["classifier", "two_by_two"])
def test_models_saved_by_keras_are_read_and_go_on_training(name):
    model = fastnn.models.load_model(HERE / f"{name}.keras")
    _, x, y, settings = networks.TRAININGS[name](fastnn)
    outputs = model.predict(x)
    for i, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
        close(output, GOLDEN[f"saved/{name}/output/{i}"])
    model.fit(x, y, epochs=1, shuffle=False, verbose=0, **settings)
    for i, weight in enumerate(model.get_weights()):
        close(weight, GOLDEN[f"saved/{name}/weight/{i}"], rtol=2e-4, atol=2e-5)
