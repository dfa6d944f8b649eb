"""Layers in notebooks: settings and weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.rich.arrays import extent
from fastnn.rich.page import note, page, table


def layer_page(layer: Any) -> str:
    """A layer for a notebook."""
    given = ((key, plain(layer.config_value(key))) for key in layer.config_names)
    settings = [(key, value) for key, value in given if value is not None]
    weights = [
        (v.path, v.shape, v.dtype, "yes" if v.trainable else "no", extent(np.asarray(v.value)).removeprefix(", "))
        for v in layer.weights
    ]
    parts = [
        table(("setting", "value"), settings) if settings else "",
        table(("weight", "shape", "type", "trained", "numbers"), weights) if weights else "",
        "" if weights else note("no weights" if layer.built else "not built: its weights are made by the first call"),
    ]
    return page(f"{layer.name} ({type(layer).__name__})", *parts)


def plain(value: Any) -> Any:
    """A setting in words: of an object its class."""
    return value.get("class_name", value) if isinstance(value, dict) else value
