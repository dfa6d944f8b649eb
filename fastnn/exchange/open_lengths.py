"""A model's prediction as a step list for any number of rows, and for any length of other open axes.

Lists are written for several lengths and compared. A number that is the same in all is fixed; the others are sums of
products of the open lengths, such as `batch`, or `2 * batch * words_1 + 3`; two lists more have to agree. A length of a
result that follows in another way, such as half a picture's height, is an open length of its own, seen at that result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

import numpy as np

from fastnn.engine.graph import Step, Value
from fastnn.engine.steplist import KEPT, StepList
from fastnn.errors import GraphError, ShapeError

BATCH = "batch"
ROWS = (5, 7, 11, 12)  # numbers of rows that lists are written for; no length of a layer is likely to be made of them
LENGTHS = ((149, 211, 262, 180), (163, 227, 278, 196), (131, 193, 246, 172))  # the same for the other open axes
MULTIPLES = ((128, 192, 320, 256), (192, 320, 448, 384), (64, 128, 320, 192))  # that can be halved several times
FIX = " Fix the lengths of the inputs, such as input_signature=[(None, 32, 32, 3)]."
MOST = 1 + len(LENGTHS)  # open lengths that can be told apart
Term = tuple[str, ...]  # open lengths that are multiplied
Point = Mapping[str, int]


@dataclass(frozen=True)
class Open:
    """A length that follows open lengths: a sum of products, each with a factor."""

    terms: tuple[tuple[Term, int], ...]

    def at(self, point: Point) -> int:
        """The length where the open ones are known."""
        return sum(factor * math.prod(point[name] for name in term) for term, factor in self.terms)

    def __str__(self) -> str:
        products = ([*term, *[str(factor)] * (factor != 1 or not term)] for term, factor in self.terms)
        return " + ".join(map(" * ".join, products))


Length = int | Open
Lengths = tuple[Length, ...]


@dataclass(frozen=True)
class OpenList:
    """A step list whose numbers may be open.

    Args:
        steps: The steps of a prediction; in their attributes and shapes every length may be open.
        values: The values by name, as for the smallest batch.
        shapes: Every value's open shape.
        inputs: Names of the model's inputs.
        outputs: Names of the model's outputs.
        lengths: For every open length the value, an input or a step's result, and the axis where it is seen.
    """

    steps: tuple[Step, ...]
    values: Mapping[str, Value]
    shapes: Mapping[str, Lengths]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    lengths: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def constant(self, name: str) -> Any:
        """The data of a value that outlives a prediction, with length 1 along open axes."""
        return along_open_axes(self.values[name], self.shapes[name])


def along_open_axes(value: Value, shape: Lengths) -> Any:
    """A value's data with length 1 along open axes, where all places are alike."""
    data = np.asarray(getattr(value.source, "value", value.source))
    one = data[tuple(slice(None) if isinstance(length, int) else slice(1) for length in shape)]
    if not np.array_equal(np.broadcast_to(one, data.shape), data):
        raise GraphError(
            f"expected rows that are alike, received '{value.name}', which differs from row to row.",
            layer=value.layer or None,
        )
    return one


# ---------------------------------------------------------------- lists for several lengths


def open_list(write: Callable[[Point], StepList], lengths: Mapping[str, tuple[str, int]]) -> OpenList:
    """The steps of a prediction for all lengths.

    Args:
        write: Writes the steps for some lengths, by name.
        lengths: For every open length, the batch first, the input and the axis where it is seen.

    Raises:
        GraphError: if the steps, or numbers in them, follow the lengths in another way.
    """
    points = list(corners(lengths))
    try:
        lists = lists_at(write, points)
    except ShapeError as error:  # networks of several scales, such as a U-Net, take whole multiples only
        points = list(corners(lengths, MULTIPLES))
        try:
            lists = lists_at(write, points)
        except ShapeError:
            raise error from None
    first, fit = lists[0], Fit(points)
    shapes: dict[str, Any] = {}
    made = {name for step in first.steps for name in step.outputs if first.values[name].role not in KEPT}
    for name, value in first.values.items():
        if name not in made:
            shapes[name] = fit.number([x.values[name].shape for x in lists], value.layer, name)
    steps = []
    for same in zip(*(x.steps for x in lists), strict=True):
        near = fit.seen_in([shapes[name] for name in same[0].inputs])
        for name in filter(made.__contains__, same[0].outputs):
            shapes[name] = fit.result([x.values[name].shape for x in lists], name, near)
        near = fit.seen_in([shapes[name] for name in (*same[0].outputs, *same[0].inputs)])
        steps.append(fit.step(same, near))
    for name, value in first.values.items():
        if value.role == "constant":
            check_constant([along_open_axes(x.values[name], shapes[name]) for x in lists], value)
    return OpenList(tuple(steps), first.values, shapes, first.inputs, first.outputs, {**lengths, **fit.places})


