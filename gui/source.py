"""What the app debugs: how to make the model, and the data it learns from. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

import numpy as np

import fastnn
from fastnn import presets
from fastnn.engine.batches import Feeds


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
        test: Inputs and targets (x, y) that the network never learns from, or None.
        expand: Whether convolutions are shown as patches, one product of matrices, and a reshape.
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
    test: tuple[Any, Any] | None = field(default=None, repr=False)
    expand: bool = False

    def stepper(self, model: Any, seed: int) -> Any:
        """A run of its model, at its start."""
        return fastnn.Stepper(
            model, self.x, self.y, self.batch_size, self.shuffle, seed, self.sample_weight, expand=self.expand
        )


OPTIONS = ("title", *(f.name for f in fields(Source) if f.default is not MISSING and f.name not in ("name", "reseeds")))


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

    Raises:
        TypeError: for another option.
    """
    unknown = next((name for name in options if name not in OPTIONS), None)
    if unknown is not None:
        raise TypeError(f"expected options among {', '.join(OPTIONS)}, received {unknown!r}.")
    title = options.pop("title", "") or str(getattr(model, "name", "model"))
    return Source(title, lambda seed: model, x, y, reseeds=False, **options)


def holding_out(source: Source, data: Feeds, share: float, seed: int) -> Source:
    """The same network on a part of its data; the rest is only tested on.

    Args:
        source: Network and data.
        data: The data as the model's `prepare_data` gives it.
        share: How much is held out, between 0 and 1; at least one row stays on either side.
        seed: Seed of the choice of rows.

    Raises:
        ValueError: for another share, or fewer than two rows.
    """
    count = len(next(iter(data.values())))
    if not 0 < share < 1 or count < 2:
        raise ValueError(f"expected a share between 0 and 1 of at least two rows, received {share} of {count}.")
    held = min(max(round(share * count), 1), count - 1)
    order = np.random.Generator(np.random.Philox(key=seed % 2**64)).permutation(count)
    test, train = (np.sort(rows) for rows in (order[:held], order[held:]))
    parts = [Feeds({name: array[rows] for name, array in data.items()}) for rows in (train, test)]
    title = f"{source.title}, {held} of {count} rows held out"
    return replace(source, title=title, name="", x=parts[0], y=None, sample_weight=None, test=(parts[1], None))
