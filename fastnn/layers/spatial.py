"""Sequences and images as records take them, (batch, height, width, channels), and back in the layout given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import ops
from fastnn.layers.base import Layer


def check_rank(layer: Layer, shape: Any, rank: int, data_format: str) -> None:
    """Raise ValueError unless the input has a batch axis, `rank` spatial axes and a channel axis."""
    if len(shape) == rank + 2:
        return
    axes = ("steps",) if rank == 1 else ("height", "width")
    wanted = ("batch", "channels", *axes) if data_format == "channels_first" else ("batch", *axes, "channels")
    what = "sequences" if rank == 1 else "images"
    raise ValueError(f"Layer '{layer.name}': expected {what}, ({', '.join(wanted)}). Received: shape {tuple(shape)}")


def channels_of(layer: Layer, shape: Any, rank: int, data_format: str) -> int:
    """The number of channels of an input shape.

    Raises:
        ValueError: naming the layer, for another rank or an open channel axis.
    """
    check_rank(layer, shape or (), rank, data_format)
    channels = shape[1 if data_format == "channels_first" else -1]
    if channels is None:
        raise ValueError(f"Layer '{layer.name}': expected a known number of channels. Received: shape {tuple(shape)}")
    return int(channels)


def as_images(x: Any, rank: int, data_format: str) -> Any:
    """Channels last, with a height of 1 for sequences."""
    if data_format == "channels_first":
        x = ops.transpose(x, axes=(0, *range(2, rank + 2), 1))
    return ops.expand_dims(x, axis=1) if rank == 1 else x


def as_given(y: Any, rank: int, data_format: str) -> Any:
    """The layout of the layer's input again."""
    y = ops.squeeze(y, axis=1) if rank == 1 else y
    return ops.transpose(y, axes=(0, rank + 1, *range(1, rank + 1))) if data_format == "channels_first" else y


def on_images(layer: Layer, x: Any, rank: int, data_format: str, run: Callable[[Any], Any]) -> Any:
    """Run a function of channels-last images on the layer's input.

    Raises:
        ValueError: naming the layer, for an input of another rank.
    """
    check_rank(layer, x.shape, rank, data_format)
    return as_given(run(as_images(x, rank, data_format)), rank, data_format)


def flat(values: tuple[int, ...], one: int = 1) -> tuple[int, int]:
    """Numbers for one or two spatial axes as numbers for two."""
    return (one, values[0]) if len(values) == 1 else (values[0], values[1])
