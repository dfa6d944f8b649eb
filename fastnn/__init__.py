"""fastnn: a debugger for neural networks that is also fast."""

from fastnn import (
    activations,
    backend,
    callbacks,
    config,
    data,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    presets,
    regularizers,
    saving,
    utils,
)
from fastnn._version import __version__
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.stepper import Stepper
from fastnn.engine.tape import GradientTape
from fastnn.engine.tensor import Tensor, Variable
from fastnn.layers import Input, Layer
from fastnn.models import Model, Sequential
from fastnn.showing import show

__all__ = [
    "GradientTape",
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "Stepper",
    "SymbolicTensor",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "data",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "presets",
    "regularizers",
    "saving",
    "show",
    "utils",
]
