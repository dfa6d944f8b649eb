"""Masks: which time steps of a sequence count. They travel with tensors, from layer to layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.tensor import Tensor


def mask_of(x: Any) -> Any:
    """The mask that a tensor carries, or None."""
    return getattr(x, "_keras_mask", None)


def masks_of(structure: Any) -> Any:
    """The masks of all tensors in a nest."""
    return map_structure(mask_of, structure)


def set_mask(x: Any, mask: Any) -> Any:
    """Let a tensor carry a mask; returns the tensor."""
    x._keras_mask = mask
    return x


def carried_over(new: Any, old: Any) -> Any:
    """The new tensor, with the mask of the one that it was made of."""
    mask = mask_of(old)
    return new if mask is None or new is old else set_mask(new, mask)


def parameters(call: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a method's arguments, without self."""
    known: tuple[str, ...] | None = getattr(call, "parameter_names", None)
    if known is None:
        known = tuple(inspect.signature(call).parameters)[1:]
        call.parameter_names = known  # type: ignore[attr-defined]
    return known


def bound(names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by name."""
    return {**dict(zip(names, args, strict=False)), **kwargs}


def is_tensor(x: Any) -> bool:
    return isinstance(x, (Tensor, SymbolicTensor))


def with_masks(names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments with the masks that the tensors carry, as Keras fills them in.

    One tensor argument fills `mask`; several fill `query_mask`, `value_mask` and so on, each from its own.
    """
    filled, given = dict(kwargs), bound(names, args, kwargs)
    tensors = {k: v for k, v in given.items() if any(map(is_tensor, flatten(v)))}
    if len(tensors) == 1:
        if "mask" in names and given.get("mask") is None:
            filled["mask"] = masks_of(next(iter(tensors.values())))
        return filled
    for name, value in tensors.items():
        if f"{name}_mask" in names and given.get(f"{name}_mask") is None:
            filled[f"{name}_mask"] = masks_of(value)
    return filled


def any_mask(masks: Any) -> bool:
    return any(m is not None for m in flatten(masks))


def put_masks(outputs: Any, masks: Any) -> None:
    """Let outputs carry masks, where they do not yet."""
    if masks is None:
        return
    for tensor, mask in zip(flatten(outputs), flatten(masks), strict=False):
        if mask is not None and mask_of(tensor) is None and is_tensor(tensor):
            set_mask(tensor, mask)


def masked(inputs: Sequence[Any], masks: Any) -> Sequence[Any]:
    """The inputs of a model, with the masks that it was given."""
    for x, mask in zip(inputs, flatten(masks), strict=False):
        if mask is not None:
            set_mask(x, mask)
    return inputs
