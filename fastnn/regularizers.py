"""Penalties on weights that are added to the loss."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.utils.naming import did_you_mean
from fastnn.utils.registry import deserializer, serializable


class Regularizer:
    """Base of regularizers: a callable that gives a scalar for a weight, composed of operations."""

    def __call__(self, x: Any) -> Any:
        """The penalty."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal regularizer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """The regularizer that a configuration describes."""
        return cls(**config)


def checked(name: str, factor: Any) -> float:
    """A factor as a number that is not negative."""
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not factor >= 0:
        raise ValueError(f"Expected {name} to be a number, 0 or larger. Received: {name}={factor!r}")
    return float(factor)


@serializable("keras.regularizers")
class L1L2(Regularizer):
    """l1 times the sum of absolute values plus l2 times the sum of squares.

    Args:
        l1: Factor of the absolute values, 0 or larger.
        l2: Factor of the squares, 0 or larger.

    Raises:
        ValueError: if a factor is negative or not a number.

    Example:
        >>> float(L1L2(l1=1.0, l2=0.5)([1.0, -2.0]))
        5.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1, self.l2 = checked("l1", l1 or 0.0), checked("l2", l2 or 0.0)

    def __call__(self, x: Any) -> Any:
        parts = []
        if self.l1:
            parts.append(self.l1 * ops.sum(ops.absolute(x)))
        if self.l2:
            parts.append(self.l2 * ops.sum(ops.square(x)))
        if not parts:
            return 0.0 * ops.sum(x)
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@serializable("keras.regularizers")
class L1(L1L2):
    """l1 times the sum of absolute values.

    Args:
        l1: Factor, 0 or larger.

    Example:
        >>> float(L1(1.0)([1.0, -2.0]))
        3.0
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@serializable("keras.regularizers")
class L2(L1L2):
    """l2 times the sum of squares.

    Args:
        l2: Factor, 0 or larger.

    Example:
        >>> float(L2(1.0)([1.0, -2.0]))
        5.0
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@serializable("keras.regularizers")
class OrthogonalRegularizer(Regularizer):
    """A factor times the mean absolute cosine between two rows (or columns) of a matrix.

    Args:
        factor: Strength, 0 or larger.
        mode: 'rows' or 'columns': which are to become orthogonal.

    Raises:
        ValueError: for another mode; when called, for weights that are not a matrix.

    Example:
        >>> float(OrthogonalRegularizer(0.5)([[1.0, 0.0], [1.0, 0.0]]))
        0.5
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"Expected mode to be 'rows' or 'columns'. Received: mode={mode!r}")
        self.factor, self.mode = checked("factor", factor), mode

    def __call__(self, x: Any) -> Any:
        shape = tuple(ops.shape(x))
        if len(shape) != 2:
            raise ValueError(f"Expected a matrix. Received: shape {shape}")
        rows = ops.normalize(x if self.mode == "rows" else ops.transpose(x), axis=1)
        count = rows.shape[0]
        others = 1.0 - ops.eye(count)
        cosines = ops.abs(ops.matmul(rows, ops.transpose(rows)) * others)
        return self.factor * 0.5 * ops.sum(cosines) / (count * (count - 1) / 2)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def orthogonal_regularizer(factor: float = 0.01, mode: str = "rows") -> OrthogonalRegularizer:
    """`OrthogonalRegularizer`, by its lower-case name."""
    return OrthogonalRegularizer(factor, mode)


def l1(l1: float = 0.01) -> L1:
    """`L1`, by its lower-case name."""
    return L1(l1)


def l2(l2: float = 0.01) -> L2:
    """`L2`, by its lower-case name."""
    return L2(l2)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """`L1L2`, by its lower-case name.

    Example:
        >>> l1_l2().get_config()
        {'l1': 0.01, 'l2': 0.01}
    """
    return L1L2(l1, l2)


KNOWN: dict[str, type[Regularizer]] = {
    "l1": L1, "l2": L2, "l1_l2": L1L2, "l1l2": L1L2, "L1": L1, "L2": L2, "L1L2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer, "OrthogonalRegularizer": OrthogonalRegularizer,
}  # fmt: skip


deserialize = deserializer("keras.regularizers")


def get(identifier: Any) -> Any:
    """A regularizer by name, configuration, or as it is; None stays None.

    Raises:
        ValueError: for an unknown name.

    Example:
        >>> get("l2").get_config()
        {'l2': 0.01}
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        if identifier not in KNOWN:
            raise ValueError(
                f"Expected the name of a regularizer. Received: {identifier!r}; {did_you_mean(identifier, KNOWN)}"
            )
        return KNOWN[identifier]()
    raise ValueError(f"Expected a regularizer, its name or a function. Received: {identifier!r}")


def serialize(regularizer: Any) -> Any:
    """A regularizer as JSON.

    Example:
        >>> serialize(L2(0.5))["config"]
        {'l2': 0.5}
    """
    from fastnn.utils.registry import serialize as serialize_any

    return serialize_any(regularizer)
