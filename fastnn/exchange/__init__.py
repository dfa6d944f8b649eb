"""Models in other programs' formats: NumPy scripts and torch's state dicts here, ONNX files by `Model.export`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastnn.exchange.scripts import numpy_script
    from fastnn.exchange.state_dicts import load_state_dict, to_state_dict

HOMES = {"load_state_dict": "state_dicts", "numpy_script": "scripts", "to_state_dict": "state_dicts"}
__all__ = ["load_state_dict", "numpy_script", "to_state_dict"]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"Module 'fastnn.exchange' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"fastnn.exchange.{HOMES[name]}"), name)
