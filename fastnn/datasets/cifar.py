"""What CIFAR-10 and CIFAR-100 share: batches of colour pictures, pickled in a .tar.gz file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.datasets.addresses import local_copy
from fastnn.datasets.archives import read_pickles
from fastnn.datasets.download import DatasetError
from fastnn.datasets.parts import Part

SOURCE = "Krizhevsky, Learning multiple layers of features from tiny images, 2009"
SIDE, COLOURS = 32, 3


def load_parts(
    name: str, path: str | os.PathLike[str] | None, parts: Sequence[Sequence[str]], labels: bytes, kinds: int
) -> list[Part]:
    """Pictures and labels of several parts, each of one batch or more.

    Args:
        name: The archive's name in the cache.
        path: A local archive to read instead, or None.
        parts: The names of each part's batches in the archive.
        labels: What a batch calls its labels.
        kinds: How many kinds there are.
    """
    file = local_copy(name, path)
    batches = read_pickles(file, [batch for part in parts for batch in part])
    read = {batch: checked(batches.pop(batch), labels, kinds, f"{batch} in {file}") for batch in list(batches)}
    return [joined([read.pop(batch) for batch in part]) for part in parts]


def checked(batch: dict[bytes, Any], labels: bytes, kinds: int, where: str) -> Part:
    """Rows of pixels and labels of a batch, if they are such.

    Raises:
        DatasetError: They are something else.
    """
    x, y = batch.get(b"data"), batch.get(labels)
    if not isinstance(x, np.ndarray) or x.dtype != "uint8" or x.shape[1:] != (COLOURS * SIDE * SIDE,):
        raise DatasetError(f"expected uint8 data (n, {COLOURS * SIDE * SIDE}) in {where}, received other data.")
    if not isinstance(y, list) or len(y) != len(x) or not all(type(k) is int and 0 <= k < kinds for k in y):
        raise DatasetError(f"expected {len(x)} {labels.decode()} 0..{kinds - 1} in {where}, received others.")
    return x, np.array(y, np.int64).reshape(-1, 1)


def joined(batches: list[Part]) -> Part:
    """One part of its batches, pictures in the layout of `config.image_data_format()`."""
    x: NDArray[np.uint8] = np.concatenate([x for x, _ in batches]).reshape(-1, COLOURS, SIDE, SIDE)
    y = np.concatenate([y for _, y in batches])
    if config.image_data_format() == "channels_last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    return x, y
