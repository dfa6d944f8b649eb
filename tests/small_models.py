"""Small models for tests of stepping: one written as a bare step list, one of several walks; and what they show."""

import numpy as np

import fastnn
from fastnn import ops
from fastnn.engine import graph, steplist
from fastnn.engine.tensor import Variable


class Optimizer:
    def __init__(self):
        self.iterations = Variable(np.zeros((), np.int64), trainable=False, name="iterations")


class Quadratic:
    """(x w)^2 + w against a target: every value has several consumers, so that gradients are accumulated."""

    def __init__(self, dtype="float32"):
        self.dtype = dtype
        self.optimizer = Optimizer()
        self.w = Variable(np.array([0.1, -0.2, 0.3], dtype), name="quadratic/w")
        self.rate = Variable(np.array(0.01, dtype), trainable=False, name="learning_rate")

    def prepare_data(self, x, y, sample_weight):
        return {"x": np.asarray(x, self.dtype), "y_true": np.asarray(y, self.dtype)}

    def variables_of_training(self):
        return [self.w, self.rate, self.optimizer.iterations]

    def step_list(self, size, data):
        with graph.Trace(True, self.optimizer.iterations) as trace:
            x = trace.add_value("x", (size, 3), self.dtype, "input")
            with trace.layer("quadratic"):
                h = ops.multiply(x, self.w)
                h = ops.add(ops.multiply(h, h), self.w)
            trace.phase = "loss"
            y = trace.add_value("y_true", (size, 3), self.dtype, "target")
            loss = ops.mean(ops.mean_squared_error(y, h))
            (grad,) = steplist.write_backward(trace, loss, [self.w])
            trace.phase = "update"
            ops.sgd(self.w, grad, self.rate)
            ops.increment(self.optimizer.iterations)
            return steplist.finish(trace, [x], [y], [], [h], loss, {"loss": loss})


def data(rows=10, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 3)), rng.normal(size=(rows, 3))


class Halving(fastnn.Model):
    """Takes other steps when the sum of its outputs is positive."""

    def __init__(self):
        super().__init__()
        self.inner = fastnn.layers.Dense(2, name="inner")

    def call(self, x):
        y = self.inner(x)
        return y * 0.5 if float(fastnn.ops.sum(y)) > 0 else y


def shown(stepper):
    return {n: stepper.value(n) for n in stepper.listing.values if stepper.computed(n)}


def assert_same(now, then):
    assert now.keys() == then.keys()
    for name, array in now.items():
        np.testing.assert_array_equal(array, then[name], err_msg=name)
