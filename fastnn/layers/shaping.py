"""Layers that only rearrange: Flatten, Reshape, Permute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.layers.arguments import layout
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable


@serializable("keras.layers")
class Flatten(Layer):
    """Every sample as one row.

    Args:
        data_format: 'channels_last', or 'channels_first': channels are moved to the end before.

    Example:
        >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]]]).numpy()
        array([[1., 2., 3., 4.]], dtype=float32)
    """

    config_names = ("data_format",)

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = layout(data_format)
        self.built = True

    def call(self, x: Any) -> Any:
        rank = len(x.shape)
        if self.data_format == "channels_first" and rank > 2:
            x = ops.transpose(x, axes=(0, *range(2, rank), 1))
        return ops.reshape(x, shape=(x.shape[0], 1)) if rank == 1 else ops.flatten(x)


@serializable("keras.layers")
class Reshape(Layer):
    """Every sample in another shape.

    Args:
        target_shape: Shape of a sample; one -1 stands for what is left.

    Raises:
        ValueError: if the sizes do not fit.

    Example:
        >>> Reshape((2, -1))([[1.0, 2.0, 3.0, 4.0]]).shape
        (1, 2, 2)
    """

    config_names = ("target_shape",)

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = (target_shape,) if isinstance(target_shape, int) else tuple(int(n) for n in target_shape)
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.reshape(x, shape=(x.shape[0], *self.resolved(tuple(x.shape[1:]))))

    def resolved(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The target shape with -1 worked out."""
        size, known = math.prod(shape), math.prod(n for n in self.target_shape if n != -1)
        fits = size % known == 0 if known and self.target_shape.count(-1) == 1 else size == known
        if not fits or self.target_shape.count(-1) > 1:
            raise ValueError(
                f"Layer '{self.name}': expected samples that fit {self.target_shape}. Received: shape {shape}"
            )
        return tuple(size // known if n == -1 else n for n in self.target_shape)


@serializable("keras.layers")
class Permute(Layer):
    """The axes of every sample in another order.

    Args:
        dims: For every axis the axis that takes its place, counted from 1 (the batch stays).

    Raises:
        ValueError: if dims is not a permutation.

    Example:
        >>> Permute((2, 1))([[[1.0, 2.0, 3.0]]]).shape
        (1, 3, 1)
    """

    config_names = ("dims",)

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Expected dims to hold 1 to {len(self.dims)}, each once. Received: dims={self.dims}")
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.transpose(x, axes=(0, *self.dims))
