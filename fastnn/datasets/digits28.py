"""Digits of 28 x 28 pixels: MNIST where its file is here, the built-in 8 x 8 digits made larger otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastnn.datasets import digits, mnist
from fastnn.datasets.local import find

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = f"{mnist.SOURCE}; otherwise {digits.SOURCE}, every pixel three times as large"
GREY = 16


def load_data(samples: int = 1000) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The first `samples` pictures, float32 0..1 (samples, 28, 28), and their digits, int64 (samples,).

    Args:
        samples: How many, at most 1,438 of the built-in ones.

    Example:
        >>> x, y = load_data(10)
        >>> x.shape, float(x.max()), y.shape
        ((10, 28, 28), 1.0, (10,))
    """
    path = find(mnist.NAME)
    if path is not None:
        x, y = mnist.load_data(path)[0]
        return (x[:samples] / np.float32(255)).astype(np.float32), y[:samples].astype(np.int64)
    small, labels = digits.load_data()[0]
    large = small[:samples].repeat(3, 1).repeat(3, 2).astype(np.float32) / GREY
    return np.pad(large, ((0, 0), (2, 2), (2, 2))), labels[:samples]
