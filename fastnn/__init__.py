"""fastnn: a debugger for neural networks that is also fast."""

import importlib
from typing import Any

from fastnn._version import __version__
from fastnn.compat import modules as _old_paths
from fastnn.compat.spellings import old_module as _old_module
from fastnn.engine import tape as _tape  # noqa: F401  the kernels are found, or missing, when fastnn is imported

MODULES = (
    "activations", "applications", "backend", "callbacks", "classic", "compat", "config", "constraints", "data",
    "datasets", "distribute", "exchange", "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers",
    "presets", "random", "regularizers", "saving", "sklearn", "utils",
)  # fmt: skip
HOMES = {  # public names by the module that holds them; each is imported when it is first asked for
    "GradientTape": "engine.tape", "Initializer": "initializers", "Input": "layers", "InputSpec": "layers",
    "KerasTensor": "engine.graph", "Layer": "layers", "Loss": "losses", "Metric": "metrics", "Model": "models",
    "Optimizer": "optimizers", "Regularizer": "regularizers", "Sequential": "models", "Stepper": "engine.stepper",
    "SymbolicTensor": "engine.graph", "Tensor": "engine.tensor", "Variable": "engine.tensor", "show": "showing",
}  # fmt: skip
__all__ = ["__version__", *MODULES, *HOMES]

_old_paths.install()


def __getattr__(name: str) -> Any:
    if name in HOMES:
        value = getattr(importlib.import_module(f"fastnn.{HOMES[name]}"), name)
    elif name in MODULES:
        value = importlib.import_module(f"fastnn.{name}")
    elif old := _old_module(name):
        return old
    else:
        from fastnn.utils.absent import missing

        raise missing("", name, __all__)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
