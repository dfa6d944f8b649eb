"""Many cells to one: sums, means and maxima along axes; totals for metrics; and the sum of several values."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.cases import WHOLE
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Expression, Formula, Index, Shape, Sum, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

Axis = int | tuple[int, ...] | None
REDUCTION = {"axis": None, "keepdims": False}
REDUCTION_CASES = (
    Case(((3, 5),)),
    Case(((3, 5),), {"axis": 0}),
    Case(((3, 5),), {"axis": -1, "keepdims": True}),
    Case(((2, 3, 4, 5),), {"axis": (1, 2)}),
    Case(((2, 3, 4, 5),), {"axis": (0, 2), "keepdims": True}),
    Case(((2, 3, 4),), {"axis": ()}),
    Case(((1, 4, 1),), {"axis": 1}),
    Case(((),)),
    Case(((2, 70, 3),), {"axis": 1}),
    Case(((0, 4),), {"axis": 1}),
)


def whole_cases(draws: Iterable[str] = WHOLE) -> tuple[Case, ...]:
    """Cases with numbers of these types."""
    axes: tuple[Axis, ...] = (None, 0, -1, (0, 2))
    return tuple(Case(((3, 4, 5),), {"axis": axis}, (draw,)) for draw in draws for axis in axes)


def reduced_axes(rank: int, axis: Axis) -> tuple[int, ...]:
    """The axes that `axis` names, counted from the front; raises ShapeError for one that x does not have."""
    if axis is None:
        return tuple(range(rank))
    named = (axis,) if isinstance(axis, int) else tuple(axis)
    if builtins.any(not -rank <= a < rank for a in named):
        raise ShapeError(f"expected axes of an array of rank {rank}, received {axis}.")
    axes = tuple(sorted(a % rank for a in named))
    if len(set(axes)) < len(axes):
        raise ShapeError(f"expected each axis once, received {axis}.")
    return axes


def reduced_shape(x: Shape, axis: Axis = None, keepdims: bool = False) -> Shape:
    axes = reduced_axes(len(x), axis)
    if keepdims:
        return tuple(1 if d in axes else size for d, size in enumerate(x))
    return tuple(size for d, size in enumerate(x) if d not in axes)


def reduction_shape(x: Shape, axis: Axis = None, keepdims: bool = False, **_: Any) -> tuple[Shape, ...]:
    return (reduced_shape(x, axis, keepdims),)


def count_of(x: Shape, axis: Axis) -> int:
    """How many cells go into one."""
    return int(np.prod([x[a] for a in reduced_axes(len(x), axis)], dtype=np.int64))


def kept(dy: Any, shapes: Any, axis: Axis) -> Any:
    """Upstream gradient (or y) with extent 1 on the reduced axes, so that it broadcasts against x."""
    return dy.reshape(reduced_shape(shapes[0], axis, keepdims=True))


def group(index: Index, x: Shape, axis: Axis, keepdims: bool) -> NDArray[np.int64]:
    """The cells of x that go into cell `index` of the result."""
    axes = reduced_axes(len(x), axis)
    at = iter(i for d, i in enumerate(index) if not (keepdims and d in axes))
    return grid(*[range(size) if d in axes else next(at) for d, size in enumerate(x)])


def result_cell(index: Index, x: Shape, axis: Axis, keepdims: bool) -> Index:
    """The cell of the result that cell `index` of x goes into."""
    axes = reduced_axes(len(x), axis)
    if keepdims:
        return tuple(0 if d in axes else i for d, i in enumerate(index))
    return tuple(i for d, i in enumerate(index) if d not in axes)


def explain_sum(averages: bool) -> Callable[..., Expression]:
    """Explanation of a sum, or of a mean."""

    def explain(
        target: str, index: Index, shapes: Any, axis: Axis = None, keepdims: bool = False, **_: Any
    ) -> Expression:
        count = count_of(shapes[0], axis) if averages else 1
        if target == "y":
            return Sum((("x", group(index, shapes[0], axis, keepdims)),), scale=1 / count)
        cell = result_cell(index, shapes[0], axis, keepdims)
        return Formula(f"dy / {count}" if averages else "dy", {"dy": ("dy", cell)})

    return explain


def some_shape(x: Shape, axis: Axis = None, keepdims: bool = False, **_: Any) -> tuple[Shape, ...]:
    """Shape rule of reductions that have no value for no numbers."""
    shape = reduced_shape(x, axis, keepdims)
    if count_of(x, axis) == 0 and 0 not in shape:
        raise ShapeError(f"expected at least one number along axis {axis}.")
    return (shape,)


def spread(dy: Any, shapes: Any, axis: Axis = None, **_: Any) -> tuple[Any, ...]:
    return (np.broadcast_to(kept(dy, shapes, axis), shapes[0]).copy(),)


sum = define(
    "sum",
    "reduction",
    "x",
    attrs=REDUCTION,
    forward=lambda x, axis, keepdims, **_: np.sum(x, axis, x.dtype, keepdims=keepdims),
    backward=spread,
    shape=reduction_shape,
    formula="y = sum of x along the axes",
    grad_formula="dx = dy of its sum",
    explain=explain_sum(averages=False),
    integer=True,
    widen=True,
    cases=(*REDUCTION_CASES, Case(((0, 3),), {"axis": 0}), *whole_cases()),
)
mean = define(
    "mean",
    "reduction",
    "x",
    attrs=REDUCTION,
    forward=lambda x, axis, keepdims, **_: np.mean(x, axis, keepdims=keepdims),
    backward=lambda dy, shapes, axis, **_: (spread(dy, shapes, axis)[0] / count_of(shapes[0], axis),),
    shape=some_shape,
    formula="y = sum of x along the axes / n",
    grad_formula="dx = dy of its mean / n",
    explain=explain_sum(averages=True),
    cases=REDUCTION_CASES,
)


def extreme_backward(dy: Any, x: Any, y: Any, shapes: Any, axis: Axis = None, **_: Any) -> tuple[Any, ...]:
    top = x == kept(y, shapes, axis)
    ties = top.sum(reduced_axes(x.ndim, axis), keepdims=True)
    return (top * (kept(dy, shapes, axis) / ties),)


def one_axis_shape(x: Shape, axis: Axis = None, keepdims: bool = False, **_: Any) -> tuple[Shape, ...]:
    if isinstance(axis, tuple):
        raise ShapeError(f"expected one axis or None, received {axis}.")
    return some_shape(x, axis, keepdims)


def named_cells(target: str, index: Index, x: Shape, axis: Axis, keepdims: bool) -> tuple[dict[str, Any], Index, int]:
    """Names `x0, x1, …` for the cells that go together, the cell that they go into, and the number of the one asked."""
    cell = index if target == "y" else result_cell(index, x, axis, keepdims)
    cells = [tuple(map(int, c)) for c in group(cell, x, axis, keepdims)]
    me = -1 if target == "y" else cells.index(tuple(index))
    return {f"x{k}": ("x", c) for k, c in enumerate(cells)}, cell, me


def define_reduction(name: str, explain: Callable[..., Formula], **fields: Any) -> Op:
    """A reduction along axes whose forward reference is NumPy's function of that name."""
    standard = {
        "attrs": REDUCTION,
        "forward": lambda x, axis, keepdims, **_: getattr(np, name)(x, axis, keepdims=keepdims),
        "shape": some_shape,
        "cases": REDUCTION_CASES,
    }
    return define(name, "reduction", "x", explain=explain, **{**standard, **fields})


