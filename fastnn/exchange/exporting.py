"""`Model.export`: a model's prediction in a file that other programs run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.engine.steplist import StepList
from fastnn.errors import ValueNeededError
from fastnn.exchange.open_lengths import BATCH, MOST, MULTIPLES, OpenList, Point, corners, open_list
from fastnn.utils.naming import did_you_mean

Writer = Callable[[Any, OpenList, Path], None]


def write_onnx(model: Any, listing: OpenList, path: Path) -> None:
    """The ONNX file; its writer is loaded when it is needed."""
    from fastnn.exchange.onnx_file import write_onnx

    write_onnx(model, listing, path)


def write_script(model: Any, listing: OpenList, path: Path) -> None:
    """The NumPy script."""
    from fastnn.exchange.scripts import write_prediction

    write_prediction(model, listing, path)


FORMATS: dict[str, Writer] = {"onnx": write_onnx, "numpy": write_script}
ENDINGS = {".onnx": "onnx", ".py": "numpy"}


def export(
    model: Any, filepath: Any, format: str | None = None, verbose: Any = None, input_signature: Any = None
) -> None:
    """Write what a model predicts, as a file for other programs. See `Model.export`."""
    path = Path(filepath)
    writer = writer_of(path, format)
    if not model.built:
        raise ValueError(f"Expected a model whose weights exist. Received: '{model.name}', which is not built yet")
    listing = prediction(model, input_signature)
    writer(model, listing, path)
    if verbose:
        print(f"Saved artifact at '{path}'.")


def writer_of(path: Path, format: str | None) -> Writer:
    """What writes a format: the one that is named, else the one that the file's ending means."""
    found = ENDINGS.get(path.suffix.lower()) if format is None else format
    if found not in FORMATS:
        known = ", ".join(map(repr, FORMATS))
        received = f"format={format!r}" if format is not None else f"filepath={str(path)!r}"
        raise ValueError(f"Expected a format of {known}. Received: {received}; {did_you_mean(str(found), FORMATS)}")
    return FORMATS[found]


def prediction(model: Any, input_signature: Any = None) -> OpenList:
    """The steps of a model's prediction, for any number of rows, and all other lengths that the model leaves open.

    Args:
        model: A built model.
        input_signature: Shapes of the inputs with their batch axis, as a nest of shapes or of anything with a shape;
            needed for a `call` of the model's own, and to fix lengths that the model leaves open.

    Raises:
        ValueError: if a length is not known, or the model decides on the values of its inputs.
        GraphError: if the steps are others for other lengths.
    """
    inputs = [] if model.network is None else model.network.inputs
    count = next((t.shape[0] for t in inputs if t.shape[0] is not None), None)
    if input_signature is None:
        lengths = open_lengths(model)
        feeds_of = partial(feeds_at, model, {place: name for name, place in lengths.items()})
    else:
        feeds = model.prepare_data(sample(model, input_signature), training=False)
        lengths = {BATCH: (next(iter(feeds)), 0)}
        feeds_of = partial(same_feeds, feeds)
    lengths = {name: place for name, place in lengths.items() if name != BATCH or count is None}

    def write(point: Point) -> StepList:
        return model.step_list(point.get(BATCH, count), feeds_of(point), training=None)

    try:
        return open_list(write, lengths)
    except ValueNeededError as error:
        found = f"'{model.name}': {error}"
        raise ValueError(f"Expected steps that are the same for all inputs. Received: {found}") from None


def any_list(model: Any) -> StepList:
    """The steps of a prediction for some lengths, where it does not matter which."""
    lengths = open_lengths(model)
    point = next(corners(lengths, MULTIPLES))
    feeds = feeds_at(model, {place: name for name, place in lengths.items()}, point)
    return model.step_list(model.network.inputs[0].shape[0] or point[BATCH], feeds, training=None)


def open_lengths(model: Any) -> dict[str, tuple[str, int]]:
    """Names of a model's open lengths, and the input and axis of each; the batch is seen in the first input."""
    if model.network is None:
        raise ValueError(
            f"Expected input_signature, the shapes of the inputs, such as [(None, 4)], for model '{model.name}', whose "
            "`call` takes any. Received: None"
        )
    found = {BATCH: (model.network.inputs[0].name, 0)}
    for k, t in enumerate(model.network.inputs):
        word = re.sub(r"\W", "_", t.name) + (f"_{k}" if k else "")
        found.update({f"{word}_{d}": (t.name, d) for d, n in enumerate(t.shape) if d and n is None})
    if len(found) > MOST:
        raise ValueError(f"Expected input_signature, as more than {MOST - 1} lengths are open. Received: {list(found)}")
    return found


def same_feeds(feeds: Any, point: Point) -> Any:
    """The same data at every point."""
    return feeds


def feeds_at(model: Any, names: Mapping[tuple[str, int], str], point: Point) -> Any:
    """Zeros for the inputs where the open lengths are known."""

    def lengths(t: Any) -> list[int]:
        return [1, *(point[names[t.name, d]] if n is None else n for d, n in enumerate(t.shape[1:], 1))]

    return model.prepare_data([np.zeros(lengths(t), t.dtype) for t in model.network.inputs], training=False)


def sample(model: Any, input_signature: Any) -> Any:
    """Zeros for a signature; a list of one shape is that of the only input of a `call`."""
    made = zeros_of(input_signature)
    return made[0] if isinstance(made, list) and len(made) == 1 and model.network is None else made


def zeros_of(signature: Any) -> Any:
    """Zeros for a nest of shapes, or of anything with a shape."""
    if isinstance(signature, dict):
        return {key: zeros_of(part) for key, part in signature.items()}
    shape = getattr(signature, "shape", signature)
    if not isinstance(shape, (list, tuple)) or not all(n is None or isinstance(n, int) for n in shape):
        return list(map(zeros_of, listed(signature)))
    if not shape or None in shape[1:]:
        raise ValueError(f"Expected input_signature with all lengths but that of the batch. Received: {tuple(shape)}")
    return np.zeros((shape[0] or 1, *shape[1:]), getattr(signature, "dtype", None) or "float32")


def listed(signature: Any) -> Any:
    """A list of shapes."""
    if not isinstance(signature, (list, tuple)):
        raise ValueError(f"Expected input_signature as shapes, such as [(None, 4)]. Received: {signature!r}")
    return signature
