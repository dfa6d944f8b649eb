"""Callbacks: functions that fit, evaluate and predict call on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn.compat.spellings import LogBook

Logs = dict[str, Any]


class Callback:
    """Base of callbacks: override what you need; `self.model` and `self.params` are set before.

    Example:
        >>> class Stop(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.model.stop_training = logs["loss"] < 0.1
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Take epochs, steps and verbose."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model being trained."""
        return self._model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before fit."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After fit."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch; logs hold its averages."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of fit."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of fit; logs hold averages since the epoch began."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before evaluate."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After evaluate."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of evaluate."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of evaluate."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before predict."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After predict."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of predict."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of predict."""


class History(Callback):
    """What fit returns: `history` holds a list of values for every loss and metric, `epoch` the epoch numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = LogBook()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class CallbackList:
    """Several callbacks called as one.

    Args:
        callbacks: The callbacks; a single one will do.
        model: The model.
        params: Epochs, steps and verbose.

    Raises:
        ValueError: if something is not a callback.
    """

    def __init__(self, callbacks: Any, model: Any, params: dict[str, Any] | None = None) -> None:
        given = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks] if callbacks is not None else []
        self.callbacks: list[Callback] = []
        for item in given:
            self.callbacks += item.callbacks if isinstance(item, CallbackList) else [item]
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ValueError(f"Expected callbacks to be instances of callbacks.Callback. Received: {callback!r}")
            callback.set_model(model)
            callback.set_params(params or {})
        self._hooks = {name: self._overriding(name) for name in HOOKS}

    def _overriding(self, name: str) -> list[Callable[..., None]]:
        def written(callback: Callback) -> bool:
            return name in vars(callback) or getattr(type(callback), name) is not getattr(Callback, name)

        return [getattr(c, name) for c in self.callbacks if written(c)]

    def __bool__(self) -> bool:
        return bool(self.callbacks)

    def wants(self, *names: str) -> bool:
        """Whether any callback overrides one of the hooks."""
        return any(self._hooks[name] for name in names)

    def call(self, name: str, *args: Any) -> None:
        """Call a hook of all callbacks that override it."""
        for hook in self._hooks[name]:
            hook(*args)

    def batch_begin(self, batch: int) -> None:
        """Before a batch of fit."""
        self.call("on_train_batch_begin", batch, {})
        self.call("on_batch_begin", batch, {})

    def batch_end(self, batch: int, logs: Logs) -> None:
        """After a batch of fit."""
        self.call("on_train_batch_end", batch, logs)
        self.call("on_batch_end", batch, logs)


BATCH_HOOKS: Sequence[str] = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
