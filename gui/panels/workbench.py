"""The middle of the window: the stage, the playground and the drawing board as tabs, with the edit bar below."""

from __future__ import annotations

from typing import Any

from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from gui.panels.edit_bar import Do, EditBar, Say
from gui.panels.scrolling import scrolled
from gui.panels.stage import StageView


class Workbench(QWidget):
    """Tabs of what can be done with the network; those that do not suit it are not offered.

    Args:
        session: What is debugged.
        stage: The stage, always the first tab.
        do: Carries a change of the run out; errors become messages, training pauses for it.
        say: Shows a message.
    """

    def __init__(self, session: Any, stage: StageView, do: Do, say: Say) -> None:
        super().__init__()
        self.session, self.stage = session, stage
        self.edit_bar = EditBar(session, do, say, self)
        self.pages: list[QWidget] = [stage]
        self.tabs, self.pile = QTabBar(self), QStackedWidget(self)
        self.tabs.setAccessibleName("Stage, playground, drawing")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab("Stage")
        self.pile.addWidget(stage)
        self.tabs.currentChanged.connect(self._turn)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.tabs, self.pile, self.edit_bar):
            column.addWidget(widget, 1 if widget is self.pile else 0)

    def add(self, title: str, page: Any) -> None:
        """One more tab; the page has `suits()`, `refresh()` and `refresh_marks()`."""
        self.pages.append(page)
        self.pile.addWidget(scrolled(page))
        self.tabs.addTab(title)

    @property
    def page(self) -> Any:
        """The page in front."""
        return self.pages[self.tabs.currentIndex()]

    def bring(self, page: QWidget) -> None:
        """Bring a page to the front, if it suits the network."""
        place = self.pages.index(page)
        if self.tabs.isTabVisible(place):
            self.tabs.setCurrentIndex(place)

    def _turn(self, place: int) -> None:
        self.pile.setCurrentIndex(place)
        if self.session.stepper is not None:
            self.page.refresh()

    def refresh(self) -> None:
        """Show the session's state: only the page in front is painted."""
        for place, page in enumerate(self.pages[1:], 1):
            suits = page.suits()  # type: ignore[attr-defined]
            if not suits and self.tabs.currentIndex() == place:
                self.tabs.setCurrentIndex(0)  # first: a tab bar whose tab is hidden chooses another one itself
            if self.tabs.isTabVisible(place) != suits:  # a call that changes nothing makes Qt forget to lay tabs out
                self.tabs.setTabVisible(place, suits)
        self.tabs.setVisible(any(self.tabs.isTabVisible(k) for k in range(1, self.tabs.count())))
        self.page.refresh()
        self.edit_bar.refresh()

    def refresh_marks(self) -> None:
        """The pointer has moved, nothing else."""
        self.page.refresh_marks()
