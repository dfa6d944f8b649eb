"""Layers that put several tensors together."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

from fastnn import ops
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable


class Merge(Layer):
    """Base of layers that take a list of tensors of one shape, or shapes that broadcast."""

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 1:
            raise ValueError(f"Layer '{self.name}': expected a list of tensors. Received: {inputs!r}")
        return self.merge(list(inputs))

    def merge(self, tensors: list[Any]) -> Any:
        """All tensors as one."""
        raise NotImplementedError

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """What counts in one of the inputs; None if one of them has no mask."""
        masks = checked_masks(inputs, previous_mask)
        return reduce(ops.logical_or, masks) if masks and all(m is not None for m in masks) else None


@serializable("keras.layers")
class Concatenate(Merge):
    """Tensors one after the other along an axis.

    Args:
        axis: The axis.

    Raises:
        ValueError: if the other axes differ.

    Example:
        >>> from fastnn import Tensor
        >>> Concatenate()([Tensor([[1.0]]), Tensor([[2.0, 3.0]])]).numpy()
        array([[1., 2., 3.]], dtype=float32)
    """

    config_names = ("axis",)

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise ValueError(f"Expected axis to be a whole number. Received: axis={axis!r}")
        self.axis = int(axis)

    def merge(self, tensors: list[Any]) -> Any:
        return ops.concatenate(*tensors, axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks one after the other; inputs without one count everywhere."""
        masks = checked_masks(inputs, previous_mask)
        if all(m is None for m in masks):
            return None
        wide = [widened(m, x) for x, m in zip(inputs, masks, strict=True)]
        return ops.any(ops.concatenate(*wide, axis=self.axis), axis=-1)


@serializable("keras.layers")
class Add(Merge):
    """The sum of tensors.

    Example:
        >>> from fastnn import Tensor
        >>> Add()([Tensor([1.0]), Tensor([2.0])]).numpy()
        array([3.], dtype=float32)
    """

    def merge(self, tensors: list[Any]) -> Any:
        return reduce(ops.add, tensors)


@serializable("keras.layers")
class Subtract(Merge):
    """The first of two tensors less the second.

    Example:
        >>> from fastnn import Tensor
        >>> Subtract()([Tensor([1.0]), Tensor([2.0])]).numpy()
        array([-1.], dtype=float32)
    """

    def merge(self, tensors: list[Any]) -> Any:
        if len(tensors) != 2:
            raise ValueError(f"Layer '{self.name}': expected two tensors. Received: {len(tensors)}")
        return ops.subtract(*tensors)


@serializable("keras.layers")
class Multiply(Merge):
    """The product of tensors, cell by cell.

    Example:
        >>> from fastnn import Tensor
        >>> Multiply()([Tensor([3.0]), Tensor([2.0])]).numpy()
        array([6.], dtype=float32)
    """

    def merge(self, tensors: list[Any]) -> Any:
        return reduce(ops.multiply, tensors)


@serializable("keras.layers")
class Average(Merge):
    """The mean of tensors, cell by cell.

    Example:
        >>> from fastnn import Tensor
        >>> Average()([Tensor([1.0]), Tensor([2.0])]).numpy()
        array([1.5], dtype=float32)
    """

    def merge(self, tensors: list[Any]) -> Any:
        return reduce(ops.add, tensors) * (1.0 / len(tensors))


@serializable("keras.layers")
class Maximum(Merge):
    """The largest of tensors, cell by cell.

    Example:
        >>> from fastnn import Tensor
        >>> Maximum()([Tensor([1.0]), Tensor([2.0])]).numpy()
        array([2.], dtype=float32)
    """

    def merge(self, tensors: list[Any]) -> Any:
        return reduce(ops.maximum, tensors)


@serializable("keras.layers")
class Minimum(Merge):
    """The smallest of tensors, cell by cell.

    Example:
        >>> from fastnn import Tensor
        >>> Minimum()([Tensor([1.0]), Tensor([2.0])]).numpy()
        array([1.], dtype=float32)
    """

    def merge(self, tensors: list[Any]) -> Any:
        return reduce(ops.minimum, tensors)


