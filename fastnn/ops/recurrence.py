"""Recurrent layers over whole sequences: the simple one, long short-term memory, and the gated recurrent unit.

`x` is the input's part of all gates, (batch, time, gates * units): the sequence times the kernel, plus the bias. What
happens from step to step is the operation's: the recurrent product, the gates, the states.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.errors import ShapeError
from fastnn.ops.attributes import Choice
from fastnn.ops.recurrent_explain import gru_explain, lstm_explain, simple_rnn_explain
from fastnn.ops.table import Case, define
from fastnn.ops.terms import Shape

OptionalShape = Shape | None
ACTIVATION = Choice("tanh", "sigmoid", "relu", "linear", "hard_sigmoid")
RECURRENT_ACTIVATION = Choice("sigmoid", "tanh", "relu", "linear", "hard_sigmoid")


def activate(kind: str, x: Any) -> Any:
    """An activation by name."""
    if kind == "tanh":
        return np.tanh(x)
    if kind == "sigmoid":
        e = np.exp(-np.abs(x))
        return np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    if kind == "relu":
        return np.maximum(x, 0)
    return np.clip(x / 6 + 0.5, 0, 1) if kind == "hard_sigmoid" else x


def slope(kind: str, y: Any) -> Any:
    """The derivative of an activation, from its result."""
    if kind == "tanh":
        return 1 - y * y
    if kind == "sigmoid":
        return y * (1 - y)
    if kind == "relu":
        return np.asarray(y > 0, y.dtype)
    return np.asarray((y > 0) & (y < 1), y.dtype) / 6 if kind == "hard_sigmoid" else np.ones_like(y)


def check_sequence(x: Shape, kernel: Shape, gates: int) -> tuple[int, int, int]:
    """Batch, steps and units; raises ShapeError unless input and recurrent kernel are for that many gates."""
    if len(x) != 3:
        raise ShapeError(f"expected x with three axes (batch, time, {gates} * units), received rank {len(x)}.")
    if len(kernel) != 2 or kernel[1] != gates * kernel[0] or not kernel[0]:
        raise ShapeError(f"expected a recurrent kernel of shape (units, {gates} * units), received {kernel}.")
    if x[2] != kernel[1]:
        raise ShapeError(f"expected x with {kernel[1]} columns, {gates} for each unit, received {x[2]}.")
    if x[1] == 0:
        raise ShapeError("expected a sequence of at least one time step, received none.")
    return x[0], x[1], kernel[0]


def recurrent_flops(x: Shape, kernel: Shape, *_: OptionalShape, **__: Any) -> dict[str, int]:
    """Operations of the recurrent product at every step, of the way back through it, and of the kernel's gradient."""
    products = 2 * math.prod(x[:2]) * math.prod(kernel)
    return {"y": products, "dh": products, "drecurrent_kernel": products, "dbias": math.prod(x)}


def check_states(batch: int, steps: int, units: int, mask: OptionalShape, **states: OptionalShape) -> None:
    """Raise ShapeError unless states, if given, have one row per sample and the mask has one number per step."""
    for name, shape in states.items():
        if shape is not None and shape != (batch, units):
            raise ShapeError(f"expected {name} of shape {(batch, units)}, received {shape}.")
    if mask is not None and mask != (batch, steps):
        raise ShapeError(f"expected a mask of shape {(batch, steps)}, (batch, time), received {mask}.")


def started(state: Any, x: Any, units: int) -> Any:
    """The state before the first step; zeros if none is given."""
    return np.zeros((len(x), units), x.dtype) if state is None else state


def thinned(state: Any, drop: Any) -> Any:
    """The state after dropout, one pattern for the whole sequence."""
    return state if drop is None else state * drop


def kept(mask: Any, t: int, new: Any, old: Any) -> Any:
    """The new values; the old ones in rows whose step t is masked."""
    return new if mask is None else np.where(mask[:, t, None] != 0, new, old)


def before(states: Any, start: Any, t: int) -> Any:
    """States before step t."""
    return states[:, t - 1] if t else start


def rows(a: Any) -> Any:
    """All steps of all sequences below each other."""
    return a.reshape(-1, a.shape[-1])


