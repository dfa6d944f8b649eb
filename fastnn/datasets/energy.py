"""Energy that buildings need for heating and cooling: the real table where it is here, made by formula otherwise.

The formula: both loads grow with the glazed share and the height and fall with compactness; cooling depends on glass
more strongly. Two targets that share most of their causes: one network with two outputs learns both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastnn.datasets import energy_efficiency
from fastnn.datasets.energy_efficiency import COLUMNS, FEATURES, NAME
from fastnn.datasets.local import find, read_columns, scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = f"{energy_efficiency.SOURCE}; otherwise made by formula"


def load_data(samples: int = 768, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Eight features, scaled to mean 0 and deviation 1, and two loads in kWh per square metre divided by 10.

    Args:
        samples: How many buildings, at most 768 of the real ones.
        seed: Seed of the order, or of the formula.

    Returns:
        x is float32 (samples, 8), columns as in `FEATURES`; y is float32 (samples, 2), columns as in
        `energy_efficiency.TARGETS`.

    Example:
        >>> x, y = load_data(20)
        >>> x.shape, y.shape
        ((20, 8), (20, 2))
    """
    path = find(NAME)
    if path is None:
        return _made(samples, seed)
    table = read_columns(path, COLUMNS)
    chosen = table[np.random.default_rng(seed).permutation(len(table))[:samples]]
    return scaled(chosen[:, :8]), (chosen[:, 8:] / 10).astype(np.float32)


def _made(samples: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.7, 1.7, (samples, len(FEATURES)))
    common = 2.2 + 0.7 * x[:, 4] - 0.4 * x[:, 0] + 0.2 * x[:, 1] * x[:, 4]
    loads = np.stack([common + 0.25 * x[:, 6], common + 0.3 + 0.4 * x[:, 6] + 0.1 * x[:, 5]], axis=1)
    return scaled(x), np.maximum(loads, 0.3).astype(np.float32)
