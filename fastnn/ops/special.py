"""The error function and its inverse in float64, which NumPy does not have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def erf(x: Any) -> Any:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    x = np.asarray(x)
    return np.fromiter(map(math.erf, x.ravel()), np.float64, x.size).reshape(x.shape)


def erfinv(y: Any) -> Any:
    """The x whose `erf` is y; infinite at -1 and 1, NaN beyond.

    Source: start by Winitzki, A handy approximation for the error function and its inverse, 2008; then Newton's steps.
    """
    y = np.asarray(y, np.float64)
    with np.errstate(all="ignore"):
        a, half = np.log1p(-y * y), 2 / (math.pi * 0.147)
        x = np.copysign(np.sqrt(np.sqrt((half + a / 2) ** 2 - a / 0.147) - (half + a / 2)), y)
        for _ in range(4):
            step = (erf(x) - y) / (2 / math.sqrt(math.pi) * np.exp(-x * x))
            x = np.where(np.abs(y) < 1, x - np.where(np.isfinite(step), step, 0), x)
    return np.where(np.abs(y) < 1, x, np.where(np.abs(y) == 1, np.copysign(np.inf, y), np.nan))