# ---------------------------------------------------------------- simple


def simple_rnn_shape(
    x: Shape, kernel: Shape, state: OptionalShape, drop: OptionalShape, mask: OptionalShape, **_: Any
) -> tuple[Shape, ...]:
    batch, steps, units = check_sequence(x, kernel, 1)
    check_states(batch, steps, units, mask, state=state, drop=drop)
    return x, (batch, units), x


def simple_rnn_forward(x: Any, kernel: Any, state: Any, drop: Any, mask: Any, activation: str) -> Any:
    h = started(state, x, len(kernel))
    y, previous = np.empty_like(x), np.empty_like(x)
    for t in range(x.shape[1]):
        previous[:, t] = thinned(h, drop)
        h = kept(mask, t, activate(activation, x[:, t] + previous[:, t] @ kernel), h)
        y[:, t] = h
    return y, h, previous


def simple_rnn_backward(
    dy: Any, dlast_h: Any, kernel: Any, drop: Any, mask: Any, previous: Any, y: Any, shapes: Any, activation: str
) -> tuple[Any, ...]:
    dx, dh, d = np.empty_like(dy), np.empty_like(dy), dlast_h
    for t in reversed(range(dy.shape[1])):
        dh[:, t] = d + dy[:, t]
        dx[:, t] = kept(mask, t, dh[:, t] * slope(activation, y[:, t]), 0)
        d = thinned(dx[:, t] @ kernel.T, drop) + kept(mask, t, 0 * d, dh[:, t])
    return dx, rows(previous).T @ rows(dx), None if shapes[2] is None else d, dh


SIMPLE_SHAPES = ((3, 4, 2), (2, 2), (3, 2), (3, 2), (3, 4))
SIMPLE_DRAW = ("normal", "normal", "normal", "positive", "binary")
simple_rnn = define(
    "simple_rnn",
    "recurrence",
    "x recurrent_kernel state drop mask",
    optional="state drop mask",
    attrs={"activation": ACTIVATION},
    outputs="y last_h",
    extra="previous",
    intermediates="previous",
    saves="recurrent_kernel drop mask previous y",
    gradients="x recurrent_kernel state",
    backward_extra="dh",
    backward_shape=lambda x, *_, **__: (x,),
    dtypes={"mask": "bool"},
    forward=simple_rnn_forward,
    backward=simple_rnn_backward,
    shape=simple_rnn_shape,
    formula="y[t] = activation(x[t] + y[t-1] U); a masked step keeps y[t-1]",
    grad_formula="dh[t] = dy[t] + dx[t+1] U^T; dx[t] = dh[t] activation'; drecurrent_kernel = sum of y[t-1]^T dx[t]",
    explain=simple_rnn_explain,
    flops=recurrent_flops,
    cases=(
        Case(((3, 4, 2), (2, 2), None, None, None)),
        Case(SIMPLE_SHAPES, draw=SIMPLE_DRAW),
        Case(((2, 5, 3), (3, 3), (2, 3), None, (2, 5)), {"activation": "sigmoid"}, SIMPLE_DRAW),
        Case(((2, 3, 5), (5, 5), None, (2, 5), None), {"activation": "relu"}, SIMPLE_DRAW),
        Case(((4, 2, 1), (1, 1), (4, 1), None, None), {"activation": "linear"}),
        Case(((1, 1, 3), (3, 3), (1, 3), None, None), {"activation": "hard_sigmoid"}),
        Case(((0, 2, 3), (3, 3), None, None, None)),
        Case(((5, 6, 17), (17, 17), None, None, (5, 6)), draw=SIMPLE_DRAW),
    ),
    bench=(Case(((32, 50, 128), (128, 128), None, None, None)),),
    source="Elman, Finding structure in time, 1990",
)


# ---------------------------------------------------------------- long short-term memory


def lstm_shape(
    x: Shape,
    kernel: Shape,
    state: OptionalShape,
    cell: OptionalShape,
    drop: OptionalShape,
    mask: OptionalShape,
    **_: Any,
) -> tuple[Shape, ...]:
    batch, steps, units = check_sequence(x, kernel, 4)
    check_states(batch, steps, units, mask, state=state, cell=cell, drop=drop)
    sequence, last = (batch, steps, units), (batch, units)
    return sequence, last, last, *(sequence,) * 6


