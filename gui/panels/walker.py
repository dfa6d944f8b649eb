"""Long ways within a training step: a while of operations at a time, so that the window answers in between."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, QTimer

from gui.session import Session

A_WHILE = 0.2  # seconds of operations at a time


class Walker(QObject):
    """Moves a session on to a position of the training step shown.

    Args:
        session: The session.
        attempt: Does something; an error becomes a message.
        parent: The window.
    """

    def __init__(self, session: Session, attempt: Callable[[Callable[[], object]], None], parent: QObject) -> None:
        super().__init__(parent)
        self.session, self.attempt = session, attempt
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._walk)

    def leads_to(self, position: int) -> bool:
        """Whether a position lies ahead in the training step shown."""
        moment = self.session.moment
        return moment.position < position <= moment.start + len(moment.steps)

    def begin(self, position: int) -> None:
        """Go there; what can be done in a while is done at once."""
        self.session.bound_for = position
        self._walk()

    def _walk(self) -> None:
        position = self.session.bound_for
        if position is not None and not self.session.training:
            self.attempt(lambda: self._go_on(position))

    def _go_on(self, position: int) -> None:
        if not self.session.approach(position, A_WHILE):
            self._timer.start(0)

    def stay(self) -> bool:
        """Call the way off; False if none is under way."""
        walking = self._timer.isActive()
        self._timer.stop()
        self.session.stay()
        return walking
