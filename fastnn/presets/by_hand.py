"""Backpropagation by hand: networks small enough to check every number with a pencil. They run in float64."""

from __future__ import annotations

from typing import Any

from fastnn import layers, models, ops, optimizers
from fastnn.presets.table import Preset, register

INPUTS, TARGETS = [[0.05, 0.10]], [[0.01, 0.99]]
HIDDEN, OUTPUT = [[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]  # w1 w3 / w2 w4; w5 w7 / w6 w8
BIASES = (0.35, 0.60)


class SharedBias(layers.Layer):
    """One bias for all neurons of a layer, as the drawing of the example has it."""

    def build(self, input_shape: Any) -> None:
        """Make the one number."""
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        """Add it to every neuron."""
        return ops.add(x, self.bias)


def worked_example() -> Any:
    """Two inputs, two sigmoid hidden units, two sigmoid outputs; biases stay as they are."""
    model = _two_two_two()
    for layer in model.layers:
        layer.bias.trainable = False
    return _compiled(model)


def with_biases() -> Any:
    """The same with a bias for every neuron, trained as well."""
    return _compiled(_two_two_two())


def with_shared_biases() -> Any:
    """The same with one trained bias per layer."""
    model = models.Sequential(
        [
            layers.Input((2,), dtype="float64", name="x"),
            layers.Dense(2, use_bias=False, name="hidden", dtype="float64"),
            SharedBias(name="b1", dtype="float64"),
            layers.Activation("sigmoid", dtype="float64"),
            layers.Dense(2, use_bias=False, name="output", dtype="float64"),
            SharedBias(name="b2", dtype="float64"),
            layers.Activation("sigmoid", dtype="float64"),
        ]
    )
    model.get_layer("hidden").set_weights([HIDDEN])
    model.get_layer("output").set_weights([OUTPUT])
    model.get_layer("b1").set_weights([BIASES[0]])
    model.get_layer("b2").set_weights([BIASES[1]])
    return _compiled(model)


def _two_two_two() -> Any:
    model = models.Sequential(
        [
            layers.Input((2,), dtype="float64", name="x"),
            layers.Dense(2, activation="sigmoid", name="hidden", dtype="float64"),
            layers.Dense(2, activation="sigmoid", name="output", dtype="float64"),
        ]
    )
    model.get_layer("hidden").set_weights([HIDDEN, [BIASES[0]] * 2])
    model.get_layer("output").set_weights([OUTPUT, [BIASES[1]] * 2])
    return model


def _compiled(model: Any) -> Any:
    model.compile(optimizer=optimizers.SGD(learning_rate=0.5), loss="half_squared_error")
    return model


def linear_example() -> Any:
    """One input, one linear hidden unit, one linear output, each with a weight and a bias."""
    model = models.Sequential(
        [
            layers.Input((1,), dtype="float64", name="x"),
            layers.Dense(1, name="hidden", dtype="float64"),
            layers.Dense(1, name="output", dtype="float64"),
        ]
    )
    model.get_layer("hidden").set_weights([[[1.0]], [2.0]])
    model.get_layer("output").set_weights([[[3.0]], [4.0]])
    model.compile(optimizer=optimizers.SGD(learning_rate=0.01), loss="squared_error")
    return model


register(
    Preset(
        name="worked-example",
        subject="By hand",
        title="Backpropagation by hand: 2-2-2, sigmoid",
        description="Two inputs, two hidden and two output units. Every number can be checked with a pencil: the "
        "loss is the sum of 1/2 (t - o)^2, the learning rate 0.5, and the biases stay as they are.",
        network=worked_example,
        data=lambda: (INPUTS, TARGETS),
        epochs=10_000,
        goal=3.6e-5,
        digits=9,
        variants={"a trained bias for every neuron": with_biases, "one trained bias per layer": with_shared_biases},
    )
)
register(
    Preset(
        name="linear-example",
        subject="By hand",
        title="Two linear units in a row: 1-1-1",
        description="x = 2 goes through h = w x + b and o = w h + b; the loss is (o - 5)^2, the learning rate 0.01.",
        network=linear_example,
        data=lambda: ([[2.0]], [[5.0]]),
        epochs=50,
        goal=1e-3,
        digits=6,
    )
)
