"""Backward written in operations, so that a gradient has a gradient: one short function per operation.

`derivative(v, dy, **attrs)` gives the gradients of the record's gradient roles. `v` holds inputs and outputs as
tensors by role; what it composes is recorded by an outer tape. What is not here has first derivatives only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastnn.ops import arrangement, gather, scattering, shaping
from fastnn.ops.conversion import as_type
from fastnn.ops.elementwise import divide, multiply, power, subtract
from fastnn.ops.linear import matmul
from fastnn.ops.reduction import reduced_shape
from fastnn.ops.reduction import sum as sum_of
from fastnn.ops.shaping import order, reshape, transpose
from fastnn.ops.slicing import broadcast_to, dropped, flip, mirrors, slice_shape, strided_slice, taken, widths
from fastnn.ops.table import find
from fastnn.ops.unary import exp, negative, reciprocal, sqrt, square

Values = Mapping[str, Any]
Derivative = Callable[..., tuple[Any, ...]]
DERIVATIVES: dict[str, Derivative] = {}


def derivative(*names: str) -> Callable[[Derivative], Derivative]:
    """Enter a function under the names of its operations."""

    def enter(function: Derivative) -> Derivative:
        DERIVATIVES.update(dict.fromkeys(names, function))
        return function

    return enter


def number(value: float, like: Any) -> Any:
    """A constant in the type of a tensor."""
    return np.asarray(value, like.dtype)


def scaled(x: Any, factor: float) -> Any:
    return multiply(x, number(factor, x))


def summed_to(gradient: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of an input of `shape` from that of its broadcast copy: the sum over the copies."""
    if tuple(gradient.shape) == tuple(shape):
        return gradient
    missing = len(gradient.shape) - len(shape)
    repeated = tuple(d + missing for d, n in enumerate(shape) if n == 1 and gradient.shape[d + missing] != 1)
    axes = (*range(missing), *repeated)
    return reshape(sum_of(gradient, axis=axes) if axes else gradient, shape=tuple(shape))


def pair(v: Values, da: Any, db: Any) -> tuple[Any, Any]:
    """Gradients of two inputs that were broadcast."""
    return summed_to(da, tuple(v["a"].shape)), summed_to(db, tuple(v["b"].shape))


def chosen(condition: Any, gradient: Any) -> Any:
    """The gradient where the condition holds, otherwise 0; the condition itself has no gradient."""
    return multiply(as_type(condition, gradient.dtype), gradient)


# ---------------------------------------------------------------- two inputs

derivative("add")(lambda v, dy, **_: pair(v, dy, dy))
derivative("subtract")(lambda v, dy, **_: pair(v, dy, negative(dy)))
derivative("multiply")(lambda v, dy, **_: pair(v, multiply(dy, v["b"]), multiply(dy, v["a"])))


@derivative("divide")
def of_divide(v: Values, dy: Any, **_: Any) -> tuple[Any, ...]:
    share = divide(dy, v["b"])
    return pair(v, share, negative(multiply(share, divide(v["a"], v["b"]))))


@derivative("power")
def of_power(v: Values, dy: Any, **_: Any) -> tuple[Any, ...]:
    a, b = v["a"], v["b"]
    da = multiply(dy, multiply(b, power(a, subtract(b, number(1, b)))))
    base = find("maximum")(a, number(np.finfo(a.dtype).tiny, a))  # the exponent's gradient is for positive bases
    return pair(v, da, multiply(dy, multiply(v["y"], find("log")(base))))


@derivative("maximum", "minimum")
def of_extreme(v: Values, dy: Any, **_: Any) -> tuple[Any, ...]:
    is_a, is_b = find("equal")(v["a"], v["y"]), find("equal")(v["b"], v["y"])
    first, second = as_type(is_a, dy.dtype), as_type(is_b, dy.dtype)
    share = divide(dy, find("add")(first, second))
    return pair(v, multiply(first, share), multiply(second, share))


