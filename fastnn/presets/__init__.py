"""Networks of the courses by name, each with small data: `presets.get("worked-example")`."""

from fastnn.presets import (  # noqa: F401  each registers its presets
    by_hand,
    composed,
    digits,
    mnist_cnn,
    one_step,
    pictures,
    siamese,
    small,
    tables,
    texts,
)
from fastnn.presets.table import PRESETS, SUBJECTS, Preset, get, in_order, names

__all__ = ["PRESETS", "SUBJECTS", "Preset", "get", "in_order", "names"]
