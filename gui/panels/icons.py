"""The transport bar's icons, drawn in the theme's colours so that no icon font is needed."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from gui import theme

SIZE = 20
OCTAGON = ((7.2, 3.5), (12.8, 3.5), (16.5, 7.2), (16.5, 12.8), (12.8, 16.5), (7.2, 16.5), (3.5, 12.8), (3.5, 7.2))
Draw = Callable[[QPainter], None]


def _triangle(left: float, right: float) -> QPolygonF:
    """A triangle from its base at `left` to its tip at `right`, 12 high."""
    return QPolygonF([QPointF(left, 4), QPointF(left, 16), QPointF(right, 10)])


def _bar(x: float) -> QRectF:
    return QRectF(x, 4, 2.4, 12)


def _play(p: QPainter) -> None:
    p.drawPolygon(_triangle(5.5, 16.5))


def _pause(p: QPainter) -> None:
    p.drawRect(QRectF(5, 4, 3.6, 12))
    p.drawRect(QRectF(11.4, 4, 3.6, 12))


def _forward(p: QPainter) -> None:
    p.drawRect(_bar(4))
    p.drawPolygon(_triangle(8, 17))


def _back(p: QPainter) -> None:
    p.drawPolygon(_triangle(12, 3))
    p.drawRect(_bar(13.6))


def _to_end(p: QPainter) -> None:
    p.drawPolygon(_triangle(2.5, 8.5))
    p.drawPolygon(_triangle(8.5, 14.5))
    p.drawRect(_bar(15))


def _to_start(p: QPainter) -> None:
    p.drawPolygon(_triangle(17.5, 11.5))
    p.drawPolygon(_triangle(11.5, 5.5))
    p.drawRect(_bar(2.6))


def _train(p: QPainter) -> None:
    p.drawPolygon(_triangle(2.5, 10))
    p.drawPolygon(_triangle(9.5, 17.5))


def _reset(p: QPainter) -> None:
    path = QPainterPath()
    path.arcMoveTo(QRectF(4, 4, 12, 12), 60)
    path.arcTo(QRectF(4, 4, 12, 12), 60, 290)
    p.strokePath(path, QPen(p.brush().color(), 2))
    p.drawPolygon(QPolygonF([QPointF(10.5, 0.8), QPointF(10.5, 8), QPointF(16, 4.4)]))


def _new_seed(p: QPainter) -> None:
    pen = QPen(p.brush().color(), 1.6)
    p.save()
    p.setPen(pen)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawRoundedRect(QRectF(3.5, 3.5, 13, 13), 3, 3)
    p.restore()
    for x, y in ((7, 7), (13, 13), (13, 7), (7, 13), (10, 10)):
        p.drawEllipse(QPointF(x, y), 1.25, 1.25)


def _conditions(p: QPainter) -> None:
    p.drawPolygon(QPolygonF([QPointF(x, y) for x, y in OCTAGON]))


DRAWINGS: dict[str, Draw] = {
    "play": _play,
    "pause": _pause,
    "forward_grain": _forward,
    "back_grain": _back,
    "to_start": _to_start,
    "to_end": _to_end,
    "train": _train,
    "reset": _reset,
    "new_seed": _new_seed,
    "conditions": _conditions,
}


def icon(name: str) -> QIcon:
    """The icon of that name in the current theme's colours."""
    made = QIcon()
    now = theme.current()
    for mode, state, role in (
        (QIcon.Mode.Normal, QIcon.State.Off, "text"),
        (QIcon.Mode.Disabled, QIcon.State.Off, "line"),
        (QIcon.Mode.Normal, QIcon.State.On, "accent"),
    ):
        for scale in (1, 2):
            made.addPixmap(_pixmap(DRAWINGS[name], now.colour(role), scale), mode, state)
    return made


def _pixmap(draw: Draw, colour: QColor, scale: int) -> QPixmap:
    pixmap = QPixmap(QSize(theme.px(SIZE), theme.px(SIZE)) * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.scale(theme.px(SIZE) / SIZE, theme.px(SIZE) / SIZE)
    draw(painter)
    painter.end()
    return pixmap
