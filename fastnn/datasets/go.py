"""Positions on a board of 19 x 19 points, the next move, and who is ahead. Made by formula, not from games.

The move answers the last one on the point to its right if that is empty, and is a pass otherwise; who has more stones
is ahead. Both are simple enough for a few filters, with the shapes of a real policy and value network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "made by formula"
SIZE, PLANES = 19, 6
MOVES, PASS = SIZE * SIZE + 1, SIZE * SIZE
NAMES = ("own stones", "other stones", "empty", "last move", "edge", "ones")


def load_data(samples: int = 128, seed: int = 0) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Positions, float32 (samples, 19, 19, 6), planes as in `NAMES`, and what to say of them.

    Args:
        samples: How many positions.
        seed: Seed of the stones.

    Returns:
        The planes, and targets by name: `policy`, one-hot float32 (samples, 362), the last place for a pass, and
        `value`, float32 (samples, 1), 1 if the side to move has more stones, else 0.

    Example:
        >>> x, y = load_data(4)
        >>> x.shape, y["policy"].shape, y["value"].shape
        ((4, 19, 19, 6), (4, 362), (4, 1))
    """
    rng = np.random.default_rng(seed)
    shares = rng.uniform(0.05, 0.3, (samples, 2, 1, 1))
    draw = rng.random((samples, SIZE, SIZE))
    own, other = draw < shares[:, 0], draw > 1 - shares[:, 1]
    rows, places = np.arange(samples), rng.integers(0, SIZE, (samples, 2))
    last = np.zeros_like(own)
    last[rows, places[:, 0], places[:, 1]] = True
    own, other = own & ~last, other | last
    edge = np.zeros_like(own)
    edge[:, [0, -1]] = edge[:, :, [0, -1]] = True
    x = np.stack([own, other, ~own & ~other, last, edge, np.ones_like(own)], axis=-1).astype(np.float32)
    right = np.minimum(places[:, 1] + 1, SIZE - 1)
    can = x[rows, places[:, 0], right, 2] == 1
    move = np.where(can, places[:, 0] * SIZE + right, PASS)
    value = own.sum((1, 2)) > other.sum((1, 2))
    return x, {"policy": np.eye(MOVES, dtype=np.float32)[move], "value": value[:, None].astype(np.float32)}