@derivative("where")
def of_where(v: Values, dy: Any, **_: Any) -> tuple[Any, ...]:
    zero = number(0, dy)
    first = find("where")(v["condition"], dy, zero)
    second = find("where")(v["condition"], zero, dy)
    return summed_to(first, tuple(v["x1"].shape)), summed_to(second, tuple(v["x2"].shape))


# ---------------------------------------------------------------- one input, cell by cell

LOCAL: dict[str, Callable[[Values], Any]] = {
    "negative": lambda v: number(-1, v["x"]),
    "square": lambda v: scaled(v["x"], 2),
    "sqrt": lambda v: divide(number(0.5, v["y"]), v["y"]),
    "rsqrt": lambda v: scaled(multiply(v["y"], square(v["y"])), -0.5),
    "reciprocal": lambda v: negative(square(v["y"])),
    "exp": lambda v: v["y"],
    "exp2": lambda v: scaled(v["y"], np.log(2)),
    "expm1": lambda v: exp(v["x"]),
    "exponential": lambda v: v["y"],
    "log": lambda v: reciprocal(v["x"]),
    "log2": lambda v: divide(number(1 / np.log(2), v["x"]), v["x"]),
    "log10": lambda v: divide(number(1 / np.log(10), v["x"]), v["x"]),
    "log1p": lambda v: reciprocal(find("add")(v["x"], number(1, v["x"]))),
    "sin": lambda v: find("cos")(v["x"]),
    "cos": lambda v: negative(find("sin")(v["x"])),
    "tan": lambda v: find("add")(square(v["y"]), number(1, v["y"])),
    "sinh": lambda v: find("cosh")(v["x"]),
    "cosh": lambda v: find("sinh")(v["x"]),
    "tanh": lambda v: subtract(number(1, v["y"]), square(v["y"])),
    "arctan": lambda v: reciprocal(find("add")(square(v["x"]), number(1, v["x"]))),
    "arcsin": lambda v: reciprocal(sqrt(subtract(number(1, v["x"]), square(v["x"])))),
    "arccos": lambda v: negative(reciprocal(sqrt(subtract(number(1, v["x"]), square(v["x"]))))),
    "erf": lambda v: scaled(exp(negative(square(v["x"]))), 2 / np.sqrt(np.pi)),
    "sigmoid": lambda v: multiply(v["y"], subtract(number(1, v["y"]), v["y"])),
    "log_sigmoid": lambda v: find("sigmoid")(negative(v["x"])),
    "softplus": lambda v: find("sigmoid")(v["x"]),
    "softsign": lambda v: reciprocal(square(find("add")(find("absolute")(v["x"]), number(1, v["x"])))),
    "relu": lambda v: as_type(find("greater")(v["y"], number(0, v["y"])), v["y"].dtype),
    "absolute": lambda v: find("sign")(v["x"]),
    "silu": lambda v: silu_slope(v["x"]),
}


def silu_slope(x: Any) -> Any:
    s = find("sigmoid")(x)
    return find("add")(s, multiply(multiply(x, s), subtract(number(1, s), s)))


def cellwise(local: Callable[[Values], Any]) -> Derivative:
    """The derivative of an operation whose cells depend on one cell each, from its slope."""
    return lambda v, dy, **_: (multiply(dy, local(v)),)


DERIVATIVES.update({name: cellwise(local) for name, local in LOCAL.items()})


@derivative("leaky_relu")
def of_leaky_relu(v: Values, dy: Any, negative_slope: float, **_: Any) -> tuple[Any, ...]:
    return (find("where")(find("greater")(v["x"], number(0, dy)), dy, scaled(dy, negative_slope)),)


@derivative("elu")
def of_elu(v: Values, dy: Any, alpha: float, **_: Any) -> tuple[Any, ...]:
    rising = scaled(exp(find("minimum")(v["x"], number(0, dy))), alpha)
    return (multiply(dy, find("where")(find("greater")(v["x"], number(0, dy)), number(1, dy), rising)),)


