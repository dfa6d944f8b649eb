"""Digits: 1,797 handwritten digits of 8 x 8 pixels, shipped with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastnn.datasets.download import read_npz

SOURCE = "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, test part, UCI repository, 1998 (CC BY 4.0)"
TRAIN = 1437

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def load_data() -> tuple[Part, Part]:
    """Images and labels of small handwritten digits, as `(x_train, y_train), (x_test, y_test)`.

    The order is the source's: the first 1,437 are the training part, the last 360 the test part. Each holds all
    ten digits about equally often (141 to 146 and 33 to 37 times).

    Returns:
        x is uint8 of shape (n, 8, 8): 0..16, how many of a cell's 4 x 4 points are ink; y is int64 0..9, shape (n,).

    Example:
        >>> from fastnn.datasets import digits
        >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
        >>> x_train.shape, x_test.shape, int(x_train.max())
        ((1437, 8, 8), (360, 8, 8), 16)
    """
    arrays = read_npz(Path(__file__).with_name("digits.npz"), ("x", "y"))
    x, y = arrays["x"], arrays["y"].astype(np.int64)
    return (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])
