"""Callbacks: functions that fit, evaluate and predict call on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Logs = dict[str, Any]


class Callback:
    """Base of callbacks: override what you need; `self.model` and `self.params` are set before.

    Example:
        >>> class Stop(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.model.stop_training = logs["loss"] < 0.1
    """

    params: Any = None
    first_process_only = False  # whether it prints or writes files, which one of several processes does for all
    _model: Any = None

    def __init__(self) -> None:
        self.params = None
        self._model = None

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
        """After fit; logs are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch; logs hold its averages."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of `on_train_batch_begin`, which calls it."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of `on_train_batch_end`, which calls it."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of fit."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of fit; logs hold averages since the epoch began."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before evaluate, or the validation within fit."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After evaluate, or the validation within fit."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of evaluate, or of the validation within fit."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of evaluate, or of the validation within fit; logs hold averages so far."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before predict."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After predict."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of predict."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of predict; logs hold its 'outputs'."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
OLDER = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}
BATCH_HOOKS: Mapping[str, Sequence[str]] = {
    "train": ("on_train_batch_begin", "on_train_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


def overrides(callback: Callback, name: str) -> bool:
    """Whether a callback, its class or one between has written a hook anew."""
    if name in vars(callback) or getattr(type(callback), name) is not getattr(Callback, name):
        return True
    return name in OLDER and overrides(callback, OLDER[name])


class CallbackList(Callback):
    """Several callbacks called as one; those that do not override a hook cost nothing there.

    Args:
        callbacks: The callbacks, also in nested lists; a single one will do.
        add_history: Whether to add a `History` at the end, unless there is one.
        add_progbar: Whether to add a `ProgbarLogger` at the end, unless there is one.
        model: The model.
        **params: epochs, steps, verbose: what callbacks find in `params`.

    Raises:
        ValueError: if something is not a callback.

    Example:
        >>> class Count(Callback):
        ...     seen = 0
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.seen += 1
        >>> count = Count()
        >>> CallbackList([count], epochs=2).on_epoch_end(0, {"loss": 0.5})
        >>> count.seen, count.params
        (1, {'epochs': 2})
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Callback] = flattened(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ValueError(f"Expected callbacks to be instances of callbacks.Callback. Received: {callback!r}")
        self._add_usual(add_history, add_progbar)
        self.set_model(model)
        self.set_params(params)

    def _add_usual(self, add_history: bool, add_progbar: bool) -> None:
        from fastnn.callbacks.history import History
        from fastnn.callbacks.progress import ProgbarLogger

        for wanted, kind in ((add_history, History), (add_progbar, ProgbarLogger)):
            if wanted and self.first(kind) is None:
                self.callbacks.append(kind())

    def first(self, kind: type[Callback]) -> Any:
        """The first callback of a kind, or None."""
        return next((c for c in self.callbacks if isinstance(c, kind)), None)

    def append(self, callback: Callback) -> None:
        """Add a callback."""
        self.callbacks.append(callback)
        self._find_hooks()

    def set_model(self, model: Any) -> None:
        """Give all callbacks the model; what it remembers as `history` is the `History` among them."""
        from fastnn.callbacks.history import History

        if model is not None:
            super().set_model(model)
            history = self.first(History)
            if history is not None:
                model.history = history
            for callback in self.callbacks:
                callback.set_model(model)
        self._find_hooks()

    def set_params(self, params: dict[str, Any]) -> None:
        """Give all callbacks epochs, steps and verbose."""
        self.params = params
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    def _find_hooks(self) -> None:
        self._hooks: dict[str, list[Callable[..., None]]] = {
            name: [getattr(c, name) for c in self.callbacks if overrides(c, name)] for name in HOOKS
        }

    def __bool__(self) -> bool:
        return bool(self.callbacks)

    def wants(self, *names: str) -> bool:
        """Whether any callback overrides one of the hooks."""
        return any(self._hooks[name] for name in names)

    def call(self, name: str, *args: Any) -> None:
        """Call a hook of all callbacks that override it."""
        for hook in self._hooks[name]:
            hook(*args)


def passing_on(name: str) -> Callable[..., None]:
    """A hook of `CallbackList`."""
    if name.split("_")[1] == "epoch" or "batch" in name:

        def numbered(self: CallbackList, number: int, logs: Logs | None = None) -> None:
            self.call(name, number, {} if logs is None else logs)

        return numbered

    def plain(self: CallbackList, logs: Logs | None = None) -> None:
        self.call(name, {} if logs is None else logs)

    return plain


for _name in HOOKS:
    setattr(CallbackList, _name, passing_on(_name))


def flattened(callbacks: Any) -> list[Any]:
    """Callbacks from None, one, nested lists, or lists that are called as one."""
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return list(callbacks.callbacks)
    return [c for item in callbacks for c in flattened(item)] if isinstance(callbacks, (list, tuple)) else [callbacks]
