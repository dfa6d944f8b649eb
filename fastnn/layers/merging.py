"""Layers that put several tensors together."""

from __future__ import annotations

from functools import reduce
from typing import Any

from fastnn import ops
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable


class Merge(Layer):
    """Base of layers that take a list of tensors of one shape, or shapes that broadcast."""

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
        self.axis = int(axis)

    def merge(self, tensors: list[Any]) -> Any:
        return ops.concatenate(*tensors, axis=self.axis)


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