def lstm_forward(
    x: Any, kernel: Any, state: Any, cell: Any, drop: Any, mask: Any, activation: str, recurrent_activation: str
) -> Any:
    units = len(kernel)
    h, c = started(state, x, units), started(cell, x, units)
    i, f, g, o, cs, previous, y = (np.empty((*x.shape[:2], units), x.dtype) for _ in range(7))
    for t in range(x.shape[1]):
        previous[:, t] = thinned(h, drop)
        parts = np.split(x[:, t] + previous[:, t] @ kernel, 4, -1)
        i[:, t], f[:, t], o[:, t] = (activate(recurrent_activation, parts[k]) for k in (0, 1, 3))
        g[:, t] = activate(activation, parts[2])
        c_new = f[:, t] * c + i[:, t] * g[:, t]
        h = kept(mask, t, o[:, t] * activate(activation, c_new), h)
        c = kept(mask, t, c_new, c)
        y[:, t], cs[:, t] = h, c
    return y, h, c, i, f, g, o, cs, previous


def lstm_backward(
    dy: Any, dlast_h: Any, dlast_c: Any, kernel: Any, cell: Any, drop: Any, mask: Any, i: Any, f: Any, g: Any, o: Any,
    c: Any, previous: Any, shapes: Any, activation: str, recurrent_activation: str,
) -> tuple[Any, ...]:  # fmt: skip
    dx, dh, dc = np.empty(shapes[0], dy.dtype), np.empty_like(dy), np.empty_like(dy)
    d, d_cell, start = dlast_h, dlast_c, started(cell, dy, len(kernel))
    for t in reversed(range(dy.shape[1])):
        at = (slice(None), t)
        squashed = activate(activation, c[at])
        dh[at] = d + dy[at]
        dc[at] = d_cell + kept(mask, t, dh[at] * o[at] * slope(activation, squashed), 0)
        pairs = (dc[at] * g[at], dc[at] * before(c, start, t), dc[at] * i[at], dh[at] * squashed)
        kinds = (recurrent_activation, recurrent_activation, activation, recurrent_activation)
        slopes = [slope(kind, gate[at]) for kind, gate in zip(kinds, (i, f, g, o), strict=True)]
        dx[at] = kept(mask, t, np.concatenate([p * s for p, s in zip(pairs, slopes, strict=True)], -1), 0)
        d = thinned(dx[at] @ kernel.T, drop) + kept(mask, t, 0 * d, dh[at])
        d_cell = kept(mask, t, dc[at] * f[at], dc[at])
    found = dx, rows(previous).T @ rows(dx), None if shapes[2] is None else d, None if shapes[3] is None else d_cell
    return *found, dh, dc


