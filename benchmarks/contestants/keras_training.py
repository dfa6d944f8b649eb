"""Keras on the backend that KERAS_BACKEND names, trained by `fit`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import keras

from benchmarks.keras_style import trained


def versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {"keras": keras.__version__, backend: importlib.import_module(backend).__version__}


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    return trained(keras, task)
