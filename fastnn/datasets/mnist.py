"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, downloaded at first use."""

from __future__ import annotations

import os

from fastnn.datasets.addresses import local_copy
from fastnn.datasets.archives import read_npz
from fastnn.datasets.parts import Part
from fastnn.datasets.pictures import checked

SOURCE = "LeCun, Cortes and Burges, The MNIST database of handwritten digits (CC BY-SA 3.0), file as packed for Keras"
NAME = "mnist.npz"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def load_data(path: str | os.PathLike[str] | None = NAME) -> tuple[Part, Part]:
    """Images and labels of handwritten digits, as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: A local .npz file to read instead. The bare name is that in the folder FASTNN_DATA, or else in the cache,
            the folder `datasets` in FASTNN_HOME (default `~/.fastnn`): the data are downloaded once and then read from
            there.

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
    file = local_copy(NAME, path)
    arrays = read_npz(file, ARRAYS)
    train, test = (checked(arrays[f"x_{part}"], arrays[f"y_{part}"], (28, 28), file) for part in ("train", "test"))
    return train, test