def explain_extreme(function: str) -> Callable[..., Formula]:
    """Explanation of the largest or smallest."""

    def explain(target: str, index: Index, shapes: Any, axis: Axis, keepdims: bool, **_: Any) -> Formula:
        names, cell, me = named_cells(target, index, shapes[0], axis, keepdims)
        if target == "y":
            return Formula(f"{function}({', '.join(names)})" if len(names) > 1 else "x0", names)
        text = f"dy * float(x{me} == y) / count_equal(y, {', '.join(names)})"
        return Formula(text, {"dy": ("dy", cell), "y": ("y", cell), **names}, "ties share the gradient equally")

    return explain


def define_extreme(name: str, best: str) -> Op:
    """The largest or the smallest."""
    return define_reduction(
        name,
        explain_extreme(name),
        backward=extreme_backward,
        saves="x y",
        formula=f"y = the {best} x along the axes",
        grad_formula="dx = dy / (number of ties) where x = y, otherwise 0",
        integer=True,
        boolean=True,
        cases=(*DISTINCT_CASES, *whole_cases()),
    )


def define_search(name: str, best: str) -> Op:
    """The position of the largest or smallest."""

    def explain(target: str, index: Index, shapes: Any, axis: Axis, keepdims: bool, **_: Any) -> Formula:
        names, *_rest = named_cells(target, index, shapes[0], axis, keepdims)
        return Formula(f"{name}({', '.join(names)})", names, f"the first, where several are {best}")

    return define_reduction(
        name,
        explain,
        shape=one_axis_shape,
        dtypes={"y": "int64"},
        formula=f"y = position of the {best} x along the axis; of all x in order, if axis is None",
        integer=True,
        boolean=True,
        cases=tuple(c for c in (*DISTINCT_CASES, *whole_cases()) if not isinstance(c.attrs.get("axis"), tuple)),
    )


