"""Work beside the window for its panels: the latest request wins, what it overtook is dropped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal


class Background(QObject):
    """Runs one piece of work at a time in a thread; signal `done(result)` for the latest one only.

    Args:
        parent: What it belongs to.
    """

    done = pyqtSignal(object)
    _finished = pyqtSignal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest = 0
        self._thread: threading.Thread | None = None
        self._waiting: tuple[int, Callable[[], Any]] | None = None
        self._finished.connect(self._report)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._thread is not None

    def ask(self, work: Callable[[], Any]) -> None:
        """Have something worked out; what was asked before no longer counts."""
        self._latest += 1
        self._waiting = self._latest, work
        self._begin()

    def forget(self) -> None:
        """Want no answer any more."""
        self._latest += 1
        self._waiting = None

    def _begin(self) -> None:
        if self._thread is None and self._waiting is not None:
            (number, work), self._waiting = self._waiting, None
            self._thread = threading.Thread(target=self._work, args=(number, work), daemon=True)
            self._thread.start()

    def _work(self, number: int, work: Callable[[], Any]) -> None:
        """In the thread: the answer, or None if there is none to be had; nobody may be left to hear it."""
        result = None
        try:
            result = work()
        finally:
            with contextlib.suppress(RuntimeError):
                self._finished.emit(number, result)

    def _report(self, number: int, result: Any) -> None:
        self._thread = None
        if number == self._latest:
            self.done.emit(result)
        self._begin()
