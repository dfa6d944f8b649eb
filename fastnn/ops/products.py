"""Products of vectors, matrices and tensors by Keras' names: transposes, reshapes and one matrix product each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import config
from fastnn.errors import GraphError, ShapeError
from fastnn.ops.arrangement import moveaxis
from fastnn.ops.creation import diagonal
from fastnn.ops.elementwise import divide, maximum, multiply, power, subtract
from fastnn.ops.gather import axis_of, take
from fastnn.ops.linear import matmul
from fastnn.ops.reduction import sum as sum_of
from fastnn.ops.shaping import reshape, transpose
from fastnn.ops.slicing import broadcast_to
from fastnn.ops.table import composed, tensor
from fastnn.ops.unary import absolute, sqrt, square

Axes = int | Sequence[int] | Sequence[Sequence[int]]


@composed
def tensordot(x1: Any, x2: Any, axes: Axes = 2) -> Any:
    """Sum of products over axes of both tensors.

    Args:
        x1: Tensor of any shape.
        x2: Tensor of any shape.
        axes: How many of x1's last and x2's first axes; or two lists of axes that belong together.

    Raises:
        ValueError: if the axes do not fit each other.

    Example:
        >>> from fastnn import ops
        >>> float(ops.tensordot([1.0, 2.0], [3.0, 4.0], axes=1))
        11.0
    """
    x1, x2 = tensor(x1), tensor(x2)
    of_1, of_2 = summed_axes(axes, tuple(x1.shape), tuple(x2.shape))
    lengths = [x1.shape[a] for a in of_1]
    if lengths != [x2.shape[a] for a in of_2]:
        raise ShapeError(
            f"expected axes of equal extents, received axes {of_1} of {x1.shape} and {of_2} of {x2.shape}.",
            operation="tensordot",
        )
    free_1 = [d for d in range(len(x1.shape)) if d not in of_1]
    free_2 = [d for d in range(len(x2.shape)) if d not in of_2]
    rows, columns = [x1.shape[d] for d in free_1], [x2.shape[d] for d in free_2]
    depth = math.prod(lengths)
    left = reshape(ordered(x1, [*free_1, *of_1]), shape=(math.prod(rows), depth))
    right = reshape(ordered(x2, [*of_2, *free_2]), shape=(depth, math.prod(columns)))
    return reshape(matmul(left, right), shape=(*rows, *columns))


def summed_axes(axes: Axes, shape1: tuple[int, ...], shape2: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The axes of both tensors to sum over, counted from the front."""
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(shape1), len(shape2)):
            raise ValueError(f"Expected axes from 0 to {min(len(shape1), len(shape2))}. Received: axes={axes}")
        return list(range(len(shape1) - axes, len(shape1))), list(range(axes))
    first, second = ([a] if isinstance(a, int) else list(a) for a in axes)
    if len(first) != len(second):
        raise ValueError(f"Expected as many axes of x1 as of x2. Received: axes={axes}")
    return [axis_of(shape1, a) for a in first], [axis_of(shape2, a) for a in second]


def ordered(x: Any, axes: Sequence[int]) -> Any:
    """X with its axes in that order; x itself if they are."""
    return x if list(axes) == list(range(len(axes))) else transpose(x, axes=tuple(axes))


@composed
def dot(x1: Any, x2: Any) -> Any:
    """Product of numbers, of vectors, of matrices; else the sum over x1's last and x2's second to last axis."""
    x1, x2 = tensor(x1), tensor(x2)
    if not x1.shape or not x2.shape:
        return multiply(x1, x2)
    if len(x1.shape) <= 2 and len(x2.shape) <= 2:
        return matmul(x1, x2)
    return tensordot(x1, x2, [[-1], [-1 if len(x2.shape) == 1 else -2]])


@composed
def inner(x1: Any, x2: Any) -> Any:
    """Sum of products over the last axes of both."""
    x1, x2 = tensor(x1), tensor(x2)
    return multiply(x1, x2) if not x1.shape or not x2.shape else tensordot(x1, x2, [[-1], [-1]])


@composed
def outer(x1: Any, x2: Any) -> Any:
    """The product of every cell of x1 with every cell of x2, as a matrix."""
    return multiply(reshape(tensor(x1), shape=(-1, 1)), reshape(tensor(x2), shape=(1, -1)))


@composed
def vdot(x1: Any, x2: Any) -> Any:
    """Sum of the products of all cells, in order."""
    return matmul(reshape(tensor(x1), shape=(-1,)), reshape(tensor(x2), shape=(-1,)))


