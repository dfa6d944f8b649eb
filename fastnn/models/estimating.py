"""Models as estimators see them: functions that make them, targets that their losses take, what outputs mean."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops
from fastnn.losses.base import FUNCTIONS
from fastnn.models import saving
from fastnn.models.model import Model
from fastnn.ops.table import Op
from fastnn.utils.numerical import to_categorical
from fastnn.utils.registry import custom_names

Array = NDArray[Any]
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
AVERAGES = ("mean", "average_pool2d", "global_average_pool2d")  # what they make of probabilities are probabilities
BOUNDED = ("sigmoid", "softmax", "hard_sigmoid", "sparse_sigmoid", "sparsemax")  # operations with outputs from 0 to 1


def arguments_of(build: Any) -> dict[str, Any]:
    """Names and defaults of what a function that makes models takes; a model takes nothing.

    Example:
        >>> arguments_of(lambda units=3: None)
        {'units': 3}
    """
    if not callable(build) or isinstance(build, Model):
        return {}
    return {p.name: p.default for p in inspect.signature(build).parameters.values() if p.kind in NAMED}


def made(build: Any, values: Mapping[str, Any]) -> Any:
    """A model of one's own: what the function gives, or a copy of the model.

    Raises:
        ValueError: if that is no model.
    """
    model = build if isinstance(build, Model) or not callable(build) else build(**values)
    if not isinstance(model, Model):
        raise ValueError(f"Expected a model, or a function that returns one. Received: {model!r}")
    return copy.deepcopy(model) if model is build else model


def output_shapes(model: Any, X: Array) -> list[tuple[int | None, ...]]:
    """Shapes of the model's outputs; one that only data tell the shapes is shown a row."""
    if model.network is None:
        model.predict(X[:1], verbose=0)
    return list(model._output_names_and_shapes()[1])


def coded(model: Any, numbers: Array, count: int) -> Array:
    """Class numbers as the model's loss takes them: themselves, one-hot, or 0 and 1 for a single output."""
    aim = model._aims()[0]
    return numbers if aim.labels or aim.shape[-1] == 1 else to_categorical(numbers, count)


def head_of(model: Any, X: Array) -> Op | None:
    """The operation that makes the model's output, looked at through those that arrange or average; None if none does.

    Example:
        >>> from fastnn import Input, Sequential, layers
        >>> model = Sequential([Input((3,)), layers.Dense(2, "softmax"), layers.Flatten()])
        >>> head_of(model, np.zeros((1, 3))).name
        'softmax'
    """
    listing = model.step_list_for(model.prepare_data(X[:1], training=False), None)
    name = listing.outputs[0]
    while name in listing.written_by:
        step = listing.steps[listing.written_by[name]]
        if step.op.kind != "rearrangement" and step.op.name not in AVERAGES:
            return step.op
        name = step.inputs[0]
    return None


def is_linear(head: Op | None) -> bool:
    """Whether outputs of this operation are any numbers, for want of an activation."""
    return head is None or head.kind in ("contraction", "convolution") or head.name.startswith("standardize")


def is_bounded(head: Op | None) -> bool:
    """Whether outputs of this operation lie between 0 and 1."""
    return head is not None and head.name in BOUNDED


def name_of(loss: Any) -> str:
    """The name of a loss of this package; nothing for one's own."""
    function = getattr(loss, "fn", None)
    return next((name for name, known in FUNCTIONS.items() if known is function), "")


def takes_logits(loss: Any) -> bool:
    """Whether the loss turns outputs into probabilities itself."""
    return bool(getattr(loss, "arguments", {}).get("from_logits", False))


def is_probabilistic(loss: Any) -> bool:
    """Whether the loss compares probabilities."""
    return "entropy" in name_of(loss) or name_of(loss) == "kl_divergence"


def is_margin(loss: Any) -> bool:
    """Whether the loss asks outputs for a distance from 0, not for probabilities."""
    return "hinge" in name_of(loss)


def is_categorical(loss: Any) -> bool:
    """Whether the loss asks for an output per class."""
    return "categorical" in name_of(loss)


def refuse_unfit(model: Any, head: Op | None) -> None:
    """Raise ValueError for a loss that learns nothing, or something else, from such outputs."""
    aim = model._aims()[0]
    name = name_of(aim.loss)
    if is_categorical(aim.loss) and aim.shape[-1] == 1:
        raise ValueError(f"Expected an output per class for loss {name!r}. Received: one output")
    if is_linear(head) and is_probabilistic(aim.loss) and not takes_logits(aim.loss):
        activation = "sigmoid" if aim.shape[-1] == 1 else "softmax"
        raise ValueError(
            f"Expected outputs that are probabilities for loss {name!r}: a last layer with activation={activation!r}, "
            f"a cross-entropy with from_logits=True, or no loss given. Received: outputs of {head or 'no operation'}"
        )


def meaning_of(model: Any, head: Op | None) -> str:
    """What outputs are: 'probabilities', logits for 'sigmoid' or 'softmax', 'margins' around 0, 'targets' 0 and 1."""
    aim = model._aims()[0]
    if is_margin(aim.loss):
        return "targets" if is_bounded(head) else "margins"
    if takes_logits(aim.loss):
        return "sigmoid" if aim.shape[-1] == 1 or "binary" in name_of(aim.loss) else "softmax"
    if is_bounded(head) or is_probabilistic(aim.loss):
        return "probabilities"
    return "targets"


def decisions(outputs: Array, meaning: str) -> Array:
    """How much speaks for every class; of a single output, for the second one if above 0."""
    if outputs.shape[-1] > 1:
        return outputs
    return outputs[:, 0] - (0.5 if meaning in ("probabilities", "targets") else 0.0)


def class_numbers(outputs: Array, meaning: str) -> Array:
    """The class that most speaks for."""
    found = decisions(outputs, meaning)
    return (found > 0).astype(np.int64) if found.ndim == 1 else found.argmax(axis=-1)


def probabilities(outputs: Array, meaning: str) -> Array:
    """The probability of every class, of outputs that are probabilities or logits."""
    if meaning in ("sigmoid", "softmax"):
        outputs = np.asarray(getattr(ops, meaning)(outputs))
    return np.hstack([1 - outputs, outputs]) if outputs.shape[-1] == 1 else outputs


def packed(model: Any) -> Any:
    """The content of a `.keras` file, which later versions can read; the model itself if it names one's own code."""
    try:
        own_code = any(True for _ in custom_names(saving.describe(model)))
    except ValueError:  # what no file can hold, a pickle may
        return model
    return model if own_code else saving.as_bytes(model)


def unpacked(content: Any) -> Any:
    """The model that was packed."""
    return saving.from_bytes(content) if isinstance(content, bytes) else content
