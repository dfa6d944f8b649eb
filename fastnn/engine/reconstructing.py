"""Networks that learn to give back what they are given: input, code and output, and how far the two are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.steplist import StepList


@dataclass(frozen=True)
class Reconstruction:
    """What an autoencoder does.

    Args:
        given: Name of its input.
        code: Name of the value in its middle that all else is made of, the narrowest one.
        made: Name of its output, of the input's shape.
    """

    given: str
    code: str
    made: str


def reconstruction(listing: StepList) -> Reconstruction | None:
    """The parts of an autoencoder: one input, one output and a target of the input's shape, a narrower value between.

    Returns:
        None for other networks.
    """
    if len(listing.inputs) != 1 or len(listing.outputs) != 1 or len(listing.targets) != 1:
        return None
    given, made, target = listing.inputs[0], listing.outputs[0], listing.targets[0]
    if not listing.values[given].shape == listing.values[made].shape == listing.values[target].shape:
        return None
    sizes = {name: math.prod(listing.values[name].shape) for name in waists(listing)}
    narrow = [name for name in sizes if sizes[name] < math.prod(listing.values[given].shape)]
    flat = [n for n in narrow if sizes[n] == min(sizes[m] for m in narrow)]
    code = next((n for n in flat if len(listing.values[n].shape) == 2), next(iter(flat), None))
    return None if code is None or code == made else Reconstruction(given, code, made)


def waists(listing: StepList) -> list[str]:
    """Activations that everything behind them is made of: whatever leads from input to output leads through them."""
    steps = [s for s in listing.steps if s.phase == "forward"]
    last = {n: i for i, s in enumerate(steps) for n in s.inputs if moving(listing, n)}
    found = []
    for i, step in enumerate(steps[:-1]):
        open_ones = {n for s in steps[: i + 1] for n in s.outputs} | set(listing.inputs)
        open_ones = {n for n in open_ones if last.get(n, -1) > i and moving(listing, n)}
        if open_ones == {step.outputs[0]}:
            found.append(step.outputs[0])
    return found


def moving(listing: StepList, name: str) -> bool:
    """Whether a value is another one for every batch: an input, or computed from one."""
    return listing.values[name].role in ("input", "activation")


def residue(given: NDArray[Any], made: NDArray[Any]) -> NDArray[np.float64]:
    """Output minus input, in float64.

    Example:
        >>> residue(np.array([1.0, 0.5]), np.array([0.75, 0.5]))
        array([-0.25,  0.  ])
    """
    return np.asarray(made, np.float64) - np.asarray(given, np.float64)


def mean_square(values: NDArray[np.float64]) -> float:
    """Mean of the squares.

    Example:
        >>> mean_square(np.array([1.0, -2.0]))
        2.5
    """
    return float(np.square(values).mean()) if values.size else 0.0
