"""Metrics: how well the network does on its data, and its worst samples one click from the stage."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, Qt

from gui.handlers import Handler
from gui.panels.metrics import MetricsPanel


class Measuring(QObject):
    """The metrics of one window.

    Args:
        window: The window.
    """

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self._row: int | None = None

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {"metrics": self.toggle}

    def compose(self) -> None:
        """Put the panel into the window, out of sight."""
        self.panel = MetricsPanel(self.session)
        self.panel.chosen.connect(self.show_row)
        self.dock = self.window.add_panel("Metrics", "metrics", self.panel, Qt.DockWidgetArea.RightDockWidgetArea)
        self.dock.visibilityChanged.connect(self._seen)
        self._unsubscribe = self.session.subscribe(self._changed)

    def close(self) -> None:
        """Hear no more of the session."""
        self._unsubscribe()

    def _changed(self, topic: str) -> None:
        if topic == "loaded":
            self.panel.forget()
        if topic in ("loaded", "position", "training"):
            self.panel.refresh()
            self._select_row()

    def toggle(self) -> None:
        """Show or hide the metrics."""
        hidden = self.dock.isHidden()
        self.dock.setVisible(hidden)
        if hidden:
            self.window.tabifyDockWidget(self.window.docks["explain"], self.dock)
            self.dock.raise_()

    def _seen(self, seen: bool) -> None:
        self.window.actions_by_name["metrics"].setChecked(not self.dock.isHidden())

    def show_row(self, row: int) -> None:
        """Bring a sample onto the stage: in this batch, or in the one of this epoch that it is in."""
        session, schedule = self.session, self.session.stepper.schedule
        if session.training:
            self.window.say("pause the training to see a sample")
            return
        self._row = row
        if row not in session.moment.rows:
            first = session.moment.epoch * schedule.batches
            step = next((s for s in range(first, first + schedule.batches) if row in schedule.rows(s)), None)
            if step is None:  # the list is of data that has been replaced, and not yet made anew
                self._row = None
                self.window.say(f"row {row} is not among the data of this run")
                return
            self.window.travel(step * len(session.steps) + min(max(session.done, 1), len(session.steps)))
        self._select_row()

    def _select_row(self) -> None:
        """Show the sample that was asked for, once its batch is there."""
        session = self.session
        if self._row is None or session.training or self._row not in session.moment.rows:
            return
        row, self._row = self._row, None
        session.set_sample(int((session.moment.rows == row).argmax()))
        self.window.say(f"row {row} is sample {session.sample} of training step {session.moment.shown + 1}")
