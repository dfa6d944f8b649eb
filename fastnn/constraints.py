"""Constraints on weights: what they are put back to after every update; composed of operations."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.utils.naming import did_you_mean, snake_case
from fastnn.utils.registry import deserializer, serializable

EPSILON = 1e-7  # keeps divisions away from 0


class Constraint:
    """Base of constraints: a callable that gives the weight that is allowed.

    Example:
        >>> class Halved(Constraint):
        ...     def __call__(self, w):
        ...         return w * 0.5
        >>> from fastnn import Tensor
        >>> Halved()(Tensor([2.0])).numpy()
        array([1.], dtype=float32)
    """

    config_names: tuple[str, ...] = ()

    def __call__(self, w: Any) -> Any:
        """The weight that is allowed."""
        raise NotImplementedError(f"Constraint {type(self).__name__} does not have a `__call__()` of its own.")

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal constraint."""
        return {key: getattr(self, key) for key in self.config_names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """The constraint that a configuration describes."""
        return cls(**config)


def not_negative(name: str, value: Any) -> float:
    """A number, 0 or larger.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ValueError(f"Expected {name} to be a number, 0 or larger. Received: {name}={value!r}")
    return value


def norms(w: Any, axis: Any) -> Any:
    """Lengths of the vectors along axes."""
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@serializable("keras.constraints")
class MaxNorm(Constraint):
    """Vectors that are longer than `max_value` are made that long.

    Args:
        max_value: The largest length.
        axis: Axis, or axes, along which the vectors lie; 0 for the kernel of Dense.

    Example:
        >>> from fastnn import Tensor
        >>> MaxNorm(1.0)(Tensor([[3.0], [4.0]])).numpy().round(4).tolist()
        [[0.6000000238418579], [0.800000011920929]]
    """

    config_names = ("max_value", "axis")

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = not_negative("max_value", max_value), axis

    def __call__(self, w: Any) -> Any:
        length = norms(w, self.axis)
        return w * (ops.clip(length, 0.0, float(self.max_value)) / (EPSILON + length))


@serializable("keras.constraints")
class NonNeg(Constraint):
    """Negative numbers become 0.

    Example:
        >>> from fastnn import Tensor
        >>> NonNeg()(Tensor([-1.0, 2.0])).numpy()
        array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        return ops.relu(w)


@serializable("keras.constraints")
class UnitNorm(Constraint):
    """Vectors are made one long.

    Args:
        axis: Axis, or axes, along which the vectors lie.

    Example:
        >>> from fastnn import Tensor
        >>> UnitNorm()(Tensor([[3.0], [4.0]])).numpy().round(4).tolist()
        [[0.6000000238418579], [0.800000011920929]]
    """

    config_names = ("axis",)

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return w / (EPSILON + norms(w, self.axis))


@serializable("keras.constraints")
class MinMaxNorm(Constraint):
    """Vectors' lengths are moved between two bounds.

    Args:
        min_value: The smallest length.
        max_value: The largest length.
        rate: How far of the way; 1 is all of it.
        axis: Axis, or axes, along which the vectors lie.

    Example:
        >>> from fastnn import Tensor
        >>> MinMaxNorm(0.0, 1.0, rate=0.5)(Tensor([[3.0]])).numpy().round(4)
        array([[2.]], dtype=float32)
    """

    config_names = ("min_value", "max_value", "rate", "axis")

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value = not_negative("min_value", min_value), not_negative("max_value", max_value)
        self.rate, self.axis = not_negative("rate", rate), axis

    def __call__(self, w: Any) -> Any:
        length = norms(w, self.axis)
        allowed = ops.clip(length, float(self.min_value), float(self.max_value))
        wanted = allowed * float(self.rate) + length * (1.0 - float(self.rate))
        return w * (wanted / (EPSILON + length))


CLASSES: dict[str, type[Constraint]] = {c.__name__: c for c in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)}
max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm


deserialize = deserializer("keras.constraints")


def get(identifier: Any) -> Any:
    """A constraint by name, configuration, or as it is; None stays None.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> type(get("non_neg")).__name__
        'NonNeg'
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    known = {**CLASSES, **{snake_case(name): c for name, c in CLASSES.items()}}
    if not isinstance(identifier, str) or identifier not in known:
        raise ValueError(
            f"Expected the name of a constraint. Received: {identifier!r}; {did_you_mean(str(identifier), known)}"
        )
    return known[identifier]()


def serialize(constraint: Any) -> Any:
    """A constraint as JSON."""
    from fastnn.utils.registry import serialize as serialize_any

    return serialize_any(constraint)