@composed
def kron(x1: Any, x2: Any) -> Any:
    """Kronecker product: x2, times every cell of x1, in that cell's place."""
    x1, x2 = tensor(x1), tensor(x2)
    rank = max(len(x1.shape), len(x2.shape))
    first, second = ((*(1,) * (rank - len(x.shape)), *x.shape) for x in (x1, x2))
    left = reshape(x1, shape=tuple(n for size in first for n in (size, 1)))
    right = reshape(x2, shape=tuple(n for size in second for n in (1, size)))
    return reshape(multiply(left, right), shape=tuple(a * b for a, b in zip(first, second, strict=True)))


@composed
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Sum of a diagonal of two axes."""
    return sum_of(diagonal(x, offset, axis1, axis2), axis=-1)


@composed
def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Vector product of vectors of three numbers.

    Args:
        x1: Tensor whose axis `axisa` has extent 3.
        x2: Tensor whose axis `axisb` has extent 3.
        axisa: Axis of x1's vectors.
        axisb: Axis of x2's vectors.
        axisc: Axis of the result's vectors.
        axis: All three of them.

    Raises:
        ShapeError: for vectors of another length.
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(f"expected vectors of 3 numbers, received {a.shape} and {b.shape}.", operation="cross")
    (a_next, a_last), (b_next, b_last) = ((take(v, [1, 2, 0], axis=-1), take(v, [2, 0, 1], axis=-1)) for v in (a, b))
    return moveaxis(subtract(multiply(a_next, b_last), multiply(a_last, b_next)), -1, axisc)


@composed
def normalize(x: Any, axis: int | Sequence[int] = -1, order: float = 2, epsilon: float | None = None) -> Any:
    """X divided by its norm along an axis, which is taken as `epsilon` where it is less.

    Args:
        x: Tensor of any shape.
        axis: The axis, or several.
        order: Which norm: the order-th root of the sum of |x| to the power of order.
        epsilon: Least norm to divide by; the default is that of `fastnn.config`.

    Raises:
        ValueError: if order is not a positive number.
    """
    x = tensor(x)
    if not isinstance(order, (int, float)) or not order > 0:
        raise ValueError(f"Expected order to be a positive number. Received: order={order!r}")
    least = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        total = sum_of(square(x), axis=axis, keepdims=True)
        return divide(x, sqrt(maximum(total, constant(least**2, x))))
    if order == 1:
        return divide(x, maximum(sum_of(absolute(x), axis=axis, keepdims=True), constant(least, x)))
    total = sum_of(power(absolute(x), constant(order, x)), axis=axis, keepdims=True)
    return divide(x, maximum(power(total, constant(1 / order, x)), constant(least, x)))


def constant(number: float, like: Any) -> Any:
    """A number in the type of a tensor."""
    return np.asarray(number, like.dtype)


# ---------------------------------------------------------------- einsum


@composed
def einsum(subscripts: str, *operands: Any) -> Any:
    """Sum of products by Einstein's notation, such as "bhqd,bhkd->bhqk".

    Args:
        subscripts: A letter for every axis of every operand; letters behind the arrow stay, the others are summed
            over; "..." stands for any number of further leading axes, which are broadcast. Without an arrow the
            letters that occur once stay, in the alphabet's order.
        operands: The tensors.

    Raises:
        ValueError: for an equation that does not fit the operands.

    Example:
        >>> from fastnn import ops
        >>> ops.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0]).numpy()
        array([21., 43.], dtype=float32)
    """
    xs = [tensor(x) for x in operands]
    terms, result = parsed(subscripts, [len(x.shape) for x in xs])
    check_extents(subscripts, terms, xs)
    pairs = [without_repeats(x, labels) for x, labels in zip(xs, terms, strict=True)]
    while len(pairs) > 1:
        (x, of_x), (y, of_y), *rest = pairs
        kept = set(result).union(*(labels for _, labels in rest))
        pairs = [product(x, of_x, y, of_y, kept), *rest]
    x, labels = pairs[0]
    return ordered(*summed(x, labels, set(result), list(result)))


def parsed(subscripts: str, ranks: Sequence[int]) -> tuple[list[list[str]], list[str]]:
    """Labels of every operand's axes and of the result's; axes behind "..." are labelled "...0", "...1", … ."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    letters = text.replace("...", "").replace("->", "").replace(",", "")
    if len(parts) != len(ranks) or (letters and not letters.isalpha()):
        raise_equation(subscripts, f"one group of letters for each of {len(ranks)} operands")
    wide = [rank - len(part.replace("...", "")) for part, rank in zip(parts, ranks, strict=True)]
    if any(n < 0 or (n and "..." not in part) for n, part in zip(wide, parts, strict=True)):
        raise_equation(subscripts, f"as many letters as axes, which are {list(ranks)}")
    widest = max((n for n, part in zip(wide, parts, strict=True) if "..." in part), default=0)
    terms = [labels_of(part, n, widest) for part, n in zip(parts, wide, strict=True)]
    if arrow:
        result = labels_of(right, widest, widest)
    else:
        once = sorted(c for c in set(letters) if left.count(c) == 1)
        result = [*labels_of("..." if "..." in left else "", widest, widest), *once]
    if len(set(result)) < len(result) or not set(result) <= {label for term in terms for label in term}:
        raise_equation(subscripts, "every letter behind the arrow once, and before it too")
    return terms, result


