"""Models as estimators see them: functions that make them, targets that their losses take, outputs as probabilities."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops
from fastnn.models import saving
from fastnn.models.model import Model
from fastnn.utils.numerical import to_categorical
from fastnn.utils.registry import custom_names

Array = NDArray[Any]
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


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


def probabilities(model: Any, outputs: Array) -> Array:
    """The probability of every class, of outputs that are probabilities or, if the loss says so, logits."""
    logits = getattr(model._aims()[0].loss, "arguments", {}).get("from_logits", False)
    alone = outputs.shape[-1] == 1
    if logits:
        outputs = np.asarray(ops.sigmoid(outputs) if alone else ops.softmax(outputs))
    return np.hstack([1 - outputs, outputs]) if alone else outputs


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
