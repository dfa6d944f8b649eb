"""The same numbers in another arrangement."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Formula, Index, Shape


def moved(index: Index, source: Shape, target: Shape) -> Index:
    """The cell of an array of `target` shape with the same position in memory as cell `index` of one of `source`."""
    position = 0
    for at, size in zip(index, source, strict=True):
        position = position * size + at
    cell = []
    for size in reversed(target):
        position, at = divmod(position, size)
        cell.append(at)
    return tuple(reversed(cell))


def reshape_shape(x: Shape, shape: int | Shape = (-1,), **_: Any) -> tuple[Shape, ...]:
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    size, known = math.prod(x), math.prod(s for s in wanted if s != -1)
    if wanted.count(-1) > 1 or any(s < -1 for s in wanted):
        raise ShapeError(f"expected at most one -1 and no other negative number, received {wanted}.")
    if -1 in wanted and known and size % known == 0:
        wanted = tuple(size // known if s == -1 else s for s in wanted)
    if -1 in wanted or math.prod(wanted) != size:
        raise ShapeError(f"expected a shape for {size} numbers, received {wanted}.")
    return (wanted,)


def flatten_shape(x: Shape, **_: Any) -> tuple[Shape, ...]:
    if not x:
        raise ShapeError("expected at least one axis, received a single number.")
    return ((x[0], math.prod(x[1:])),)


def expand_shape(x: Shape, axis: int = -1, **_: Any) -> tuple[Shape, ...]:
    rank = len(x) + 1
    if not -rank <= axis < rank:
        raise ShapeError(f"expected a place for an axis in rank {len(x)}, received {axis}.")
    axis %= rank
    return ((*x[:axis], 1, *x[axis:]),)


def squeeze_shape(x: Shape, axis: int | tuple[int, ...] | None = None, **_: Any) -> tuple[Shape, ...]:
    if axis is None:
        return (tuple(size for size in x if size != 1),)
    named = (axis,) if isinstance(axis, int) else axis
    if any(not -len(x) <= a < len(x) or x[a] != 1 for a in named):
        raise ShapeError(f"expected axes of extent 1, received {axis}.")
    axes = {a % len(x) for a in named}
    return (tuple(size for d, size in enumerate(x) if d not in axes),)


def explain_renamed(shape: Any) -> Any:
    """Explanation of what keeps every cell's position in memory."""

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        (y,) = shape(shapes[0], **attrs)
        if target == "y":
            return Formula("x", {"x": ("x", moved(index, y, shapes[0]))})
        return Formula("dy", {"dy": ("dy", moved(index, shapes[0], y))})

    return explain


def define_renaming(name: str, shape: Any, formula: str, **fields: Any) -> Any:
    """An operation that changes the shape and nothing else."""
    usual = {
        "forward": lambda x, **attrs: x.reshape(shape(x.shape, **attrs)[0]).copy(),
        "backward": lambda dy, shapes, **_: (dy.reshape(shapes[0]).copy(),),
        "grad_formula": "dx = dy with the shape of x",
        "explain": explain_renamed(shape),
        "integer": True,
    }
    return define(name, "rearrangement", "x", shape=shape, formula=formula, **{**usual, **fields})


reshape = define_renaming(
    "reshape",
    reshape_shape,
    "y = x with another shape; one -1 stands for what is left",
    attrs={"shape": (-1,)},
    spellings={"newshape": "shape"},
    cases=(
        Case(((3, 5),)),
        Case(((2, 3, 4),), {"shape": (4, -1)}),
        Case(((6,),), {"shape": (1, 2, 3)}),
        Case(((1, 1),), {"shape": ()}),
        Case(((0, 4),), {"shape": (2, 0)}),
    ),
)
flatten = define_renaming(
    "flatten",
    flatten_shape,
    "y = x as rows: axis 0 stays, the others become one",
    cases=(Case(((2, 3, 4),)), Case(((5,),)), Case(((1, 2, 2, 3),)), Case(((0, 3, 2),)), Case(((2, 0, 2),))),
)
expand_dims = define_renaming(
    "expand_dims",
    expand_shape,
    "y = x with a new axis of extent 1",
    attrs={"axis": -1},
    cases=(Case(((3, 5),)), Case(((3, 5),), {"axis": 0}), Case(((2, 3),), {"axis": 1}), Case(((),)), Case(((0, 2),))),
)
squeeze = define_renaming(
    "squeeze",
    squeeze_shape,
    "y = x without axes of extent 1",
    attrs={"axis": None},
    cases=(
        Case(((3, 1, 5),)),
        Case(((1, 3, 1),), {"axis": 0}),
        Case(((1, 3, 1),), {"axis": (0, -1)}),
        Case(((1, 1),)),
        Case(((0, 1),)),
    ),
)


