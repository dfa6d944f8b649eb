"""Layers that change the extent of sequences and images: repeated, interpolated, padded, cut."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.layers.arguments import borders, extents, layout, one_of, whole
from fastnn.layers.base import Layer
from fastnn.layers.spatial import check_rank, on_images
from fastnn.utils.registry import serializable

KINDS = ("nearest", "bilinear")


@serializable("keras.layers")
class UpSampling2D(Layer):
    """Images with every row and column several times, or interpolated between them.

    Args:
        size: How many times higher and wider; one number for both.
        data_format: 'channels_last' or 'channels_first'.
        interpolation: 'nearest' (copies) or 'bilinear' (centres of cells are aligned).

    Raises:
        ValueError: for arguments out of range, or an input of another rank.

    Example:
        >>> UpSampling2D((1, 2))([[[[1.0], [2.0]]]]).numpy().ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    config_names = ("size", "data_format", "interpolation")

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = extents("size", size, 2)
        self.data_format = layout(data_format)
        self.interpolation = one_of("interpolation", interpolation, KINDS)
        self.built = True

    def call(self, x: Any) -> Any:
        def larger(image: Any) -> Any:
            size = (image.shape[1] * self.size[0], image.shape[2] * self.size[1])
            return ops.resize2d(image, size=size, interpolation=self.interpolation)

        return on_images(self, x, 2, self.data_format, larger)


@serializable("keras.layers")
class UpSampling1D(Layer):
    """Sequences (batch, steps, channels) with every step several times.

    Args:
        size: How many times.

    Raises:
        ValueError: if size is not a positive whole number, or for an input of another rank.

    Example:
        >>> UpSampling1D(3)([[[1.0], [2.0]]]).numpy().ravel()
        array([1., 1., 1., 2., 2., 2.], dtype=float32)
    """

    config_names = ("size",)

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = whole("size", size)
        self.built = True

    def call(self, x: Any) -> Any:
        check_rank(self, x.shape, 1, "channels_last")
        return ops.repeat(x, self.size, axis=1)


class Bordered(Layer):
    """Base of layers that add or take away cells at the borders."""

    rank = 2

    def _around(self, widths: Any) -> tuple[tuple[int, int], ...]:
        """Widths for all axes."""
        return ((0, 0), (0, 0), *widths) if self.data_format == "channels_first" else ((0, 0), *widths, (0, 0))

    data_format = "channels_last"


@serializable("keras.layers")
class ZeroPadding2D(Bordered):
    """Images with rows and columns of zeros around them.

    Args:
        padding: One number for all borders, (height, width), or ((top, bottom), (left, right)).
        data_format: 'channels_last' or 'channels_first'.

    Raises:
        ValueError: for arguments out of range, or an input of another rank.

    Example:
        >>> ZeroPadding2D(((0, 0), (1, 2)))([[[[5.0]]]]).numpy().ravel()
        array([0., 5., 0., 0.], dtype=float32)
    """

    config_names = ("padding", "data_format")

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding, self.data_format = borders("padding", padding, 2), layout(data_format)
        self.built = True

    def call(self, x: Any) -> Any:
        check_rank(self, x.shape, self.rank, self.data_format)
        return ops.pad(x, self._around(self.padding))


@serializable("keras.layers")
class ZeroPadding1D(Bordered):
    """Sequences with steps of zeros before and after them.

    Args:
        padding: One number for both ends, or (before, after).
        data_format: 'channels_last' or 'channels_first'.

    Raises:
        ValueError: for arguments out of range, or an input of another rank.

    Example:
        >>> ZeroPadding1D((1, 0))([[[5.0]]]).numpy().ravel()
        array([0., 5.], dtype=float32)
    """

    config_names = ("padding", "data_format")
    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding, self.data_format = extents("padding", padding, 2, 0), layout(data_format)
        self.built = True

    def call(self, x: Any) -> Any:
        check_rank(self, x.shape, self.rank, self.data_format)
        return ops.pad(x, self._around((self.padding,)))


def cropped(layer: Bordered, x: Any, widths: Any) -> Any:
    """The input without so many cells at each end of every spatial axis.

    Raises:
        ValueError: naming the layer, if nothing would be left.
    """
    check_rank(layer, x.shape, layer.rank, layer.data_format)
    around = layer._around(widths)
    ends = [size - after for size, (_, after) in zip(x.shape, around, strict=True)]
    if any(a + b and end <= a for (a, b), end in zip(around, ends, strict=True)):
        raise ValueError(
            f"Layer '{layer.name}': expected cropping={widths} to be smaller than the input. "
            f"Received: shape {tuple(x.shape)}"
        )
    return x[tuple(slice(a, end if b else None) for (a, b), end in zip(around, ends, strict=True))]


@serializable("keras.layers")
class Cropping2D(Bordered):
    """Images without some rows and columns at their borders.

    Args:
        cropping: One number for all borders, (height, width), or ((top, bottom), (left, right)).
        data_format: 'channels_last' or 'channels_first'.

    Raises:
        ValueError: for arguments out of range, or if nothing would be left.

    Example:
        >>> Cropping2D(((0, 0), (1, 0)))([[[[5.0], [6.0]]]]).numpy().ravel()
        array([6.], dtype=float32)
    """

    config_names = ("cropping", "data_format")

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping, self.data_format = borders("cropping", cropping, 2), layout(data_format)
        self.built = True

    def call(self, x: Any) -> Any:
        return cropped(self, x, self.cropping)


@serializable("keras.layers")
class Cropping1D(Bordered):
    """Sequences without some steps at their ends.

    Args:
        cropping: One number for both ends, or (before, after).

    Raises:
        ValueError: for arguments out of range, or if nothing would be left.

    Example:
        >>> Cropping1D((1, 0))([[[5.0], [6.0]]]).numpy().ravel()
        array([6.], dtype=float32)
    """

    config_names = ("cropping",)
    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = extents("cropping", cropping, 2, 0)
        self.built = True

    def call(self, x: Any) -> Any:
        return cropped(self, x, (self.cropping,))
