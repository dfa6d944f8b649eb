"""fastnn: a debugger for neural networks that is also fast."""

import importlib
from typing import Any

from fastnn._version import __version__
from fastnn.compat import modules as _old_paths
from fastnn.engine import tape as _tape  # noqa: F401  the kernels are found, or missing, when fastnn is imported

MODULES = (
    "activations", "backend", "callbacks", "classic", "compat", "config", "constraints", "data", "datasets",
    "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers", "presets", "random",
    "regularizers", "saving", "utils",
)  # fmt: skip
HOMES = {  # public names by the module that holds them; each is imported when it is first asked for
    "GradientTape": "engine.tape", "Input": "layers", "KerasTensor": "engine.graph", "Layer": "layers",
    "Loss": "losses", "Metric": "metrics", "Model": "models", "Optimizer": "optimizers", "Sequential": "models",
    "Stepper": "engine.stepper", "SymbolicTensor": "engine.graph", "Tensor": "engine.tensor",
    "Variable": "engine.tensor", "show": "showing",
}  # fmt: skip
__all__ = ["__version__", *MODULES, *HOMES]

_old_paths.install()


def __getattr__(name: str) -> Any:
    if name in HOMES:
        value = getattr(importlib.import_module(f"fastnn.{HOMES[name]}"), name)
    elif name in MODULES:
        value = importlib.import_module(f"fastnn.{name}")
    else:
        raise AttributeError(f"module 'fastnn' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
