"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, downloaded at first use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fastnn.datasets.download import DatasetError, fetch, read_npz

SOURCE = "LeCun, Cortes and Burges, The MNIST database of handwritten digits (CC BY-SA 3.0), file as packed for Keras"
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
NAME = "mnist.npz"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")

Part = tuple[NDArray[Any], NDArray[Any]]


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Part, Part]:
    """Images and labels of handwritten digits, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: A local .npz file to read instead. By default, or if it is a bare name such as "mnist.npz" that is
            no file here, the data are downloaded once and then read from the cache: the folder `datasets` in
            FASTNN_HOME (default `~/.fastnn`).

    Returns:
        x is uint8 0..255 of shape (60000, 28, 28) and (10000, 28, 28); y is uint8 0..9 of shape (60000,) and (10000,).

    Raises:
        DatasetError: (an OSError) The download fails or has a wrong hash, or the file is missing or damaged.

    Example:
        >>> from fastnn.datasets import mnist
        >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()  # doctest: +SKIP
        >>> x_train.shape, x_train.dtype  # doctest: +SKIP
        ((60000, 28, 28), dtype('uint8'))
    """
    file = fetch(URL, SHA256, NAME) if path is None or is_cache_name(path) else Path(path)
    arrays = read_npz(file, ARRAYS)
    train, test = (checked(arrays[f"x_{part}"], arrays[f"y_{part}"], part, file) for part in ("train", "test"))
    return train, test


def is_cache_name(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is the bare file name that Keras scripts pass, and no file of that name is here."""
    return os.fspath(path) == NAME and not Path(path).exists()


def checked(x: NDArray[Any], y: NDArray[Any], part: str, file: Path) -> Part:
    """One part of the data, if its shapes and types are those of MNIST."""
    if x.shape != (len(y), 28, 28) or y.ndim != 1 or x.dtype != "uint8" or y.dtype != "uint8":
        raise DatasetError(
            f"expected uint8 images (n, 28, 28) and labels (n,) in {file}, "
            f"received x_{part} {x.dtype}{x.shape} and y_{part} {y.dtype}{y.shape}."
        )
    return x, y
