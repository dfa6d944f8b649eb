"""Errors that say what was expected, what was received, and where.

Every class is also the built-in error that Keras users catch (`ValueError`, `TypeError`).
"""

from __future__ import annotations

from collections.abc import Sequence


def _where(layer: str | None, operation: str | None) -> str:
    if layer and operation:
        return f"layer '{layer}' ({operation}): "
    if layer:
        return f"layer '{layer}': "
    return f"{operation}: " if operation else ""


class FastnnError(Exception):
    """Base of all errors raised by fastnn; carries layer, operation and shapes where they are known.

    Args:
        message: What was expected and what was received.
        layer: Name of the layer at fault, if any.
        operation: Name of the operation at fault, if any.
        shapes: Shapes of the operation's inputs.

    Example:
        >>> str(ShapeError("expected rank 2, received 1.", layer="fc", operation="dense"))
        "layer 'fc' (dense): expected rank 2, received 1."
    """

    def __init__(
        self,
        message: str,
        *,
        layer: str | None = None,
        operation: str | None = None,
        shapes: Sequence[tuple[int | None, ...]] = (),
    ) -> None:
        self.message, self.layer, self.operation, self.shapes = message, layer, operation, tuple(shapes)
        super().__init__(message)

    def __str__(self) -> str:
        return _where(self.layer, self.operation) + self.message

    def in_layer(self, layer: str) -> FastnnError:
        """Name the layer, unless an inner layer already did; returns self so that it can be raised."""
        self.layer = self.layer or layer
        return self


class ShapeError(FastnnError, ValueError):
    """Shapes do not fit an operation or a layer."""


class DTypeError(FastnnError, TypeError):
    """An array has a type that an operation cannot work with."""


class GraphError(FastnnError, ValueError):
    """Symbolic tensors do not connect, or a graph was used in a way that it does not allow."""


class ValueNeededError(GraphError):
    """Python asked for the data of a tensor of which only shape and type are known."""


class KernelError(FastnnError, ValueError):
    """A kernel met a value that it cannot work with, such as a class label out of range."""