def order(rank: int, axes: tuple[int, ...] | int | None) -> tuple[int, ...]:
    """The axes' new order, counted from the front; None turns it round."""
    if axes is None:
        return tuple(reversed(range(rank)))
    axes = (axes,) if isinstance(axes, int) else axes
    if len(axes) != rank or any(not -rank <= a < rank for a in axes) or len({a % rank for a in axes}) != rank:
        raise ShapeError(f"expected every axis of rank {rank} once, received {axes}.")
    return tuple(a % rank for a in axes)


def transpose_shape(x: Shape, axes: tuple[int, ...] | None = None, **_: Any) -> tuple[Shape, ...]:
    return (tuple(x[a] for a in order(len(x), axes)),)


def transpose_explain(target: str, index: Index, shapes: Any, axes: tuple[int, ...] | None = None, **_: Any) -> Formula:
    places = order(len(shapes[0]), axes)
    if target == "y":
        return Formula("x", {"x": ("x", tuple(index[places.index(d)] for d in range(len(places))))})
    return Formula("dy", {"dy": ("dy", tuple(index[a] for a in places))})


transpose = define(
    "transpose",
    "rearrangement",
    "x",
    attrs={"axes": None},
    forward=lambda x, axes, **_: np.transpose(x, axes).copy(),
    backward=lambda dy, shapes, axes, **_: (np.transpose(dy, np.argsort(order(dy.ndim, axes))).copy(),),
    shape=transpose_shape,
    formula="y = x with its axes in another order",
    grad_formula="dx = dy with its axes back in their order",
    explain=transpose_explain,
    integer=True,
    cases=(
        Case(((3, 5),)),
        Case(((2, 3, 4),), {"axes": (1, 2, 0)}),
        Case(((2, 3, 4, 5),), {"axes": (0, 3, 1, 2)}),
        Case(((2, 3, 4, 5),), {"axes": (0, 2, -3, 3)}),
        Case(((19, 33),), {"axes": (1, 0)}),
        Case(((4,),)),
        Case(((),)),
        Case(((0, 3),)),
        Case(((1, 3, 1),)),
    ),
)


def joint_axis(shapes: tuple[Shape, ...], axis: int) -> int:
    """The axis of concatenation, counted from the front."""
    rank = len(shapes[0])
    if not -rank <= axis < rank:
        raise ShapeError(f"expected an axis of rank {rank}, received {axis}.")
    return axis % rank


def without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def concatenate_shape(*shapes: Shape, axis: int = 0, **_: Any) -> tuple[Shape, ...]:
    at = joint_axis(shapes, axis)
    if any(len(s) != len(shapes[0]) or without(s, at) != without(shapes[0], at) for s in shapes):
        raise ShapeError(f"expected shapes alike but for axis {axis}.")
    return ((*shapes[0][:at], sum(s[at] for s in shapes), *shapes[0][at + 1 :]),)


def starts(shapes: tuple[Shape, ...], at: int) -> list[int]:
    """Where along the axis each input begins in the result, and where the last one ends."""
    return [sum(s[at] for s in shapes[:k]) for k in range(len(shapes) + 1)]


def concatenate_backward(dy: Any, shapes: Any, axis: int = 0, **_: Any) -> tuple[Any, ...]:
    at = joint_axis(shapes, axis)
    return tuple(part.copy() for part in np.split(dy, starts(shapes, at)[1:-1], at))


def concatenate_explain(target: str, index: Index, shapes: Any, axis: int = 0, **_: Any) -> Formula:
    at = joint_axis(shapes, axis)
    first = starts(shapes, at)
    if target == "y":
        k = max(k for k in range(len(shapes)) if first[k] <= index[at] < first[k + 1])
        return Formula("x", {"x": (f"xs{k}", (*index[:at], index[at] - first[k], *index[at + 1 :]))})
    return Formula("dy", {"dy": ("dy", (*index[:at], index[at] + first[int(target[3:])], *index[at + 1 :]))})


concatenate = define(
    "concatenate",
    "rearrangement",
    "*xs",
    attrs={"axis": 0},
    forward=lambda *xs, axis, **_: np.concatenate(xs, axis),
    backward=concatenate_backward,
    shape=concatenate_shape,
    formula="y = the inputs one after the other along an axis",
    grad_formula="dx of every input = its part of dy",
    explain=concatenate_explain,
    integer=True,
    cases=(
        Case(((3, 5), (3, 2)), {"axis": -1}),
        Case(((2, 3), (1, 3), (4, 3))),
        Case(((2, 3, 2), (2, 1, 2)), {"axis": 1}),
        Case(((4,),)),
        Case(((3, 0), (3, 2)), {"axis": -1}),
        Case(((0, 2), (0, 1)), {"axis": 1}),
    ),
)
