"""Decisions and loops by Keras' names: Python's own where data is known, steps written out where it is symbolic."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn.ops.arrangement import stack
from fastnn.ops.table import find, tensor


def leaves(structure: Any) -> list[Any]:
    """The leaves of nested lists, tuples and dicts, in order."""
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in leaves(part)]
    if isinstance(structure, dict):
        return [leaf for part in structure.values() for leaf in leaves(part)]
    return [] if structure is None else [structure]


def each(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """The function on the leaves of structures alike, in the structure of the first."""
    if isinstance(first, (list, tuple)):
        parts = [each(function, *group) for group in zip(first, *others, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if isinstance(first, dict):
        return {key: each(function, part, *(o[key] for o in others)) for key, part in first.items()}
    return None if first is None else function(first, *others)


def is_symbolic(x: Any) -> bool:
    """Whether x has no data yet."""
    return hasattr(x, "trace") and (x.trace is None or getattr(x.trace, "peek", None) is None)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions gives, by a truth value.

    Where the truth value is symbolic both functions are computed and `where` chooses, so both must give alike shapes.

    Args:
        pred: One truth value.
        true_fn: Called without arguments.
        false_fn: Called without arguments.

    Example:
        >>> from fastnn import ops
        >>> ops.cond(True, lambda: "yes", lambda: "no")
        'yes'
    """
    if not is_symbolic(pred):
        return true_fn() if bool(pred) else false_fn()
    return each(lambda a, b: find("where")(pred, a, b), true_fn(), false_fn())


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What the function of that number gives for the operands; the nearest one outside; needs the data."""
    if not branches:
        raise ValueError("Expected at least one branch. Received: none")
    return branches[builtins.min(builtins.max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Repeats `body` as long as `cond` is true; needs the data that `cond` looks at.

    Args:
        cond: Takes the loop variables, gives one truth value.
        body: Takes the loop variables, gives the new ones.
        loop_vars: The variables to begin with, a tuple or list, or one tensor.
        maximum_iterations: Most repetitions.

    Example:
        >>> from fastnn import ops
        >>> ops.while_loop(lambda i: i < 5, lambda i: (i + 2,), (0,))
        (6,)
    """
    several = isinstance(loop_vars, (list, tuple))
    values = tuple(loop_vars) if several else (loop_vars,)
    count = 0
    while bool(cond(*values)) and (maximum_iterations is None or count < maximum_iterations):
        new = body(*values)
        values = tuple(new) if isinstance(new, (list, tuple)) else (new,)
        count += 1
    return type(loop_vars)(values) if several else values[0]


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """`body_fun(i, value)` for i from `lower` up to, not including, `upper`, each with the value before.

    Example:
        >>> from fastnn import ops
        >>> ops.fori_loop(0, 4, lambda i, total: total + i, 0)
        6
    """
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def length_of(xs: Any) -> int:
    """The extent of the first axis that all leaves share; raises ValueError where they differ."""
    lengths = {tensor(x).shape[0] for x in leaves(xs)}
    if len(lengths) != 1:
        raise ValueError(f"Expected tensors with the same first axis. Received: lengths {builtins.sorted(lengths)}")
    return int(lengths.pop())


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int = 1,
) -> tuple[Any, Any]:
    """A loop along the first axis that carries a value on and collects what every turn gives.

    Args:
        f: `f(carry, x)` gives the new carry and this turn's result.
        init: The carry to begin with.
        xs: Tensors to go along; None if f needs none.
        length: How many turns, where xs is None.
        reverse: Whether to begin at the end.
        unroll: Makes no difference.

    Returns:
        The last carry, and the results stacked along a new first axis.

    Example:
        >>> from fastnn import ops
        >>> total, sums = ops.scan(lambda c, x: (c + x, c + x), ops.zeros(()), ops.convert_to_tensor([1.0, 2.0, 4.0]))
        >>> float(total), sums.numpy()
        (7.0, array([1., 3., 7.], dtype=float32))
    """
    if not leaves(xs) and length is None:
        raise ValueError("Expected xs or length. Received: neither")
    count = length_of(xs) if leaves(xs) else int(length or 0)
    if length is not None and count != length:
        raise ValueError(f"Expected length to be the extent {count} of the first axis. Received: length={length}")
    carry, results = init, []
    for i in reversed(range(count)) if reverse else range(count):
        carry, y = f(carry, each(lambda x, i=i: tensor(x)[i], xs))
        results.append(y)
    if reverse:
        results.reverse()
    return carry, each(lambda *ys: stack(list(ys)), results[0], *results[1:]) if results else None


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """The function on every part along the first axis, the results stacked.

    Example:
        >>> from fastnn import ops
        >>> ops.map(lambda x: x * x, ops.convert_to_tensor([1.0, 2.0, 3.0])).numpy()
        array([1., 4., 9.], dtype=float32)
    """
    results = [f(each(lambda x, i=i: tensor(x)[i], xs)) for i in range(length_of(xs))]
    if not results:
        raise ValueError("Expected at least one part along the first axis. Received: none")
    return each(lambda *ys: stack([tensor(y) for y in ys]), results[0], *results[1:])


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """The function on every part along the first axis, the results stacked; the same as `map`."""
    return map(function, elements)


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """A function that calls `pyfunc` for every cell of its broadcast arguments; needs the data.

    Raises:
        NotImplementedError: for `excluded` or `signature`.
    """
    if excluded is not None or signature is not None:
        raise NotImplementedError("vectorize is available without `excluded` and `signature` only.")

    def call(*args: Any) -> Any:
        arrays = np.broadcast_arrays(*(np.asarray(a) for a in args))
        cells = [np.asarray(pyfunc(*(a[i] for a in arrays))) for i in np.ndindex(arrays[0].shape)]
        return tensor(np.asarray(cells).reshape(arrays[0].shape))

    return call