def lists_at(write: Callable[[Point], StepList], points: Sequence[Point]) -> list[StepList]:
    """The lists for some lengths; they have the same steps."""
    lists = [needed(write(point)) for point in points]
    first = lists[0]
    for other in lists[1:]:
        if [s.op for s in first.steps] != [s.op for s in other.steps] or first.values.keys() != other.values.keys():
            raise GraphError(f"expected the same steps for every batch, received others than for {points[0]}.")
    return lists


def needed(listing: StepList) -> StepList:
    """The list without steps that no output needs, such as a penalty's, and without their values."""
    reached, steps = set(listing.outputs), []
    for step in reversed(listing.steps):
        if step.op.name == "assign" or reached.intersection(step.outputs):
            steps.append(step)
            reached.update(step.inputs)
    kept = reached.union(listing.inputs, *(step.outputs for step in steps))
    values = {name: value for name, value in listing.values.items() if name in kept}
    return replace(listing, steps=tuple(reversed(steps)), values=values)


def check_constant(data: Sequence[Any], value: Value) -> None:
    """Raise GraphError for a constant that is another number for another batch."""
    if not all(np.array_equal(data[0], other) for other in data[1:]):
        raise GraphError(
            f"expected numbers that are the same for every batch, received '{value.name}', which follows its length.",
            layer=value.layer or None,
        )


def fixed_list(listing: StepList) -> OpenList:
    """The list as it is, for the lengths that it was written for."""
    shapes = {name: value.shape for name, value in listing.values.items()}
    return OpenList(listing.steps, listing.values, shapes, listing.inputs, listing.outputs)


# ---------------------------------------------------------------- numbers that follow lengths


def corners(lengths: Sequence[str] | Mapping[str, Any], tries: Sequence[Sequence[int]] = LENGTHS) -> Iterator[Point]:
    """Lengths to write lists for: the first ones, with each of them and all groups of them changed, then others."""
    each = dict(zip(lengths, (ROWS, *tries), strict=False))
    for group in groups(tuple(lengths)):
        yield {name: each[name][name in group] for name in lengths}
    for k in range(2, len(ROWS) if lengths else 2):
        yield {name: each[name][k] for name in lengths}


def groups(names: Term) -> list[Term]:
    """All groups of names, smaller ones first."""
    return [group for size in range(len(names) + 1) for group in combinations(names, size)]


