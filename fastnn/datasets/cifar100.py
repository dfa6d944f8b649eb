"""CIFAR-100: 60,000 colour pictures of 32 x 32 pixels in a hundred kinds, downloaded at first use (169 MB)."""

from __future__ import annotations

import os

from fastnn.datasets import cifar
from fastnn.datasets.parts import Part

SOURCE = cifar.SOURCE
NAME = "cifar-100-python.tar.gz"
FOLDER = "cifar-100-python"
KINDS = {"fine": 100, "coarse": 20}


def load_data(label_mode: str = "fine", path: str | os.PathLike[str] | None = None) -> tuple[Part, Part]:
    """Pictures and what they show, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        label_mode: 'fine' for a hundred kinds, 'coarse' for the twenty groups that they form.
        path: A local .tar.gz file to read instead of the one in the cache.

    Returns:
        x is uint8 0..255 of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), or with the channels first if
        `config.image_data_format()` says so; y is int64 0..99 or 0..19 of shape (50000, 1) and (10000, 1).

    Raises:
        ValueError: label_mode is another one.
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import cifar100
        >>> (x_train, y_train), (x_test, y_test) = cifar100.load_data("coarse")  # doctest: +SKIP
        >>> x_train.shape, y_train.max()  # doctest: +SKIP
        ((50000, 32, 32, 3), 19)
    """
    if label_mode not in KINDS:
        raise ValueError(f"Expected label_mode to be 'fine' or 'coarse'. Received: label_mode={label_mode!r}")
    parts = [[f"{FOLDER}/train"], [f"{FOLDER}/test"]]
    train, test = cifar.load_parts(NAME, path, parts, f"{label_mode}_labels".encode(), KINDS[label_mode])
    return train, test