def define_truth(name: str, word: str) -> Op:
    """Whether any or all are true."""

    def explain(target: str, index: Index, shapes: Any, axis: Axis, keepdims: bool, **_: Any) -> Formula:
        names, *_rest = named_cells(target, index, shapes[0], axis, keepdims)
        text = f" {word} ".join(names) or str(word == "and")
        return Formula(f"float(0 != ({text}))", names, "1 is true, 0 is false")

    return define_reduction(
        name,
        explain,
        shape=reduction_shape,
        dtypes={"x": "bool", "y": "bool"},
        formula=f"y = whether {name} x along the axes are true; numbers are unless they are 0",
        cases=tuple(Case(c.shapes, c.attrs, ("truth",)) for c in (*REDUCTION_CASES, NOTHING)),
    )


NOTHING = Case(((0, 3),), {"axis": 0})
DISTINCT_CASES = tuple(Case(case.shapes, case.attrs, ("distinct",)) for case in REDUCTION_CASES)
max = define_extreme("max", "largest")
min = define_extreme("min", "smallest")
argmax = define_search("argmax", "largest")
argmin = define_search("argmin", "smallest")
any = define_truth("any", "or")
all = define_truth("all", "and")


def prod_backward(dy: Any, x: Any, shapes: Any, axis: Axis = None, **_: Any) -> tuple[Any, ...]:
    axes = reduced_axes(x.ndim, axis)
    safe = np.where(x == 0, 1, x)
    product, zeros = np.prod(safe, axes, keepdims=True), (x == 0).sum(axes, keepdims=True)
    others = np.where(zeros == 0, product / safe, np.where((zeros == 1) & (x == 0), product, 0))
    return ((kept(dy, shapes, axis) * others).astype(dy.dtype),)


def prod_explain(target: str, index: Index, shapes: Any, axis: Axis, keepdims: bool, **_: Any) -> Formula:
    names, cell, me = named_cells(target, index, shapes[0], axis, keepdims)
    if target == "y":
        return Formula(" * ".join(names) or "1.0", names)
    others = {name: place for k, (name, place) in enumerate(names.items()) if k != me}
    return Formula(" * ".join(["dy", *others]), {"dy": ("dy", cell), **others}, "times all others")


prod = define_reduction(
    "prod",
    prod_explain,
    forward=lambda x, axis, keepdims, **_: np.prod(x, axis, x.dtype, keepdims=keepdims),
    backward=prod_backward,
    shape=reduction_shape,
    saves="x",
    formula="y = product of x along the axes",
    grad_formula="dx = dy times the product of all other x",
    integer=True,
    widen=True,
    cases=(
        *(Case(case.shapes, case.attrs, ("positive",)) for case in REDUCTION_CASES),
        *(Case(((3, 5),), {"axis": axis}, ("binary",)) for axis in (0, 1)),
        NOTHING,
        *whole_cases(("int32", "int64")),
    ),
)


def logsumexp_forward(x: Any, axis: Axis, keepdims: bool, **_: Any) -> Any:
    axes = reduced_axes(x.ndim, axis)
    top = np.max(x, axes, keepdims=True)
    top = np.where(np.isinf(top), 0, top)
    total = top + np.log(np.exp(x - top).sum(axes, keepdims=True))
    return total.reshape(reduced_shape(x.shape, axis, keepdims)).astype(x.dtype)


