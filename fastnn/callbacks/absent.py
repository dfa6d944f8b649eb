"""Callbacks of Keras that are not here, and what to use in their place."""

from __future__ import annotations

from typing import Any

ABSENT = {
    "RemoteMonitor": "LambdaCallback(on_epoch_end=...) can send the logs wherever you like",
    "OrbaxCheckpoint": "ModelCheckpoint writes the model into a file",
    "SwapEMAWeights": "EarlyStopping(restore_best_weights=True) keeps the best weights",
}


def absent(name: str) -> type:
    """A class that says what to use when it is made."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"callbacks.{name} is not available; {ABSENT[name]}.")

    return type(name, (), {"__init__": refuse, "__doc__": f"Not available; {ABSENT[name]}.", "__module__": __name__})


RemoteMonitor, OrbaxCheckpoint, SwapEMAWeights = map(absent, ABSENT)
