"""What a layer of one's own expects of its inputs, checked at every call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastnn.engine.nested import flatten


@dataclass
class InputSpec:
    """The rank, shape and lengths of axes that an input must have.

    Args:
        dtype: Its type; not checked, since layers convert what they get.
        shape: Its shape, None for open axes.
        ndim: Number of axes.
        max_ndim: Largest number of axes.
        min_ndim: Smallest number of axes.
        axes: Lengths of some axes by their number.
        allow_last_axis_squeeze: Whether a last axis of 1 may be left out, or be too many.
        optional: Whether the input may be None.
        name: Name of the input.

    Example:
        >>> from fastnn.layers import Layer
        >>> class Pairs(Layer):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.input_spec = InputSpec(ndim=2, axes={-1: 2})
        ...     def call(self, x):
        ...         return x
        >>> Pairs()([[1.0, 2.0, 3.0]])
        Traceback (most recent call last):
        ...
        ValueError: Layer 'pairs': expected axis -1 of the input to have length 2. Received: shape (1, 3)
    """

    dtype: Any = None
    shape: tuple[int | None, ...] | None = None
    ndim: int | None = None
    max_ndim: int | None = None
    min_ndim: int | None = None
    axes: Mapping[int, int] | None = None
    allow_last_axis_squeeze: bool = False
    optional: bool = False
    name: str | None = None

    def problem(self, shape: tuple[int | None, ...]) -> str | None:
        """What is wrong with a shape, or None."""
        shapes = [shape]
        if self.allow_last_axis_squeeze:
            shapes += [(*shape, 1), *([shape[:-1]] if shape and shape[-1] == 1 else [])]
        problems = [self._problem(s) for s in shapes]
        return None if None in problems else problems[0]

    def _problem(self, shape: tuple[int | None, ...]) -> str | None:
        rank = len(shape)
        if self.shape is not None and (
            rank != len(self.shape) or any(a is not None and b not in (None, a) for a, b in zip(self.shape, shape))  # noqa: B905
        ):
            return f"an input of shape {self.shape}"
        for wrong, text in (
            (self.ndim is not None and rank != self.ndim, f"an input of {self.ndim} axes"),
            (self.max_ndim is not None and rank > (self.max_ndim or 0), f"an input of at most {self.max_ndim} axes"),
            (self.min_ndim is not None and rank < (self.min_ndim or 0), f"an input of at least {self.min_ndim} axes"),
        ):
            if wrong:
                return text
        for axis, length in (self.axes or {}).items():
            if not -rank <= axis < rank or (length is not None and shape[axis] not in (None, length)):
                return f"axis {axis} of the input to have length {length}"
        return None


def check_inputs(name: str, spec: Any, inputs: Any) -> None:
    """Check a layer's inputs against its `input_spec`.

    Raises:
        ValueError: naming the layer, what was expected, and the shape that came.
    """
    specs, tensors = flatten(spec), flatten(inputs)
    if len(specs) != len(tensors):
        raise ValueError(f"Layer '{name}': expected {len(specs)} input(s). Received: {len(tensors)}")
    for one, tensor in zip(specs, tensors, strict=True):
        shape = getattr(tensor, "shape", None)
        problem = None if one is None or shape is None else one.problem(tuple(shape))
        if problem is not None:
            raise ValueError(f"Layer '{name}': expected {problem}. Received: shape {tuple(shape or ())}")
