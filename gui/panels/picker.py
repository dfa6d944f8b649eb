"""The choice of networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QStandardItemModel
from PyQt6.QtWidgets import QComboBox, QSizePolicy, QStyle

from fastnn import presets
from gui.panels.words import tip_of
from gui.session import Session


class PresetPicker(QComboBox):
    """All presets whose data is here, by subject and title; a user's own network heads the list while it is debugged.

    Args:
        session: Says which one is debugged.
        choose: Called with the name of the preset chosen.
    """

    def __init__(self, session: Session, choose: Callable[[str], None]) -> None:
        super().__init__()
        self.session, self.choose = session, choose
        self.setAccessibleName("Network")
        self.setToolTip("The network to step through")
        self.setMinimumContentsLength(20)
        self.setMaximumWidth(560)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaxVisibleItems(45)
        subject = ""
        for name in presets.names():
            if presets.get(name).subject != subject:
                subject = presets.get(name).subject
                self._head(subject)
            self._add(name)
        self._widen()
        self.activated.connect(self._chosen)

    def _head(self, subject: str) -> None:
        """A line that names the subject of those below; it cannot be chosen."""
        self.addItem(subject)
        item = cast("QStandardItemModel", self.model()).item(self.count() - 1)
        if item is not None:
            font = self.font()
            font.setBold(True)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setFont(font)

    def _widen(self) -> None:
        """A list as wide as its longest title, however narrow the box is."""
        view, style = self.view(), self.style()
        if view is not None and style is not None:
            bar = style.pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
            view.setMinimumWidth(view.sizeHintForColumn(0) + bar + 12)

    def _add(self, name: str) -> None:
        preset = presets.get(name)
        self.addItem(preset.title, name)
        self.setItemData(self.count() - 1, tip_of(preset.description), Qt.ItemDataRole.ToolTipRole)

    def _chosen(self, place: int) -> None:
        name = self.itemData(place)
        if name and (self.session.source is None or name != self.session.source.name):
            self.choose(name)
        self.refresh()

    def refresh(self) -> None:
        """Show what is debugged."""
        source = self.session.source
        if source is None:
            return
        if not source.name and (self.itemData(0) != "" or self.itemText(0) != source.title):
            self._own(source.title)
        self.setCurrentIndex(self.findData(source.name))

    def _own(self, title: str) -> None:
        if self.itemData(0) == "":
            self.removeItem(0)
        self.insertItem(0, title, "")
