"""PyTorch, eager: images with channels first, or with PYTORCH_LAYOUT=channels_last in that memory format."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.data import draw

LAYOUT = os.environ.get("PYTORCH_LAYOUT", "contiguous")
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def versions() -> dict[str, str]:
    kernels = torch.backends.cpu.get_cpu_capability()
    return {"peers' Python": platform.python_version(), "torch": torch.__version__, "torch kernels": kernels}


class Moments(nn.Module):
    """A recurrent layer's result at the last moment."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.cells = nn.LSTM(inputs, units, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cells(x)[0][:, -1]


class Sum(nn.Module):
    """The sum of several inputs."""

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        total = inputs[0]
        for other in inputs[1:]:
            total = total + other
        return total


def convolution(layer: dict[str, Any], shape: list[int]) -> tuple[nn.Module, list[int]]:
    """A convolution, or a transposed one with 'same' padding; shape is (h, w, c)."""
    (p, q), (s, t), out = layer["kernel_size"], layer.get("strides", (1, 1)), layer["filters"]
    h, w, c = shape
    bias = layer.get("use_bias", True)
    if layer["type"] == "Conv2DTranspose":  # an odd kernel: half of it is cut off, all but the last row of the rest
        cut, rest = (p // 2, q // 2), (s - 1, t - 1)
        return nn.ConvTranspose2d(c, out, (p, q), (s, t), cut, rest, bias=bias), [h * s, w * t, out]
    if layer.get("padding") == "same":  # PyTorch pads both sides alike; Keras one less at the top: as much work
        return nn.Conv2d(c, out, (p, q), (s, t), (p // 2, q // 2), bias=bias), [-(-h // s), -(-w // t), out]
    return nn.Conv2d(c, out, (p, q), (s, t), bias=bias), [(h - p) // s + 1, (w - q) // t + 1, out]


def layers_of(layer: dict[str, Any], shape: list[int]) -> tuple[list[nn.Module], list[int]]:
    """Modules of one layer, and the shape (channels last, as described) behind it."""
    kind = layer["type"]
    if kind == "Dense":
        return [nn.Linear(shape[0], layer["units"]), *activation(layer)], [layer["units"]]
    if kind in ("Conv2D", "Conv2DTranspose"):
        module, size = convolution(layer, shape)
        return [module, *activation(layer)], size
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        p, q = layer["pool_size"]
        module = nn.MaxPool2d((p, q)) if kind.startswith("Max") else nn.AvgPool2d((p, q))
        return [module], [shape[0] // p, shape[1] // q, shape[2]]
    simple: dict[str, Callable[[], tuple[list[nn.Module], list[int]]]] = {
        "BatchNormalization": lambda: ([nn.BatchNorm2d(shape[-1], eps=1e-3, momentum=0.01)], shape),
        "Activation": lambda: (activation(layer), shape),
        "Add": lambda: ([Sum()], shape),
        "GlobalAveragePooling2D": lambda: ([nn.AdaptiveAvgPool2d(1), nn.Flatten()], shape[-1:]),
        "LSTM": lambda: ([Moments(shape[-1], layer["units"])], [layer["units"]]),
        "Reshape": lambda: ([nn.Unflatten(1, [layer["target_shape"][k] for k in (2, 0, 1)])], layer["target_shape"]),
        "Flatten": lambda: ([nn.Flatten()], [math.prod(shape)]),
    }
    return simple[kind]()


def activation(layer: dict[str, Any]) -> list[nn.Module]:
    """The activation's module; softmax and sigmoid belong to the loss."""
    return [ACTIVATIONS[layer["activation"]]()] if layer.get("activation") in ACTIVATIONS else []


class Graph(nn.Module):
    """Layers of which some take the results of other ones than the layer before."""

    def __init__(self, task: dict[str, Any]) -> None:
        super().__init__()
        self.plan: list[tuple[str, list[str]]] = []
        self.parts = nn.ModuleList()
        shapes: dict[str, list[int]] = {}
        shape = list(task["input_shape"])
        for layer in task["layers"]:
            taken = layer.get("from", [])
            modules, shape = layers_of(layer, shapes[taken[0]] if taken else shape)
            self.parts.append(modules[0] if len(modules) == 1 else nn.Sequential(*modules))
            self.plan.append((layer.get("name", ""), taken))
            shapes[layer.get("name", "")] = shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: dict[str, torch.Tensor] = {}
        for part, (name, taken) in zip(self.parts, self.plan, strict=True):
            x = part(*[made[n] for n in taken]) if taken else part(x)
            if name:
                made[name] = x
        return x


def build(task: dict[str, Any]) -> nn.Module:
    """The model: a chain of modules where layers follow each other."""
    if any("from" in layer for layer in task["layers"]):
        model: nn.Module = Graph(task)
    else:
        modules: list[nn.Module] = []
        shape = list(task["input_shape"])
        for layer in task["layers"]:
            more, shape = layers_of(layer, shape)
            modules += more
        model = nn.Sequential(*modules)
    return model.to(memory_format=torch.channels_last) if LAYOUT == "channels_last" else model


def tensors(task: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Data in the layout that the model likes best."""
    x, y = (pictures(torch.from_numpy(a)) for a in draw(task))
    return x, y if y.is_floating_point() else y.long()


def pictures(data: torch.Tensor) -> torch.Tensor:
    """Pictures in the layout that is asked for; other data as they are."""
    if data.ndim != 4:
        return data
    memory = torch.channels_last if LAYOUT == "channels_last" else torch.contiguous_format
    return data.permute(0, 3, 1, 2).contiguous(memory_format=memory)


def optimizer_of(task: dict[str, Any], model: nn.Module) -> torch.optim.Optimizer:
    kind, rate = task["optimizer"]["type"], task["optimizer"]["learning_rate"]
    if kind == "Adam":
        return torch.optim.Adam(model.parameters(), rate, fused=True)
    return torch.optim.SGD(model.parameters(), rate)


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model, (x, y), batch = build(task), tensors(task), task["batch"]
    optimizer = optimizer_of(task, model)
    loss_of = nn.BCEWithLogitsLoss() if task["loss"] == "binary_crossentropy" else nn.CrossEntropyLoss()

    def epoch() -> None:
        for start in range(0, len(x), batch):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(x[start : start + batch]), y[start : start + batch])
            loss.backward()
            optimizer.step()

    return epoch, task["batches"]
