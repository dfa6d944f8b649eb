"""One step on paper: single neurons and short chains of them, with the exercises' numbers. They run in float64."""

from __future__ import annotations

from typing import Any

from fastnn import layers, models, optimizers
from fastnn.datasets import admissions
from fastnn.presets.table import Data, Preset, register

RELU_WEIGHTS = (
    [[0.1, 0.2, 0.4], [0.4, 0.6, 0.6], [0.5, 0.9, 0.1], [0.8, 0.2, 0.8]],
    [[0.1, 0.6], [0.2, 0.1], [0.7, 0.9]],
)
RELU_INPUTS = [[1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0], [11.0, 12.0, 13.0, 14.0]]
RELU_TARGETS = [[5.0, 8.0], [0.0, 0.0], [24.0, 38.0]]


def _dense(units: int, activation: str | None = None, **options: Any) -> Any:
    return layers.Dense(units, activation=activation, dtype="float64", **options)


def _sequential(inputs: int, *parts: Any) -> Any:
    return models.Sequential([layers.Input((inputs,), dtype="float64", name="x"), *parts])


def one_neuron() -> Any:
    """One sigmoid unit with weights 0.5 and -0.5 and no bias."""
    model = _sequential(2, _dense(1, "sigmoid", use_bias=False, name="neuron"))
    model.set_weights([[[0.5], [-0.5]]])
    model.compile(optimizer=optimizers.SGD(learning_rate=0.5), loss="half_squared_error")
    return model


def one_hidden() -> Any:
    """Two inputs, one sigmoid hidden unit, one sigmoid output, no biases."""
    model = _sequential(
        2, _dense(1, "sigmoid", use_bias=False, name="hidden"), _dense(1, "sigmoid", use_bias=False, name="output")
    )
    model.set_weights([[[0.4], [-0.2]], [[0.1]]])
    model.compile(optimizer=optimizers.SGD(learning_rate=0.5), loss="half_squared_error")
    return model


def logistic_regression() -> Any:
    """One sigmoid unit with two weights and a bias."""
    model = _sequential(2, _dense(1, "sigmoid", name="admission"))
    model.compile(optimizer=optimizers.SGD(learning_rate=0.02), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def admissions_data() -> Data:
    """Marks counted from 5, the middle, and whether the student was accepted."""
    x, y = admissions.load_data(100)
    return x.astype("float64") - 5, y[:, None].astype("float64")


def two_layer_relu() -> Any:
    """Four inputs, three relu units, two linear outputs, no biases."""
    model = _sequential(4, _dense(3, "relu", use_bias=False, name="hidden"), _dense(2, use_bias=False, name="logits"))
    model.set_weights(list(RELU_WEIGHTS))
    model.compile(optimizer=optimizers.SGD(learning_rate=1e-3), loss="half_squared_error")
    return model


register(
    Preset(
        name="gradient-step",
        subject="By hand",
        title="One gradient step: 2-1, sigmoid",
        description="x = (1, 2), y = 0.5, weights (0.5, -0.5), learning rate 0.5. The loss is 1/2 (y - yhat)^2, so the "
        "step is w += 0.5 (y - yhat) yhat (1 - yhat) x.",
        network=one_neuron,
        data=lambda: ([[1.0, 2.0]], [[0.5]]),
        epochs=100,
        goal=1e-5,
        digits=6,
    )
)
register(
    Preset(
        name="one-hidden-unit",
        subject="By hand",
        title="Backpropagation through one hidden unit: 2-1-1, sigmoid",
        description="Inputs 0.1 and 0.5, target 0.2, no biases. The hidden unit starts from the weights 0.4 and -0.2, "
        "the output from 0.1; learning rate 0.5. The error of the output goes back through one weight only.",
        network=one_hidden,
        data=lambda: ([[0.1, 0.5]], [[0.2]]),
        epochs=300,
        goal=1e-3,
        digits=6,
    )
)
register(
    Preset(
        name="logistic-regression",
        subject="By hand",
        title="Logistic regression, point by point: 2-1, sigmoid",
        description="Accepted or not, from two marks (5 is taken off each). One step for every student: "
        "w += alpha (y - yhat) x, b += alpha (y - yhat), which is gradient descent on the binary cross-entropy.",
        network=logistic_regression,
        data=admissions_data,
        batch_size=1,
        epochs=60,
        goal=0.15,
        digits=6,
    )
)
register(
    Preset(
        name="two-layer-relu",
        subject="By hand",
        title="Two layers of matrices: 4-3-2, relu",
        description="No biases. (1, 2, 3, 4) gives the logits 5.11 and 8.44, its negative 0 and 0, (11, 12, 13, 14) "
        "24.01 and 38.24. The targets are those numbers without decimals; the second row has no gradient: relu is 0.",
        network=two_layer_relu,
        data=lambda: (RELU_INPUTS, RELU_TARGETS),
        epochs=1000,
        goal=0.01,
    )
)
