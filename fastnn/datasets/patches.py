"""Colour pictures of 32 x 32 pixels in ten kinds: CIFAR-10 where its file is here, striped patches otherwise.

A patch has one of five colours and stripes that lie or stand; phase, width, brightness and noise vary. A convolution
finds direction and colour wherever they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastnn.datasets.archives import read_npz
from fastnn.datasets.local import find

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "Krizhevsky, Learning multiple layers of features from tiny images, 2009; otherwise made by formula"
NAME = "cifar10-small.npz"
COLOURS = ((0.9, 0.2, 0.2), (0.2, 0.8, 0.2), (0.2, 0.3, 0.9), (0.9, 0.8, 0.2), (0.8, 0.3, 0.8))


def load_data(samples: int = 500, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Pictures, float32 0..1 (samples, 32, 32, 3), and kinds 0..9, int64 (samples,).

    Args:
        samples: How many pictures, at most.
        seed: Seed of what varies in the patches.

    Example:
        >>> x, y = load_data(20)
        >>> x.shape, int(y.max()) <= 9
        ((20, 32, 32, 3), True)
    """
    path = find(NAME)
    if path is not None:
        arrays = read_npz(path, ("x_train", "y_train"))
        x, labels = arrays["x_train"][:samples], arrays["y_train"][:samples]
        return (x / np.float32(255)).astype(np.float32), labels.reshape(-1).astype(np.int64)
    return _made(samples, seed)


def _made(samples: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % 10
    place = np.arange(32) * rng.uniform(0.7, 1.3, (samples, 1)) + rng.uniform(0, 6, (samples, 1))
    wave = 0.6 + 0.4 * np.sin(place)
    stands = np.broadcast_to(wave[:, None, :], (samples, 32, 32))
    stripes = np.where((y < 5)[:, None, None], stands, stands.transpose(0, 2, 1))
    x = stripes[..., None] * np.array(COLOURS)[y % 5][:, None, None]
    noisy = x * rng.uniform(0.7, 1, (samples, 1, 1, 1)) + 0.05 * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 1).astype(np.float32), y