class Fit:
    """Finds how numbers follow lengths, from what they are at the corners; the last points have to agree.

    Args:
        points: The corners; the open lengths of each.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = points
        self.groups = groups(tuple(points[0]))
        self.values = {name: [point[name] for point in points] for name in points[0]}
        self.places: dict[str, tuple[str, int]] = {}  # lengths that are seen at results, and where
        self.origins: dict[str, str] = {}  # of those that follow one open length alone, which one

    def step(self, same: Sequence[Step], near: Sequence[str]) -> Step:
        """A step whose attributes and shapes follow the lengths."""
        first = same[0]
        if any(first.operands != other.operands for other in same):
            raise GraphError(
                "expected the same inputs for every batch, received others.", layer=first.layer, operation=first.op.name
            )
        attrs = {
            k: self.number([s.attrs[k] for s in same], first.layer, f"{first.op.name}'s {k}", near) for k in first.attrs
        }
        shapes = self.number([s.shapes for s in same], first.layer, f"{first.op.name}'s shapes", near)
        return replace(first, attrs=attrs, shapes=shapes)

    def seen_in(self, shapes: Sequence[Any]) -> list[str]:
        """The lengths seen at results that some shapes are made of."""
        parts = [n.terms for shape in shapes for n in shape if isinstance(n, Open)]
        return list(dict.fromkeys(name for terms in parts for term, _ in terms for name in term if name in self.places))

    def result(self, found: Sequence[tuple[int, ...]], name: str, near: Sequence[str]) -> Lengths:
        """The shape of a step's result; a length that follows in no known way is seen there."""
        shape: list[Length] = []
        for axis, lengths in enumerate(zip(*found, strict=True)):
            same = lengths[0] if len(set(lengths)) == 1 else self.fitted(lengths, near)
            shape.append(self.seen_at(name, axis, lengths) if same is None else same)
        return tuple(shape)

    def seen_at(self, value: str, axis: int, found: Sequence[int]) -> Open:
        """A length of its own."""
        name, k = re.sub(r"\W", "_", f"{value}_{axis}"), 2
        while name in self.values:
            name, k = re.sub(r"\W", "_", f"{value}_{axis}_{k}"), k + 1
        self.values[name], self.places[name] = list(found), (value, axis)
        at = dict(zip(self.groups, found, strict=False))
        changing = {n for n in self.points[0] if at[(n,)] != at[()]}
        if len(changing) == 1 and all(at[g] == at[tuple(changing & set(g))] for g in self.groups):
            self.origins[name] = changing.pop()
        return Open((((name,), 1),))

    def number(self, found: Sequence[Any], layer: str, what: str, near: Sequence[str] = ()) -> Any:
        """What is the same at all points, or how it follows the lengths; tuples part by part."""
        first = found[0]
        if isinstance(first, tuple) and all(isinstance(v, tuple) and len(v) == len(first) for v in found):
            return tuple(self.number(parts, layer, what, near) for parts in zip(*found, strict=True))
        if all(v == first or (v != v and first != first) for v in found):
            return first
        fitted = self.fitted(found, near) if all(isinstance(v, int) for v in found) else None
        if fitted is None:
            raise GraphError(
                f"expected {what} to follow the inputs' lengths evenly, received {first} for {self.points[0]} and "
                f"{found[-1]} for {self.points[-1]}.{FIX if len(self.points[0]) > 1 else ''}",
                layer=layer or None,
            )
        return fitted

    def fitted(self, found: Sequence[int], near: Sequence[str]) -> Open | None:
        """The sum of products that gives the numbers, of lengths seen near by or of open ones; None if none does."""
        for name in near:
            if self.values[name] == list(found):
                return Open((((name,), 1),))
        stands = [(*(n for n in near if self.origins.get(n) == name), name) for name in self.points[0]]
        tries = (self.fitted_by(dict(zip(self.points[0], names, strict=True)), found) for names in product(*stands))
        return next((made for made in tries if made is not None), None)

    def fitted_by(self, names: Mapping[str, str], found: Sequence[int]) -> Open | None:
        """The same of certain lengths, one for each open length."""
        at = dict(zip(self.groups, found, strict=False))
        start = {name: self.values[own][0] for name, own in names.items()}
        terms: dict[Term, int] = {}
        for group in self.groups:
            change = sum((-1) ** (len(group) - len(part)) * at[part] for part in groups(group))
            distance = math.prod(self.values[names[name]][self.groups.index((name,))] - start[name] for name in group)
            factor, rest = divmod(change, distance) if distance else (0, change)
            if rest:
                return None
            for part in groups(group):  # factor times the product of (length - first length)
                other = math.prod(-start[name] for name in group if name not in part)
                term = tuple(names[name] for name in part)
                terms[term] = terms.get(term, 0) + factor * other
        made = Open(tuple((term, n) for term, n in sorted(terms.items(), key=lambda t: -len(t[0])) if n))
        fits = (made.at({name: self.values[name][k] for name in names.values()}) == n for k, n in enumerate(found))
        return made if all(fits) else None
