"""Makes torch_recurrence.npz with PyTorch, a second witness: python -m tests.golden.make_torch_recurrence."""

from pathlib import Path

import numpy as np
import torch


def witness(cls, name):
    """Inputs, parameters, outputs and gradients of one layer, by name."""
    layer = cls(3, 2, batch_first=True)
    x, w = torch.randn(2, 4, 3, requires_grad=True), torch.randn(2, 4, 2)
    h, c = torch.randn(1, 2, 2), torch.randn(1, 2, 2)
    y, _ = layer(x, (h, c) if name == "lstm" else h)
    (y * w).sum().backward()
    found = {"x": x, "h": h, "c": c, "y": y, "w": w, "dx": x.grad}
    for key, value in layer.named_parameters():
        found.update({key: value, f"d_{key}": value.grad})
    return {f"{name}/{key}": value.detach().numpy() for key, value in found.items()}


if __name__ == "__main__":
    torch.manual_seed(0)
    everything = {**witness(torch.nn.LSTM, "lstm"), **witness(torch.nn.GRU, "gru")}
    np.savez_compressed(Path(__file__).with_name("torch_recurrence.npz"), **everything)
