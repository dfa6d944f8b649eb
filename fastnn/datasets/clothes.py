"""Clothes: grey pictures of 28 x 28 pixels in ten kinds, made by formula after Fashion-MNIST.

Every kind is a silhouette of two to four rectangles; place, width, brightness and noise vary from picture to picture,
so that a dense network has to learn shapes and cannot look at a single pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "made by formula; the kinds are those of Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017"
KINDS = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
SHAPES = (  # rectangles: top, bottom, left, right
    ((6, 23, 9, 19), (6, 11, 4, 24)),
    ((4, 8, 9, 19), (8, 25, 9, 13), (8, 25, 15, 19)),
    ((5, 23, 9, 19), (5, 22, 4, 8), (5, 22, 20, 24)),
    ((4, 12, 11, 17), (12, 25, 8, 20)),
    ((4, 26, 8, 13), (4, 26, 15, 20), (4, 20, 3, 7), (4, 20, 21, 25)),
    ((18, 20, 3, 25), (13, 15, 8, 20), (13, 20, 8, 10)),
    ((5, 24, 9, 19), (5, 16, 5, 9), (5, 16, 19, 23), (3, 5, 12, 16)),
    ((17, 22, 3, 25), (13, 17, 3, 14)),
    ((12, 24, 4, 24), (6, 8, 10, 18), (6, 12, 10, 12), (6, 12, 16, 18)),
    ((6, 22, 5, 13), (17, 23, 5, 25)),
)


def load_data(samples: int = 1000, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Pictures, float32 0..1 (samples, 28, 28), and kinds in turn, int64 (samples,), positions in `KINDS`.

    Args:
        samples: How many pictures.
        seed: Seed of what varies.

    Example:
        >>> x, y = load_data(20)
        >>> x.shape, [KINDS[k] for k in y[:2]]
        ((20, 28, 28), ['T-shirt', 'trousers'])
    """
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % len(KINDS)
    x = np.zeros((samples, 28, 28))
    shifts, shades = rng.integers(-2, 3, (samples, 2)), rng.uniform(0.5, 1, samples)
    for picture, kind, (down, right), shade in zip(x, y, shifts, shades, strict=True):
        for top, bottom, left, end in SHAPES[kind]:
            picture[max(top + down, 0) : bottom + down, max(left + right, 0) : end + right] = shade
    noisy = x + 0.1 * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 1).astype(np.float32), y
