"""The 2-D playground: points of classes, painted and erased; what every neuron says all over the plane. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config, datasets, layers, models, optimizers
from fastnn.engine.asking import Asking
from fastnn.engine.batches import Feeds
from gui.source import Source

Array = NDArray[Any]
CELLS = 48  # along each side of the map
MARGIN = 0.12  # of the data's extent, around it
SETS = ("xor", "circles", "moons", "spiral", "two clouds")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
MOST_MAPS = 64
MOST_CLASSES = 8


# ------------------------------------------------------------ data and networks of one's own


def points_of(name: str, samples: int = 120, noise: float = 0.1, seed: int = 0) -> tuple[Array, Array]:
    """A set of points in the plane with their classes.

    Args:
        name: One of `SETS`.
        samples: How many points.
        noise: Standard deviation of what is added to their places.
        seed: Seed of the noise.

    Raises:
        ValueError: for another name.

    Example:
        >>> x, y = points_of("moons", 10)
        >>> x.shape, y.shape, sorted(set(y.ravel()))
        ((10, 2), (10, 1), [0.0, 1.0])
    """
    if name not in SETS:
        raise ValueError(f"expected a data set of {SETS}, received {name!r}.")
    rng = np.random.default_rng(seed)
    if name in ("circles", "moons"):
        x, y = getattr(datasets, name).load_data(samples, noise=noise, seed=seed)
    elif name == "spiral":
        x, y = datasets.spiral.load_data(samples, classes=2, noise=noise / 3, seed=seed)
    elif name == "xor":
        x = rng.uniform(-1, 1, (samples, 2))
        y = (x[:, 0] * x[:, 1] < 0).astype(int)
        x = x + np.sign(x) * 0.1 + noise * rng.standard_normal(x.shape)
    else:
        y = np.arange(samples) % 2
        x = np.where(y[:, None] == 0, -0.6, 0.6) + (0.25 + noise) * rng.standard_normal((samples, 2))
    return x.astype(np.float32), np.asarray(y, np.float32).reshape(-1, 1)


def network(hidden: Sequence[int], activation: str, rate: float) -> Any:
    """A compiled network from the plane to the probability of class 1."""
    parts = [layers.Dense(n, activation=activation, name=f"hidden{k}") for k, n in enumerate(hidden, 1)]
    output = layers.Dense(1, activation="sigmoid", name="output")
    model = models.Sequential([layers.Input((2,), name="x"), *parts, output], name="playground")
    model.compile(optimizers.Adam(learning_rate=rate), "binary_crossentropy", metrics=["accuracy"])
    return model


def widths(text: str) -> tuple[int, ...]:
    """Neurons of the hidden layers, as typed.

    Raises:
        ValueError: unless it is up to 6 numbers from 1 to 64.

    Example:
        >>> widths("8 8"), widths("")
        ((8, 8), ())
    """
    words = text.replace(",", " ").split()
    if len(words) > 6 or not all(w.isdigit() and 1 <= int(w) <= 64 for w in words):
        raise ValueError(f"expected up to 6 hidden layers of 1 to 64 neurons, such as '8 8', received {text!r}.")
    return tuple(map(int, words))


def own_source(
    data: str = "moons",
    hidden: Sequence[int] = (8, 8),
    activation: str = "tanh",
    rate: float = 0.02,
    noise: float = 0.1,
    batch_size: int | None = 10,
) -> Source:
    """A network of one's own on a set of points."""

    def build(seed: int) -> Any:
        config.set_random_seed(seed)
        return network(hidden, activation, rate)

    x, y = points_of(data, noise=noise)
    shape = "-".join(map(str, (2, *hidden, 1)))
    return Source(f"Playground: {data}, {shape}, {activation}", build, x, y, batch_size=batch_size, shuffle=True)


# ------------------------------------------------------------ the points of a session


def suits(session: Any) -> bool:
    """Whether a session's network takes points of the plane and tells their classes."""
    listing, source = session.listing, session.source
    if source is None or len(listing.inputs) != 1 or len(listing.outputs) != 1:
        return False
    inputs, output = listing.values[listing.inputs[0]], listing.values[listing.outputs[0]]
    known = isinstance(source.x, Feeds) or all(isinstance(a, (np.ndarray, list)) for a in (source.x, source.y))
    plain = len(inputs.shape) == 2 and inputs.shape[1] == 2 and len(output.shape) == 2 and known
    if not plain or getattr(session.stepper.model, "decides_on_values", False):
        return False
    return labels_of(_arrays(source.x, source.y)[1]) is not None