@derivative("softmax")
def of_softmax(v: Values, dy: Any, axis: Any = -1, **_: Any) -> tuple[Any, ...]:
    own = multiply(v["y"], dy)
    return (subtract(own, multiply(v["y"], sum_of(own, axis=axis, keepdims=True))),)


@derivative("log_softmax")
def of_log_softmax(v: Values, dy: Any, axis: Any = -1, **_: Any) -> tuple[Any, ...]:
    return (subtract(dy, multiply(exp(v["y"]), sum_of(dy, axis=axis, keepdims=True))),)


# ---------------------------------------------------------------- products


@derivative("matmul")
def of_matmul(v: Values, dy: Any, **_: Any) -> tuple[Any, ...]:
    a, b = v["a"], v["b"]
    left = a if len(a.shape) > 1 else reshape(a, shape=(1, a.shape[0]))
    right = b if len(b.shape) > 1 else reshape(b, shape=(b.shape[0], 1))
    lead = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    dy = reshape(dy, shape=(*lead, left.shape[-2], right.shape[-1]))
    da = summed_to(matmul(dy, arrangement.swapaxes(right, -1, -2)), tuple(left.shape))
    db = summed_to(matmul(arrangement.swapaxes(left, -1, -2), dy), tuple(right.shape))
    return reshape(da, shape=tuple(a.shape)), reshape(db, shape=tuple(b.shape))


def rows_of(x: Any) -> Any:
    """The positions of x, one below the other."""
    return reshape(x, shape=(int(np.prod(x.shape[:-1])), x.shape[-1]))


@derivative("dense")
def of_dense(v: Values, dy: Any, **_: Any) -> tuple[Any, ...]:
    rows = rows_of(dy)
    dx = reshape(matmul(rows, transpose(v["w"])), shape=tuple(v["x"].shape))
    dw = matmul(transpose(rows_of(v["x"])), rows)
    return dx, dw, None if v["b"] is None else sum_of(rows, axis=0)


derivative("bias_add")(lambda v, dy, **_: (dy, sum_of(rows_of(dy), axis=0)))


# ---------------------------------------------------------------- reductions


def spread(dy: Any, x: Any, axis: Any) -> Any:
    """Upstream gradient once for every cell of x that went into it."""
    kept = reduced_shape(tuple(x.shape), axis, True)
    return broadcast_to(reshape(dy, shape=kept), shape=tuple(x.shape))


derivative("sum")(lambda v, dy, axis, **_: (spread(dy, v["x"], axis),))


@derivative("mean")
def of_mean(v: Values, dy: Any, axis: Any, **_: Any) -> tuple[Any, ...]:
    count = int(np.prod(v["x"].shape)) // max(1, int(np.prod(dy.shape)))
    return (spread(scaled(dy, 1 / max(count, 1)), v["x"], axis),)


@derivative("max", "min")
def of_top(v: Values, dy: Any, axis: Any, **_: Any) -> tuple[Any, ...]:
    x = v["x"]
    top = as_type(find("equal")(x, spread(v["y"], x, axis)), dy.dtype)
    ties = sum_of(top, axis=axis, keepdims=True)
    return (multiply(top, divide(spread(dy, x, axis), ties)),)


@derivative("logsumexp")
def of_logsumexp(v: Values, dy: Any, axis: Any, **_: Any) -> tuple[Any, ...]:
    x = v["x"]
    return (multiply(spread(dy, x, axis), exp(subtract(x, spread(v["y"], x, axis)))),)


# ---------------------------------------------------------------- arrangement


@derivative("reshape", "flatten", "expand_dims", "squeeze")
def of_renaming(v: Values, dy: Any, **_: Any) -> tuple[Any, ...]:
    return (reshape(dy, shape=tuple(v["x"].shape)),)


@derivative("transpose")
def of_transpose(v: Values, dy: Any, axes: Any, **_: Any) -> tuple[Any, ...]:
    back = np.argsort(order(len(dy.shape), axes)).tolist()
    return (transpose(dy, axes=tuple(back)),)


