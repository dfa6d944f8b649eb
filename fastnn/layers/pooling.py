"""Pooling layers: windows or whole images become one number per channel."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.layers.arguments import channels_last, one_of, pair
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable


class Pooling2D(Layer):
    """Base of layers that move a window over images."""

    config_names = ("pool_size", "padding", "strides", "data_format")

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = pair("pool_size", pool_size)
        self.strides = self.pool_size if strides is None else pair("strides", strides)
        self.padding = one_of("padding", padding, ("valid", "same"))
        self.data_format = channels_last(data_format)
        self.built = True

    @property
    def window(self) -> dict[str, Any]:
        """The operation's attributes."""
        return {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}


@serializable("keras.layers")
class MaxPooling2D(Pooling2D):
    """The largest number of every window.

    Args:
        pool_size: Height and width of the window; one number for both.
        strides: Steps down and right; the window's size by default.
        padding: 'valid' (windows inside only) or 'same'.
        data_format: 'channels_last', the only one.

    Example:
        >>> MaxPooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy().ravel()
        array([4.], dtype=float32)
    """

    def call(self, x: Any) -> Any:
        return ops.max_pool2d(x, **self.window)


@serializable("keras.layers")
class AveragePooling2D(Pooling2D):
    """The mean of every window.

    Args:
        pool_size: Height and width of the window; one number for both.
        strides: Steps down and right; the window's size by default.
        padding: 'valid' (windows inside only) or 'same', where padding does not count.
        data_format: 'channels_last', the only one.

    Example:
        >>> AveragePooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy().ravel()
        array([2.5], dtype=float32)
    """

    def call(self, x: Any) -> Any:
        return ops.average_pool2d(x, **self.window)


class GlobalPooling2D(Layer):
    """Base of layers that reduce whole images."""

    config_names = ("data_format", "keepdims")

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format, self.keepdims = channels_last(data_format), bool(keepdims)
        self.built = True


@serializable("keras.layers")
class GlobalAveragePooling2D(GlobalPooling2D):
    """The mean of every channel.

    Args:
        data_format: 'channels_last', the only one.
        keepdims: Whether to keep height and width as axes of length one.

    Example:
        >>> GlobalAveragePooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy()
        array([[2.5]], dtype=float32)
    """

    def call(self, x: Any) -> Any:
        return ops.global_average_pool2d(x, keepdims=self.keepdims)


@serializable("keras.layers")
class GlobalMaxPooling2D(GlobalPooling2D):
    """The largest number of every channel.

    Args:
        data_format: 'channels_last', the only one.
        keepdims: Whether to keep height and width as axes of length one.

    Example:
        >>> GlobalMaxPooling2D()([[[[1.0], [2.0]], [[3.0], [4.0]]]]).numpy()
        array([[4.]], dtype=float32)
    """

    def call(self, x: Any) -> Any:
        return ops.global_max_pool2d(x, keepdims=self.keepdims)


MaxPool2D, AvgPool2D = MaxPooling2D, AveragePooling2D
GlobalAvgPool2D, GlobalMaxPool2D = GlobalAveragePooling2D, GlobalMaxPooling2D