def labels_of(y: Any) -> Array | None:
    """The targets that classes have, in order; None if these are no classes.

    Example:
        >>> labels_of([[0, 1], [0, 1]]).tolist(), labels_of([[1], [-1], [1]]).tolist(), labels_of([0.5, 0.25])
        ([[1, 0], [0, 1]], [[-1], [1]], None)
    """
    targets = np.asarray(y)
    if targets.ndim > 2 or targets.size == 0 or np.any(targets != np.round(targets)):
        return None
    if targets.ndim == 2 and targets.shape[1] > 1:
        ones = np.all((targets == 0) | (targets == 1)) and np.all(targets.sum(1) == 1)
        return np.eye(targets.shape[1], dtype=targets.dtype) if ones else None
    found = np.unique(targets, axis=0)
    return found if len(found) <= MOST_CLASSES else None


@dataclass(frozen=True)
class Points:
    """Points as they are, some of them held out for testing.

    Args:
        x: (points, 2).
        y: Targets as the network wants them.
        labels: What a painted point of every class gets as its target.
        held: Which points are held out.
    """

    x: Array = field(repr=False)
    y: Array = field(repr=False)
    labels: Array = field(repr=False)
    held: NDArray[np.bool_] = field(repr=False)

    @property
    def classes(self) -> Array:
        """The class of every point."""
        same = (self.y[:, None] == self.labels[None]).reshape(len(self.y), len(self.labels), -1).all(-1)
        return np.asarray(same.argmax(1))

    @property
    def train(self) -> tuple[Array, Array]:
        """What the network learns from."""
        return self.x[~self.held], self.y[~self.held]

    @property
    def test(self) -> tuple[Array, Array]:
        """What it never sees."""
        return self.x[self.held], self.y[self.held]

    def painted(self, place: Sequence[float], kind: int) -> Points:
        """With one more point, to learn from."""
        x = np.concatenate([self.x, np.asarray(place, self.x.dtype).reshape(1, 2)])
        y = np.concatenate([self.y, self.labels[kind : kind + 1]])
        return Points(x, y, self.labels, np.append(self.held, False))

    def erased(self, place: Sequence[float], reach: float) -> Points:
        """Without the points within reach; at least one stays to learn from."""
        far = np.hypot(*(self.x - np.asarray(place)).T) > reach
        if not (far & ~self.held).any():
            return self
        return Points(self.x[far], self.y[far], self.labels, self.held[far])

    def split(self, part: float, seed: int = 0) -> Points:
        """With that part of the points held out, by lot; at least one stays to learn from."""
        count = min(round(part * len(self.x)), len(self.x) - 1)
        held = np.zeros(len(self.x), np.bool_)
        held[np.random.default_rng(seed).permutation(len(self.x))[:count]] = True
        return replace(self, held=held)


def points_from(source: Source) -> Points:
    """The points of a source; its test data are those held out.

    Raises:
        ValueError: if its targets are no classes.
    """
    x, y = _arrays(source.x, source.y)
    held = np.zeros(len(x), np.bool_)
    if source.test is not None:
        more = _arrays(*source.test)
        x, y = np.concatenate([x, more[0]]), np.concatenate([y, more[1]])
        held = np.append(held, np.ones(len(more[0]), np.bool_))
    labels = labels_of(y)
    if labels is None:
        raise ValueError("expected a class for every point, received other targets.")
    return Points(x, y, labels, held)


def _arrays(x: Any, y: Any) -> tuple[Array, Array]:
    """Points and targets, as they are or as a model takes them."""
    if isinstance(x, Feeds):
        x, y = list(x.values())[:2]
    return np.asarray(x, np.float32), np.asarray(y)


def renewed(source: Source, points: Points) -> Source:
    """The source with these points to learn from and to test with; weights of single points are given up."""
    x, y = points.train
    return replace(source, x=x, y=y, test=points.test if points.held.any() else None, sample_weight=None)