def logsumexp_explain(target: str, index: Index, shapes: Any, axis: Axis, keepdims: bool, **_: Any) -> Formula:
    names, cell, me = named_cells(target, index, shapes[0], axis, keepdims)
    if target == "y":
        return Formula(f"x0 + log({' + '.join(f'exp({x} - x0)' for x in names)})", names, "log of the sum of exp(x)")
    return Formula("dy * exp(x - y)", {"dy": ("dy", cell), "x": names[f"x{me}"], "y": ("y", cell)})


logsumexp = define_reduction(
    "logsumexp",
    logsumexp_explain,
    forward=logsumexp_forward,
    backward=lambda dy, x, y, shapes, axis, **_: (kept(dy, shapes, axis) * np.exp(x - kept(y, shapes, axis)),),
    saves="x y",
    formula="y = log(sum of exp(x) along the axes)",
    grad_formula="dx = dy exp(x - y)",
)


def weights_like(values: Any, weights: Any) -> Any:
    """The weights as a cell for every value."""
    return np.broadcast_to(weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim)), values.shape)


def sum_and_count_forward(values: Any, weights: Any = None, **_: Any) -> Any:
    if weights is None:
        return np.array([values.sum(dtype=np.float64), values.size], values.dtype)
    w = weights_like(values, weights)
    return np.array([(w * values).sum(dtype=np.float64), w.sum(dtype=np.float64)], values.dtype)


def sum_and_count_shape(values: Shape, weights: Shape | None = None, **_: Any) -> tuple[Shape, ...]:
    if weights is not None and weights != values[: len(weights)]:
        raise ShapeError("expected weights with the first axes of values.")
    return ((2,),)


def sum_and_count_explain(target: str, index: Index, shapes: Any, **_: Any) -> Expression:
    values, weights = shapes
    cells = grid(*map(range, values))
    if weights is None:
        return Sum((("values", cells),)) if index == (0,) else Formula(str(len(cells)))
    weight = ("weights", cells[:, : len(weights)])
    return Sum((weight, ("values", cells)) if index == (0,) else (weight,))


sum_and_count = define(
    "sum_and_count",
    "metric",
    "values weights",
    optional="weights",
    forward=sum_and_count_forward,
    shape=sum_and_count_shape,
    formula="y = (sum of weights * values, sum of weights); weights are 1 if left out",
    explain=sum_and_count_explain,
    cases=(
        Case(((7,), None)),
        Case(((7,), (7,)), draw=("normal", "positive")),
        Case(((3, 5), (3,)), draw=("normal", "positive")),
        Case(((2, 3, 4), (2, 3)), draw=("normal", "binary")),
        Case(((), ())),
        Case(((0,), (0,))),
        Case(((4, 0), (4,))),
    ),
)


def accumulate_forward(*xs: Any, **_: Any) -> Any:
    total = xs[0].copy()
    for x in xs[1:]:
        total = total + x
    return total


def accumulate_shape(*shapes: Shape, **_: Any) -> tuple[Shape, ...]:
    if builtins.any(s != shapes[0] for s in shapes):
        raise ShapeError("expected inputs of one shape.")
    return (shapes[0],)


def accumulate_explain(target: str, index: Index, shapes: Any, **_: Any) -> Formula:
    if target != "y":
        return Formula("dy", {"dy": ("dy", index)})
    names = [f"xs{k}" for k in range(len(shapes))]
    return Formula(" + ".join(names), {name: (name, index) for name in names})


accumulate = define(
    "accumulate",
    "accumulate",
    "*xs",
    forward=accumulate_forward,
    backward=lambda dy, shapes, **_: tuple(dy.copy() for _ in shapes),
    shape=accumulate_shape,
    formula="y = xs0 + xs1 + … , added in this order",
    grad_formula="dx of every input = dy",
    explain=accumulate_explain,
    integer=True,
    cases=(
        *(Case(((3, 5), (3, 5), (3, 5)), draw=(t, t, t)) for t in WHOLE),
        Case(((3, 5), (3, 5))),
        Case(((2, 3, 4),) * 5),
        Case(((4,),)),
        Case(((), ())),
        Case(((0, 2), (0, 2))),
    ),
)