LSTM_DRAW = ("normal", "normal", "normal", "normal", "positive", "binary")
lstm = define(
    "lstm",
    "recurrence",
    "x recurrent_kernel state cell drop mask",
    optional="state cell drop mask",
    attrs={"activation": ACTIVATION, "recurrent_activation": RECURRENT_ACTIVATION},
    outputs="y last_h last_c",
    extra="i f g o c previous",
    intermediates="i f g o c previous",
    unit="i f o",
    saves="recurrent_kernel cell drop mask i f g o c previous",
    gradients="x recurrent_kernel state cell",
    backward_extra="dh dc",
    backward_shape=lambda x, kernel, *_, **__: ((*x[:2], kernel[0]),) * 2,
    dtypes={"mask": "bool"},
    forward=lstm_forward,
    backward=lstm_backward,
    shape=lstm_shape,
    formula="c[t] = f c[t-1] + i g; y[t] = o tanh(c[t]); i, f, g, o from x[t] + y[t-1] U; a masked step keeps both",
    grad_formula="dh[t] = dy[t] + dx[t+1] U^T; dc[t] = dh[t] o tanh'(c[t]) + f[t+1] dc[t+1]; "
    "drecurrent_kernel = sum y[t-1]^T dx[t]",
    explain=lstm_explain,
    flops=recurrent_flops,
    cases=(
        Case(((3, 4, 8), (2, 8), None, None, None, None)),
        Case(((3, 4, 8), (2, 8), (3, 2), (3, 2), (3, 2), (3, 4)), draw=LSTM_DRAW),
        Case(
            ((2, 5, 12), (3, 12), (2, 3), (2, 3), None, (2, 5)),
            {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
            LSTM_DRAW,
        ),
        Case(
            ((2, 2, 20), (5, 20), None, None, (2, 5), None),
            {"activation": "linear", "recurrent_activation": "tanh"},
            LSTM_DRAW,
        ),
        Case(((4, 1, 4), (1, 4), None, (4, 1), None, None), {"activation": "sigmoid", "recurrent_activation": "relu"}),
        Case(
            ((2, 3, 4), (1, 4), (2, 1), None, None, None),
            {"activation": "hard_sigmoid", "recurrent_activation": "linear"},
        ),
        Case(((0, 2, 4), (1, 4), None, None, None, None)),
        Case(((5, 6, 68), (17, 68), None, None, None, (5, 6)), draw=LSTM_DRAW),
    ),
    bench=(Case(((32, 50, 512), (128, 512), None, None, None, None)),),
    source="Hochreiter and Schmidhuber, Long short-term memory, 1997; forget gate: Gers, Schmidhuber and Cummins, 2000",
)


# ---------------------------------------------------------------- gated recurrent unit


def gru_shape(
    x: Shape,
    kernel: Shape,
    bias: OptionalShape,
    state: OptionalShape,
    drop: OptionalShape,
    mask: OptionalShape,
    reset_after: bool,
    **_: Any,
) -> tuple[Shape, ...]:
    batch, steps, units = check_sequence(x, kernel, 3)
    check_states(batch, steps, units, mask, state=state, drop=drop)
    if bias is not None and (not reset_after or bias != (2, 3 * units)):
        wanted = f"a bias of shape {(2, 3 * units)}" if reset_after else "no bias, it being part of x"
        raise ShapeError(f"expected {wanted}, received {bias}.")
    sequence = (batch, steps, units)
    return sequence, (batch, units), *(sequence,) * 5


def gru_forward(
    x: Any, kernel: Any, bias: Any, state: Any, drop: Any, mask: Any, activation: str, recurrent_activation: str,
    reset_after: bool,
) -> Any:  # fmt: skip
    units = len(kernel)
    h = started(state, x, units)
    z, r, g, inner, previous, y = (np.empty((*x.shape[:2], units), x.dtype) for _ in range(6))
    x_bias, h_bias = (0, 0) if bias is None else bias
    for t in range(x.shape[1]):
        at = (slice(None), t)
        previous[at] = thinned(h, drop)
        xz, xr, xg = np.split(x[at] + x_bias, 3, -1)
        hz, hr, hg = np.split(previous[at] @ kernel + h_bias, 3, -1)
        z[at], r[at] = activate(recurrent_activation, xz + hz), activate(recurrent_activation, xr + hr)
        inner[at] = hg if reset_after else (r[at] * previous[at]) @ kernel[:, 2 * units :]
        g[at] = activate(activation, xg + (r[at] * inner[at] if reset_after else inner[at]))
        h = kept(mask, t, z[at] * h + (1 - z[at]) * g[at], h)
        y[at] = h
    return y, h, z, r, g, inner, previous


def gru_backward(
    dy: Any, dlast_h: Any, kernel: Any, state: Any, drop: Any, mask: Any, z: Any, r: Any, g: Any, inner: Any,
    previous: Any, y: Any, shapes: Any, activation: str, recurrent_activation: str, reset_after: bool,
) -> tuple[Any, ...]:  # fmt: skip
    units = len(kernel)
    dx, dh = np.empty(shapes[0], dy.dtype), np.empty_like(dy)
    gates, candidate = kernel[:, : 2 * units], kernel[:, 2 * units :]
    d, start = dlast_h, started(state, dy, units)
    for t in reversed(range(dy.shape[1])):
        at = (slice(None), t)
        dh[at] = d + dy[at]
        dz = dh[at] * (before(y, start, t) - g[at]) * slope(recurrent_activation, z[at])
        dg = dh[at] * (1 - z[at]) * slope(activation, g[at])
        through = (dg * r[at] if reset_after else dg) @ candidate.T
        dr = (dg * inner[at] if reset_after else through * previous[at]) * slope(recurrent_activation, r[at])
        dx[at] = kept(mask, t, np.concatenate([dz, dr, dg], -1), 0)
        product = dx[at][:, : 2 * units] @ gates.T + kept(mask, t, through if reset_after else through * r[at], 0)
        d = thinned(product, drop) + kept(mask, t, dh[at] * z[at], dh[at])
    d_inner, entering = rows(dx)[:, 2 * units :], rows(previous)
    d_inner, left = (d_inner * rows(r), entering) if reset_after else (d_inner, entering * rows(r))
    d_gates = rows(dx)[:, : 2 * units]
    d_kernel = np.concatenate([entering.T @ d_gates, left.T @ d_inner], -1)
    d_bias = np.stack([rows(dx).sum(0), np.concatenate([d_gates, d_inner], -1).sum(0)])
    return dx, d_kernel, None if shapes[2] is None else d_bias, None if shapes[3] is None else d, dh


GRU_DRAW = ("normal", "normal", "normal", "normal", "positive", "binary")
BEFORE = {"reset_after": False}
gru = define(
    "gru",
    "recurrence",
    "x recurrent_kernel bias state drop mask",
    optional="bias state drop mask",
    attrs={"activation": ACTIVATION, "recurrent_activation": RECURRENT_ACTIVATION, "reset_after": True},
    outputs="y last_h",
    extra="z r g inner previous",
    intermediates="z r g inner previous",
    unit="z r",
    saves="recurrent_kernel state drop mask z r g inner previous y",
    gradients="x recurrent_kernel bias state",
    backward_extra="dh",
    backward_shape=lambda x, kernel, *_, **__: ((*x[:2], kernel[0]),),
    dtypes={"mask": "bool"},
    forward=gru_forward,
    backward=gru_backward,
    shape=gru_shape,
    formula="y[t] = z y[t-1] + (1 - z) g; gates z, r, candidate g from x[t], y[t-1] U; a masked step keeps y[t-1]",
    grad_formula="dh[t] = dy[t] + z[t+1] dh[t+1] + dx[t+1] U^T; "
    "drecurrent_kernel = sum of y[t-1]^T dx[t], r in the candidate's part",
    explain=gru_explain,
    flops=recurrent_flops,
    cases=(
        Case(((3, 4, 6), (2, 6), (2, 6), None, None, None)),
        Case(((3, 4, 6), (2, 6), (2, 6), (3, 2), (3, 2), (3, 4)), draw=GRU_DRAW),
        Case(((3, 4, 6), (2, 6), None, (3, 2), (3, 2), (3, 4)), BEFORE, GRU_DRAW),
        Case(
            ((2, 5, 9), (3, 9), None, (2, 3), None, (2, 5)),
            {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
            GRU_DRAW,
        ),
        Case(
            ((2, 3, 15), (5, 15), None, None, (2, 5), None),
            {"activation": "linear", "recurrent_activation": "tanh", **BEFORE},
            GRU_DRAW,
        ),
        Case(((4, 1, 3), (1, 3), (2, 3), None, None, None), {"activation": "sigmoid", "recurrent_activation": "relu"}),
        Case(
            ((1, 3, 6), (2, 6), None, (1, 2), None, None),
            {"activation": "hard_sigmoid", "recurrent_activation": "linear"},
        ),
        Case(((0, 2, 3), (1, 3), None, None, None, None)),
        Case(((5, 6, 51), (17, 51), (2, 51), None, None, (5, 6)), draw=GRU_DRAW),
        Case(((5, 6, 51), (17, 51), None, None, None, None), BEFORE),
    ),
    bench=(Case(((32, 50, 384), (128, 384), (2, 384), None, None, None)),),
    source="Cho et al., Learning phrase representations using RNN encoder-decoder, 2014",
)
