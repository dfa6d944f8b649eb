"""Objects from a class name and arguments alone, as people write them by hand; the types that losses compute in."""

import numpy as np
import pytest

import fastnn
from fastnn import constraints, initializers, losses, metrics, optimizers, regularizers


@pytest.mark.parametrize(
    ("module", "name", "config"),
    [
        (losses, "Huber", {"delta": 0.2}),
        (metrics, "AUC", {"num_thresholds": 20}),
        (optimizers, "SGD", {"momentum": 0.3}),
        (optimizers.schedules, "ExponentialDecay", {"decay_steps": 3, "initial_learning_rate": 0.1, "decay_rate": 0.5}),
        (constraints, "MaxNorm", {"max_value": 3.0}),
        (regularizers, "L2", {"l2": 0.2}),
        (initializers, "RandomUniform", {"minval": -2.0}),
    ],
)
def test_a_class_name_and_arguments_are_enough(module, name, config):
    read = getattr(module, "get", module.deserialize)
    made = read({"class_name": name, "config": config})
    assert type(made) is getattr(module, name)
    assert {key: made.get_config()[key] for key in config} == config
    with pytest.raises(ValueError, match="known class"):
        read({"class_name": "Nothing", "config": {}})


def test_losses_compute_in_their_type():
    y, p = np.array([[1.0, 2.0]]), np.array([[1.0 + 1e-9, 2.0]])
    assert float(losses.MeanSquaredError(dtype="float32")(y, p)) == 0
    loss = losses.MeanSquaredError(dtype="float64")
    assert loss(y.astype("float32"), p.astype("float32")).dtype == "float64"
    assert float(loss(y, p)) == pytest.approx(5e-19)
    assert type(loss).from_config(loss.get_config()).dtype == "float64"
    with pytest.raises(ValueError, match="dtype='float16'"):
        losses.Huber(dtype="float16")


def test_functions_without_a_name_are_lambda_in_logs():
    model = fastnn.Sequential([fastnn.Input((1,)), fastnn.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[lambda t, p: fastnn.ops.mean(fastnn.ops.abs(t - p))])
    assert list(model.fit([[1.0]], [[2.0]], verbose=0).history) == ["lambda", "loss"]