# ------------------------------------------------------------ the plane


@dataclass(frozen=True)
class Plane:
    """What is said at the centres of a grid over the plane.

    Args:
        low: Least x and y.
        high: Largest x and y.
        output: (rows, columns, outputs); the first row has the largest y, as on paper.
        neurons: (value name, unit, array of rows and columns) of hidden neurons.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    output: Array = field(repr=False)
    neurons: tuple[tuple[str, int, Array], ...] = field(repr=False)

    @property
    def decision(self) -> Array:
        """The class chosen at every centre."""
        return chosen_class(self.output)

    def fine_decision(self, times: int = 4) -> Array:
        """The same on a finer grid, the answers between centres interpolated: for drawing the boundary."""
        fine, coarse = (np.arange(CELLS * times) + 0.5) / times - 0.5, np.arange(CELLS)
        weights = np.maximum(1 - np.abs(np.clip(fine, 0, CELLS - 1)[:, None] - coarse), 0)
        return chosen_class(np.einsum("ir,rck,jc->ijk", weights, self.output, weights, optimize=True))


def chosen_class(output: Array) -> Array:
    """The class with the largest of several outputs; of one output class 1 above one half."""
    several = output.shape[-1] > 1
    return np.asarray(output.argmax(-1) if several else (output[..., 0] > 0.5).astype(int))


def bounds(x: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """A square around points, with a margin."""
    low, high = x.min(0), x.max(0)
    half = max(float((high - low).max()) / 2, 0.5) * (1 + 2 * MARGIN)
    middle = (low + high) / 2
    return (float(middle[0] - half), float(middle[1] - half)), (float(middle[0] + half), float(middle[1] + half))


def centres(low: Sequence[float], high: Sequence[float], cells: int = CELLS) -> Array:
    """Centres of the grid's cells (cells * cells, 2), row by row from the largest y.

    Example:
        >>> centres((0, 0), (2, 2), 2).tolist()
        [[0.5, 1.5], [1.5, 1.5], [0.5, 0.5], [1.5, 0.5]]
    """
    along = (np.arange(cells) + 0.5) / cells
    x, y = low[0] + along * (high[0] - low[0]), high[1] - along * (high[1] - low[1])
    return np.stack([np.tile(x, cells), np.repeat(y, cells)], axis=1).astype(np.float32)


class Survey:
    """Asks a session's network all over the plane, with its weights of now."""

    def __init__(self, stepper: Any) -> None:
        self.ask = Asking(stepper, CELLS * CELLS)
        self.units = list(self._units())

    def _units(self) -> Any:
        """Values with one number per neuron: what every layer but the last gives."""
        ask, last = self.ask, self.ask.outputs[0]
        ends = {step.layer: step.outputs[0] for step in ask.steps if step.layer}
        for layer, name in ends.items():
            shape = ask.plan.listing.values[name].shape
            if name != last and len(shape) == 2:
                yield from ((layer, name, unit) for unit in range(shape[1]))

    def plane(self, low: Sequence[float], high: Sequence[float]) -> Plane:
        """What is said over a square."""
        found = self.ask({self.ask.inputs[0]: centres(low, high)})
        size = (CELLS, CELLS)
        output = found[self.ask.outputs[0]].reshape(*size, -1).copy()
        neurons = tuple((n, u, found[n][:, u].reshape(size).copy()) for _, n, u in self.units[:MOST_MAPS])
        return Plane((low[0], low[1]), (high[0], high[1]), output, neurons)


class Score:
    """How many points a session's network classifies rightly, with its weights of now.

    Args:
        stepper: Whose weights.
        count: How many points there are.
    """

    def __init__(self, stepper: Any, count: int) -> None:
        self.ask = Asking(stepper, count)

    def __call__(self, points: Points) -> tuple[float, float]:
        """The part right of those to learn from, and of those held out; NaN without any."""
        said = self.ask({self.ask.inputs[0]: points.x})[self.ask.outputs[0]]
        right = chosen_class(said) == points.classes
        learned, held = right[~points.held], right[points.held]
        return float(learned.mean()), float(held.mean()) if held.size else float("nan")
