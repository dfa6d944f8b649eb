"""Pictures as the ImageNet networks expect them, and their 1000 classes by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import config, ops
from fastnn.utils.files import get_file
from fastnn.utils.json_text import json_of

MODES = ("caffe", "tf", "torch")
LAYOUTS = ("channels_last", "channels_first")
MEAN_BGR = (103.939, 116.779, 123.68)  # of ImageNet's pixels, from 0 to 255
MEAN_RGB, DEVIATION_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # the same from 0 to 1
CLASS_INDEX: dict[str, Any] = {
    "fname": "imagenet_class_index.json",
    "origin": "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
    "file_hash": "c2c37ea517e94d9795004a39431a14cb",
}
CLASSES = 1000


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pixels scaled as a network's publishers scaled them; what is given stays as it is.

    Args:
        x: Pictures with red, green and blue from 0 to 255, shape (h, w, 3) or (batch, h, w, 3): an array, a tensor, or
            a symbolic tensor.
        data_format: 'channels_last' or 'channels_first' (3, h, w); that of `fastnn.config` by default.
        mode: 'caffe' turns to blue, green, red and takes away each channel's mean in ImageNet; 'tf' maps to -1 … 1;
            'torch' maps to 0 … 1, then takes away each channel's mean and divides by its standard deviation.

    Raises:
        ValueError: for another mode or data_format, or pictures that have no 3 channels there.

    Example:
        >>> import numpy as np
        >>> preprocess_input(np.full((1, 1, 3), 255.0), mode="tf").tolist()
        [[[1.0, 1.0, 1.0]]]
    """
    layout = config.image_data_format() if data_format is None else data_format
    if mode not in MODES:
        raise ValueError(f"Expected mode to be one of {MODES}. Received: mode={mode!r}")
    if layout not in LAYOUTS:
        raise ValueError(f"Expected data_format to be one of {LAYOUTS}. Received: data_format={data_format!r}")
    if not hasattr(x, "shape"):
        x = np.asarray(x)
    axis = -1 if layout == "channels_last" else -3
    if len(x.shape) not in (3, 4) or (x.shape[axis] != 3 and mode != "tf"):
        raise ValueError(f"Expected pictures with 3 channels ({layout}). Received: shape {tuple(x.shape)}")
    return scaled(x, mode, axis)


def preprocess_input_tf(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 … 255 mapped to -1 … 1; see `preprocess_input`.

    Args:
        x: Pictures, shape (h, w, 3) or (batch, h, w, 3).
        data_format: 'channels_last' or 'channels_first'.
    """
    return preprocess_input(x, data_format, "tf")


def scaled(x: Any, mode: str, axis: int) -> Any:
    """The pixels, whose channels lie along an axis, in one of the modes."""
    is_array = isinstance(x, np.ndarray)
    if is_array:
        x = x if np.issubdtype(x.dtype, np.floating) else x.astype(config.floatx())
    elif not str(x.dtype).startswith("float"):
        x = ops.cast(x, config.floatx())

    def by_channel(numbers: tuple[float, ...]) -> Any:
        return np.asarray(numbers, str(x.dtype)).reshape((3,) + (1,) * (-1 - axis))

    if mode == "tf":
        return x / 127.5 - 1.0
    if mode == "torch":
        return (x / 255.0 - by_channel(MEAN_RGB)) / by_channel(DEVIATION_RGB)
    return (np.flip(x, axis) if is_array else ops.flip(x, axis)) - by_channel(MEAN_BGR)


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, Any]]]:
    """The likeliest of ImageNet's classes for each row of predictions, the likeliest first.

    The names of the classes are downloaded at the first call.

    Args:
        preds: Predictions of shape (samples, 1000).
        top: How many classes to give of each row.

    Returns:
        For each row a list of (number in WordNet, name, prediction).

    Raises:
        ValueError: for predictions of another shape, or a top below 1.
        OSError: if the names of the classes cannot be downloaded.
    """
    found = np.asarray(preds)
    if found.ndim != 2 or found.shape[1] != CLASSES:
        raise ValueError(f"Expected predictions of shape (samples, {CLASSES}). Received: shape {found.shape}")
    if isinstance(top, bool) or not isinstance(top, (int, np.integer)) or top < 1:
        raise ValueError(f"Expected top to be a whole number from 1. Received: top={top!r}")
    with open(get_file(cache_subdir="models", **CLASS_INDEX), encoding="utf-8") as file:
        names = json_of(file.read())
    return [[(*names[str(i)], row[i]) for i in np.argsort(row)[::-1][:top]] for row in found]
