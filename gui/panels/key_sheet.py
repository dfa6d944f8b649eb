"""The sheet of all keys, and the dialog that changes them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.keymap import Keymap, key_sheet
from gui.panels.words import Page, Plain
from gui.shortcuts import ACTIONS, GROUPS, find

NAME = Qt.ItemDataRole.UserRole


class KeySheet(QDialog):
    """Shows every key, by group; Escape closes it.

    Args:
        keymap: The keys.
        changed: Called after the user has changed them.
        parent: The widget that it belongs to.
    """

    def __init__(self, keymap: Keymap, changed: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keymap, self.changed = keymap, changed
        self.setWindowTitle("Keys")
        self.text = Page()
        self.text.setHtml(key_sheet(keymap))
        self.text.setAccessibleName("All keys")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        change = buttons.addButton("Change keys…", QDialogButtonBox.ButtonRole.ActionRole)
        if change is not None:
            change.clicked.connect(self.edit)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(buttons)
        self.resize(theme.dialog_size(560, 640))

    def edit(self) -> None:
        """Open the dialog that changes keys."""
        KeyEditor(self.keymap, self.changed, self).exec()
        self.text.setHtml(key_sheet(self.keymap))


class KeyEditor(QDialog):
    """Choose an action, press its new key."""

    def __init__(self, keymap: Keymap, changed: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keymap, self.changed = keymap, changed
        self.setWindowTitle("Change keys")
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Action", "Keys"])
        self.tree.setAccessibleName("Actions and their keys")
        self.tree.currentItemChanged.connect(self._show)
        self.edit = QKeySequenceEdit()
        self.edit.setAccessibleName("New key")
        self.edit.setMaximumSequenceLength(1)
        self.message = Plain()
        self.message.setWordWrap(True)
        self.put, self.clear = QPushButton("Use this key"), QPushButton("No key")
        self.put.clicked.connect(lambda: self.assign(self.edit.keySequence().toString()))
        self.clear.clicked.connect(lambda: self.assign(""))
        everything = QPushButton("All as they were made")
        everything.clicked.connect(self._reset)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        row, column = QHBoxLayout(), QVBoxLayout(self)
        for widget in (Plain("New key"), self.edit, self.put, self.clear, everything):
            row.addWidget(widget)
        for part in (self.tree, self.message):
            column.addWidget(part)
        column.insertLayout(1, row)
        column.addWidget(close)
        self.resize(theme.dialog_size(640, 620))
        self._fill()

    def _fill(self) -> None:
        chosen = self.chosen()
        self.tree.clear()
        for group in GROUPS:
            head = QTreeWidgetItem([group])
            self.tree.addTopLevelItem(head)
            for action in (a for a in ACTIONS if a.group == group):
                item = QTreeWidgetItem([action.text, " or ".join(self.keymap[action.name])])
                item.setData(0, NAME, action.name)
                head.addChild(item)
                if action.name == chosen:
                    self.tree.setCurrentItem(item)
        self.tree.expandAll()
        self.tree.resizeColumnToContents(0)

    def chosen(self) -> str:
        """Name of the action chosen; empty if none is."""
        item = self.tree.currentItem()
        return str(item.data(0, NAME) or "") if item is not None else ""

    def choose(self, name: str) -> None:
        """Choose an action."""
        found = self.tree.findItems(find(name).text, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
        self.tree.setCurrentItem(found[0])

    def _show(self) -> None:
        name = self.chosen()
        keys = self.keymap[name] if name else ()
        self.edit.setKeySequence(QKeySequence(keys[0] if keys else ""))
        self.put.setEnabled(bool(name))
        self.clear.setEnabled(bool(name))
        self.message.setText("")

    def assign(self, key: str) -> None:
        """Give the chosen action a key, or none; a key that is taken is refused with its owner's name."""
        try:
            self.keymap.assign(self.chosen(), (key,) if key else ())
        except ValueError as error:
            self.message.setText(str(error))
            self.message.setStyleSheet(f"color: {theme.current().bad}")
            return
        self._told()

    def _reset(self) -> None:
        self.keymap.reset()
        self._told()

    def _told(self) -> None:
        self._fill()
        self.message.setText("")
        self.changed()
