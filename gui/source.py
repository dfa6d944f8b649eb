"""What the app debugs: how to make the model, and the data it learns from. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastnn import presets


@dataclass(frozen=True)
class Source:
    """A network and its data, ready to be stepped through.

    Args:
        title: One line for people.
        build: Gives the compiled model for a seed.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        description: What there is to see in it.
        name: Name of the preset, empty for a user's own network.
        batch_size: Rows of a batch; None is one batch of everything.
        shuffle: Whether every epoch has its own order.
        sample_weight: A weight for every row.
        digits: Decimals worth printing.
        reseeds: Whether another seed gives other initial weights.
    """

    title: str
    build: Callable[[int], Any]
    x: Any = field(repr=False)
    y: Any = field(repr=False)
    description: str = ""
    name: str = ""
    batch_size: int | None = None
    shuffle: bool = False
    sample_weight: Any = field(default=None, repr=False)
    digits: int = 4
    reseeds: bool = True


def from_preset(name: str) -> Source:
    """The source of a preset.

    Raises:
        ValueError: for an unknown name.
    """
    p = presets.get(name)
    x, y = p.data()
    return Source(p.title, p.build, x, y, p.description, name, p.batch_size, p.shuffle, digits=p.digits)


def from_model(model: Any, x: Any, y: Any, **options: Any) -> Source:
    """The source of a user's compiled model: it starts from the weights that the model has.

    Args:
        model: A compiled model; it is copied, never changed.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        options: Further fields of `Source`, such as batch_size.
    """
    title = options.pop("title", "") or str(getattr(model, "name", "model"))
    return Source(title, lambda seed: model, x, y, reseeds=False, **options)
