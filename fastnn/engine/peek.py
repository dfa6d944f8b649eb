"""Data of a trace's values while it is being written, for calls that decide on a value or look at a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.engine import execute
from fastnn.engine.tensor import Variable

if TYPE_CHECKING:
    from fastnn.engine.graph import Step, Trace


class Peek:
    """Runs what a trace has recorded so far, when somebody asks for a number.

    Args:
        feeds: The batch, by value name.
        storage: Arrays that hold variables instead of their own.
    """

    def __init__(self, feeds: Mapping[str, Any], storage: Mapping[Any, Any] | None = None) -> None:
        self.known: dict[str, Any] = dict(feeds)
        self.storage = storage or {}
        self.done = 0

    def data(self, trace: Trace, name: str) -> Any:
        """The array of a value; steps recorded since the last question are run first."""
        while self.done < len(trace.steps):
            self._run(trace, trace.steps[self.done])
            self.done += 1
        return self._read(trace, name)

    def _read(self, trace: Trace, name: str) -> Any:
        if name not in self.known:
            value = trace.values[name]
            source = value.source
            data = self.storage.get(source, source.value) if isinstance(source, Variable) else source
            self.known[name] = np.asarray(data, value.dtype)
        return self.known[name]

    def _run(self, trace: Trace, step: Step) -> None:
        operands: list[Any] = [None if n is None else self._read(trace, n) for _, n in step.operands]
        if step.backward:
            count = len(step.op.outputs)
            wanted = [n is not None for _, n in step.results]
            results = execute.backward(step.op, operands[:count], operands[count:], step.shapes, step.attrs, wanted)
        else:
            _, results = execute.forward(step.op, operands, step.attrs)  # type: ignore[assignment]
        self.known.update({n: r for (_, n), r in zip(step.results, results, strict=True) if n is not None})
