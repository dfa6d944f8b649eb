"""The training flag that layers being called see."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastnn.engine import graph


class _Calling(threading.local):
    def __init__(self) -> None:
        self.training: list[bool] = []


_calling = _Calling()


def training_now() -> bool:
    """The training flag of the layer being called, else of the trace being written, else False."""
    if _calling.training:
        return _calling.training[-1]
    trace = graph.current_trace()
    return trace is not None and trace.training


@contextmanager
def calling(training: bool | None) -> Iterator[None]:
    """Layers called inside see that training flag, unless it is None."""
    if training is None:
        yield
        return
    _calling.training.append(bool(training))
    try:
        yield
    finally:
        _calling.training.pop()
