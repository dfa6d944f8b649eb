"""Which values are pictures without an axis for channels: (n, h, w) looks like a sequence (n, t, i)."""

from __future__ import annotations

import math
from typing import Any

PLAIN = ("elementwise", "random", "loss", "metric", "accumulate")  # kinds that treat every cell alike
Shape = tuple[int, ...]


def pictures(listing: Any) -> frozenset[str]:
    """Values (n, h, w) that are only treated cell by cell, flattened, or given an axis for channels.

    A recurrence, a convolution, a product of matrices or statistics of a column tell the last two axes apart: what they
    read or write is a sequence, and so is all that has the same cells.

    Args:
        listing: A step list.
    """
    groups = {name: {name} for name, value in listing.values.items() if is_flat(value.shape)}
    folded, told_apart = set(), set()
    for step in listing.steps:
        if step.phase not in ("forward", "loss"):
            continue
        here = [name for name in (*step.inputs, *step.outputs) if name in groups]
        shapes = [tuple(listing.values[name].shape) for name in (*step.inputs, *step.outputs)]
        if not here:
            continue
        if step.op.kind == "rearrangement" and folds(*shapes[:1], *shapes[-1:]):
            folded.add(here[0])
        elif step.op.kind in PLAIN and alike(shapes):
            _unite(groups, here)
        else:
            told_apart.update(here)
    return frozenset(n for n, group in groups.items() if group & folded and not group & told_apart)


def is_flat(shape: Shape) -> bool:
    """Whether a shape may be that of pictures without channels."""
    return len(shape) == 3 and min(shape[1:]) > 1


def folds(first: Shape, last: Shape) -> bool:
    """Whether one shape is the other one flattened, or with an axis for one channel.

    Example:
        >>> folds((2, 28, 28), (2, 784)), folds((2, 28, 28, 1), (2, 28, 28)), folds((2, 28, 3), (2, 1, 28, 3))
        (True, True, False)
    """
    flat, other = (first, last) if is_flat(first) else (last, first)
    return other in ((flat[0], math.prod(flat[1:])), (*flat, 1))


def alike(shapes: list[Shape]) -> bool:
    """Whether what belongs to a row or a column is not treated differently from its neighbours.

    Example:
        >>> alike([(2, 28, 28), (), (2, 28, 28)]), alike([(2, 28, 28), (1, 1, 28), (2, 28, 28)])
        (True, False)
    """
    flat = next(shape for shape in shapes if is_flat(shape))
    fair = (1, flat[0], math.prod(flat[1:]), math.prod(flat))
    return all(math.prod(shape) in fair or shape == flat[:2] for shape in shapes)  # a loss leaves (n, h)


def _unite(groups: dict[str, set[str]], names: list[str]) -> None:
    """Put names into one group, with all that are with them already."""
    whole = set().union(*(groups[name] for name in names))
    for name in whole:
        groups[name] = whole
