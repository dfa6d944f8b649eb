"""Data sets from folders and time series, with the names and arguments of `keras.utils`."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.config import global_seed
from fastnn.data import Dataset
from fastnn.engine.tensor import Tensor
from fastnn.utils.images import img_to_array, load_img
from fastnn.utils.naming import did_you_mean
from fastnn.utils.numerical import to_categorical

Array = NDArray[Any]
IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
SUBSETS = (None, "training", "validation", "both")
OF_KERAS = (  # its arguments that are not available
    "crop_to_aspect_ratio", "data_format", "follow_links", "format", "pad_to_aspect_ratio", "verbose",
)  # fmt: skip
LABELS = ("int", "categorical", "binary", None)


# ---------------------------------------------------------------- parts of data


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Dataset, Dataset]:
    """Two data sets made of one.

    Args:
        dataset: A `Dataset`, an array, or a list or tuple of arrays.
        left_size: Elements of the first one, or their share from 0 to 1.
        right_size: The same for the second; the rest by default.
        shuffle: Whether to shuffle before.
        seed: Of the shuffling.

    Raises:
        ValueError: if neither size is given, or they do not fit.

    Example:
        >>> left, right = split_dataset(np.arange(10), left_size=0.8)
        >>> len(left), len(right)
        (8, 2)
    """
    if not isinstance(dataset, Dataset):
        dataset = Dataset.from_tensor_slices(tuple(dataset) if isinstance(dataset, list) else dataset)
    elements = list(dataset)
    if left_size is None and right_size is None:
        raise ValueError("Expected left_size or right_size. Received: neither")
    sizes = [None if s is None else part(s, len(elements)) for s in (left_size, right_size)]
    left = sizes[0] if sizes[0] is not None else len(elements) - (sizes[1] or 0)
    right = sizes[1] if sizes[1] is not None else len(elements) - left
    if left + right > len(elements):
        raise ValueError(f"Expected sizes that add up to at most {len(elements)}. Received: {left} and {right}")
    if shuffle:
        order = shuffling(seed).permutation(len(elements))
        elements = [elements[k] for k in order]
    return of_list(elements[:left]), of_list(elements[left : left + right])


def shuffling(seed: int | None) -> np.random.Generator:
    """What orders elements: the same order for the same seed, by default the global one."""
    return np.random.default_rng(global_seed() if seed is None else seed)


def part(size: Any, count: int) -> int:
    """A number of elements, given as such or as a share."""
    if isinstance(size, float) and 0 < size < 1:
        return round(size * count)
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 0 < size <= count:
        raise ValueError(f"Expected a share from 0 to 1, or 1 to {count} elements. Received: size={size!r}")
    return int(size)


def of_list(elements: Sequence[Any]) -> Dataset:
    """A data set of elements at hand."""
    return Dataset(lambda: iter(elements), len(elements))


# ---------------------------------------------------------------- time series


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Dataset:
    """Windows of a time series, each with the target of its first step's place.

    Args:
        data: Array whose first axis is time.
        targets: Array of targets, where window k, which begins at step k, has the target k; or None.
        sequence_length: Steps of a window.
        sequence_stride: Steps from one window's start to the next one's.
        sampling_rate: Steps of time between steps of a window.
        batch_size: Windows of a batch; None for single ones.
        shuffle: Whether to mix the windows.
        seed: Of the shuffling.
        start_index: Steps before it are left out.
        end_index: Steps from it on are left out.

    Raises:
        ValueError: for numbers that do not fit.

    Example:
        >>> batches = timeseries_dataset_from_array(np.arange(6), np.arange(3, 6), sequence_length=3)
        >>> x, y = next(iter(batches))
        >>> x.numpy().tolist(), y.numpy().tolist()
        ([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [3, 4, 5])
    """
    data, targets = np.asarray(data), None if targets is None else np.asarray(targets)
    for name, value in (
        ("sequence_length", sequence_length), ("sequence_stride", sequence_stride), ("sampling_rate", sampling_rate),
    ):  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 < value <= max(len(data), 1):
            raise ValueError(f"Expected {name} from 1 to {len(data)}. Received: {name}={value!r}")
    first, last = bounds(start_index, end_index, len(data))
    count = last - first - (sequence_length - 1) * sampling_rate
    if targets is not None:
        count = min(count, len(targets))
    if count < 1:
        raise ValueError(
            f"Expected at least {(sequence_length - 1) * sampling_rate + 1} steps of data. Received: {last - first}"
        )
    starts = np.arange(0, count, sequence_stride)
    if shuffle:
        shuffling(seed).shuffle(starts)
    steps = np.arange(sequence_length) * sampling_rate + first
    size = batch_size or 1

    def batches() -> Iterator[Any]:
        for k in range(0, len(starts), size):
            rows = starts[k : k + size] if batch_size else starts[k]
            yield with_labels(data[np.add.outer(rows, steps)], None if targets is None else targets[rows])

    return Dataset(batches, math.ceil(len(starts) / size))


def bounds(start: int | None, end: int | None, count: int) -> tuple[int, int]:
    """Places of the first step, and behind the last, within the data.

    Raises:
        ValueError: if there is nothing between them.
    """
    first, last = 0 if start is None else int(start), count if end is None else int(end)
    if not 0 <= first < last <= count:
        raise ValueError(
            f"Expected 0 <= start_index < end_index <= {count}. Received: start_index={start!r}, end_index={end!r}"
        )
    return first, last


# ---------------------------------------------------------------- folders


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    **unavailable: Any,
) -> Any:
    """Images in a folder for each class, as batches of images and labels; needs the images extra (pillow).

    Args:
        directory: The folder; its subfolders are the classes, in the order of their names.
        labels: 'inferred' from the folders, a list of one label per file in their order, or None for images alone.
        label_mode: 'int', 'categorical' (one-hot), 'binary' (0.0 or 1.0), or None for images alone.
        class_names: The subfolders in the order of their labels.
        color_mode: 'rgb', 'rgba' or 'grayscale'.
        batch_size: Images of a batch; None for single ones.
        image_size: Height and width to which images are scaled.
        shuffle: Whether to mix the images.
        seed: Of the shuffling.
        validation_split: Share of the images for validation.
        subset: 'training', 'validation' or 'both' where validation_split is given.
        interpolation: How images are scaled.
        **unavailable: Refused.

    Returns:
        A `Dataset` with the attributes class_names and file_paths; two of them for subset='both'.

    Raises:
        ValueError: for a folder without images, or arguments that do not fit.
        ImportError: without pillow.
    """
    refuse(unavailable, image_dataset_from_directory)

    def read(path: Path) -> Array:
        return img_to_array(load_img(path, color_mode=color_mode, target_size=image_size, interpolation=interpolation))

    return from_folders(
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, IMAGES, read
    )


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    **unavailable: Any,
) -> Any:
    """Text files in a folder for each class, as batches of texts and labels.

    Args:
        directory: The folder; its subfolders are the classes, in the order of their names.
        labels: 'inferred' from the folders, a list of one label per file in their order, or None for texts alone.
        label_mode: 'int', 'categorical' (one-hot), 'binary' (0.0 or 1.0), or None for texts alone.
        class_names: The subfolders in the order of their labels.
        batch_size: Texts of a batch; None for single ones.
        max_length: Characters after which texts are cut.
        shuffle: Whether to mix the texts.
        seed: Of the shuffling.
        validation_split: Share of the texts for validation.
        subset: 'training', 'validation' or 'both' where validation_split is given.
        **unavailable: Refused.

    Returns:
        A `Dataset` with the attributes class_names and file_paths; two of them for subset='both'.

    Raises:
        ValueError: for a folder without texts, or arguments that do not fit.
    """
    refuse(unavailable, text_dataset_from_directory)

    def read(path: Path) -> Array:
        return np.asarray(path.read_text(encoding="utf-8", errors="replace")[:max_length])

    return from_folders(
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, (".txt",), read
    )


def refuse(unavailable: dict[str, Any], function: Callable[..., Any]) -> None:
    """Raise for arguments of Keras that are not available, unless they switch nothing on, and for unknown ones."""
    for name, value in unavailable.items():
        if name not in OF_KERAS:
            called, known = function.__name__, [n for n in inspect.signature(function).parameters if n != "unavailable"]
            raise TypeError(f"{called}() got an unexpected keyword argument '{name}'; {did_you_mean(name, known)}")
        if value and name != "verbose":
            raise ValueError(f"Expected {name} not to be given: it is not available. Received: {name}={value!r}")


def from_folders(
    directory: Any, labels: Any, label_mode: str | None, class_names: Sequence[str] | None, batch_size: int | None,
    shuffle: bool, seed: int | None, validation_split: float | None, subset: str | None, endings: tuple[str, ...],
    read: Callable[[Path], Array],
) -> Any:  # fmt: skip
    """Batches of what is read from files, with their labels."""
    if label_mode not in LABELS:
        raise ValueError(f"Expected label_mode to be one of {LABELS}. Received: label_mode={label_mode!r}")
    if subset not in SUBSETS or (subset is None) != (validation_split is None):
        raise ValueError(
            f"Expected subset 'training', 'validation' or 'both' together with validation_split. "
            f"Received: subset={subset!r}, validation_split={validation_split!r}"
        )
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(f"Expected validation_split from 0 to 1. Received: validation_split={validation_split!r}")
    paths, names, numbers = files_of(Path(directory), labels, label_mode, class_names, endings)
    if shuffle:
        order = shuffling(seed).permutation(len(paths))
        paths, numbers = [paths[k] for k in order], numbers[order]
    kept = round(len(paths) * (1 - (validation_split or 0)))
    cuts = {"training": slice(0, kept), "validation": slice(kept, None), None: slice(None)}
    wanted = ("training", "validation") if subset == "both" else (subset,)
    targets = None if label_mode is None or labels is None else encoded(numbers, label_mode, len(names))
    made = []
    for which in wanted:
        cut = cuts[which]
        dataset = reading(paths[cut], None if targets is None else targets[cut], read, batch_size)
        dataset.class_names, dataset.file_paths = names, [str(p) for p in paths[cut]]  # type: ignore[attr-defined]
        made.append(dataset)
    return tuple(made) if subset == "both" else made[0]


def files_of(
    directory: Path, labels: Any, label_mode: str | None, class_names: Sequence[str] | None, endings: tuple[str, ...]
) -> tuple[list[Path], list[str], Array]:
    """Files, names of classes, and the number of every file's class."""
    if not directory.is_dir():
        raise ValueError(f"Expected directory to be a folder. Received: directory='{directory}'")

    def inside(folder: Path) -> list[Path]:
        return sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file())

    if labels != "inferred":
        paths = inside(directory)
        numbers = np.zeros(len(paths), "int32") if labels is None else np.asarray(labels)
        if len(numbers) != len(paths) or not paths:
            raise ValueError(f"Expected one label for each of {len(paths)} files. Received: {len(numbers)} labels")
        return paths, [str(n) for n in np.unique(numbers)], numbers
    names = sorted(p.name for p in directory.iterdir() if p.is_dir()) if class_names is None else list(class_names)
    if class_names is not None and not all((directory / n).is_dir() for n in names):
        raise ValueError(f"Expected class_names of folders in '{directory}'. Received: class_names={names}")
    found = [(path, k) for k, name in enumerate(names) for path in inside(directory / name)]
    if not found:
        raise ValueError(f"Expected files {', '.join(endings)} in folders of '{directory}'. Received: none")
    if label_mode == "binary" and len(names) != 2:
        raise ValueError(f"Expected two classes for label_mode='binary'. Received: {names}")
    return [p for p, _ in found], names, np.array([k for _, k in found], "int32")


def encoded(numbers: Array, label_mode: str, classes: int) -> Array:
    """Labels in the form asked for."""
    if label_mode == "categorical":
        return to_categorical(numbers, classes).astype("float32")
    return numbers.astype("float32")[:, None] if label_mode == "binary" else numbers


def reading(paths: Sequence[Path], targets: Array | None, read: Callable[[Path], Array], size: int | None) -> Dataset:
    """A data set that reads its files as they are asked for, several at a time."""

    def batches() -> Iterator[Any]:
        for k in range(0, len(paths), size or 1):
            batch = np.stack([read(p) for p in paths[k : k + (size or 1)]])
            labels = None if targets is None else targets[k : k + len(batch)]
            yield with_labels(batch, labels) if size else with_labels(batch[0], None if labels is None else labels[0])

    return Dataset(batches, math.ceil(len(paths) / (size or 1)))


def with_labels(x: Array, y: Any) -> Any:
    """An element as tensors; texts stay arrays."""
    found = x if x.dtype.kind == "U" else Tensor(x)
    return found if y is None else (found, Tensor(y))
