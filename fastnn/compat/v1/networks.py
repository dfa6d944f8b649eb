"""What networks are made of, with the argument names of that time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from fastnn import config, ops
from fastnn.compat.v1.arithmetic import each, multiply, reduce_sum, same_types, sigmoid, square, subtract, tanh
from fastnn.compat.v1.graphs import GraphTensor, _state, as_graph_tensor, made

Function = Callable[..., Any]


def softmax_cross_entropy(
    labels: Any = None, logits: Any = None, dim: int = -1, name: str | None = None, **_: Any
) -> GraphTensor:
    """Cross-entropy of one-hot rows and logits, one number per row.

    Raises:
        ValueError: unless labels and logits are given by name.
    """
    if labels is None or logits is None:
        raise ValueError("Expected labels= and logits= by name. Received: one of them only")
    return made(ops.softmax_cross_entropy, *same_types("softmax_cross_entropy", labels, logits), name=name)


def sparse_softmax_cross_entropy(labels: Any = None, logits: Any = None, name: str | None = None) -> GraphTensor:
    """Cross-entropy of class numbers and logits, one number per row."""
    return made(ops.sparse_softmax_cross_entropy, as_graph_tensor(labels), as_graph_tensor(logits), name=name)


def sigmoid_cross_entropy(labels: Any = None, logits: Any = None, name: str | None = None) -> GraphTensor:
    """Cross-entropy of targets from 0 to 1 and logits, number by number."""

    def call(target: Any, net: Any) -> Any:
        return ops.relu(net) - net * target + ops.softplus(-ops.absolute(net))

    return made(call, *same_types("sigmoid_cross_entropy", labels, logits), name=name or "sigmoid_cross_entropy")


def sides(strides: Sequence[int], what: str) -> tuple[int, int]:
    """Rows and columns of four numbers.

    Raises:
        ValueError: unless the first and last are 1.
    """
    if len(strides) != 4 or strides[0] != 1 or strides[3] != 1:
        raise ValueError(f"Expected {what} like [1, rows, columns, 1]. Received: {what}={list(strides)}")
    return int(strides[1]), int(strides[2])


def same_or_valid(padding: str) -> str:
    """A padding as operations call it."""
    if str(padding).upper() not in ("SAME", "VALID"):
        raise ValueError(f"Expected padding to be 'SAME' or 'VALID'. Received: padding={padding!r}")
    return str(padding).lower()


def conv2d(
    input: Any, filter: Any = None, strides: Any = (1, 1, 1, 1), padding: str = "VALID", name: str | None = None, *,
    filters: Any = None,
) -> GraphTensor:  # fmt: skip
    """Convolution of images (batch, height, width, channels) with a kernel (rows, columns, in, out)."""
    x, w = same_types("conv2d", input, filter if filter is not None else filters)
    attrs: dict[str, Any] = {"strides": sides(strides, "strides"), "padding": same_or_valid(padding)}
    return made(ops.conv2d, x, w, name=name or "conv2d", **attrs)


def pooling(function: Function, title: str) -> Function:
    """A pooling with the argument names of that time."""

    def call(value: Any, ksize: Any, strides: Any, padding: str, name: str | None = None) -> GraphTensor:
        """Smaller images."""
        attrs: dict[str, Any] = {"pool_size": sides(ksize, "ksize"), "strides": sides(strides, "strides")}
        return made(function, as_graph_tensor(value), name=name or title, padding=same_or_valid(padding), **attrs)

    call.__name__ = title
    return call


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None, *,
    rate: Any = None,
) -> GraphTensor:  # fmt: skip
    """Each number kept with a probability, and divided by it; other ones in every run.

    Args:
        x: Tensor.
        keep_prob: The probability, a number or a tensor.
        noise_shape: Not available: None.
        seed: Seed.
        name: Name.
        rate: One less the probability, in its place.
    """
    if noise_shape is not None:
        raise ValueError(f"Expected noise_shape=None. Received: noise_shape={noise_shape}")
    if (keep_prob is None) == (rate is None):
        raise ValueError("Expected keep_prob or rate. Received: neither, or both")
    kept = keep_prob if keep_prob is not None else subtract(1.0, rate)
    if not isinstance(kept, GraphTensor) and not 0 < float(kept) <= 1:
        raise ValueError(f"Expected keep_prob above 0 and at most 1. Received: keep_prob={kept}")
    x, kept = same_types("dropout", x, kept)
    rng = np.random.default_rng(config.next_seed() if seed is None else seed)

    def call(given: Any, probability: Any) -> Any:
        size = tuple(given.shape)

        def numbers() -> np.ndarray:
            return np.asarray(rng.uniform(size=size), given.dtype)

        noise = _state.runs[-1].draw(size, given.dtype, numbers) if _state.runs else np.zeros(size, given.dtype)
        return given / probability * ops.floor(probability + noise)

    return made(call, x, kept, name=name or "dropout", result_like=x)


def bias_add(value: Any, bias: Any, name: str | None = None) -> GraphTensor:
    """A bias for every column or channel."""
    return made(ops.bias_add, *same_types("bias_add", value, bias), name=name or "bias_add")


def softmax(logits: Any, axis: int = -1, name: str | None = None) -> GraphTensor:
    """Probabilities along an axis."""
    return made(ops.softmax, as_graph_tensor(logits), axis=axis, name=name or "softmax")


nn = SimpleNamespace(
    relu=each(ops.relu, "relu"), sigmoid=sigmoid, tanh=tanh, softmax=softmax, elu=each(ops.elu, "elu"), dropout=dropout,
    conv2d=conv2d, bias_add=bias_add, max_pool=pooling(ops.max_pool2d, "max_pool"),
    avg_pool=pooling(ops.average_pool2d, "avg_pool"), softmax_cross_entropy_with_logits=softmax_cross_entropy,
    softmax_cross_entropy_with_logits_v2=softmax_cross_entropy,
    sparse_softmax_cross_entropy_with_logits=sparse_softmax_cross_entropy,
    sigmoid_cross_entropy_with_logits=sigmoid_cross_entropy,
    l2_loss=lambda t, name=None: multiply(reduce_sum(square(t)), 0.5),
)  # fmt: skip
