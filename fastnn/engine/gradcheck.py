"""Finite differences beside the analytic gradient: for an operation, a layer, a model.

Everything is computed in float64 by the NumPy references, over the same records and step lists that training uses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine import execute
from fastnn.engine.plan import Plan
from fastnn.engine.steplist import in_float64
from fastnn.errors import GraphError
from fastnn.ops.table import Op

Array = NDArray[Any]
STEP = 1e-6


@dataclass(frozen=True)
class Check:
    """Analytic and numeric gradient of one tensor.

    Args:
        name: The tensor's name.
        analytic: Derivatives as backward gives them, of the cells checked.
        numeric: Central differences of the same cells.
    """

    name: str
    analytic: Array
    numeric: Array

    @property
    def error(self) -> float:
        """Largest difference, relative to the largest derivative (or to 1, if all are smaller than 1e-3)."""
        if not self.analytic.size:
            return 0.0
        scale = max(np.abs(self.analytic).max(), np.abs(self.numeric).max(), 1e-3)
        return float(np.abs(self.analytic - self.numeric).max() / scale)


def central_difference(function: Callable[[], float], array: Array, cells: Array) -> Array:
    """Slope of `function` in some cells of an array that it reads; the array is left as it was."""
    flat, slopes = array.reshape(-1), np.empty(len(cells))
    for k, cell in enumerate(cells):
        old = flat[cell]
        step = STEP * max(1.0, abs(float(old)))
        flat[cell] = old + step
        high = function()
        flat[cell] = old - step
        slopes[k] = (high - function()) / (2 * step)
        flat[cell] = old
    return slopes


def sampled(size: int, most: int, rng: np.random.Generator) -> Array:
    """Cells to check: all, or `most` of them drawn at random."""
    return np.arange(size) if size <= most else np.sort(rng.choice(size, most, replace=False))


def check_op(op: Op, inputs: Sequence[Any], most: int = 200, seed: int = 0, **attrs: Any) -> list[Check]:
    """Check an operation's backward on given inputs.

    Args:
        op: The operation's record.
        inputs: Arrays in calling order; floats are taken as float64.
        most: Cells checked per input.
        seed: For the weights of the outputs and the choice of cells.
        **attrs: The operation's attributes.

    Raises:
        GraphError: if the operation has no backward.

    Example:
        >>> import fastnn
        >>> max(c.error for c in check_op(fastnn.ops.tanh, [[0.3, -0.2]])) < 1e-6
        True
    """
    if op.backward is None:
        raise GraphError("expected an operation with a derivative.", operation=op.name)
    attrs = op.complete(attrs)
    arrays = [None if x is None else as_float64(np.array(x)) for x in inputs]
    rng = np.random.default_rng(seed)
    roles, shapes = op.roles(len(arrays)), tuple(None if a is None else a.shape for a in arrays)
    results = execute.as_tuple(op.forward(*arrays, **attrs))
    if any(np.asarray(r).dtype != np.float64 for r in results[: len(op.outputs)]):
        return []  # rounded to another type
    weights = [rng.normal(size=np.shape(r)) for r in results[: len(op.outputs)]]

    def scalar() -> float:
        outputs = execute.as_tuple(op.forward(*arrays, **attrs))
        return float(sum((w * y).sum() for w, y in zip(weights, outputs, strict=False)))

    values = dict(zip((*roles, *op.outputs, *op.extra), (*arrays, *results), strict=True))
    saved = [values[r] for r in op.saved_roles(len(arrays))]
    grads = op.backward(*weights, *saved, shapes=shapes, **attrs)
    checks = []
    for role, grad in zip(op.gradient_roles(len(arrays)), grads, strict=False):
        array = values[role]
        if array is not None and array.dtype == np.float64:
            cells = sampled(array.size, most, rng)
            numeric = central_difference(scalar, array, cells)
            checks.append(Check(role, np.broadcast_to(grad, array.shape).reshape(-1)[cells], numeric))
    return checks


def as_float64(array: Array) -> Array:
    """Floating arrays as float64; others as they are."""
    return np.asarray(array, np.float64, order="C") if array.dtype.kind == "f" else array


def check_model(model: Any, x: Any, y: Any, most: int = 50, seed: int = 0, sample_weight: Any = None) -> list[Check]:
    """Check the loss's gradient with respect to a model's weights.

    Args:
        model: A compiled model; its step list is run in float64 on a copy of its weights.
        x: Inputs of one batch.
        y: Targets of the batch.
        most: Cells checked per weight.
        seed: For the choice of cells.
        sample_weight: A weight for every row.

    Returns:
        One check per trainable weight. Cells near a kink (relu at 0, a tie in max pooling) may differ rightly.
    """
    data = model.prepare_data(x, y, sample_weight)
    count = len(next(iter(data.values())))
    listing = in_float64(model.step_list(count, data))
    storage = {v: as_float64(v.value.copy()) for v in model.variables_of_training()}
    plan = Plan(listing, keep=True, storage=storage)
    for name in listing.feeds:
        plan.load(name, data[name])
    loss_end = next(i for i, s in enumerate(listing.steps) if s.phase == "backward")
    plan.run(0, listing.updates)
    rng = np.random.default_rng(seed)
    analytic = {n: plan.array(f"{n}.grad").copy() for n, v in listing.values.items() if is_checked(listing, v)}

    def loss() -> float:
        plan.run(0, loss_end)
        return float(plan.array(listing.loss or ""))

    checks = []
    for name, grad in analytic.items():
        cells = sampled(grad.size, most, rng)
        checks.append(Check(name, grad.reshape(-1)[cells], central_difference(loss, plan.array(name), cells)))
    return checks


def is_checked(listing: Any, value: Any) -> bool:
    """Whether a value is a weight with a gradient."""
    return value.role == "parameter" and listing.gradient_of(value.name) is not None


def check_layer(
    layer: Any, input_shape: Sequence[int], most: int = 50, seed: int = 0, training: bool = False
) -> list[Check]:
    """Check a layer's gradients with respect to its input and its weights.

    Args:
        layer: A layer; one made with `dtype="float64"`.
        input_shape: Shape of the input, batch included.
        most: Cells checked per tensor.
        seed: For the input and the choice of cells.
        training: The training flag of the call.

    Raises:
        GraphError: if the layer does not compute in float64.
    """
    from fastnn.engine.tape import GradientTape
    from fastnn.engine.tensor import Variable

    rng = np.random.default_rng(seed)
    x = Variable(rng.normal(size=tuple(input_shape)), "float64", name="input")
    out = layer(x, training=training)
    if out.dtype != "float64":
        raise GraphError(f"expected a layer that computes in float64, received '{layer.name}' of {out.dtype}.")
    weight = rng.normal(size=out.shape)
    sources = [x, *layer.trainable_weights]
    with GradientTape() as tape:
        y = layer(x, training=training)
    grads = tape.gradient(y, sources, output_gradients=weight)

    def scalar() -> float:
        return float((np.asarray(layer(x, training=training)) * weight).sum())

    checks = []
    for source, grad in zip(sources, grads, strict=True):
        cells = sampled(source.value.size, most, rng)
        analytic = np.zeros(source.shape) if grad is None else np.asarray(grad)
        checks.append(Check(source.path, analytic.reshape(-1)[cells], central_difference(scalar, source.value, cells)))
    return checks
