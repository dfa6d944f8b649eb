"""From data to tensors and back, and questions about tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import config
from fastnn.ops.shaping import define_renaming, reshape
from fastnn.ops.table import Case, composed, find, tensor
from fastnn.ops.terms import Formula, Index


def as_type(x: Any, dtype: Any) -> Any:
    """X in another type; itself if the type is None or its own."""
    x = tensor(x)
    return x if dtype is None or np.dtype(x.dtype) == np.dtype(dtype) else find("cast")(x, dtype=str(np.dtype(dtype)))


@composed
def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """A tensor of an array, number or nested list; tensors stay as they are.

    Args:
        x: The data; a list may hold tensors.
        dtype: Type to convert to; by default the data's own, float32 for Python's floats.
        sparse: Not available; None or False.
        ragged: Not available; None or False.

    Example:
        >>> from fastnn import ops
        >>> ops.convert_to_tensor([1, 2]).dtype
        'int32'
    """
    if sparse or ragged:
        raise ValueError(f"Expected dense data. Received: sparse={sparse}, ragged={ragged}")
    if isinstance(x, (list, tuple)) and any(hasattr(part, "trace") or hasattr(part, "value") for part in x):
        from fastnn.ops.arrangement import stack  # which needs this file first

        return as_type(stack(list(x)), dtype)
    return as_type(x, dtype)


def array(x: Any, dtype: Any = None) -> Any:
    """A tensor of an array, number or nested list."""
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """The data of a tensor as an array of its own.

    Raises:
        ValueError: for a symbolic tensor, whose data is not known.
    """
    return np.array(x.numpy() if hasattr(x, "numpy") else x)


def shape(x: Any) -> tuple[int | None, ...]:
    """Length along every axis; None where it is known only when data comes."""
    return tuple(tensor(x).shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def dtype(x: Any) -> str:
    """Name of the element type."""
    return str(tensor(x).dtype)


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor, eager or symbolic, rather than an array or number."""
    return hasattr(x, "shape") and not isinstance(x, (np.ndarray, np.generic))


def explain_copy(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    return Formula("x", {"x": ("x", index)})


stop_gradient = define_renaming(
    "stop_gradient",
    lambda x, **_: (x,),
    "y = x; no gradient passes",
    backward=None,
    grad_formula="",
    explain=explain_copy,
    spellings={"variable": "x"},
    cases=(Case(((3, 5),)), Case(((),)), Case(((0, 2),))),
)


@composed
def copy(x: Any) -> Any:
    """The same numbers in memory of their own."""
    x = tensor(x)
    return reshape(x, shape=tuple(x.shape))


def floating(x: Any) -> Any:
    """x, in the default floating type if it holds whole numbers."""
    x = tensor(x)
    return x if np.dtype(x.dtype).kind == "f" else as_type(x, config.floatx())
