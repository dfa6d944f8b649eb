"""Keras on the backend that KERAS_BACKEND names, trained by `fit`."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Callable
from typing import Any

import keras

from benchmarks.keras_style import trained


def versions() -> dict[str, str]:
    backend = keras.backend.backend()
    theirs = importlib.import_module(backend).__version__
    return {"peers' Python": platform.python_version(), "keras": keras.__version__, backend: theirs}


def prepare(task: dict[str, Any]) -> tuple[Callable[[], object], int]:
    return trained(keras, task)
