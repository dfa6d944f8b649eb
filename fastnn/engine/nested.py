"""Nests of lists, tuples and dicts, as inputs and outputs of models come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same nest of lists, tuples and dicts with every leaf replaced."""
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_structure(function, s) for s in structure)
    if isinstance(structure, dict):
        return {k: map_structure(function, v) for k, v in structure.items()}
    return function(structure)


def flatten(structure: Any) -> list[Any]:
    """The leaves of a nest, in order."""
    if isinstance(structure, (list, tuple)):
        return [leaf for s in structure for leaf in flatten(s)]
    if isinstance(structure, dict):
        return [leaf for s in structure.values() for leaf in flatten(s)]
    return [structure]
