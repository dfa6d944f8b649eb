"""Operations under TensorFlow's argument names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import ops

Function = Callable[..., Any]


def renamed(operation: Function, names: str, **defaults: Any) -> Function:
    """An operation that takes TensorFlow's arguments.

    Args:
        operation: What is called. Its first argument is passed by position, the others by name.
        names: TensorFlow's names in TensorFlow's order, each as `theirs` or `theirs=ours`.
        **defaults: TensorFlow's defaults, by its names, where ours differ.

    Example:
        >>> gather = renamed(ops.take, "params indices axis", axis=0)
        >>> gather(params=[[1.0], [2.0]], indices=[1]).numpy()
        array([[2.]], dtype=float32)
    """
    pairs = [name.partition("=") for name in names.split()]
    ours = {theirs: own or theirs for theirs, _, own in pairs}
    first = next(iter(ours))

    def call(*args: Any, name: str | None = None, **kwargs: Any) -> Any:
        given = {**defaults, **dict(zip(ours, args, strict=False)), **kwargs}
        unknown = [n for n in given if n not in ours]
        if unknown or len(args) > len(ours) or first not in given:
            raise TypeError(
                f"Expected the arguments {', '.join(ours)}. Received: {len(args)} by position, by name {sorted(kwargs)}"
            )
        head = given.pop(first)
        return operation(head, **{ours[n]: v for n, v in given.items()})

    call.__name__ = getattr(operation, "name", getattr(operation, "__name__", "call"))
    return call


def same(names: str) -> dict[str, Function]:
    """Operations whose names and order of arguments are ours, by name."""
    return {name: unnamed(getattr(ops, name)) for name in names.split()}


def unnamed(operation: Function) -> Function:
    """An operation that does not mind being given a name, or its first argument as `x`."""

    def call(*args: Any, name: str | None = None, **kwargs: Any) -> Any:
        lead = [kwargs.pop(n) for n in ("x", "y") if n in kwargs]
        return operation(*args, *lead, **kwargs)

    call.__name__ = getattr(operation, "name", getattr(operation, "__name__", "call"))
    return call
