"""Traffic signs: colour pictures of 32 x 32 pixels in four kinds, made by formula.

Stop (red octagon), warning (white triangle with a red rim), priority (yellow square on its corner), direction (blue
disc). Place, size, daylight and background vary, so that colour and shape both have to be learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "made by formula"
KINDS = ("stop", "warning", "priority", "direction")
COLOURS = np.array([(200, 30, 40), (230, 225, 225), (240, 200, 40), (30, 80, 200)], np.float64)
RIM = np.array((200, 30, 40), np.float64)


def load_data(samples: int = 320, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures, uint8 0..255 (samples, 32, 32, 3), and kinds in turn, int64 (samples,), positions in `KINDS`.

    Args:
        samples: How many pictures.
        seed: Seed of what varies.

    Example:
        >>> x, y = load_data(8)
        >>> x.shape, x.dtype, [KINDS[k] for k in y[:2]]
        ((8, 32, 32, 3), dtype('uint8'), ['stop', 'warning'])
    """
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % len(KINDS)
    background = rng.uniform(60, 200, (samples, 1, 1, 3))
    pictures = [_sign(int(kind), back, rng) for kind, back in zip(y, background, strict=True)]
    lit = np.stack(pictures) * rng.uniform(0.5, 1.1, (samples, 1, 1, 1)) + rng.normal(0, 8, (samples, 32, 32, 3))
    return np.clip(lit, 0, 255).astype(np.uint8), y


def _sign(kind: int, background: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    centre, size = rng.uniform(14, 18, 2), rng.uniform(8, 11)
    down, right = (np.arange(32)[:, None] - centre[0]) / size, (np.arange(32)[None, :] - centre[1]) / size
    far = _distance(kind, down, right)[..., None]
    face = np.where(far > 0.7, RIM, COLOURS[kind]) if kind == 1 else COLOURS[kind]
    return np.where(far <= 1, face, background)


def _distance(kind: int, down: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a point is from the middle, as a share of the way to the rim."""
    across, along = np.abs(right), np.abs(down)
    if kind == 0:
        return np.maximum(np.maximum(across, along), (across + along) / 1.41)
    if kind == 1:
        return np.maximum(down, 2 * across - down)
    return across + along if kind == 2 else np.hypot(across, along)
