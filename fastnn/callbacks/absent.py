"""Callbacks of Keras that are not here, and what to use in their place."""

from __future__ import annotations

from typing import Any


class OrbaxCheckpoint:
    """Not available; ModelCheckpoint writes the model into a file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "callbacks.OrbaxCheckpoint is not available; ModelCheckpoint writes the model into a file."
        )
