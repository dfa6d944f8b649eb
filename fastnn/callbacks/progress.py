"""What fit, evaluate and predict print: a line that moves on terminals and in notebooks, one per epoch elsewhere."""

from __future__ import annotations

from typing import Any

from fastnn.callbacks.base import Callback, CallbackList, Logs
from fastnn.utils.meter import Meter, write


class Progress(Meter):
    """Prints the progress of epochs.

    Args:
        verbose: 0 nothing, 1 a line that moves on a terminal or in a notebook, 2 one line per epoch.
        steps: Batches of an epoch; 0 if that is not known.
        epochs: Epochs altogether; 0 prints no epoch numbers.
    """

    def __init__(self, verbose: int, steps: int, epochs: int = 0) -> None:
        super().__init__(verbose, steps)
        self.epochs = epochs

    def begin_epoch(self, epoch: int) -> None:
        """An epoch begins, counted from 0."""
        if self.verbose and self.epochs:
            write(f"Epoch {epoch + 1}/{self.epochs}\n")
        self.begin()


class ProgbarLogger(Callback):
    """Prints the progress of fit, evaluate and predict, in place of what they print themselves.

    Example:
        >>> bar = ProgbarLogger()
        >>> bar.set_params({"verbose": 2, "epochs": 1, "steps": 3})
        >>> bar.on_epoch_begin(0)
        >>> bar.on_epoch_end(0, {"loss": 0.5})
        3/3 - 0s ... - loss: 0.5000
    """

    first_process_only = True

    def __init__(self) -> None:
        super().__init__()
        self._within_fit = False
        self._progress = Progress(1, 0)

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params.get("verbose", 1)
        epochs = params.get("epochs") or 0
        self._progress = Progress(1 if verbose == "auto" else verbose, params.get("steps") or 0, epochs * (epochs > 1))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._within_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._within_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._progress.begin_epoch(epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._progress.end(logs or {})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._progress.tell(batch + 1, lambda: logs or {})

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._within_fit:
            self._progress.begin()

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._within_fit:
            self._progress.end(logs or {})

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._progress.begin()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._progress.end(logs or {})


def verbosity(verbose: Any) -> int:
    """0, 1 or 2; 'auto' is 1.

    Raises:
        ValueError: for anything else.
    """
    level = 1 if verbose == "auto" else int(verbose) if isinstance(verbose, (bool, int)) else -1
    if level not in (0, 1, 2):
        raise ValueError(f"Expected verbose to be 0, 1, 2 or 'auto'. Received: verbose={verbose!r}")
    return level


def own_level(level: int, calls: CallbackList) -> int:
    """What is left to print where a `ProgbarLogger` among the callbacks prints already."""
    return 0 if calls.first(ProgbarLogger) is not None else level
