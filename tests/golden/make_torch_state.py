"""Makes torch_state.npz, networks and what they predict, with PyTorch: python -m tests.golden.make_torch_state."""

from pathlib import Path

import numpy as np
import torch
from torch import nn


class Last(nn.Module):
    """A recurrent layer that gives its sequence alone, or the last step of it."""

    def __init__(self, layer, last=False):
        super().__init__()
        self.layer, self.last = layer, last

    def forward(self, x):
        y, _ = self.layer(x)
        return y[:, -1] if self.last else y


class ChannelsLast(nn.Module):
    """A layer that wants channels last, such as a normalization of the last axis."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x.movedim(1, -1)).movedim(-1, 1)


class Looking(nn.Module):
    """Attention to itself beside the way past it."""

    def __init__(self, features, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(features, heads, batch_first=True)
        self.norm = nn.LayerNorm(features)

    def forward(self, x):
        return self.norm(x + self.attention(x, x, x)[0])


def networks():
    """Networks and their inputs by name, channels first."""
    pictures = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, (2, 3), groups=2), nn.Tanh(),
        nn.Conv2d(6, 12, 2, groups=6, bias=False), nn.ConvTranspose2d(12, 5, (2, 3), stride=(1, 2)), nn.Flatten(),
        nn.BatchNorm1d(100), nn.ReLU(), nn.Linear(100, 100), nn.Sigmoid(), nn.Linear(100, 3),
    )  # fmt: skip
    series = nn.Sequential(
        nn.Conv1d(2, 4, 3), nn.ReLU(), ChannelsLast(nn.LayerNorm(4)), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(16, 2)
    )
    words = nn.Sequential(
        nn.Embedding(20, 6), Last(nn.LSTM(6, 5, batch_first=True, bidirectional=True)),
        Last(nn.GRU(10, 4, batch_first=True)), Last(nn.LSTM(4, 3, batch_first=True, num_layers=2)),
        Last(nn.RNN(3, 3, batch_first=True), last=True), nn.Linear(3, 2),
    )  # fmt: skip
    steps = nn.Sequential(Last(nn.LSTM(3, 4, batch_first=True)), nn.Flatten(), nn.Linear(20, 2))
    looking = nn.Sequential(nn.Linear(3, 6), Looking(6, 2), nn.Linear(6, 2))
    return {
        "looking": (looking, torch.randn(3, 5, 3)),
        "pictures": (pictures, torch.randn(3, 3, 13, 13)),
        "series": (series, torch.randn(3, 2, 10)),
        "words": (words, torch.randint(0, 20, (3, 7))),
        "steps": (steps, torch.randn(3, 5, 3)),
    }


def settled(network):
    """The network with statistics that are not 0 and 1, ready to predict."""
    for name, value in network.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_()
        elif name.endswith("running_var"):
            value.uniform_(0.5, 2)
    return network.eval()


if __name__ == "__main__":
    torch.manual_seed(0)
    found = {}
    for name, (network, x) in networks().items():
        y = settled(network)(x).detach()
        found.update({f"{name}/x": x.numpy(), f"{name}/y": y.numpy()})
        found.update({f"{name}/state/{key}": value.numpy() for key, value in network.state_dict().items()})
    np.savez_compressed(Path(__file__).with_name("torch_state.npz"), **found)
