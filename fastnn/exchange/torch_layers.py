"""Layers that PyTorch has, too: what each weight is called there, and how its numbers lie."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Entry:
    """One of our weights, and what PyTorch has for it.

    Args:
        variable: The weight.
        keys: Names of arrays there.
        ours: `ours(*arrays)`: our value from theirs.
        theirs: `theirs(value)`: their arrays from our value.
    """

    variable: Any
    keys: tuple[str, ...]
    ours: Callable[..., Array]
    theirs: Callable[[Array], tuple[Array, ...]]


def moved(variable: Any, key: str, *axes: int) -> Entry:
    """The same numbers with their axes in another order: `axes` are theirs in our order."""
    back = np.argsort(axes)
    return Entry(variable, (key,), lambda a: a.transpose(axes), lambda a: (a.transpose(back),))


def plain(layer: Any, **keys: str) -> list[Entry]:
    """Weights with one number for each channel, by their names here, where the layer has them."""
    own = {v.name: v for v in layer.weights}
    return [per_channel(layer, own[name], key) for name, key in keys.items() if name in own]


def per_channel(layer: Any, variable: Any, key: str) -> Entry:
    """Numbers in a row there; axes of length 1 before it here."""
    shape = variable.shape
    if any(n != 1 for n in shape[:-1]):
        raise ValueError(f"Expected {variable.name} for each channel. Received: '{layer.name}' with shape {shape}")
    return Entry(variable, (key,), lambda a: a.reshape(shape), lambda a: (a.ravel(),))


def in_channel_order(entry: Entry, order: Array | None) -> Entry:
    """The entry with the first axis of our value in another order: `order` says where each cell lies there."""
    if order is None:
        return entry
    back = np.argsort(order)
    return replace(entry, ours=lambda *a: entry.ours(*a)[order], theirs=lambda a: entry.theirs(a[back]))


def kernel_and_bias(*axes: int) -> Callable[[Any], list[Entry]]:
    """A kernel with its axes moved, and a bias."""
    return lambda layer: [moved(layer.kernel, "weight", *axes), *plain(layer, bias="bias")]


# ---------------------------------------------------------------- every channel by itself


def depthwise(layer: Any) -> list[Entry]:
    """(channels * multiple, 1, size) there, (size, channels, multiple) here."""
    *size, channels, multiple = layer.kernel.shape
    rank = len(size)
    there, here = (channels, multiple, *size), (*range(2, rank + 2), 0, 1)
    kernel = Entry(
        layer.kernel,
        ("weight",),
        lambda a: a.reshape(there).transpose(here),
        lambda a: (a.transpose(np.argsort(here)).reshape(channels * multiple, 1, *size),),
    )
    return [kernel, *plain(layer, bias="bias")]


# ---------------------------------------------------------------- recurrent layers


def gates(weights: Array, order: Sequence[int]) -> Array:
    """Blocks of the first axis in another order."""
    parts = np.split(weights, len(order))
    return np.concatenate([parts[k] for k in order])


def recurrent(*order: int) -> Callable[[Any], list[Entry]]:
    """Kernels as rows of gates; `order` says which of their gates comes at each place here, and the other way round."""
    return lambda layer: directed(layer.cell, order, "")


def directed(cell: Any, order: Sequence[int], ending: str) -> list[Entry]:
    """The entries of one direction."""
    own = {v.name: v for v in cell.weights}
    found = [
        Entry(own[name], (f"{key}_l0{ending}",), lambda a: gates(a, order).T, lambda a: (gates(a.T, order),))
        for name, key in (("kernel", "weight_ih"), ("recurrent_kernel", "weight_hh"))
    ]
    keys = (f"bias_ih_l0{ending}", f"bias_hh_l0{ending}")
    return found + ([Entry(own["bias"], keys, *biases(own["bias"].ndim, order))] if "bias" in own else [])


def biases(rank: int, order: Sequence[int]) -> tuple[Callable[..., Array], Callable[[Array], tuple[Array, ...]]]:
    """Two biases there; here one, their sum, or both, one below the other."""
    if rank == 2:
        return lambda a, b: np.stack([gates(a, order), gates(b, order)]), lambda a: tuple(gates(b, order) for b in a)
    return lambda a, b: gates(a + b, order), lambda a: (gates(a, order), np.zeros_like(a))


def gru(layer: Any) -> list[Entry]:
    """PyTorch applies the reset gate after the product."""
    if not layer.cell.reset_after:
        raise ValueError(f"Expected reset_after=True, as PyTorch's GRU has it. Received: '{layer.name}' without")
    return recurrent(*GATES["GRU"])(layer)


def bidirectional(layer: Any) -> list[Entry]:
    """Both directions of one layer."""
    kind = type(layer.forward_layer).__name__
    if kind not in GATES:
        raise ValueError(f"Expected a Bidirectional of {', '.join(GATES)}. Received: '{layer.name}' of {kind}")
    if kind == "GRU":
        gru(layer.forward_layer)
    forward = directed(layer.forward_layer.cell, GATES[kind], "")
    return forward + directed(layer.backward_layer.cell, GATES[kind], "_reverse")


# ---------------------------------------------------------------- attention


def attention(layer: Any) -> list[Entry]:
    """Three projections, parts of one array there, and that of the output; heads side by side."""
    if layer.use_gate:
        raise ValueError(f"Expected use_gate=False, as PyTorch's attention is. Received: '{layer.name}' with gates")
    parts = [layer.query_dense, layer.key_dense, layer.value_dense]
    keys = [(f"{SHARED[0]}/{k}", f"{SHARED[1]}/{k}") for k in range(len(parts))]
    found = [entry for part, pair in zip(parts, keys, strict=True) for entry in projection(part, *pair, lead=1)]
    return found + projection(layer.output_dense, "out_proj.weight", "out_proj.bias", lead=2)


def projection(part: Any, weight: str, bias: str, lead: int) -> list[Entry]:
    """A kernel whose first `lead` axes are its inputs, as a matrix (outputs, inputs) there."""
    shapes = {v.name: v.shape for v in part.weights}
    rows = math.prod(shapes["kernel"][:lead])
    found = [Entry(part.kernel, (weight,), lambda a: a.T.reshape(shapes["kernel"]), lambda a: (a.reshape(rows, -1).T,))]
    if "bias" in shapes:
        found.append(Entry(part.bias, (bias,), lambda a: a.reshape(shapes["bias"]), lambda a: (a.ravel(),)))
    return found


SHARED = ("in_proj_weight", "in_proj_bias")  # arrays that several of our weights are parts of
GATES = {"SimpleRNN": (0,), "LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2)}
CENTRED = {"gamma": "weight", "beta": "bias"}
STATISTICS = {"moving_mean": "running_mean", "moving_variance": "running_var"}
LAYERS: dict[str, Callable[[Any], list[Entry]]] = {
    "Dense": kernel_and_bias(1, 0),
    "Conv1D": kernel_and_bias(2, 1, 0),
    "Conv2D": kernel_and_bias(2, 3, 1, 0),
    "Conv1DTranspose": kernel_and_bias(2, 1, 0),
    "Conv2DTranspose": kernel_and_bias(2, 3, 1, 0),
    "DepthwiseConv1D": depthwise,
    "DepthwiseConv2D": depthwise,
    "BatchNormalization": lambda layer: plain(layer, **CENTRED, **STATISTICS),
    "LayerNormalization": lambda layer: plain(layer, **CENTRED),
    "GroupNormalization": lambda layer: plain(layer, **CENTRED),
    "RMSNormalization": lambda layer: plain(layer, scale="weight"),
    "PReLU": lambda layer: plain(layer, alpha="weight"),
    "Embedding": lambda layer: [moved(layer.weights[0], "weight", 0, 1)],
    "SimpleRNN": recurrent(*GATES["SimpleRNN"]),
    "LSTM": recurrent(*GATES["LSTM"]),
    "GRU": gru,
    "Bidirectional": bidirectional,
    "MultiHeadAttention": attention,
}