def labels_of(part: str, wide: int, widest: int) -> list[str]:
    """The labels of one group of letters, whose "..." stands for `wide` axes of at most `widest`."""
    head, dots, tail = part.partition("...")
    return [*head, *([f"...{k}" for k in range(widest - wide, widest)] if dots else []), *tail]


def raise_equation(subscripts: str, expected: str) -> None:
    raise GraphError(f"expected {expected}, received the equation {subscripts!r}.", operation="einsum")


def check_extents(subscripts: str, terms: Sequence[Sequence[str]], xs: Sequence[Any]) -> None:
    """Raise GraphError for a letter that stands for axes of different extents."""
    extents: dict[str, int] = {}
    for labels, x in zip(terms, xs, strict=True):
        for label, size in zip(labels, x.shape, strict=True):
            known = extents.setdefault(label, size)
            if size != known and (1 not in (size, known) or not label.startswith(".")):
                raise_equation(subscripts, f"{label!r} to stand for axes of equal extents, not {known} and {size}")
            extents[label] = max(size, known) if 0 not in (size, known) else 0


def without_repeats(x: Any, labels: Sequence[str]) -> tuple[Any, list[str]]:
    """Diagonals in place of axes with the same label."""
    labels = list(labels)
    while len(set(labels)) < len(labels):
        label = next(c for c in labels if labels.count(c) > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        x = diagonal(x, 0, first, second)
        labels = [c for d, c in enumerate(labels) if d not in (first, second)] + [label]
    return x, labels


def summed(x: Any, labels: Sequence[str], kept: set[str], order: Sequence[str] = ()) -> tuple[Any, list[Any]]:
    """X without the axes that nobody needs; and its labels, or the places of the labels in `order`."""
    gone = tuple(d for d, label in enumerate(labels) if label not in kept)
    left = [label for label in labels if label in kept]
    x = sum_of(x, axis=gone) if gone else x
    return x, ([left.index(label) for label in order] if order or not left else left)


def product(x: Any, of_x: list[str], y: Any, of_y: list[str], kept: set[str]) -> tuple[Any, list[str]]:
    """Two operands as one: batch axes stay, shared axes that nobody needs are summed by a matrix product."""
    x, of_x = summed(x, of_x, kept | set(of_y))
    y, of_y = summed(y, of_y, kept | set(of_x))
    batch = [c for c in of_x if c in of_y and c in kept]
    depth = [c for c in of_x if c in of_y and c not in kept]
    rows, columns = [c for c in of_x if c not in of_y], [c for c in of_y if c not in of_x]
    sizes = dict(zip(of_y, y.shape, strict=True)) | dict(zip(of_x, x.shape, strict=True))
    for c in depth:  # an ellipsis may be broadcast and summed over
        if x.shape[of_x.index(c)] != y.shape[of_y.index(c)]:
            sizes[c] = max(x.shape[of_x.index(c)], y.shape[of_y.index(c)])
            x, y = widened(x, of_x, c, sizes[c]), widened(y, of_y, c, sizes[c])
    left = matrices(x, of_x, batch, rows, depth, sizes)
    right = matrices(y, of_y, batch, depth, columns, sizes)
    both = matmul(left, right)
    shape = (*both.shape[: len(batch)], *(sizes[c] for c in rows), *(sizes[c] for c in columns))
    return reshape(both, shape=shape), [*batch, *rows, *columns]


def widened(x: Any, labels: Sequence[str], label: str, size: int) -> Any:
    """X with the label's axis repeated to an extent."""
    shape = tuple(size if c == label else n for c, n in zip(labels, x.shape, strict=True))
    return x if shape == tuple(x.shape) else broadcast_to(x, shape=shape)


def matrices(
    x: Any, labels: list[str], batch: list[str], rows: list[str], columns: list[str], sizes: dict[str, int]
) -> Any:
    """The operand as a stack of matrices along the batch axes."""
    x = ordered(x, [labels.index(c) for c in (*batch, *rows, *columns)])
    height, width = (math.prod(sizes[c] for c in group) for group in (rows, columns))
    shape = (*x.shape[: len(batch)], height, width)
    return x if tuple(x.shape) == shape else reshape(x, shape=shape)
