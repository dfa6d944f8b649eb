"""The dialog for data and networks of one's own: shapes appear beside every line as it is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QRect, Qt, QTimer
from PyQt6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextCursor
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui import blueprint, theme
from gui.exporting import write
from gui.opening import from_blueprint
from gui.own_data import OwnData, read
from gui.panels.words import Plain
from gui.source import Source

QUIET = 250  # milliseconds after the last key before the text is checked
MARGIN = 230
COMMON = "Dense Conv2D MaxPooling2D Flatten Dropout BatchNormalization LSTM Embedding Add Concatenate"
FILTER = "Tables and arrays (*.csv *.tsv *.txt *.npz)"


class BlueprintEdit(QPlainTextEdit):
    """A text field with each line's shape and number of weights at its right."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, blueprint.Line] = {}
        self.setFont(theme.formula_font(10))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setAccessibleName("The network, a layer a line")
        self.setViewportMargins(0, 0, theme.px(MARGIN), 0)
        self.side = _Side(self)
        self.updateRequest.connect(lambda *_: self.side.update())

    def show_lines(self, report: blueprint.Report) -> None:
        """Show what came of every line."""
        self.lines = {line.number: line for line in report.lines}
        self.side.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the right side in its place."""
        super().resizeEvent(event)
        room, width = self.contentsRect(), theme.px(MARGIN)
        self.side.setGeometry(QRect(room.right() - width + 1, room.top(), width, room.height()))

    def paint_side(self, painter: QPainter) -> None:
        """Write shapes and weights beside the lines that can be seen."""
        t, block = theme.current(), self.firstVisibleBlock()
        painter.fillRect(self.side.rect(), t.colour("raised"))
        painter.setFont(theme.formula_font(9))
        while block.isValid():
            place = self.blockBoundingGeometry(block).translated(self.contentOffset())
            if place.top() > self.side.height():
                return
            line = self.lines.get(block.blockNumber() + 1)
            if line is not None:
                text = "  ✗ see below" if line.error else "" if line.shape is None else f"  {shape_words(line)}"
                painter.setPen(t.colour("bad" if line.error else "muted"))
                painter.drawText(
                    QRect(0, round(place.top()), self.side.width(), round(place.height())),
                    int(Qt.AlignmentFlag.AlignVCenter),
                    text,
                )
            block = block.next()


class _Side(QWidget):
    """The column at the right of a text field."""

    def __init__(self, edit: BlueprintEdit) -> None:
        super().__init__(edit)
        self.edit = edit

    def paintEvent(self, event: QPaintEvent | None) -> None:
        self.edit.paint_side(QPainter(self))


def shape_words(line: blueprint.Line) -> str:
    """A line's shape and number of weights.

    Example:
        >>> shape_words(blueprint.Line(2, "Dense(3)", "dense", (3,), 9))
        '(3)  9 weights'
    """
    shape = ", ".join("?" if n is None else str(n) for n in line.shape or ())
    return f"({shape})" + (f"  {line.parameters:,} weights" if line.parameters else "")


class NetworkEditor(QDialog):
    """Choose data, write a network, step through it.

    Args:
        text: A blueprint to begin with; without one the data suggests it.
        data: Data to begin with.
        parent: The window.
    """

    def __init__(self, text: str = "", data: OwnData | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Own data and network")
        self.data: OwnData | None = None
        self.source: Source | None = None
        self.path, self.target = QLineEdit(), QLineEdit()
        self.about, self.message = Plain(), Plain()
        self.edit, self.add = BlueprintEdit(), QComboBox()
        self.batch, self.pixels = QSpinBox(), QSpinBox()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        start = self.buttons.addButton("Step through it", QDialogButtonBox.ButtonRole.AcceptRole)
        assert start is not None
        self.start = start
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET)
        self._compose()
        self._connect()
        self.resize(theme.dialog_size(940, 620))
        self.edit.setPlainText(text)
        if data is not None:
            self.take_data(data)
        self.check()

    # ------------------------------------------------------------ composing

    def _compose(self) -> None:
        self.path.setPlaceholderText("a .csv or .npz file, or a folder with a folder of pictures for each class")
        self.path.setAccessibleName("Data")
        self.target.setPlaceholderText("target column")
        self.target.setAccessibleName("Target column")
        self.target.setMaximumWidth(theme.px(120))
        self.batch.setRange(0, 100_000)
        self.batch.setValue(32)
        self.batch.setSpecialValueText("everything")
        self.batch.setAccessibleName("Rows of a batch")
        self.pixels.setRange(0, 1024)
        self.pixels.setSpecialValueText("as they are")
        self.pixels.setAccessibleName("Height and width of pictures")
        self.add.addItems(["Add a layer…", *COMMON.split()])
        self.add.insertSeparator(self.add.count())
        self.add.addItems([n for n in blueprint.layer_names() if n not in COMMON.split()])
        self.add.setAccessibleName("Add a layer")
        self.add.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.add.setMinimumContentsLength(len("Add a layer…"))
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(theme.px(44))
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.addLayout(self._row("Data", self.path, *self._browsers(), self.target))
        column.addWidget(self.about)
        column.addLayout(
            self._row(
                "Network",
                self.add,
                self._button("Suggest one", self.suggest),
                None,
                self._button("Open…", self.open_text),
                self._button("Save…", self.save_text),
            )
        )
        column.addWidget(self.edit, 1)
        column.addWidget(self.message)
        column.addLayout(self._row("Rows of a batch", self.batch, Plain("Size of pictures"), self.pixels, None))
        column.addWidget(self.buttons)

    def _row(self, text: str, *widgets: QWidget | None) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(Plain(text))
        for widget in widgets:
            row.addStretch(1) if widget is None else row.addWidget(widget)
        return row

    def _browsers(self) -> tuple[QPushButton, QPushButton]:
        return self._button("File…", self.browse_file), self._button("Folder…", self.browse_folder)

    def _button(self, text: str, clicked: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setAccessibleName(text)
        button.clicked.connect(lambda _=False: clicked())
        return button

    def _connect(self) -> None:
        self.path.editingFinished.connect(self.read_data)
        self.target.editingFinished.connect(self.read_data)
        self.pixels.editingFinished.connect(self.read_data)
        self.edit.textChanged.connect(self._timer.start)
        self._timer.timeout.connect(self.check)
        self.add.activated.connect(self._add_layer)
        self.start.clicked.connect(self.take)
        self.buttons.rejected.connect(self.reject)

    # ------------------------------------------------------------ data

    def browse_file(self) -> None:
        """Choose a file of data."""
        path, _ = QFileDialog.getOpenFileName(self, "Open data", "", FILTER)
        self._browsed(path)

    def browse_folder(self) -> None:
        """Choose a folder of pictures."""
        self._browsed(QFileDialog.getExistingDirectory(self, "Open a folder of pictures"))

    def _browsed(self, path: str) -> None:
        if path:
            self.path.setText(path)
            self.read_data()

    def read_data(self) -> None:
        """Read what the field names; what is wrong is said."""
        if not self.path.text().strip():
            return
        size = self.pixels.value()
        try:
            self.take_data(read(self.path.text().strip(), self.target.text().strip(), (size, size) if size else None))
        except (ValueError, OSError, ImportError, MemoryError) as error:
            self.data = None
            self.about.setText("")
            self.say(str(error), "bad")

    def take_data(self, data: OwnData) -> None:
        """Use data; without a network one is suggested."""
        self.data = data
        self.path.setText(str(data.path))
        self.about.setText(data.about)
        if not self.edit.toPlainText().strip():
            self.suggest()
        self.check()

    def suggest(self) -> None:
        """Write a small network that fits the data."""
        if self.data is not None:
            self.edit.setPlainText(self.data.network())
            self.check()

    # ------------------------------------------------------------ the network

    def _add_layer(self, place: int) -> None:
        name = self.add.itemText(place)
        self.add.setCurrentIndex(0)
        if place > 0 and name in blueprint.layer_names():
            self.insert(name)

    def insert(self, name: str) -> None:
        """Write a layer below the line of the cursor, and say how it is used."""
        cursor = self.edit.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.EndOfLine)
        cursor.insertText(f"\n{name}()" if cursor.block().text().strip() else f"{name}()")
        cursor.movePosition(QTextCursor.MoveOperation.Left)
        self.edit.setTextCursor(cursor)
        self.edit.setFocus()
        self.check()
        self.say(f"{self.message.text()}\n{blueprint.usage(name)}".strip(), "muted")

    def check(self) -> blueprint.Report:
        """Check the text, line by line."""
        report = blueprint.check(self.edit.toPlainText())
        self.edit.show_lines(report)
        if report.error:
            self.say(report.error, "bad" if self.edit.toPlainText().strip() else "muted")
        else:
            self.say(f"{report.parameters:,} weights", "good")
        self.start.setEnabled(not report.error)
        return report

    def say(self, text: str, role: str) -> None:
        """Show a message in the colour of a role."""
        self.message.setText(text)
        self.message.setStyleSheet(f"color: {theme.current().colour(role).name()}")

    def open_text(self) -> None:
        """Read a network from a file."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a network", "", "Networks (*.txt)")
        if path:
            try:
                self.edit.setPlainText(Path(path).read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                self.say(f"{Path(path).name}: expected text in UTF-8: {error}", "bad")

    def save_text(self) -> None:
        """Write the network to a file."""
        path, _ = QFileDialog.getSaveFileName(self, "Save the network", "network.txt", "Networks (*.txt)")
        if path:
            try:
                write(path, self.edit.toPlainText())
            except OSError as error:
                self.say(str(error), "bad")

    def take(self) -> None:
        """Close with the source that was described; what does not fit is said."""
        if self.data is None:
            self.say("expected data: a file or a folder, received none.", "bad")
            return
        try:
            self.source = from_blueprint(self.edit.toPlainText(), self.data, self.batch.value() or None)
        except ValueError as error:
            self.say(str(error), "bad")
            return
        self.accept()
