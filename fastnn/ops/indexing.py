"""Python's square brackets as operations: `x[2]`, `x[:, -1]`, `x[..., None]`, `x[[3, 1]]`, `x[rows, columns]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.errors import GraphError
from fastnn.ops.gather import gather_nd, take
from fastnn.ops.shaping import concatenate, expand_dims, reshape
from fastnn.ops.slicing import broadcast_to, strided_slice
from fastnn.ops.table import composed, tensor

ALLOWED = "whole numbers, slices, None, ..., and arrays of whole numbers"


@composed
def get_item(x: Any, key: Any) -> Any:
    """Part of a tensor, as Python's square brackets name it; differentiable.

    Args:
        x: Tensor or array of any shape.
        key: A whole number, a slice, None, Ellipsis, an array of whole numbers, or a tuple of them; arrays of truth
            values only where data is known.

    Raises:
        IndexError: for a number outside its axis, or more of them than x has axes.
        GraphError: for a key of another kind.

    Example:
        >>> from fastnn import ops
        >>> ops.get_item([[1.0, 2.0], [3.0, 4.0]], (slice(None), -1)).numpy()
        array([2., 4.], dtype=float32)
    """
    x = tensor(x)
    keys = whole_keys(key, len(x.shape))
    x, keys = by_slices(x, keys)
    x, keys = by_indices(x, keys)
    axes = [d for d, k in enumerate(keys) if k is None]
    for axis in axes:
        x = expand_dims(x, axis=axis)
    return x


def whole_keys(key: Any, rank: int) -> list[Any]:
    """The key as a list that names every axis once (besides None), arrays of truth values turned into positions."""
    keys: list[Any] = []
    for k in key if isinstance(key, tuple) else (key,):
        keys.extend(positions(k))
    named = sum(k is not None and k is not Ellipsis for k in keys)
    if named > rank:
        raise IndexError(f"Expected at most {rank} indices. Received: {named}")
    if sum(k is Ellipsis for k in keys) > 1:
        raise IndexError("Expected at most one ellipsis (...). Received: several")
    if not any(k is Ellipsis for k in keys):
        keys.append(Ellipsis)
    at = next(i for i, k in enumerate(keys) if k is Ellipsis)
    return [*keys[:at], *[slice(None)] * (rank - named), *keys[at + 1 :]]


def positions(key: Any) -> list[Any]:
    """One part of a key in its plain form; raises GraphError for what cannot index."""
    if key is None or key is Ellipsis or isinstance(key, slice):
        return [key]
    if isinstance(key, (bool, np.bool_, str, float, dict)):
        raise GraphError(f"expected {ALLOWED} as index, received {key!r}.")
    if isinstance(key, (list, range)):
        key = np.asarray(key, np.int32 if not len(key) else None)
    if not hasattr(key, "dtype"):
        if hasattr(key, "__index__"):
            return [key.__index__()]
        raise GraphError(f"expected {ALLOWED} as index, received {type(key).__name__}.")
    kind = np.dtype(key.dtype).kind
    if kind == "b":
        return list(np.nonzero(np.asarray(key)))
    if kind not in "iu":
        raise GraphError(f"expected {ALLOWED} as index, received an array of {key.dtype}.")
    return [int(key)] if isinstance(key, np.generic) or (isinstance(key, np.ndarray) and not key.ndim) else [key]


def by_slices(x: Any, keys: list[Any]) -> tuple[Any, list[Any]]:
    """The part that numbers and slices name, and what is left of the key."""
    axis_keys = [k for k in keys if k is not None]
    begin, end, strides, drop = [], [], [], []
    for d, (k, size) in enumerate(zip(axis_keys, x.shape, strict=True)):
        part = bounds(k, size, d)
        if isinstance(k, int):
            drop.append(d)
        begin.append(part[0])
        end.append(part[1])
        strides.append(part[2])
    whole = all(b == 0 and e == n and s == 1 for b, e, s, n in zip(begin, end, strides, x.shape, strict=True))
    if not whole or drop:
        x = strided_slice(x, begin=tuple(begin), end=tuple(end), strides=tuple(strides), drop=tuple(drop))
    left = [slice(None) if isinstance(k, slice) else k for k in keys if not isinstance(k, int)]
    return x, left


def bounds(key: Any, size: int, axis: int) -> tuple[int, int, int]:
    """Begin, end and stride of one axis."""
    if isinstance(key, int):
        if not -size <= key < size:
            raise IndexError(f"Expected an index from {-size} to {size - 1} along axis {axis}. Received: {key}")
        return key % size, key % size + 1, 1
    if not isinstance(key, slice):
        return 0, size, 1
    if key.step == 0:
        raise GraphError("expected a step other than 0 in a slice, received 0.")
    begin, end, stride = slice(
        *(None if p is None else p.__index__() for p in (key.start, key.stop, key.step))
    ).indices(size)
    before = -size - 1  # a place in front of the first cell
    return begin if begin >= 0 else before, end if end >= 0 else before, stride


def by_indices(x: Any, keys: list[Any]) -> tuple[Any, list[Any]]:
    """The cells that arrays of indices name, and what is left of the key; as in NumPy, arrays are broadcast."""
    axis_keys = [k for k in keys if k is not None]
    arrays = [d for d, k in enumerate(axis_keys) if not isinstance(k, slice)]
    if not arrays:
        return x, keys
    indices = [axis_keys[d] for d in arrays]
    if len(arrays) == 1:
        x = take(x, indices[0], axis=arrays[0])
        axes = len(np.shape(indices[0]) if not hasattr(indices[0], "shape") else indices[0].shape)
        at = next(i for i, k in enumerate(keys) if k is not None and not isinstance(k, slice))
        return x, [*keys[:at], *[slice(None)] * axes, *keys[at + 1 :]]
    if arrays != list(range(len(arrays))) or any(k is None for k in keys[: len(arrays)]):
        raise GraphError("expected several arrays of indices on the first axes only, received them further behind.")
    together = joined(indices)
    return gather_nd(x, together), [*[slice(None)] * (len(together.shape) - 1), *keys[len(arrays) :]]


def joined(indices: Sequence[Any]) -> Any:
    """Arrays of indices, broadcast against each other, side by side along a new last axis."""
    shape = np.broadcast_shapes(*(tuple(i.shape) for i in indices))
    if all(isinstance(i, np.ndarray) for i in indices):
        return np.stack([np.broadcast_to(i, shape) for i in indices], -1)
    columns = [reshape(broadcast_to(i, shape=shape), shape=(*shape, 1)) for i in indices]
    return concatenate(columns, axis=-1)
