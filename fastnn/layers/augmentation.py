"""Layers that change images at random in training, each image in its own way; outside of training they do nothing."""

from __future__ import annotations

import math
from typing import Any

from fastnn import ops, random
from fastnn.layers.arguments import drawn_seed, layout, one_of, whole
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable

FILLS = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("bilinear", "nearest")


def bounds(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> tuple[float, float]:
    """Two bounds of a random number; one number f stands for (-f, f).

    Raises:
        ValueError: for anything else, and for bounds outside the allowed ones.
    """
    pair = value if isinstance(value, (list, tuple)) else (-value, value) if is_number(value) and value >= 0 else ()
    if len(pair) != 2 or not all(map(is_number, pair)) or not least <= pair[0] <= pair[1] <= most:
        limits = "" if least == -math.inf else f" from {least} to {most}"
        raise ValueError(
            f"Expected {name} to be a number, 0 or larger, or two numbers{limits}, the smaller first. "
            f"Received: {name}={value!r}"
        )
    return float(pair[0]), float(pair[1])


def is_number(value: Any) -> bool:
    """Whether this is a plain number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Augmentation(Layer):
    """Base of layers that change images in training.

    Args:
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
        data_format: 'channels_last' or 'channels_first'.
    """

    def __init__(self, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = drawn_seed(seed)
        self.data_format = layout(data_format)
        self.generator = random.SeedGenerator(self.seed)
        self.built = True

    def call(self, images: Any, training: bool = False) -> Any:
        """The images, changed in training."""
        images = ops.cast(images, self.dtype)
        alone, first = len(images.shape) == 3, self.data_format == "channels_first"
        if len(images.shape) not in (3, 4):
            raise ValueError(
                f"Layer '{self.name}': expected images of rank 3 or 4. Received: shape {tuple(images.shape)}"
            )
        x = ops.expand_dims(images, axis=0) if alone else images
        x = ops.moveaxis(x, 1, -1) if first else x
        y = self.change(x) if training else self.keep(x)
        y = ops.moveaxis(y, -1, 1) if first else y
        return ops.squeeze(y, axis=0) if alone else y

    def change(self, x: Any) -> Any:
        """The images of a batch, channels last, as training sees them."""
        raise NotImplementedError

    def keep(self, x: Any) -> Any:
        """The images outside of training."""
        return x

    def draw(self, x: Any, low: float, high: float) -> Any:
        """A random number for every image, shape (batch, 1, 1)."""
        return random.uniform((x.shape[0], 1, 1), low, high, self.dtype, self.generator)


@serializable("keras.layers")
class RandomFlip(Augmentation):
    """Mirrors every second image, on average, in training.

    Args:
        mode: 'horizontal' (left and right), 'vertical' or 'horizontal_and_vertical'.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
        data_format: 'channels_last' or 'channels_first'.

    Example:
        >>> RandomFlip("horizontal")([[[1.0], [2.0]]]).numpy().ravel()
        array([1., 2.], dtype=float32)
    """

    config_names = ("mode", "seed", "data_format")

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.mode = one_of("mode", mode, ("horizontal", "vertical", "horizontal_and_vertical"))

    def change(self, x: Any) -> Any:
        for word, axis in (("horizontal", 2), ("vertical", 1)):
            if word in self.mode:
                chosen = ops.expand_dims(self.draw(x, 0.0, 1.0), axis=-1) < 0.5
                x = ops.where(chosen, ops.flip(x, axis=axis), x)
        return x


class Moving(Augmentation):
    """Base of layers that read images at other places."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.fill_mode = one_of("fill_mode", fill_mode, FILLS)
        self.interpolation = one_of("interpolation", interpolation, INTERPOLATIONS)
        if not is_number(fill_value):
            raise ValueError(f"Expected fill_value to be a number. Received: fill_value={fill_value!r}")
        self.fill_value = fill_value

    def change(self, x: Any) -> Any:
        shape = (x.shape[0], x.shape[1], x.shape[2])
        down = ops.reshape(ops.arange(shape[1], dtype=self.dtype), (1, -1, 1))
        across = ops.reshape(ops.arange(shape[2], dtype=self.dtype), (1, 1, -1))
        row, column = (ops.broadcast_to(v, shape) for v in self.places(x, down, across))
        return ops.sample_image(
            x,
            row,
            column,
            interpolation=self.interpolation,
            fill_mode=self.fill_mode,
            fill_value=float(self.fill_value),
        )

    def places(self, x: Any, down: Any, across: Any) -> tuple[Any, Any]:
        """Row and column in the images that every row `down` and column `across` shows."""
        raise NotImplementedError


MOVING = ("fill_mode", "interpolation", "seed", "fill_value", "data_format")


@serializable("keras.layers")
class RandomRotation(Moving):
    """Turns images about their middle in training.

    Args:
        factor: Bounds of the angle as a share of a full turn, positive against the clock; f stands for (-f, f).
        fill_mode: What lies outside: 'reflect', 'wrap', 'nearest' or 'constant'.
        interpolation: 'bilinear' or 'nearest'.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
        fill_value: The constant.
        data_format: 'channels_last' or 'channels_first'.
    """

    config_names = ("factor", *MOVING)

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = bounds("factor", factor)

    def places(self, x: Any, down: Any, across: Any) -> tuple[Any, Any]:
        angle = self.draw(x, *(2 * math.pi * f for f in self.factor))
        cos, sin = ops.cos(angle), ops.sin(angle)
        middle, centre = (x.shape[1] - 1) / 2, (x.shape[2] - 1) / 2
        y, z = down - middle, across - centre
        return sin * z + cos * y + middle, cos * z - sin * y + centre


@serializable("keras.layers")
class RandomTranslation(Moving):
    """Moves images in training.

    Args:
        height_factor: Bounds of the way down as a share of the height; f stands for (-f, f).
        width_factor: Bounds of the way to the right as a share of the width.
        fill_mode: What lies outside: 'reflect', 'wrap', 'nearest' or 'constant'.
        interpolation: 'bilinear' or 'nearest'.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
        fill_value: The constant.
        data_format: 'channels_last' or 'channels_first'.
    """

    config_names = ("height_factor", "width_factor", *MOVING)

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        bounds("height_factor", height_factor, -1, 1)
        bounds("width_factor", width_factor, -1, 1)
        self.height_factor, self.width_factor = height_factor, width_factor

    def places(self, x: Any, down: Any, across: Any) -> tuple[Any, Any]:
        tall = self.draw(x, *(f * x.shape[1] for f in bounds("height_factor", self.height_factor)))
        wide = self.draw(x, *(f * x.shape[2] for f in bounds("width_factor", self.width_factor)))
        return down - tall, across - wide


@serializable("keras.layers")
class RandomZoom(Moving):
    """Zooms images about their middle in training.

    Args:
        height_factor: Bounds of the change in height; negative zooms in, f stands for (-f, f).
        width_factor: Bounds of the change in width; the same number as in height, if left out.
        fill_mode: What lies outside: 'reflect', 'wrap', 'nearest' or 'constant'.
        interpolation: 'bilinear' or 'nearest'.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
        fill_value: The constant.
        data_format: 'channels_last' or 'channels_first'.
    """

    config_names = ("height_factor", "width_factor", *MOVING)

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        bounds("height_factor", height_factor, -1, 1)
        if width_factor is not None:
            bounds("width_factor", width_factor, -1, 1)
        self.height_factor, self.width_factor = height_factor, width_factor

    def places(self, x: Any, down: Any, across: Any) -> tuple[Any, Any]:
        tall = self.draw(x, *(1 + f for f in bounds("height_factor", self.height_factor)))
        own = self.width_factor
        wide = tall if own is None else self.draw(x, *(1 + f for f in bounds("width_factor", own)))
        middle, centre = (x.shape[1] - 1) / 2, (x.shape[2] - 1) / 2
        return (down - middle) * tall + middle, (across - centre) * wide + centre


@serializable("keras.layers")
class RandomCrop(Augmentation):
    """Cuts a part out of every image: at a random place in training, else the middle, resized where it is too small.

    Args:
        height: Height of the part.
        width: Width of the part.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
        data_format: 'channels_last' or 'channels_first'.

    Example:
        >>> RandomCrop(2, 3)([[[[0.0]] * 5] * 4]).shape
        (1, 2, 3, 1)
    """

    config_names = ("height", "width", "seed", "data_format")

    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.height, self.width = whole("height", height), whole("width", width)

    def change(self, x: Any) -> Any:
        if x.shape[1] < self.height or x.shape[2] < self.width:
            return self.keep(x)
        shape = (x.shape[0], self.height, self.width)
        top = ops.floor(self.draw(x, 0.0, x.shape[1] - self.height + 1.0))
        left = ops.floor(self.draw(x, 0.0, x.shape[2] - self.width + 1.0))
        row = top + ops.reshape(ops.arange(self.height, dtype=self.dtype), (1, -1, 1))
        column = left + ops.reshape(ops.arange(self.width, dtype=self.dtype), (1, 1, -1))
        row, column = (ops.broadcast_to(v, shape) for v in (row, column))
        return ops.sample_image(x, row, column, interpolation="nearest")

    def keep(self, x: Any) -> Any:
        size = (self.height, self.width)
        return ops.resize(x, size, crop_to_aspect_ratio=True, data_format="channels_last")


@serializable("keras.layers")
class RandomContrast(Augmentation):
    """Changes the contrast of images in training: every channel's distance from its mean.

    Args:
        factor: Bounds (down, up) of the change; f stands for both: factors from 1 - down to 1 + up.
        value_range: Smallest and largest number of an image.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
    """

    config_names = ("factor", "value_range", "seed")

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        pair = factor if isinstance(factor, (list, tuple)) else (factor, factor)
        if len(pair) != 2 or not all(is_number(f) and f >= 0 for f in pair) or pair[0] > 1:
            raise ValueError(
                f"Expected factor to be one or two numbers from 0, the first at most 1. Received: factor={factor!r}"
            )
        self.factor = (float(pair[0]), float(pair[1]))
        self.value_range = bounds("value_range", value_range)

    def change(self, x: Any) -> Any:
        factor = ops.expand_dims(self.draw(x, 1 - self.factor[0], 1 + self.factor[1]), axis=-1)
        centre = ops.mean(x, axis=(1, 2), keepdims=True)
        return ops.minimum(ops.maximum((x - centre) * factor + centre, self.value_range[0]), self.value_range[1])


@serializable("keras.layers")
class RandomBrightness(Augmentation):
    """Adds a random number to every image in training.

    Args:
        factor: Bounds from -1 to 1 as a share of the value range; f stands for (-f, f).
        value_range: Smallest and largest number of an image.
        seed: A whole number; drawn by default, repeatably after `set_random_seed`.
    """

    config_names = ("factor", "value_range", "seed")

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.factor = bounds("factor", factor, -1, 1)
        self.value_range = bounds("value_range", value_range)

    def change(self, x: Any) -> Any:
        low, high = self.value_range
        more = ops.expand_dims(self.draw(x, *(f * (high - low) for f in self.factor)), axis=-1)
        return ops.minimum(ops.maximum(x + more, low), high)


@serializable("keras.layers")
class Resizing(Layer):
    """Images of another size.

    Args:
        height: Height of the result.
        width: Width of the result.
        interpolation: 'bilinear' or 'nearest'.
        crop_to_aspect_ratio: Whether to cut the middle out, so that nothing is stretched.
        pad_to_aspect_ratio: Not available: False.
        fill_mode: Accepted for Keras' sake.
        fill_value: Accepted for Keras' sake.
        antialias: Not available: False.
        data_format: 'channels_last' or 'channels_first'.
    """

    config_names = (
        "height", "width", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode", "fill_value",
        "antialias", "data_format",
    )  # fmt: skip

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = whole("height", height), whole("width", width)
        self.interpolation = one_of("interpolation", interpolation, INTERPOLATIONS)
        if pad_to_aspect_ratio or antialias:
            raise ValueError(
                "Expected pad_to_aspect_ratio=False and antialias=False, the only ones available. "
                f"Received: pad_to_aspect_ratio={pad_to_aspect_ratio!r}, antialias={antialias!r}"
            )
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = bool(crop_to_aspect_ratio), False
        self.fill_mode, self.fill_value, self.antialias = fill_mode, fill_value, False
        self.data_format = layout(data_format)
        self.built = True

    def call(self, images: Any) -> Any:
        return ops.resize(
            ops.cast(images, self.dtype), (self.height, self.width), interpolation=self.interpolation,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio, data_format=self.data_format,
        )  # fmt: skip


@serializable("keras.layers")
class CenterCrop(Layer):
    """The middle of images, resized where they are too small.

    Args:
        height: Height of the result.
        width: Width of the result.
        data_format: 'channels_last' or 'channels_first'.
    """

    config_names = ("height", "width", "data_format")

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height, self.width = whole("height", height), whole("width", width)
        self.data_format = layout(data_format)
        self.built = True

    def call(self, images: Any) -> Any:
        x = ops.cast(images, self.dtype)
        down = len(x.shape) - (3 if self.data_format == "channels_last" else 2)
        tall, wide = x.shape[down], x.shape[down + 1]
        if tall < self.height or wide < self.width:
            size = (self.height, self.width)
            return ops.resize(x, size, crop_to_aspect_ratio=True, data_format=self.data_format)
        top, left = (tall - self.height) // 2, (wide - self.width) // 2
        begin = [0] * len(x.shape)
        begin[down], begin[down + 1] = top, left
        extent = list(x.shape)
        extent[down], extent[down + 1] = self.height, self.width
        return ops.slice(x, begin, extent)
