"""Recurrent layers as ONNX nodes: one LSTM, GRU or RNN where that says the same, a loop over the steps elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.graph import Step
from fastnn.exchange.onnx_graph import Graph, converts, sizes

Array = NDArray[np.floating]
ACTIVATIONS = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu"}  # of ONNX' recurrent nodes, without parameters
ORDERS = {"RNN": (0,), "LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}  # which gate of ours comes at each place of ONNX'
TIME_FIRST = (1, 0, 2)


@converts("simple_rnn")
def simple_rnn(graph: Graph, step: Step, x: str, kernel: str, state: str, drop: str, mask: str) -> list[str]:
    """y[t] = activation(x[t] + y[t-1] U)."""

    def after(body: Graph, x: str, states: Sequence[str]) -> list[str]:
        total = body.add("Add", x, body.add("MatMul", thinned(body, states[0], drop), kernel))
        return [activate(body, step.attrs["activation"], total)]

    return one_node(graph, step, "RNN", [state]) or repeated(graph, step, after, x, [state], mask)


@converts("lstm")
def lstm(graph: Graph, step: Step, x: str, kernel: str, state: str, cell: str, drop: str, mask: str) -> list[str]:
    """c[t] = f c[t-1] + i g; y[t] = o activation(c[t])."""
    outer, inner = step.attrs["activation"], step.attrs["recurrent_activation"]

    def after(body: Graph, x: str, states: Sequence[str]) -> list[str]:
        total = body.add("Add", x, body.add("MatMul", thinned(body, states[0], drop), kernel))
        i, f, g, o = body.add("Split", total, outputs=4, axis=1, num_outputs=4)
        i, f, o = (activate(body, inner, gate) for gate in (i, f, o))
        added = body.add("Mul", i, activate(body, outer, g))
        c = body.add("Add", body.add("Mul", f, states[1]), added)
        return [body.add("Mul", o, activate(body, outer, c)), c]

    return one_node(graph, step, "LSTM", [state, cell]) or repeated(graph, step, after, x, [state, cell], mask)


@converts("gru")
def gru(graph: Graph, step: Step, x: str, kernel: str, bias: str, state: str, drop: str, mask: str) -> list[str]:
    """y[t] = z y[t-1] + (1 - z) g."""
    outer, inner = step.attrs["activation"], step.attrs["recurrent_activation"]
    units = sizes(step, 1)[0]
    parts = [graph.pick(kernel, first * units, last * units, 1) for first, last in ((0, 2), (2, 3))]
    inside, beside = (graph.reshape(graph.pick(bias, k, k + 1, 0), (3 * units,)) if bias else "" for k in (0, 1))

    def after(body: Graph, x: str, states: Sequence[str]) -> list[str]:
        seen = thinned(body, states[0], drop)
        xz, xr, xg = body.add("Split", plus(body, x, inside), outputs=3, axis=1, num_outputs=3)
        if step.attrs["reset_after"]:
            product = plus(body, body.add("MatMul", seen, kernel), beside)
            hz, hr, hg = body.add("Split", product, outputs=3, axis=1, num_outputs=3)
        else:
            hz, hr = body.add("Split", body.add("MatMul", seen, parts[0]), outputs=2, axis=1, num_outputs=2)
        z, r = (activate(body, inner, body.add("Add", a, b)) for a, b in ((xz, hz), (xr, hr)))
        kept = body.add("Mul", r, hg if step.attrs["reset_after"] else seen)
        kept = kept if step.attrs["reset_after"] else body.add("MatMul", kept, parts[1])
        g = activate(body, outer, body.add("Add", xg, kept))
        rest = body.add("Sub", body.constant(1, "float32"), z)
        return [body.add("Add", body.add("Mul", z, states[0]), body.add("Mul", rest, g))]

    return one_node(graph, step, "GRU", [state]) or repeated(graph, step, after, x, [state], mask)


def activate(graph: Graph, kind: str, x: str) -> str:
    """An activation by its name in recurrent layers."""
    if kind == "hard_sigmoid":
        return str(graph.add("HardSigmoid", x, alpha=1 / 6, beta=0.5))
    return str(graph.add(ACTIVATIONS[kind], x)) if kind in ACTIVATIONS else x


def thinned(graph: Graph, state: str, drop: str) -> str:
    """The state after dropout."""
    return graph.add("Mul", state, drop) if drop else state


def plus(graph: Graph, x: str, bias: str) -> str:
    """The sum with a bias that may be left out."""
    return graph.add("Add", x, bias) if bias else x


# ---------------------------------------------------------------- a loop


def repeated(
    graph: Graph,
    step: Step,
    after: Callable[[Graph, str, Sequence[str]], list[str]],
    x: str,
    states: Sequence[str],
    mask: str,
) -> list[str]:
    """The sequence and the last states from a loop over the steps; masked ones keep the states.

    Args:
        graph: Where it goes.
        step: The recurrent step.
        after: Writes the states after one step.
        x: The sequence.
        states: States before the first step, '' where they are zeros.
        mask: Truths (batch, time), or ''.
    """
    zero = graph.constant(0, "float32")
    lengths = graph.integers(graph.shape_of(step, "last_h"))
    begun = [state or graph.add("Expand", zero, lengths) for state in states]
    body = Graph(prefix=graph.fresh(f"{graph.place}/step") + "/")
    before = [body.fresh(f"state{k}") for k in range(len(states))]
    seen, truth = body.fresh("x"), body.fresh("mask")
    body.inputs = [*before, seen, *([truth] if mask else [])]
    made = after(body, seen, before)
    if mask:
        shown = body.reshape(truth, (-1, 1))
        made = [body.add("Where", shown, new, old) for new, old in zip(made, before, strict=True)]
    body.outputs = [body.add("Identity", name) for name in (*made, made[0])]
    sequences = [x, *([mask] if mask else [])]
    last = graph.add(
        "Scan",
        *begun,
        *sequences,
        outputs=len(states) + 1,
        body=body,
        num_scan_inputs=len(sequences),
        scan_input_axes=[1] * len(sequences),
        scan_output_axes=[1],
    )
    return [last[-1], *last[:-1]]


# ---------------------------------------------------------------- one node


def one_node(graph: Graph, step: Step, kind: str, states: Sequence[str]) -> list[str] | None:
    """The sequence and the last states from one node, or None where ONNX has none that says the same.

    Args:
        graph: Where it goes.
        step: The recurrent step.
        kind: ONNX' operator.
        states: States before the first step, '' where they are zeros.
    """
    operands = dict(step.operands)
    activations = [step.attrs[key] for key in ("recurrent_activation", "activation") if key in step.attrs]
    source = projection(graph, step)
    if source is None or operands["drop"] or operands["mask"] or not set(activations) <= set(ACTIVATIONS):
        return None
    of_input, own = ({r: graph.kept(n) for r, n in s.operands} for s in (source, step))
    if of_input["w"] is None or own["recurrent_kernel"] is None:
        return None
    units = len(own["recurrent_kernel"])
    weights = [graph.derived(str(dict(s.operands)[r]), in_order(a, kind).T[None]) for s, r, a in (
        (source, "w", of_input["w"]), (step, "recurrent_kernel", own["recurrent_kernel"])
    )]  # fmt: skip
    inside, beside = biases(of_input["b"], own.get("bias"), units * len(ORDERS[kind]))
    bias = np.concatenate([in_order(inside, kind), in_order(beside, kind)])[None]
    named = dict(source.operands)["b"] or operands.get("bias")
    made = graph.add(
        kind,
        graph.transpose(graph.named[source.operand("x")], TIME_FIRST),
        *weights,
        graph.derived(named, bias) if named else "",
        "",
        *(graph.add("Unsqueeze", s, graph.integers(0)) if s else "" for s in states),
        outputs=1 + len(states),
        hidden_size=units,
        activations=[ACTIVATIONS[a] for a in (*activations, *activations[1:])][: {"RNN": 1, "GRU": 2, "LSTM": 3}[kind]],
        linear_before_reset=int(step.attrs["reset_after"]) if kind == "GRU" else None,
    )
    sequence = graph.transpose(graph.add("Squeeze", made[0], graph.integers(1)), TIME_FIRST)
    return [sequence, *(graph.add("Squeeze", state, graph.integers(0)) for state in made[1:])]


def projection(graph: Graph, step: Step) -> Step | None:
    """The step that multiplies the sequence by the kernel."""
    assert graph.listing is not None
    wanted = step.operand("x")
    found = next((s for s in graph.listing.steps if wanted in s.outputs), None)
    return found if found is not None and found.op.name == "dense" and len(found.shapes[0] or ()) == 3 else None


def in_order(weights: Array, kind: str) -> Array:
    """Gates, blocks of the last axis, in ONNX' order."""
    parts = np.split(weights, len(ORDERS[kind]), -1)
    return np.concatenate([parts[k] for k in ORDERS[kind]], -1)


def biases(of_input: Array | None, own: Array | None, count: int) -> tuple[Array, Array]:
    """The bias beside the input's product and the one beside the recurrent product."""
    nothing = np.zeros(count, "float32")
    inside, beside = (nothing, nothing) if own is None else (own[0], own[1])
    return inside if of_input is None else inside + of_input, beside
