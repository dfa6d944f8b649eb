"""University admissions: marks of a test and of school, and who was accepted. Made by formula.

A student is accepted if 2 test + grades - 18 is above 0, so one line parts the two kinds: a single sigmoid or threshold
unit finds it. Points closer to the line than a quarter are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "made by formula"
FEATURES = ("test", "grades")


def load_data(samples: int = 100, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Marks 0..10 of `samples` students, float32 (samples, 2), and 1 for those accepted, int64 (samples,).

    Args:
        samples: How many students.
        seed: Seed of the marks.

    Example:
        >>> x, y = load_data(4)
        >>> (2 * x[:, 0] + x[:, 1] > 18).astype(int).tolist() == y.tolist()
        True
    """
    marks = np.random.default_rng(seed).uniform(0, 10, (samples * 2 + 20, 2)).astype(np.float32)
    score = 2 * marks[:, 0] + marks[:, 1] - 18
    kept = np.abs(score) > 0.25
    return marks[kept][:samples], (score[kept] > 0).astype(np.int64)[:samples]
