"""CIFAR-10: 60,000 colour pictures of 32 x 32 pixels in ten kinds, downloaded at first use (170 MB)."""

from __future__ import annotations

import os

from fastnn.datasets import cifar
from fastnn.datasets.parts import Part

SOURCE = cifar.SOURCE
NAME = "cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"
KINDS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Part, Part]:
    """Pictures and what they show, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: A local .tar.gz file to read instead of the one in the cache.

    Returns:
        x is uint8 0..255 of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), or with the channels first if
        `config.image_data_format()` says so; y is uint8, positions in `KINDS`, of shape (50000, 1) and (10000, 1).

    Raises:
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import cifar10
        >>> (x_train, y_train), (x_test, y_test) = cifar10.load_data()  # doctest: +SKIP
        >>> x_train.shape, y_train.shape, cifar10.KINDS[y_train[0, 0]]  # doctest: +SKIP
        ((50000, 32, 32, 3), (50000, 1), 'frog')
    """
    batches = [f"{FOLDER}/data_batch_{k}" for k in range(1, 6)]
    parts = cifar.load_parts(NAME, path, [batches, [f"{FOLDER}/test_batch"]], b"labels", len(KINDS))
    train, test = ((x, y.astype("uint8")) for x, y in parts)
    return train, test
