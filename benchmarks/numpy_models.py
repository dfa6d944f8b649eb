"""Training steps as a good NumPy programmer writes them: float32, products by BLAS, buffers used again, no framework.

All weights lie in one vector and all gradients in another, so that an optimizer is a few calls whatever the network.
Images are (n, height, width, channels), kernels (height, width, in, out), as in fastnn and Keras.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
BLOCK = 2**19  # numbers in a block of patches: half of them fit the second cache


# ---------------------------------------------------------------- activations, in place


def activate(y: Array, name: str | None) -> Array:
    """Apply an activation to a fresh array; softmax and sigmoid at the end belong to the loss."""
    if name == "relu":
        np.maximum(y, 0, out=y)
    elif name == "tanh":
        np.tanh(y, out=y)
    return y


def through(dy: Array, y: Array, name: str | None) -> Array:
    """The gradient before the activation, from the gradient behind it; may overwrite `dy`."""
    if name == "relu":
        np.multiply(dy, y > 0, out=dy)
    elif name == "tanh":
        dy *= 1 - y * y
    return dy


# ---------------------------------------------------------------- layers


class Layer(ABC):
    """What a network needs of a layer.

    Args:
        output: Shape of one sample's result.
        shapes: Shapes of kernel and bias, if it has them; `bind` gives it views of the network's weights.
    """

    def __init__(self, output: Shape, shapes: Sequence[Shape] = ()) -> None:
        self.output, self.shapes = output, shapes

    def bind(self, w: list[Array], g: list[Array]) -> None:
        if self.shapes:
            (self.w, self.b), (self.dw, self.db) = w, g

    @abstractmethod
    def forward(self, x: Array) -> Array: ...

    @abstractmethod
    def backward(self, dy: Array, wanted: bool) -> Array | None: ...


class Dense(Layer):
    """x w + b and an activation."""

    def __init__(self, inputs: Shape, units: int, activation: str | None) -> None:
        super().__init__((units,), [(inputs[0], units), (units,)])
        self.activation = activation

    def forward(self, x: Array) -> Array:
        self.x = x
        self.y = x @ self.w
        self.y += self.b
        return activate(self.y, self.activation)

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        dy = through(dy, self.y, self.activation)
        np.matmul(self.x.T, dy, out=self.dw)
        dy.sum(0, out=self.db)
        return dy @ self.w.T if wanted else None


class Conv2D(Layer):
    """Convolution as a product with patches, a block of images at a time so that patches stay in cache."""

    def __init__(self, inputs: Shape, filters: int, size: Shape, same: bool, activation: str | None) -> None:
        h, w, c = inputs
        self.border = [((k - 1) // 2, k // 2) if same else (0, 0) for k in size]
        self.size, self.channels, self.activation = size, c, activation
        self.padded = (h + sum(self.border[0]), w + sum(self.border[1]), c)
        output = (self.padded[0] - size[0] + 1, self.padded[1] - size[1] + 1, filters)
        super().__init__(output, [(*size, c, filters), (filters,)])
        self.block = max(1, BLOCK // (math.prod(self.output[:2]) * math.prod(size) * c))
        self.patches = np.empty((0, *self.output[:2], *size, c), np.float32)

    def pad(self, x: Array) -> Array:
        return np.pad(x, ((0, 0), *self.border, (0, 0))) if any(map(any, self.border)) else x

    def take(self, x: Array) -> Array:
        """Patches of some images as a matrix, in a buffer that is used again."""
        if len(self.patches) < len(x):
            self.patches = np.empty((len(x), *self.patches.shape[1:]), np.float32)
        patches = self.patches[: len(x)]
        if self.channels == 1:
            for i, j in np.ndindex(*self.size):
                patches[:, :, :, i, j] = x[:, i : i + self.output[0], j : j + self.output[1]]
        else:
            np.copyto(patches, sliding_window_view(x, self.size, (1, 2)).transpose(0, 1, 2, 4, 5, 3))
        return patches.reshape(len(x) * math.prod(self.output[:2]), -1)

    def forward(self, x: Array) -> Array:
        self.x = self.pad(x)
        self.y = np.empty((len(x), *self.output), np.float32)
        filters = self.output[2]
        for start in range(0, len(x), self.block):
            y = self.y[start : start + self.block].reshape(-1, filters)
            np.matmul(self.take(self.x[start : start + self.block]), self.w.reshape(-1, filters), out=y)
            y += self.b
            activate(y, self.activation)
        return self.y

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        filters = self.output[2]
        dx = np.zeros((len(dy), *self.padded), np.float32) if wanted else None
        self.dw[...] = 0
        for start in range(0, len(dy), self.block):
            part = slice(start, start + self.block)
            d = through(dy[part], self.y[part], self.activation)
            patches = self.take(self.x[part]) if len(dy) > self.block else self.patches[: len(dy)]
            flat = d.reshape(-1, filters)
            self.dw += (patches.reshape(len(flat), -1).T @ flat).reshape(self.dw.shape)
            if dx is not None:
                self.spread(flat, dx[part])
        dy.sum((0, 1, 2), out=self.db)
        return None if dx is None else self.crop(dx)

    def spread(self, dy: Array, dx: Array) -> None:
        """Add to the images' gradient what every kernel position sends back."""
        rows, cols, _ = self.output
        for i, j in np.ndindex(*self.size):
            dx[:, i : i + rows, j : j + cols] += (dy @ self.w[i, j].T).reshape(-1, rows, cols, self.channels)

    def crop(self, dx: Array) -> Array:
        (top, bottom), (left, right) = self.border
        return dx[:, top : dx.shape[1] - bottom, left : dx.shape[2] - right]


