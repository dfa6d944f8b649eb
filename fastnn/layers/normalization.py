"""Layers that bring numbers to mean 0 and variance 1, or damp them by their neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn import constraints, initializers, ops, regularizers
from fastnn.engine import graph
from fastnn.layers.arguments import axes as axes_of
from fastnn.layers.arguments import number, only, share, whole
from fastnn.layers.base import Layer
from fastnn.ops.networks import mean_of_all
from fastnn.utils.registry import serializable

WEIGHT_ARGUMENTS = (
    "beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint",
    "gamma_constraint",
)  # fmt: skip


def checked_axis(axis: Any) -> Any:
    """An axis, or several as a list; raises ValueError for anything else."""
    found = axes_of("axis", axis)
    return list(found) if isinstance(axis, (list, tuple)) else found[0]


def places(layer: Layer, axis: int | Sequence[int], shape: Sequence[int | None]) -> list[int]:
    """The axes counted from the front; raises ValueError for one that is not there or open."""
    several = [axis] if isinstance(axis, int) else list(axis)
    if any(not -len(shape) <= a < len(shape) for a in several):
        raise ValueError(f"Layer '{layer.name}': expected an axis of the input. Received: axis={axis}, shape {shape}")
    found = sorted(a % len(shape) for a in several)
    if any(shape[a] is None for a in found):
        raise ValueError(f"Layer '{layer.name}': expected known lengths along axis {axis}. Received: shape {shape}")
    return found


class ScaleAndCenter(Layer):
    """What normalizations share: the weights gamma (factor) and beta (offset)."""

    supports_masking = True
    weight_names: tuple[str, ...] = ("gamma", "beta")

    def _set_weight_arguments(self, given: dict[str, Any], epsilon: Any, center: Any, scale: Any) -> None:
        self.epsilon, self.center, self.scale = number("epsilon", epsilon, 0), bool(center), bool(scale)
        for name in WEIGHT_ARGUMENTS:
            room = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}
            setattr(self, name, room[name.split("_")[1]].get(given[name]))

    def _add_scale_and_center(self, shape: tuple[int | None, ...]) -> None:
        self.gamma = self._add_named("gamma", shape) if self.scale else None
        self.beta = self._add_named("beta", shape) if self.center else None

    def _add_named(self, name: str, shape: Any) -> Any:
        parts = {key: getattr(self, f"{name}_{key}") for key in ("initializer", "regularizer", "constraint")}
        return self.add_weight(shape, name=name, **parts)

    def _scaled(self, x: Any, axes: Sequence[int]) -> Any:
        """X times gamma plus beta, whose axes are those of x."""
        shape = tuple(n if d in axes else 1 for d, n in enumerate(x.shape))
        x = x if self.gamma is None else x * ops.reshape(self.gamma, shape=shape)
        return x if self.beta is None else x + ops.reshape(self.beta, shape=shape)


@serializable("keras.layers")
class BatchNormalization(ScaleAndCenter):
    """Mean 0 and variance 1 along the batch, times gamma plus beta; Ioffe and Szegedy, 2015.

    In training mean and variance are those of the batch, and the moving ones take a step towards them. In inference,
    and while the layer is not trainable, the moving ones are used and stay.

    Args:
        axis: The axis of the features: each has statistics of its own.
        momentum: Share of the moving statistics that stays in a training step, from 0 to 1.
        epsilon: Added to the variance.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: Initial values of beta, shape (features,).
        gamma_initializer: Initial values of gamma.
        moving_mean_initializer: Initial values of the moving mean.
        moving_variance_initializer: Initial values of the moving variance.
        beta_regularizer: Penalty on beta.
        gamma_regularizer: Penalty on gamma.
        beta_constraint: Constraint of beta.
        gamma_constraint: Constraint of gamma.
        renorm: Not available: False.
        renorm_clipping: Not available: None.
        renorm_momentum: Passed over, since there is no renorm.
        synchronized: Kept in the configuration: processes that train together have one mean and variance in any case.

    Raises:
        ValueError: for arguments of the wrong kind, or an axis that the input does not have.

    Example:
        >>> layer = BatchNormalization(epsilon=0.0)
        >>> layer([[1.0], [3.0]], training=True).numpy().ravel()
        array([-1.,  1.], dtype=float32)
    """

    config_names = (
        "axis", "momentum", "epsilon", "center", "scale", "moving_mean_initializer", "moving_variance_initializer",
        "renorm", "renorm_clipping", "renorm_momentum", "synchronized", *WEIGHT_ARGUMENTS,
    )  # fmt: skip
    weight_names = ("gamma", "beta", "moving_mean", "moving_variance")

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        given = locals()
        super().__init__(**kwargs)
        only("renorm", bool(renorm), False)
        only("renorm_clipping", renorm_clipping, None)
        self._set_weight_arguments(given, epsilon, center, scale)
        self.axis = checked_axis(axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis)
        if isinstance(self.axis, list):
            raise ValueError(f"Expected axis to be one whole number. Received: axis={axis!r}")
        self.momentum, self.synchronized = share("momentum", momentum), bool(synchronized)
        self.renorm, self.renorm_clipping, self.renorm_momentum = False, None, renorm_momentum
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[places(self, self.axis, input_shape)[0]],)
        self._add_scale_and_center(shape)
        self.moving_mean = self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def call(self, x: Any, training: bool = False, mask: Any = None) -> Any:
        axis = places(self, self.axis, x.shape)
        if mask is not None and len(mask.shape) != len(x.shape) - 1:
            raise ValueError(
                f"Layer '{self.name}': expected a mask with one axis less than the input. "
                f"Received: mask of shape {tuple(mask.shape)}, input of shape {tuple(x.shape)}"
            )
        if not training or not self.trainable:
            return self._with_statistics(x, self.moving_mean, self.moving_variance)
        rest = tuple(d for d in range(len(x.shape)) if d != axis[0])
        if mask is None and not graph.in_parts():
            y, mean, variance = ops.standardize(x, axis=rest, epsilon=self.epsilon)
            y = self._scaled(y, axis)
        else:
            mean, variance = ops.moments(x, rest, synchronized=True) if mask is None else masked_moments(x, mask, rest)
            y = self._with_statistics(x, mean, variance)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(ops.moving_average(moving, ops.stop_gradient(value), momentum=self.momentum))
        return y

    def _with_statistics(self, x: Any, mean: Any, variance: Any) -> Any:
        return ops.batch_normalization(
            x, mean, variance, axis=self.axis, offset=self.beta, scale=self.gamma, epsilon=self.epsilon
        )


def masked_moments(x: Any, mask: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """Mean and variance of the cells where the mask is true, over all processes that train together."""
    counted = ops.broadcast_to(ops.expand_dims(ops.cast(mask, dtype="bool"), axis=-1), shape=tuple(x.shape))
    least = 1e-7 / max(1, math.prod(x.shape[a] for a in axes))
    filled = mean_of_all(ops.cast(counted, dtype=x.dtype), axes, keepdims=True) + least
    mean = mean_of_all(ops.where(counted, x, 0.0), axes, keepdims=True) / filled
    away = ops.where(counted, x - mean, 0.0)
    variance = mean_of_all(ops.square(away), axes, keepdims=True) / filled
    return ops.squeeze(mean, axis=axes), ops.squeeze(variance, axis=axes)


@serializable("keras.layers")
class LayerNormalization(ScaleAndCenter):
    """Mean 0 and variance 1 within every sample, times gamma plus beta; Ba, Kiros and Hinton, 2016.

    Args:
        axis: The axis or axes along which mean and variance are taken.
        epsilon: Added to the variance.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: Initial values of beta, of the lengths of the axes.
        gamma_initializer: Initial values of gamma.
        beta_regularizer: Penalty on beta.
        gamma_regularizer: Penalty on gamma.
        beta_constraint: Constraint of beta.
        gamma_constraint: Constraint of gamma.

    Raises:
        ValueError: for arguments of the wrong kind, or an axis that the input does not have.

    Example:
        >>> LayerNormalization(epsilon=0.0)([[1.0, 3.0]]).numpy()
        array([[-1.,  1.]], dtype=float32)
    """

    config_names = ("axis", "epsilon", "center", "scale", *WEIGHT_ARGUMENTS)

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = locals()
        only("rms_scaling", bool(kwargs.pop("rms_scaling", False)), False)
        super().__init__(**kwargs)
        self._set_weight_arguments(given, epsilon, center, scale)
        self.axis = checked_axis(axis)

    def build(self, input_shape: Any) -> None:
        self._add_scale_and_center(tuple(input_shape[a] for a in places(self, self.axis, input_shape)))

    def call(self, x: Any) -> Any:
        axes = places(self, self.axis, x.shape)
        y, _, _ = ops.standardize(x, axis=tuple(axes), epsilon=self.epsilon)
        return self._scaled(y, axes)


@serializable("keras.layers")
class GroupNormalization(ScaleAndCenter):
    """Mean 0 and variance 1 within groups of channels of every sample, times gamma plus beta; Wu and He, 2018.

    Args:
        groups: Number of groups; -1 makes every channel a group.
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: Initial values of beta, shape (channels,).
        gamma_initializer: Initial values of gamma.
        beta_regularizer: Penalty on beta.
        gamma_regularizer: Penalty on gamma.
        beta_constraint: Constraint of beta.
        gamma_constraint: Constraint of gamma.

    Raises:
        ValueError: for arguments of the wrong kind, or groups that do not divide the channels.

    Example:
        >>> GroupNormalization(2, epsilon=0.0)([[1.0, 3.0, 5.0, 9.0]]).numpy()
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    config_names = ("groups", "axis", "epsilon", "center", "scale", *WEIGHT_ARGUMENTS)

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = locals()
        super().__init__(**kwargs)
        self._set_weight_arguments(given, epsilon, center, scale)
        self.groups = -1 if groups == -1 else whole("groups", groups)
        self.axis = checked_axis(axis)
        if isinstance(self.axis, list):
            raise ValueError(f"Expected axis to be one whole number. Received: axis={axis!r}")

    def build(self, input_shape: Any) -> None:
        place = places(self, self.axis, input_shape)[0]
        channels = input_shape[place]
        self.groups = channels if self.groups == -1 else self.groups
        if place == 0 or channels % self.groups:
            raise ValueError(
                f"Layer '{self.name}': expected groups that divide the channels, which do not lie on the first axis. "
                f"Received: groups={self.groups}, axis={self.axis}, shape {input_shape}"
            )
        self._add_scale_and_center((channels,))

    def call(self, x: Any) -> Any:
        place = places(self, self.axis, x.shape)[0]
        shape = tuple(x.shape)
        parts = (*shape[:place], self.groups, shape[place] // self.groups, *shape[place + 1 :])
        axes = tuple(d for d in range(1, len(parts)) if d != place)
        y, _, _ = ops.standardize(ops.reshape(x, shape=parts), axis=axes, epsilon=self.epsilon)
        return self._scaled(ops.reshape(y, shape=shape), [place])


@serializable("keras.layers")
class RMSNormalization(Layer):
    """Numbers divided by the root of their mean square, times a scale; Zhang and Sennrich, 2019.

    Args:
        axis: The axis or axes along which the mean is taken.
        epsilon: Added to the mean square.

    Raises:
        ValueError: for arguments of the wrong kind, or an axis that the input does not have.

    Example:
        >>> RMSNormalization(epsilon=0.0)([[3.0, -3.0]]).numpy()
        array([[ 1., -1.]], dtype=float32)
    """

    supports_masking = True
    config_names = ("axis", "epsilon")
    weight_names = ("scale",)

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = checked_axis(axis), number("epsilon", epsilon, 0)

    def build(self, input_shape: Any) -> None:
        axes = places(self, self.axis, input_shape)
        self.scale = self.add_weight(tuple(input_shape[a] for a in axes), "ones", name="scale")

    def call(self, x: Any) -> Any:
        axes = tuple(places(self, self.axis, x.shape))
        return ops.rms_normalization(x, scale=self.scale, axis=axes, epsilon=self.epsilon)


@serializable("keras.layers")
class UnitNormalization(Layer):
    """Numbers divided by their Euclidean length.

    Args:
        axis: The axis or axes along which the length is taken.

    Raises:
        ValueError: if the axis is not a whole number or several.

    Example:
        >>> UnitNormalization()([[3.0, 4.0]]).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """

    supports_masking = True
    config_names = ("axis",)

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = checked_axis(axis)
        self.built = True

    def call(self, x: Any) -> Any:
        axes = tuple(places(self, self.axis, x.shape))
        squares = ops.sum(ops.square(x), axis=axes, keepdims=True)
        return x / ops.sqrt(ops.maximum(squares, 1e-24))


@serializable("fastnn.layers")
class LocalResponseNormalization(Layer):
    """Every number divided by a power of its neighbouring channels' squares; Krizhevsky and others, 2012.

    Args:
        depth_radius: How many channels on each side are neighbours.
        bias: Added to the sum of squares.
        alpha: Factor of the sum of squares.
        beta: The power.

    Raises:
        ValueError: for arguments of the wrong kind.

    Example:
        >>> LocalResponseNormalization(1, bias=0.0, beta=0.5)([[3.0, 4.0]]).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """

    supports_masking = True
    config_names = ("depth_radius", "bias", "alpha", "beta")

    def __init__(
        self, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.depth_radius = whole("depth_radius", depth_radius, 0)
        self.bias, self.alpha, self.beta = number("bias", bias, 0), number("alpha", alpha, 0), number("beta", beta, 0)
        self.built = True

    def call(self, x: Any) -> Any:
        return ops.local_response_normalization(
            x, depth_radius=self.depth_radius, bias=self.bias, alpha=self.alpha, beta=self.beta
        )
