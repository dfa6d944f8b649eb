"""Callbacks that keep processes in step which train one model together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.callbacks.base import BATCH_HOOKS, HOOKS, Callback, Logs, overrides


class Alone(Callback):
    """The first callback of every process: from here on the model that callbacks see is this process's own."""

    def __init__(self, parallel: Any) -> None:
        super().__init__()
        self.parallel = parallel

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.parallel.model._team = None

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self.parallel.model._team = None


class InStep(Callback):
    """The last callback of every process: what the first one's callbacks have changed becomes known to all.

    Args:
        parallel: The processes.
        others: The callbacks before this one. Where any process has some that are called for every batch, all processes
            run batch by batch.
    """

    def __init__(self, parallel: Any, others: Sequence[Callback]) -> None:
        super().__init__()
        self.parallel = parallel
        for kind, hooks in BATCH_HOOKS.items():
            mine = any(overrides(callback, hook) for callback in others for hook in hooks)
            if any(parallel.comm.allgather(mine)):
                for hook, share in zip(hooks, (self._share_rate, self._share_stop), strict=True):
                    setattr(self, hook, share if kind == "train" else lambda *_, **__: None)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        model, comm = self.parallel.model, self.parallel.comm
        model._initial_epoch = comm.bcast(model._initial_epoch)
        model.stop_training = comm.bcast(model.stop_training)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.parallel.take_first()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._share_stop()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.parallel.take_first()

    def _share_stop(self, *_: Any, **__: Any) -> None:
        model = self.parallel.model
        model.stop_training = any(self.parallel.comm.allgather(bool(model.stop_training)))

    def _share_rate(self, *_: Any, **__: Any) -> None:
        rate = self.parallel.model.optimizer._learning_rate.value
        rate[...] = self.parallel.comm.bcast(rate)


def silent(callback: Callback) -> Callback:
    """A callback that is called as often as another, and does nothing."""
    found = Callback()
    for name in HOOKS:
        if overrides(callback, name):
            setattr(found, name, lambda *_, **__: None)
    return found