class Pool(Layer):
    """Windows that do not overlap; every cell of a window is a strided view."""

    def __init__(self, inputs: Shape, size: Shape) -> None:
        h, w, c = inputs
        super().__init__((h // size[0], w // size[1], c))
        self.inputs, self.size = inputs, size

    def cells(self, x: Array) -> list[Array]:
        (p, q), (rows, cols, _) = self.size, self.output
        return [x[:, i : i + p * rows : p, j : j + q * cols : q] for i, j in np.ndindex(p, q)]

    def gradient(self, count: int) -> Array:
        """Room for dx; zeros if some cells belong to no window."""
        whole = all(n * s == k for n, s, k in zip(self.output, self.size, self.inputs, strict=False))
        return (np.empty if whole else np.zeros)((count, *self.inputs), np.float32)


class MaxPool(Pool):
    """The largest of a window; its gradient goes to the first largest."""

    def forward(self, x: Array) -> Array:
        first, *rest = self.cells(x)
        self.x, self.y = x, first.copy()
        for cell in rest:
            np.maximum(self.y, cell, out=self.y)
        return self.y

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        dx = self.gradient(len(dy))
        open_ = np.ones(dy.shape, bool)
        for cell, d in zip(self.cells(self.x), self.cells(dx), strict=True):
            won = cell == self.y
            won &= open_
            open_ ^= won
            np.multiply(dy, won, out=d)
        return dx


class AveragePool(Pool):
    """The mean of a window."""

    def forward(self, x: Array) -> Array:
        first, *rest = self.cells(x)
        y = first.copy()
        for cell in rest:
            y += cell
        y *= 1 / math.prod(self.size)
        return y

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        dx = self.gradient(len(dy))
        share = dy * np.float32(1 / math.prod(self.size))
        for cell in self.cells(dx):
            cell[...] = share
        return dx


class Flatten(Layer):
    """Images as rows."""

    def __init__(self, inputs: Shape) -> None:
        super().__init__((math.prod(inputs),))
        self.inputs = inputs

    def forward(self, x: Array) -> Array:
        return x.reshape(len(x), -1)

    def backward(self, dy: Array, wanted: bool) -> Array | None:
        return dy.reshape(len(dy), *self.inputs)


def layer(description: dict[str, Any], inputs: Shape) -> Layer:
    """A layer from its description (see `networks`)."""
    kind, activation = description["type"], description.get("activation")
    if kind == "Dense":
        return Dense(inputs, description["units"], activation)
    if kind == "Conv2D":
        same = description.get("padding") == "same"
        return Conv2D(inputs, description["filters"], tuple(description["kernel_size"]), same, activation)
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        return (MaxPool if kind.startswith("Max") else AveragePool)(inputs, tuple(description["pool_size"]))
    if kind == "Flatten":
        return Flatten(inputs)
    raise ValueError(f"Expected a layer that the NumPy models know. Received: {kind!r}")


# ---------------------------------------------------------------- losses: mean loss, and its gradient for the logits


def softmax_cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    rows = np.arange(len(labels))
    logits -= logits.max(1, keepdims=True)
    p = np.exp(logits)
    total = p.sum(1, keepdims=True)
    loss = (np.log(total[:, 0]) - logits[rows, labels]).mean()
    p /= total
    p[rows, labels] -= 1
    p *= 1 / len(labels)
    return float(loss), p


def sigmoid_cross_entropy(logits: Array, targets: Array) -> tuple[float, Array]:
    e = np.exp(-np.abs(logits))
    loss = (np.maximum(logits, 0) - logits * targets + np.log1p(e)).mean()
    p = np.where(logits >= 0, 1, e) / (1 + e)
    p -= targets
    p *= 1 / logits.size
    return float(loss), p


LOSSES = {"sparse_categorical_crossentropy": softmax_cross_entropy, "binary_crossentropy": sigmoid_cross_entropy}


# ---------------------------------------------------------------- optimizers over one vector


class SGD:
    """w -= learning_rate g."""

    def __init__(self, w: Array, learning_rate: float) -> None:
        self.rate, self.space = np.float32(learning_rate), np.empty_like(w)

    def update(self, w: Array, g: Array) -> None:
        np.multiply(g, self.rate, out=self.space)
        w -= self.space


class Adam:
    """Kingma and Ba, with the corrections of both means folded into the rate, as Keras does."""

    def __init__(self, w: Array, learning_rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-7) -> None:
        self.rate, self.b1, self.b2, self.eps, self.step = learning_rate, b1, b2, np.float32(eps), 0
        self.m, self.v, self.space = np.zeros_like(w), np.zeros_like(w), np.empty_like(w)

    def update(self, w: Array, g: Array) -> None:
        self.step += 1
        rate = self.rate * math.sqrt(1 - self.b2**self.step) / (1 - self.b1**self.step)
        self.toward(self.m, g, 1 - self.b1)
        np.multiply(g, g, out=g)
        self.toward(self.v, g, 1 - self.b2)
        np.sqrt(self.v, out=g)
        g += self.eps
        np.divide(self.m, g, out=g)
        g *= np.float32(rate)
        w -= g

    def toward(self, mean: Array, value: Array, share: float) -> None:
        np.subtract(value, mean, out=self.space)
        self.space *= np.float32(share)
        mean += self.space


OPTIMIZERS = {"SGD": SGD, "Adam": Adam}


# ---------------------------------------------------------------- networks


def views(vector: Array, shapes: Sequence[Shape]) -> list[Array]:
    """Consecutive parts of a vector, shaped."""
    ends = np.cumsum([math.prod(s) for s in shapes], dtype=int)
    return [part.reshape(s) for part, s in zip(np.split(vector, ends[:-1]), shapes, strict=True)] if shapes else []


class Network:
    """A chain of layers with loss and optimizer.

    Args:
        description: See `networks`.
        weights: Initial weights in Keras' order; drawn if left out.
    """

    def __init__(self, description: dict[str, Any], weights: Sequence[Array] | None = None) -> None:
        self.layers: list[Layer] = []
        shape = tuple(description["input_shape"])
        for each in description["layers"]:
            self.layers.append(layer(each, shape))
            shape = self.layers[-1].output
        shapes = [s for each in self.layers for s in each.shapes]
        self.w, self.g = (np.zeros(sum(map(math.prod, shapes)), np.float32) for _ in range(2))
        self.weights, gradients = views(self.w, shapes), views(self.g, shapes)
        at = 0
        for each in self.layers:
            end = at + len(each.shapes)
            each.bind(self.weights[at:end], gradients[at:end])
            at = end
        self.start(weights)
        self.loss = LOSSES[description["loss"]]
        optimizer = dict(description["optimizer"])
        self.optimizer = OPTIMIZERS[optimizer.pop("type")](self.w, **optimizer)

    def start(self, weights: Sequence[Array] | None) -> None:
        """Set the weights, or draw them."""
        rng = np.random.default_rng(0)
        for k, w in enumerate(self.weights):
            scale = math.sqrt(2 / max(math.prod(w.shape[:-1]), 1)) if w.ndim > 1 else 0
            w[...] = rng.normal(0, scale, w.shape) if weights is None else weights[k]

    def step(self, x: Array, y: Array) -> float:
        """One training step; returns the loss before it."""
        for each in self.layers:
            x = each.forward(x)
        loss, dy = self.loss(x, y)
        for k, each in reversed(list(enumerate(self.layers))):
            back = each.backward(dy, k > 0)
            dy = dy if back is None else back
        self.optimizer.update(self.w, self.g)
        return loss
