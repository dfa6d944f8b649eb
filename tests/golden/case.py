"""One layer on given inputs, and how its numbers are found: the same procedure with Keras and with fastnn."""

import numpy as np


def numbers(seed, *shape):
    """Repeatable normal numbers as float32."""
    return np.random.RandomState(seed).normal(size=shape).astype("float32")


def integers(seed, below, *shape):
    """Repeatable whole numbers from 0 to `below` - 1, as int32."""
    return np.random.RandomState(seed).randint(0, below, shape).astype("int32")


class Case:
    """A layer and what it is called with.

    Args:
        layer: The layer, not built.
        *inputs: Arrays; two or more are passed as one list, unless `separate`.
        separate: Whether several inputs are positional arguments of their own.
        random: Whether the layer draws numbers in training: only inference is compared then.
        traced: Whether the layer can be part of a functional model with these arguments.
        backend: The back end of Keras that made the numbers, where they differ: 'torch', 'jax' or 'tensorflow'.
        weights: Factor of the weights that the layer is given; positive ones for variances.
        rtol: Relative tolerance.
        **call: Further arguments of the call, such as mask or initial_state.
    """

    def __init__(
        self, layer, *inputs, separate=False, random=False, traced=True, backend="torch", weights=0.5, rtol=2e-5, **call
    ):
        self.layer, self.inputs, self.separate, self.random, self.call = layer, list(inputs), separate, random, call
        self.traced, self.backend, self.weights, self.rtol = traced, backend, weights, rtol

    def arguments(self, inputs):
        """Positional arguments of the call for other inputs."""
        return tuple(inputs) if self.separate or len(inputs) == 1 else (list(inputs),)

    def settle(self, seed=100):
        """Give the built layer repeatable weights; what holds variances becomes positive, integers stay."""
        for i, variable in enumerate(self.layer.weights):
            if "float" in str(variable.dtype):
                value = self.weights * numbers(seed + i, *variable.shape)
                variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
        self.begin()

    def begin(self):
        """Forget what a stateful layer has kept from earlier calls."""
        if getattr(self.layer, "stateful", False):
            self.layer.reset_state()


def flat(outputs):
    """Outputs as a flat list."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    return [y for part in outputs for y in flat(part)] if isinstance(outputs, (list, tuple)) else [outputs]


def pattern(k, shape):
    """The gradient that comes back for output number k."""
    return numbers(900 + k, *shape)
