"""The dialog that chooses what is written to a file."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QSpinBox,
    QWidget,
)

from gui.panels.words import Plain

KINDS = {
    "picture": ("A panel as a picture", "Pictures (*.png *.svg)", ".png"),
    "tensor": ("A tensor as numbers", "Numbers (*.csv *.npy)", ".csv"),
    "script": ("This training step as a NumPy script", "Python (*.py)", ".py"),
    "gif": ("The next steps as a moving picture", "Moving pictures (*.gif)", ".gif"),
}


class ExportDialog(QDialog):
    """What, which, where to.

    Args:
        panels: Names of the panels.
        tensors: Names of the values that can be seen, the selected one first.
        parent: The window.
    """

    def __init__(self, panels: Sequence[str], tensors: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.path = ""
        self.what, self.panel, self.tensor, self.steps = QComboBox(), QComboBox(), QComboBox(), QSpinBox()
        for key, (text, _, _) in KINDS.items():
            self.what.addItem(text, key)
        self.what.setAccessibleName("What to export")
        self.panel.addItems(panels)
        self.panel.setAccessibleName("Panel")
        self.tensor.addItems(tensors)
        self.tensor.setAccessibleName("Tensor")
        self.steps.setRange(1, 500)
        self.steps.setValue(20)
        self.steps.setAccessibleName("Steps")
        self.form = QFormLayout(self)
        self.form.addRow("Export", self.what)
        self.form.addRow("Panel", self.panel)
        self.form.addRow("Tensor", self.tensor)
        self.form.addRow("Steps", self.steps)
        self.hint = Plain()
        self.hint.setWordWrap(True)
        self.form.addRow(self.hint)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        save = buttons.addButton("Save as…", QDialogButtonBox.ButtonRole.AcceptRole)
        if save is not None:
            save.clicked.connect(self.browse)
        buttons.rejected.connect(self.reject)
        self.form.addRow(buttons)
        self.what.currentIndexChanged.connect(self._show)
        self._show()

    @property
    def kind(self) -> str:
        """What was chosen: picture, tensor, script or gif."""
        return str(self.what.currentData())

    def _show(self) -> None:
        for row, kinds in ((self.panel, ("picture", "gif")), (self.tensor, ("tensor",)), (self.steps, ("gif",))):
            self.form.setRowVisible(row, self.kind in kinds)
        self.hint.setText("It needs nothing but NumPy to run." if self.kind == "script" else "")

    def browse(self) -> None:
        """Ask for the file, and close."""
        text, pattern, ending = KINDS[self.kind]
        name = {"picture": self.panel.currentText(), "tensor": self.tensor.currentText()}.get(self.kind, "step")
        path, _ = QFileDialog.getSaveFileName(self, text, f"{name.replace('/', '-')}{ending}", pattern)
        if path:
            self.path = path if "." in path.rsplit("/", 1)[-1] else path + ending
            self.accept()
