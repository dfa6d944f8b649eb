"""Digits: 1,797 handwritten digits of 8 x 8 pixels, shipped with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastnn.datasets.archives import read_npz

SOURCE = "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, test part, UCI repository, 1998 (CC BY 4.0)"
TEST_EVERY = 5

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def load_data() -> tuple[Part, Part]:
    """Images and labels of small handwritten digits, as `(x_train, y_train), (x_test, y_test)`.

    Every fifth row of the source is kept aside for testing. The source is sorted by writer, so that a cut at the end
    would test on hands that training never saw.

    Returns:
        x is uint8 of shape (n, 8, 8): 0..16, how many of a cell's 4 x 4 points are ink; y is int64 0..9, shape (n,).

    Example:
        >>> from fastnn.datasets import digits
        >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
        >>> x_train.shape, x_test.shape, int(x_train.max())
        ((1438, 8, 8), (359, 8, 8), 16)
    """
    arrays = read_npz(Path(__file__).with_name("digits.npz"), ("x", "y"))
    x, y = arrays["x"], arrays["y"].astype(np.int64)
    test = np.arange(len(x)) % TEST_EVERY == TEST_EVERY - 1
    return (x[~test], y[~test]), (x[test], y[test])
