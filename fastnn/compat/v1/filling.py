"""Tensors filled with one number, or with new random numbers in every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import config
from fastnn.compat.v1.graphs import GraphTensor, _state, constant, get_default_graph
from fastnn.engine import tensor as eager
from fastnn.engine.graph import Node

Function = Callable[..., Any]


def filled(number: float, title: str) -> Function:
    """A function that gives tensors filled with a number."""

    def call(shape: Any, dtype: Any = "float32", name: str | None = None) -> GraphTensor:
        """A tensor of that shape."""
        return constant(np.full(extents(shape), number, dtype), name=name or title)

    call.__name__ = title
    return call


zeros, ones = filled(0, "zeros"), filled(1, "ones")


def extents(shape: Any) -> tuple[int, ...]:
    """A shape as whole numbers."""
    return (int(shape),) if np.ndim(shape) == 0 else tuple(int(n) for n in shape)


def random_tensor(title: str, draw: Callable[[np.random.Generator, tuple[int, ...]], Any]) -> Function:
    """A tensor of new random numbers in every run."""

    def call(shape: Any, first: float, second: float, dtype: Any, seed: int | None, name: str | None) -> GraphTensor:
        size = extents(shape)
        rng = np.random.default_rng(config.next_seed() if seed is None else seed)

        def numbers() -> np.ndarray:
            return np.asarray(first + second * draw(rng, size), dtype)

        def fresh() -> Any:
            return _state.runs[-1].draw(size, dtype, numbers) if _state.runs else eager.Tensor(np.zeros(size, dtype))

        node = Node(fresh, (), {})
        result = GraphTensor(size, str(np.dtype(dtype)), get_default_graph().unique(name or title), node)
        node.outputs.append(result)
        return result

    return call


def within_two(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Normal numbers, those beyond two standard deviations drawn again."""
    found = rng.normal(size=size)
    while (beyond := np.abs(found) > 2).any():
        found = np.where(beyond, rng.normal(size=size), found)
    return found


_normal = random_tensor("random_normal", lambda rng, size: rng.normal(size=size))
_truncated = random_tensor("truncated_normal", within_two)
_uniform = random_tensor("random_uniform", lambda rng, size: rng.uniform(size=size))


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: int | None = None,
    name: str | None = None,
) -> GraphTensor:  # fmt: skip
    """Normal numbers, new ones in every run."""
    return _normal(shape, mean, stddev, dtype, seed, name)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: int | None = None,
    name: str | None = None,
) -> GraphTensor:  # fmt: skip
    """Normal numbers within two standard deviations, new ones in every run."""
    return _truncated(shape, mean, stddev, dtype, seed, name)


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = "float32", seed: int | None = None,
    name: str | None = None,
) -> GraphTensor:  # fmt: skip
    """Numbers between two bounds, new ones in every run."""
    return _uniform(shape, minval, maxval - minval, dtype, seed, name)
