"""Logic gates: the truth tables that a threshold unit can, or cannot, learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SOURCE = "Truth tables; McCulloch and Pitts, A logical calculus of the ideas immanent in nervous activity, 1943"
# y for (a, b) = (0, 0), (0, 1), (1, 0), (1, 1)
TABLES = {
    "a": (0, 0, 1, 1),
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "a_and_not_b": (0, 0, 1, 0),
    "nand": (1, 1, 1, 0),
    "xor": (0, 1, 1, 0),
}


def load_data(gate: str = "and") -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The truth table of a logic gate, as `(x, y)`.

    Args:
        gate: "a", "and", "or", "a_and_not_b", "nand" or "xor".

    Returns:
        x is float32 of shape (4, 2): (0, 0), (0, 1), (1, 0), (1, 1); y is int64 0 or 1 of shape (4,).

    Raises:
        ValueError: The gate is not one of `TABLES`.

    Example:
        >>> from fastnn.datasets import gates
        >>> gates.load_data("nand")[1]
        array([1, 1, 1, 0])
    """
    if gate not in TABLES:
        raise ValueError(f"expected a gate of {sorted(TABLES)}, received {gate!r}.")
    x = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], np.float32)
    return x, np.array(TABLES[gate], np.int64)
