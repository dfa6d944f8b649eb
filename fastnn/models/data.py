"""Data for a model: checked once, named, and converted to the types that its step list has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.execute import check_whole
from fastnn.engine.nested import flatten
from fastnn.engine.tensor import Tensor
from fastnn.errors import DTypeError
from fastnn.models.compiling import Aim, check_names

Array = NDArray[Any]
OpenShape = tuple["int | None", ...]


def to_array(data: Any, what: str) -> Array:
    """An array of numbers from whatever a user gives: lists, arrays, tensors, data frames."""
    try:
        array = data.value if isinstance(data, Tensor) else np.asarray(data)
    except ValueError as error:
        raise ValueError(
            f"Expected {what} with rows of equal length. Received: {type(data).__name__}: {error}"
        ) from None
    if array.dtype == object:
        try:
            if any(item is None for item in array.flat):
                raise TypeError
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise DTypeError(f"Expected numbers for {what}. Received: {describe(array.tolist())}") from None
    if array.dtype.kind not in "fiub":
        text = "text, " if array.dtype.kind in "US" else ""
        raise DTypeError(f"Expected numbers for {what}. Received: {text}{array.dtype}")
    if array.ndim == 0:
        raise ValueError(f"Expected {what} to be an array with a row per sample. Received: the number {array}")
    return array


def describe(data: Any) -> str:
    """What a value is, briefly."""
    return f"{type(data).__name__} of {type(flatten(data)[0]).__name__}" if flatten(data) else type(data).__name__


def fit_shape(array: Array, shape: OpenShape, what: str) -> Array:
    """The array with the rank that is expected, where an axis of length one makes the difference.

    Raises:
        ValueError: if the shapes differ otherwise.
    """
    received = array.shape
    if array.ndim + 1 == len(shape) and shape[-1] == 1:
        array = array[..., None]
    elif array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape[1:], array.shape[1:], strict=True)):
        raise ValueError(f"Expected {what} of shape {shape}. Received: shape {received}")
    return array


def convert(array: Array, dtype: str, what: str) -> Array:
    """The array itself if it has the type and is contiguous, or a copy that does."""
    if dtype.startswith(("int", "uint")):
        try:
            check_whole(array, np.dtype(dtype))
        except DTypeError as error:
            raise DTypeError(f"Expected whole numbers of {dtype} for {what}: {error}") from None
    return np.require(array, dtype, ["C", "A"])


def class_numbers(array: Array, aim: Aim, what: str) -> Array:
    """Class numbers as int32, one per row of predictions.

    Raises:
        ValueError: for one-hot rows, or a number that is no class.
    """
    classes = int(aim.shape[-1] or 0)
    if array.ndim == len(aim.shape) and array.shape[-1] == classes > 1:
        raise ValueError(
            f"Expected {what} to hold class numbers, shape {aim.shape[:-1]}. Received: shape {array.shape}; "
            "one-hot rows go with categorical_crossentropy"
        )
    labels = convert(fit_shape(array, aim.shape[:-1], what), "int32", what)
    wrong = np.argwhere((labels < 0) | (labels >= classes))
    if len(wrong):
        first = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"Expected {what} from 0 to {classes - 1}, the classes of output '{aim.name}'. "
            f"Received: {labels[first]} in row {first[0]}"
        )
    return labels


def target(data: Any, aim: Aim, dtype: str, what: str) -> Array:
    """Targets of one output in the shape and type that its loss takes."""
    array = to_array(data, what)
    if aim.labels:
        return class_numbers(array, aim, what)
    if aim.any_shape:
        return convert(array, dtype, what)
    if array.ndim + 1 == len(aim.shape) and (aim.shape[-1] or 0) > 1 and array.dtype.kind in "iu":
        raise ValueError(
            f"Expected {what} of shape {aim.shape}. Received: shape {array.shape}; class numbers go with "
            "sparse_categorical_crossentropy, or through utils.to_categorical"
        )
    return convert(fit_shape(array, aim.shape, what), dtype, what)


def split(given: Any, names: Sequence[str], what: str) -> list[Any]:
    """One entry per output from a list, a dict, or a single thing for a single output."""
    if isinstance(given, Mapping):
        check_names(what, given, names)
        return [given.get(n) for n in names]
    if len(names) == 1:
        alone = isinstance(given, (list, tuple)) and len(given) == 1 and getattr(given[0], "ndim", 0) > 0
        return [given[0] if alone else given]
    if not isinstance(given, (list, tuple)) or len(given) != len(names):
        count = len(given) if isinstance(given, (list, tuple)) else 1
        raise ValueError(f"Expected {what} for {len(names)} outputs, {list(names)}. Received: {count}")
    return list(given)


def targets(given: Any, aims: Sequence[Aim], dtype: str) -> dict[str, Array]:
    """Targets by value name.

    Raises:
        ValueError: if an output that has a loss has no target, or a shape does not fit.
    """
    found = {}
    several = len(aims) > 1
    for aim, data in zip(aims, split(given, [a.name for a in aims], "y"), strict=True):
        if not aim.compared:
            continue
        what = f"y for output '{aim.name}'" if several else "y"
        if data is None:
            raise ValueError(f"Expected {what}. Received: None")
        found[target_name(aim, several)] = target(data, aim, dtype, what)
    return found


def target_name(aim: Aim, several: bool) -> str:
    """Name of the value that an output is compared with."""
    return f"{aim.name}.y_true" if several else "y_true"


def weight_name(aim: Aim, several: bool) -> str:
    """Name of the value that holds the sample weights of an output."""
    return f"{aim.name}.sample_weight" if several else "sample_weight"


def weights(
    given: Any, class_weight: Any, aims: Sequence[Aim], goals: Mapping[str, Array], dtype: str
) -> dict[str, Array]:
    """Sample weights by value name, class weights multiplied in."""
    compared = [a for a in aims if a.compared]
    several = len(aims) > 1
    found = {}
    if given is not None:
        shared = several and not isinstance(given, (list, tuple, Mapping))
        parts = [given] * len(aims) if shared else split(given, [a.name for a in aims], "sample_weight")
        for aim, data in zip(aims, parts, strict=True):
            if data is not None and aim.compared:
                array = to_array(data, "sample_weight")
                array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
                found[weight_name(aim, several)] = convert(array, dtype, "sample_weight")
    if class_weight is not None:
        if len(compared) != 1:
            raise ValueError("Expected class_weight with one output only. Received: a model with several outputs")
        name = weight_name(compared[0], several)
        by_class = weights_of_classes(goals[target_name(compared[0], several)], class_weight, dtype)
        found[name] = found[name] * by_class if name in found else by_class
    return found


def weights_of_classes(goal: Array, class_weight: Mapping[int, float], dtype: str) -> Array:
    """The weight of every sample's class; classes that are not named weigh 1."""
    if not isinstance(class_weight, Mapping):
        raise ValueError(f"Expected class_weight to be a dict of class number to weight. Received: {class_weight!r}")
    for key, weight in class_weight.items():
        if not isinstance(key, (int, np.integer)) or not isinstance(weight, (int, float, np.number)):
            raise ValueError(f"Expected class_weight with class numbers and weights. Received: {key!r}: {weight!r}")
    classes = goal.argmax(-1) if goal.ndim > 1 and goal.shape[-1] > 1 else np.round(goal.reshape(len(goal), -1)[:, 0])
    found = np.ones(len(goal), dtype)
    for number, weight in class_weight.items():
        found[classes == number] = weight
    return found


def check_lengths(feeds: Mapping[str, Array]) -> int:
    """The number of samples.

    Raises:
        ValueError: if arrays differ in it, or there are none.
    """
    counts = {name: len(array) for name, array in feeds.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"'{name}' {n}" for name, n in counts.items())
        raise ValueError(f"Expected the same number of samples in all data. Received: {listed}")
    total = next(iter(counts.values()))
    if total == 0:
        raise ValueError(f"Expected at least one sample. Received: none in '{next(iter(counts))}'")
    return total


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Data as a `train_step` receives them: x alone, (x, y), or (x, y, sample_weight).

    Example:
        >>> pack_x_y_sample_weight([1.0], [2.0])
        ([1.0], [2.0])
    """
    if y is None and sample_weight is None:
        return x if not isinstance(x, (tuple, list)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample weights of what a `train_step` receives, None for what is not there.

    Raises:
        ValueError: for a tuple of more than three parts.

    Example:
        >>> unpack_x_y_sample_weight(([1.0], [2.0]))
        ([1.0], [2.0], None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"Expected x, (x, y) or (x, y, sample_weight). Received: a tuple of {len(data)}")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight
