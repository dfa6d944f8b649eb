"""Controls side by side; where there is no room for all of them, the last ones go below, like words of a text."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QRect, QSize, QTimer
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from gui import theme


class Flow(QWidget):
    """Lines of widgets.

    Args:
        parent: The widget that holds it.
        space: Pixels between widgets.
        apart: Whether the last one of a line is at its right end if there are others before it.
    """

    def __init__(self, parent: QWidget | None = None, space: int = 4, apart: bool = True) -> None:
        super().__init__(parent)
        self.space, self.apart = space, apart
        self.parts: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, part: QWidget) -> None:
        """Put a widget at the end."""
        part.setParent(self)
        self.parts.append(part)

    def add_group(self) -> QHBoxLayout:
        """Put controls at the end that stay together, and return the row for them."""
        group = QWidget(self)
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.add(group)
        return row

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max((rect.bottom() + 1 for rect in self.places(width)), default=0)

    def sizeHint(self) -> QSize:
        """Everything in one line."""
        hints = [part.sizeHint() for part in self._shown()]
        gaps = self.space * max(len(hints) - 1, 0)
        return QSize(sum(h.width() for h in hints) + gaps, max((h.height() for h in hints), default=0))

    def minimumSizeHint(self) -> QSize:
        """The widest widget alone."""
        least = [part.minimumSizeHint() for part in self._shown()]
        return QSize(max((s.width() for s in least), default=0), max((s.height() for s in least), default=0))

    def _shown(self) -> list[QWidget]:
        return [part for part in self.parts if not part.isHidden()]

    def _lines(self, width: int) -> list[list[QWidget]]:
        lines: list[list[QWidget]] = []
        used = 0
        for part in self._shown():
            wanted = part.sizeHint().width() + self.space
            if lines and used + wanted - self.space <= width:
                lines[-1].append(part)
                used += wanted
            else:
                lines.append([part])
                used = wanted
        return lines

    def places(self, width: int) -> list[QRect]:
        """Where the widgets in sight are in a room of that width."""
        places, top = [], 0
        for line in self._lines(width):
            sizes = [part.sizeHint() for part in line]
            height, left = max(size.height() for size in sizes), 0
            for size in sizes:
                wide = min(size.width(), width)
                if size is sizes[-1] and len(line) > 1 and self.apart:
                    left = width - wide
                places.append(QRect(left, top + (height - size.height()) // 2, wide, size.height()))
                left += wide + self.space
            top += height + self.space
        return places

    def arrange(self) -> None:
        """Put every widget into its place."""
        for part, rect in zip(self._shown(), self.places(self.width()), strict=True):
            part.setGeometry(rect)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._settle()

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self._settle()
        return super().event(event)

    def _settle(self) -> None:
        """Arrange, but not amid a change of style, when sizes cannot be asked for."""
        if theme.is_dressing():
            QTimer.singleShot(0, self._settle)
            return
        self.arrange()
        self.updateGeometry()