@serializable("keras.layers")
class Dot(Merge):
    """Sums of products of two tensors along one axis of each, sample by sample.

    Args:
        axes: The axis of both, or a pair of axes; not 0, which is the batch.
        normalize: Whether the tensors are divided by their lengths along the axes first, which gives cosines.

    Raises:
        TypeError: if axes is no whole number or pair.
        ValueError: if the pair is of another length or the tensors do not fit.

    Example:
        >>> from fastnn import Tensor
        >>> Dot(axes=1)([Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]])]).numpy()
        array([[11.]], dtype=float32)
    """

    config_names = ("axes", "normalize")

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)) or isinstance(axes, bool):
            raise TypeError(f"Expected axes to be a whole number or two of them. Received: axes={axes!r}")
        if not isinstance(axes, int) and (len(axes) != 2 or not all(isinstance(a, int) for a in axes)):
            raise ValueError(f"Expected axes to be a whole number or two of them. Received: axes={axes!r}")
        self.axes, self.normalize = axes, bool(normalize)

    def merge(self, tensors: list[Any]) -> Any:
        if len(tensors) != 2:
            raise ValueError(f"Layer '{self.name}': expected a list of 2 tensors. Received: {len(tensors)}")
        x, y = tensors
        a, b = self._axes(x.shape, y.shape)
        if self.normalize:
            x, y = ops.normalize(x, axis=a), ops.normalize(y, axis=b)
        rows, columns = without(x.shape, a), without(y.shape, b)
        left = ops.reshape(ops.moveaxis(x, a, -1), shape=(x.shape[0], math.prod(rows), x.shape[a]))
        right = ops.reshape(ops.moveaxis(y, b, 1), shape=(y.shape[0], y.shape[b], math.prod(columns)))
        return ops.reshape(ops.matmul(left, right), shape=(x.shape[0], *((*rows, *columns) or (1,))))

    def _axes(self, x: Any, y: Any) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        a, b = (axis + len(s) if axis < 0 else axis for axis, s in zip(pair, (x, y), strict=True))
        if not (0 < a < len(x) and 0 < b < len(y)) or x[a] != y[b] or x[0] != y[0]:
            raise ValueError(
                f"Layer '{self.name}': expected tensors of one batch size and of one length along axes={self.axes}, "
                f"which are not 0. Received: shapes {tuple(x)} and {tuple(y)}"
            )
        return a, b

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Nothing is left of masks."""
        return


def without(shape: Any, axis: int) -> tuple[int, ...]:
    """A shape without its batch and one axis."""
    return tuple(n for k, n in enumerate(shape) if k not in (0, axis))


def checked_masks(inputs: Any, masks: Any) -> list[Any]:
    """One mask or None per input, or nothing."""
    if masks is None:
        return []
    if not isinstance(masks, (list, tuple)) or len(masks) != len(inputs):
        raise ValueError(f"Expected mask to be a list of {len(inputs)} masks. Received: mask={masks!r}")
    return list(masks)


def widened(mask: Any, x: Any) -> Any:
    """A mask with the axes of the tensor that it belongs to; true everywhere if there is none."""
    if mask is None:
        return ops.ones(x.shape, dtype="bool")
    return mask if len(mask.shape) == len(x.shape) else ops.broadcast_to(ops.expand_dims(mask, axis=-1), shape=x.shape)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """A `Dot` layer applied at once."""
    return Dot(axes=axes, **kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """A `Concatenate` layer applied at once."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """An `Add` layer applied at once."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """A `Subtract` layer applied at once."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """A `Multiply` layer applied at once."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """An `Average` layer applied at once."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """A `Maximum` layer applied at once."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """A `Minimum` layer applied at once."""
    return Minimum(**kwargs)(inputs)
