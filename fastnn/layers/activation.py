"""Activation functions with arguments or weights, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import activations, constraints, initializers, ops, regularizers
from fastnn.layers.arguments import axes as checked_axes
from fastnn.layers.arguments import number
from fastnn.layers.base import Layer
from fastnn.utils.registry import serializable

HIDDEN = -1e9  # what softmax sees in place of a masked number, as in Keras


@serializable("keras.layers")
class ReLU(Layer):
    """The larger of x and 0; with arguments, with a slope on its left, a ceiling, and a place where it begins.

    Args:
        max_value: Largest result, 0 or larger; none by default.
        negative_slope: Slope below the threshold, 0 or larger.
        threshold: Where x begins to pass, 0 or larger.

    Raises:
        ValueError: for a negative argument.

    Example:
        >>> ReLU(max_value=6, negative_slope=0.5)([-2.0, 1.0, 9.0]).numpy()
        array([-1.,  1.,  6.], dtype=float32)
    """

    supports_masking = True
    config_names = ("max_value", "negative_slope", "threshold")

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else number("max_value", max_value, 0)
        self.negative_slope = number("negative_slope", negative_slope, 0)
        self.threshold = number("threshold", threshold, 0)
        self.built = True

    def call(self, x: Any) -> Any:
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)


@serializable("keras.layers")
class LeakyReLU(Layer):
    """The number itself where it is positive, a small part of it elsewhere; Maas, Hannun and Ng, 2013.

    Args:
        negative_slope: Slope below 0, 0 or larger.

    Raises:
        ValueError: for a negative slope.

    Example:
        >>> LeakyReLU(0.5)([-2.0, 1.0]).numpy()
        array([-1.,  1.], dtype=float32)
    """

    supports_masking = True
    config_names = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:  # its name in Keras 2
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        self.negative_slope = number("negative_slope", negative_slope, 0)
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.leaky_relu(x, negative_slope=self.negative_slope)


@serializable("keras.layers")
class PReLU(Layer):
    """The number itself where it is positive, alpha times it elsewhere; alpha is learnt; He and others, 2015.

    Args:
        alpha_initializer: Initial values of alpha, of the shape of one sample.
        alpha_regularizer: Penalty on alpha.
        alpha_constraint: Constraint of alpha.
        shared_axes: Axes of the input along which alpha is the same, such as [1, 2] for images.

    Raises:
        ValueError: for axes that the input does not have, or the batch axis.

    Example:
        >>> PReLU(alpha_initializer="ones")([[-2.0, 1.0]]).numpy()
        array([[-2.,  1.]], dtype=float32)
    """

    supports_masking = True
    config_names = ("alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes")
    weight_names = ("alpha",)

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = None if shared_axes is None else list(checked_axes("shared_axes", shared_axes))

    def build(self, input_shape: Any) -> None:
        shared = self.shared_axes or []
        if any(not 1 <= a < len(input_shape) for a in shared):
            raise ValueError(
                f"Layer '{self.name}': expected shared_axes from 1 to {len(input_shape) - 1}. "
                f"Received: shared_axes={shared}, input of shape {tuple(input_shape)}"
            )
        shape = tuple(1 if d in shared else n for d, n in enumerate(input_shape))[1:]
        self.alpha = self.add_weight(
            shape, self.alpha_initializer, regularizer=self.alpha_regularizer, constraint=self.alpha_constraint,
            name="alpha",
        )  # fmt: skip

    def call(self, x: Any) -> Any:
        return ops.relu(x) - self.alpha * ops.relu(-x)


@serializable("keras.layers")
class ELU(Layer):
    """The number itself where it is positive, alpha (exp(x) - 1) elsewhere; Clevert and others, 2016.

    Args:
        alpha: What large negative numbers come to, but for the sign.

    Raises:
        ValueError: if alpha is not a number.

    Example:
        >>> ELU(2.0)([-100.0, 1.0]).numpy()
        array([-2.,  1.], dtype=float32)
    """

    supports_masking = True
    config_names = ("alpha",)

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number("alpha", alpha)
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.elu(x, alpha=self.alpha)


@serializable("keras.layers")
class Softmax(Layer):
    """Exponentials that sum to 1; masked numbers become 0.

    Args:
        axis: The axis, or several, along which they sum to 1.

    Raises:
        ValueError: if the axis is not a whole number or several.

    Example:
        >>> Softmax()([[0.0, 0.0]]).numpy()
        array([[0.5, 0.5]], dtype=float32)
        >>> Softmax()([[0.0, 0.0, 5.0]], mask=[[True, True, False]]).numpy()
        array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    supports_masking = True
    config_names = ("axis",)

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        found = checked_axes("axis", axis)
        self.axis = list(found) if isinstance(axis, (list, tuple)) else found[0]
        self.built = True

    def call(self, x: Any, mask: Any = None) -> Any:
        if mask is None:
            return activations.softmax(x, self._axis())
        self._check_mask(x, mask)
        visible = ops.cast(mask, dtype="bool") if str(mask.dtype) == "bool" else ops.greater(mask, 0.5)
        return ops.where(visible, activations.softmax(ops.where(visible, x, HIDDEN), self._axis()), 0.0)

    def _axis(self) -> Any:
        return self.axis[0] if isinstance(self.axis, list) and len(self.axis) == 1 else self.axis

    def _check_mask(self, x: Any, mask: Any) -> None:
        ends = zip(reversed(mask.shape), reversed(x.shape), strict=False)
        if len(mask.shape) > len(x.shape) or any(m not in (1, n) for m, n in ends):
            raise ValueError(
                f"Layer '{self.name}': expected a mask that broadcasts to the input. "
                f"Received: mask of shape {tuple(mask.shape)}, input of shape {tuple(x.shape)}"
            )
