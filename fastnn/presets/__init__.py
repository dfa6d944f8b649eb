"""Networks of the courses by name, each with small data: `presets.get("worked-example")`."""

from fastnn.presets import by_hand, digits, mnist_cnn, small  # noqa: F401  each registers its presets
from fastnn.presets.table import PRESETS, Preset, get, names

__all__ = ["PRESETS", "Preset", "get", "names"]
