"""Pooling layers: windows or whole images become one number per channel."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.layers.arguments import extents, layout, one_of
from fastnn.layers.base import Layer
from fastnn.layers.spatial import check_rank, flat, on_images
from fastnn.utils.registry import serializable


class Pooling(Layer):
    """Base of layers that move a window over sequences or images."""

    config_names = ("pool_size", "padding", "strides", "data_format")
    rank = 2
    operation: Any

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = extents("pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else extents("strides", strides, self.rank)
        self.padding = one_of("padding", padding, ("valid", "same"))
        self.data_format = layout(data_format)
        self.built = True

    @property
    def window(self) -> dict[str, Any]:
        """The operation's attributes."""
        return {"pool_size": flat(self.pool_size), "strides": flat(self.strides), "padding": self.padding}

    def call(self, x: Any) -> Any:
        return on_images(self, x, self.rank, self.data_format, lambda image: self.operation(image, **self.window))


@serializable("keras.layers")
class MaxPooling2D(Pooling):
    """The largest number of every window.

    Args:
        pool_size: Height and width of the window; one number for both.
        strides: Steps down and right; the window's size by default.
        padding: 'valid' (windows inside only) or 'same'.
        data_format: 'channels_last' or 'channels_first'.

    Example:
        >>> MaxPooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy().ravel()
        array([4.], dtype=float32)
    """

    operation = staticmethod(ops.max_pool2d)


@serializable("keras.layers")
class MaxPooling1D(Pooling):
    """The largest number of every window of sequences; arguments as in `MaxPooling2D`, with one number each.

    Example:
        >>> MaxPooling1D()([[[1.0], [2.0], [4.0], [3.0]]]).numpy().ravel()
        array([2., 4.], dtype=float32)
    """

    rank = 1
    operation = staticmethod(ops.max_pool2d)


@serializable("keras.layers")
class AveragePooling2D(Pooling):
    """The mean of every window.

    Args:
        pool_size: Height and width of the window; one number for both.
        strides: Steps down and right; the window's size by default.
        padding: 'valid' (windows inside only) or 'same', where padding does not count.
        data_format: 'channels_last' or 'channels_first'.

    Example:
        >>> AveragePooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy().ravel()
        array([2.5], dtype=float32)
    """

    operation = staticmethod(ops.average_pool2d)


@serializable("keras.layers")
class AveragePooling1D(Pooling):
    """The mean of every window of sequences; arguments as in `AveragePooling2D`, with one number each.

    Example:
        >>> AveragePooling1D()([[[1.0], [2.0], [4.0], [3.0]]]).numpy().ravel()
        array([1.5, 3.5], dtype=float32)
    """

    rank = 1
    operation = staticmethod(ops.average_pool2d)


class GlobalPooling(Layer):
    """Base of layers that reduce whole sequences or images."""

    config_names = ("data_format", "keepdims")
    rank = 2
    operation: Any

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format, self.keepdims = layout(data_format), bool(keepdims)
        self.built = True

    def call(self, x: Any) -> Any:
        def whole(image: Any) -> Any:
            return self.operation(image, keepdims=True)

        y = on_images(self, x, self.rank, self.data_format, whole)
        return y if self.keepdims else ops.flatten(y)


@serializable("keras.layers")
class GlobalAveragePooling2D(GlobalPooling):
    """The mean of every channel.

    Args:
        data_format: 'channels_last' or 'channels_first'.
        keepdims: Whether to keep height and width as axes of length one.

    Example:
        >>> GlobalAveragePooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy()
        array([[2.5]], dtype=float32)
    """

    operation = staticmethod(ops.global_average_pool2d)


@serializable("keras.layers")
class GlobalMaxPooling2D(GlobalPooling):
    """The largest number of every channel.

    Args:
        data_format: 'channels_last' or 'channels_first'.
        keepdims: Whether to keep height and width as axes of length one.

    Example:
        >>> GlobalMaxPooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy()
        array([[4.]], dtype=float32)
    """

    operation = staticmethod(ops.global_max_pool2d)


@serializable("keras.layers")
class GlobalMaxPooling1D(GlobalPooling):
    """The largest number of every channel of sequences; arguments as in `GlobalMaxPooling2D`.

    Example:
        >>> GlobalMaxPooling1D()([[[1.0], [4.0], [3.0]]]).numpy()
        array([[4.]], dtype=float32)
    """

    rank = 1
    operation = staticmethod(ops.global_max_pool2d)


@serializable("keras.layers")
class GlobalAveragePooling1D(GlobalPooling):
    """The mean of every channel of sequences, of the steps that a mask leaves; arguments as in the 2D one.

    Example:
        >>> GlobalAveragePooling1D()([[[1.0], [4.0], [4.0]]]).numpy()
        array([[3.]], dtype=float32)
    """

    rank = 1
    operation = staticmethod(ops.global_average_pool2d)
    supports_masking = True

    def call(self, x: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(x)
        check_rank(self, x.shape, 1, self.data_format)
        axis = 1 if self.data_format == "channels_last" else 2
        counted = ops.cast(ops.expand_dims(mask, axis=3 - axis), str(x.dtype))
        total = ops.sum(ops.multiply(x, counted), axis=axis, keepdims=self.keepdims)
        return ops.divide(total, ops.sum(counted, axis=axis, keepdims=self.keepdims))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


MaxPool1D, AvgPool1D, MaxPool2D, AvgPool2D = MaxPooling1D, AveragePooling1D, MaxPooling2D, AveragePooling2D
GlobalAvgPool1D, GlobalMaxPool1D = GlobalAveragePooling1D, GlobalMaxPooling1D
GlobalAvgPool2D, GlobalMaxPool2D = GlobalAveragePooling2D, GlobalMaxPooling2D
