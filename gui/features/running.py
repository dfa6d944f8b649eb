"""Time: conditions that stop a run, branches, two runs compared, sessions in files, errors that lose nothing."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtWidgets import QInputDialog, QMessageBox

from fastnn.engine.measures import learning_rate
from fastnn.engine.rate_search import RateSearch, rate_name
from gui.handlers import Handler
from gui.panels.compare import ComparePanel
from gui.panels.conditions_dialog import ConditionsDialog
from gui.panels.error_dialog import ErrorReporter
from gui.panels.keeper import Aside, Keeper
from gui.panels.rate_dialog import RateDialog
from gui.panels.words import message

RIGHT = Qt.DockWidgetArea.RightDockWidgetArea


def aside_of(window: Any) -> Aside | None:
    """The place for a window's copy kept aside; none for windows that keep no settings, or without room on the disk."""
    settings = window.settings
    if settings is None:
        return None
    beside = Path(settings.fileName()).parent if settings.format() == QSettings.Format.IniFormat else None
    with contextlib.suppress(OSError):
        return Aside(beside)
    return None


class Running:
    """Conditions, branches, comparison, files of sessions, and errors, for one window.

    Args:
        window: The window.
    """

    def __init__(self, window: Any) -> None:
        self.window, self.session = window, window.session
        self.keeper = Keeper(window, aside_of(window))
        self.errors = ErrorReporter(window)
        self._leave: Any = None

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {
            "conditions": self.ask_for_conditions,
            "hold_out": self.ask_for_share,
            "expand": self.toggle_expand,
            "branch": self.ask_for_rate,
            "find_rate": self.find_rate,
            "pin": self.toggle_pin,
            "save": self.keeper.save,
            "save_as": self.keeper.save_as,
            "open_session": self.keeper.open,
        }

    def compose(self) -> None:
        """Put the comparison into the window; it is seen while a run is pinned."""
        self.compare = ComparePanel(self.session)
        self.dock = self.window.add_panel("Compare", "compare", self.compare, RIGHT)
        self._leave = self.session.subscribe(self.follow)

    def follow(self, topic: str) -> None:
        """Keep in line with the session."""
        if topic in ("loaded", "runs") and self.session.source is not None:
            self.window.actions_by_name["expand"].setChecked(self.session.source.expand)
        if topic in ("loaded", "runs"):
            pinned = self.session.pin is not None
            self.window.actions_by_name["pin"].setChecked(pinned)
            if pinned and self.dock.isHidden():
                self.window.tabifyDockWidget(self.window.docks["explain"], self.dock)
                self.dock.show()
                self.dock.raise_()
            elif not pinned:
                self.dock.hide()
        if topic not in ("hover", "progress"):
            self.compare.refresh()

    def close(self) -> None:
        """Let go."""
        if self._leave is not None:
            self._leave()
        self.keeper.close()

    # ------------------------------------------------------------ actions

    def _paused(self) -> None:
        self.window.player.stop()
        self.window.trainer.pause(wait=True)

    def ask_for_conditions(self) -> None:
        """Choose what runs stop at."""
        self._paused()
        dialog = ConditionsDialog(self.session, self.window)
        dialog.exec()
        dialog.deleteLater()

    def ask_for_share(self) -> None:
        """Ask how much of the data to hold out, and begin anew."""
        self._paused()
        percent, sure = QInputDialog.getInt(
            self.window, "Hold out rows", "Percent of the rows to test on; the run begins anew", 20, 1, 90
        )
        if sure:
            self.window.attempt(lambda: self.session.hold_out(percent / 100))

    def toggle_expand(self) -> None:
        """Show convolutions as the products that they can be computed by, or as one step each; undo brings it back."""
        self._paused()
        source = self.session.source
        if source is not None:
            self.window.attempt(lambda: self.session.replace_source(replace(source, expand=not source.expand)))
            self.window.actions_by_name["expand"].setChecked(self.session.source.expand)

    def toggle_pin(self) -> None:
        """Pin the run, or let the pinned one go."""
        self._paused()
        if self.session.pin is None:
            self.session.pin_run()
        else:
            self.session.unpin()

    def ask_for_rate(self) -> None:
        """Ask for another learning rate, pin the run as it was, and go on with the new one."""
        self._paused()
        stepper = self.session.stepper
        now = learning_rate(stepper.listing, stepper.view)
        question = f"Learning rate from training step {stepper.training_step + 1:,} on"
        text, sure = QInputDialog.getText(self.window, "Branch", question, text=f"{now:g}")
        if sure:
            self.window.attempt(lambda: self.branch(text))

    def branch(self, text: str) -> None:
        """Go on with another learning rate; the run as it was stays pinned to compare with.

        Raises:
            ValueError: if the text is not a number, or the learning rate follows a schedule.
        """
        try:
            rate = float(text)
        except ValueError:
            raise ValueError(f"expected a number for the learning rate, received {text!r}.") from None
        name = rate_name(self.session.steps, self.session.listing.values)
        if name is None:
            raise ValueError("expected a learning rate that is a number of its own, received none, or a schedule.")
        if self.session.pin is None:
            self.session.pin_run()
        self.session.change(name, rate)
        self.session.notify("runs")

    def find_rate(self) -> None:
        """Search for a learning rate, and go on with it if it pleases."""
        self._paused()
        self.window.attempt(self._find_rate)

    def _find_rate(self) -> None:
        dialog = RateDialog(RateSearch(self.session.stepper), self.window)
        if dialog.exec() and dialog.search.suggestion is not None:
            self.branch(f"{dialog.search.suggestion:.3g}")
        dialog.deleteLater()

    # ------------------------------------------------------------ errors, and what was kept

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Keep the session, then say what went wrong."""
        kept = self.errors.box is None and not self.session.training and self.keeper.keep(wait=True)
        self.errors.report(kind, error, trace, str(self.keeper.aside) if kept else "")

    def offer_what_was_kept(self) -> None:
        """If the program ended unexpectedly last time, offer to go on where it was."""
        aside: Path | None = self.keeper.aside
        if aside is None or not aside.exists():
            return
        box = message(
            QMessageBox.Icon.Question, "Restore the session?",
            "The program ended unexpectedly last time. Its session was kept: go on where it was?", self.window,
        )  # fmt: skip
        box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.accepted.connect(lambda: self.keeper.read(str(aside)))
        box.open()