@derivative("concatenate")
def of_concatenate(v: Values, dy: Any, axis: int, **_: Any) -> tuple[Any, ...]:
    xs = [x for role, x in v.items() if role.startswith("xs")]
    at = shaping.joint_axis(tuple(tuple(x.shape) for x in xs), axis)
    edges = shaping.starts(tuple(tuple(x.shape) for x in xs), at)
    return tuple(arrangement.piece(dy, at, edges[k], edges[k + 1]) for k in range(len(xs)))


derivative("accumulate")(lambda v, dy, **_: tuple(dy for role in v if role.startswith("xs")))
derivative("broadcast_to")(lambda v, dy, **_: (summed_to(dy, tuple(v["x"].shape)),))
derivative("flip")(lambda v, dy, axis, **_: (flip(dy, axis=axis),))
derivative("cast")(lambda v, dy, **_: (as_type(dy, v["x"].dtype),))


@derivative("strided_slice")
def of_slice(v: Values, dy: Any, begin: Any, end: Any, strides: Any, drop: Any, **_: Any) -> tuple[Any, ...]:
    shape = tuple(v["x"].shape)
    ranges = taken(shape, begin, end, strides)
    (full,) = slice_shape(shape, begin, end, strides)
    dy = reshape(dy, shape=full) if dropped(shape, drop) else dy
    if all(r.step == 1 for r in ranges):
        after = tuple(n - r.stop if len(r) else n - r.start for n, r in zip(shape, ranges, strict=True))
        return (find("pad")(dy, before=tuple(r.start for r in ranges), after=after),)
    cells = np.stack(np.meshgrid(*ranges, indexing="ij"), -1)
    return (scattering.scatter_nd(cells, dy, shape=shape),)


@derivative("pad")
def of_pad(v: Values, dy: Any, before: Any, after: Any, mode: str, **_: Any) -> tuple[Any, ...]:
    shape = tuple(v["x"].shape)
    if mode != "constant":
        cells = np.stack(np.meshgrid(*mirror_places(shape, before, after, mode), indexing="ij"), -1)
        return (scattering.scatter_nd(cells, dy, shape=shape),)
    starts = tuple(b for b, _ in widths(shape, before, after))
    return (strided_slice(dy, begin=starts, end=tuple(b + n for b, n in zip(starts, shape, strict=True))),)


def mirror_places(shape: tuple[int, ...], before: Any, after: Any, mode: str) -> list[np.ndarray]:
    return [mirrors(n, *pair, mode) for n, pair in zip(shape, widths(shape, before, after), strict=True)]


@derivative("take")
def of_take(v: Values, dy: Any, axis: int | None, **_: Any) -> tuple[Any, ...]:
    shape = tuple(v["x"].shape)
    table = (int(np.prod(shape)),) if axis is None else shape
    at = 0 if axis is None else axis % len(shape)
    count = int(np.prod(v["indices"].shape))
    rows = arrangement.moveaxis(reshape(dy, shape=(*table[:at], count, *table[at + 1 :])), at, 0)
    indices = reshape(v["indices"], shape=(count, 1))
    added = scattering.scatter_nd(indices, rows, shape=(table[at], *table[:at], *table[at + 1 :]))
    return (reshape(arrangement.moveaxis(added, 0, at), shape=shape),)


derivative("gather_nd")(lambda v, dy, **_: (scattering.scatter_nd(v["indices"], dy, shape=tuple(v["x"].shape)),))
derivative("scatter_nd")(lambda v, dy, **_: (gather.gather_nd(dy, v["indices"]),))


@derivative("segment_sum")
def of_segment_sum(v: Values, dy: Any, num_segments: int, **_: Any) -> tuple[Any, ...]:
    mine = as_type(gather.one_hot(v["segment_ids"], num_classes=num_segments), dy.dtype)  # no row for ids out of range
    width = int(np.prod(dy.shape[1:]))
    return (reshape(matmul(mine, reshape(dy, shape=(num_segments, width))), shape=tuple(v["data"].shape)),)
