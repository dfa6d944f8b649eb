"""The preset record and its register: one definition of each network for app, walkthrough, tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastnn import config
from fastnn.utils.naming import did_you_mean

Data = tuple[Any, Any]
SUBJECTS = ("By hand", "First networks", "Tables", "Pictures", "Texts", "Composed networks")  # in teaching order


@dataclass(frozen=True)
class Preset:
    """A network that people learn with, and the data it learns from.

    Args:
        name: Short name, such as 'worked-example'.
        title: One line for people; says the architecture.
        description: What there is to see in it.
        network: Builds and compiles the model; called after the seed is set.
        data: Training data (x, y); dicts by name where there are several inputs or outputs.
        batch_size: Rows of a batch; None is one batch of everything.
        epochs: Epochs that reach the goal.
        goal: The loss that training must fall below within `epochs`.
        shuffle: Whether every epoch has its own order.
        test_data: Data kept aside, or None.
        digits: Decimals worth printing.
        variants: Other networks on the same data, by title, for comparison.
        available: Whether its data can be had here.
        subject: What it teaches, one of `SUBJECTS`.
    """

    name: str
    title: str
    description: str
    network: Callable[[], Any]
    data: Callable[[], Data]
    batch_size: int | None = None
    epochs: int = 1
    goal: float = float("inf")
    shuffle: bool = False
    test_data: Callable[[], Data] | None = None
    digits: int = 4
    variants: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    available: Callable[[], bool] = lambda: True
    subject: str = SUBJECTS[1]

    def build(self, seed: int = 0) -> Any:
        """The compiled model; the same seed gives the same initial weights."""
        config.set_random_seed(seed)
        return self.network()


PRESETS: dict[str, Preset] = {}


def register(preset: Preset) -> Preset:
    """Add a preset to the register and return it."""
    PRESETS[preset.name] = preset
    return preset


def names() -> list[str]:
    """Names of the presets whose data can be had here, in teaching order.

    Example:
        >>> from fastnn import presets
        >>> presets.names()[0]
        'worked-example'
    """
    return [preset.name for preset in in_order() if preset.available()]


def in_order() -> list[Preset]:
    """All presets, by subject, and within a subject as they were registered."""
    return sorted(PRESETS.values(), key=lambda preset: SUBJECTS.index(preset.subject))


def get(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ValueError: for an unknown name, with the nearest ones, or one whose data is missing.
    """
    if name not in PRESETS:
        raise ValueError(f"Expected the name of a preset. Received: {name!r}; {did_you_mean(name, PRESETS)}")
    if not PRESETS[name].available():
        raise ValueError(f"Expected the data of preset {name!r} in the cache or in FASTNN_DATA. Received: neither")
    return PRESETS[name]
