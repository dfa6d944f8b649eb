"""Data for an operation's cases: what tests, gradient check and benchmarks feed to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.errors import GraphError
from fastnn.ops.table import Case, Op
from fastnn.ops.terms import Shape

Array = np.ndarray[Any, np.dtype[Any]]
if TYPE_CHECKING:
    Generator = np.random.Generator


def probability(rng: Generator, shape: Shape) -> Array:
    """Positive rows that sum to 1."""
    weights = rng.uniform(0.2, 1, shape)
    return weights / weights.sum(-1, keepdims=True) if shape else np.ones(())


def one_hot(rng: Generator, shape: Shape) -> Array:
    """Rows with a single 1."""
    rows = np.zeros(shape)
    if rows.size:
        classes = rng.integers(0, shape[-1], shape[:-1])
        np.put_along_axis(rows, classes[..., None], 1, -1)
    return rows


def whole(dtype: str, rng: Generator, shape: Shape) -> Array:
    """Small whole numbers, some of them below 0 where the type has such."""
    return rng.integers(0 if dtype == "uint8" else -6, 7, shape).astype(dtype)


WHOLE = ("int32", "int64", "uint8")
DRAWS: dict[str, Callable[[Generator, Shape], Array]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.25, 2, shape),
    "above": lambda rng, shape: rng.uniform(1.1, 5, shape),
    "unit": lambda rng, shape: rng.uniform(0.05, 0.95, shape),
    "probability": probability,
    "one_hot": one_hot,
    "binary": lambda rng, shape: rng.integers(0, 2, shape).astype(np.float64),
    "wide": lambda rng, shape: rng.permutation(np.arange(math.prod(shape)) * 0.37 - 9.4321).reshape(shape),
    "step": lambda rng, shape: rng.integers(0, 5, shape),
    "truth": lambda rng, shape: rng.integers(0, 2, shape) > 0,
    **{name: partial(whole, name) for name in WHOLE},
}
TYPED = {"truth": "bool", **{name: name for name in WHOLE}}  # ways to draw that have a type of their own


def distinct(rng: Generator, shapes: list[Shape]) -> list[Array]:
    """Arrays between -2 and 2 without ties, neither inside one of them nor between them, and without 0."""
    sizes = [math.prod(s) for s in shapes]
    total = sum(sizes)
    numbers = (rng.permutation(total) - (total - 1) / 2 + 0.25) * 4 / max(total, 1)
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def drawn(draw: str, shape: Shape, rng: Generator) -> Array:
    """One array of a way to draw, other than "distinct"; raises GraphError for an unknown way."""
    if draw.startswith("labels:"):
        return rng.integers(0, int(draw[7:]), shape)
    if draw not in DRAWS:
        raise GraphError(f"expected a way to draw of {[*DRAWS, 'distinct', 'labels:N']}, received {draw!r}.")
    return np.asarray(DRAWS[draw](rng, shape))


def inputs_for(op: Op, case: Case, dtype: Any = "float64", seed: int = 0) -> list[Array | None]:
    """Draw the inputs of a case.

    Args:
        op: The operation; its record says which inputs have a type of their own.
        case: Shapes, and how to fill each input ("normal" where it does not say).
        dtype: The floating type.
        seed: Same seed, same numbers; numbers of different dtypes agree but for rounding.

    Returns:
        One array per input, None for an optional input left out.

    Raises:
        GraphError: if the case names an unknown way to draw.

    Example:
        >>> from fastnn.ops.table import find
        >>> [x.shape for x in inputs_for(find("add"), Case(((2, 3), (3,))))]
        [(2, 3), (3,)]
    """
    rng = np.random.default_rng(seed)
    count = len(case.shapes)
    draws = [case.draw[k] if k < len(case.draw) else "normal" for k in range(count)]
    pooled = [shape for shape, draw in zip(case.shapes, draws, strict=True) if draw == "distinct" and shape is not None]
    ready = iter(distinct(rng, pooled) if pooled else [])
    arrays: list[Array | None] = []
    for role, shape, draw in zip(op.roles(count), case.shapes, draws, strict=True):
        if shape is None:
            arrays.append(None)
            continue
        numbers = next(ready) if draw == "distinct" else drawn(draw, shape, rng)
        wanted = op.dtype_of(role, TYPED.get(draw, dtype), op.complete(case.attrs))
        arrays.append(np.asarray(numbers, wanted, order="C"))
    return arrays
