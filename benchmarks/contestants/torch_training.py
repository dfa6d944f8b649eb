"""PyTorch, eager: images with channels first, or with PYTORCH_LAYOUT=channels_last in that memory format."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.data import draw

LAYOUT = os.environ.get("PYTORCH_LAYOUT", "contiguous")
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def versions() -> dict[str, str]:
    return {"torch": torch.__version__, "torch kernels": torch.backends.cpu.get_cpu_capability()}


def layers_of(layer: dict[str, Any], shape: list[int]) -> tuple[list[nn.Module], list[int]]:
    """Modules of one layer, and the shape (channels last, as described) behind it."""
    kind = layer["type"]
    if kind == "Dense":
        return [nn.Linear(shape[0], layer["units"]), *activation(layer)], [layer["units"]]
    if kind == "Conv2D":
        h, w, c = shape
        (p, q), same = layer["kernel_size"], layer.get("padding") == "same"
        module = nn.Conv2d(c, layer["filters"], (p, q), padding="same" if same else 0)
        size = [h, w] if same else [h - p + 1, w - q + 1]
        return [module, *activation(layer)], [*size, layer["filters"]]
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        p, q = layer["pool_size"]
        module = nn.MaxPool2d((p, q)) if kind.startswith("Max") else nn.AvgPool2d((p, q))
        return [module], [shape[0] // p, shape[1] // q, shape[2]]
    return [nn.Flatten()], [math.prod(shape)]


def activation(layer: dict[str, Any]) -> list[nn.Module]:
    """The activation's module; softmax and sigmoid belong to the loss."""
    return [ACTIVATIONS[layer["activation"]]()] if layer.get("activation") in ACTIVATIONS else []


def build(task: dict[str, Any]) -> nn.Module:
    modules: list[nn.Module] = []
    shape = list(task["input_shape"])
    for layer in task["layers"]:
        more, shape = layers_of(layer, shape)
        modules += more
    model = nn.Sequential(*modules)
    return model.to(memory_format=torch.channels_last) if LAYOUT == "channels_last" else model


def tensors(task: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Data in the layout that the model likes best."""
    x, y = (torch.from_numpy(a) for a in draw(task))
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2)
        x = x.contiguous(memory_format=torch.channels_last if LAYOUT == "channels_last" else torch.contiguous_format)
    return x, y if y.is_floating_point() else y.long()


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
