"""The operation in the middle of the stage: name, formula, attributes; a curve with its tangent for activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QWidget

from gui import theme as themes
from gui.content import Scene, base_name
from gui.numbers import format_number
from gui.panels import painting

WRAP = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
FLAT = 0.01
CURVE, CURVE_TEXT = 86, 62  # height of an activation's curve, and of what is written below it

Paragraph = tuple[str, QFont, str, float]  # text, font, role of its colour, height


@dataclass(frozen=True)
class Curve:
    """A function of one number, and the point on it that is selected.

    Args:
        x: Where it is sampled.
        y: Its values there.
        at: The selected input.
        value: Its value at `at`.
        slope: Its derivative at `at`; None without one.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    at: float
    value: float
    slope: float | None

    @property
    def remark(self) -> str:
        """What a flat slope means for learning."""
        if self.slope is None or abs(self.slope) >= FLAT:
            return ""
        return "dead: no gradient passes" if self.slope == 0 else "saturated: little gradient passes"


def curve_of(session: Any, scene: Scene) -> Curve | None:
    """The curve of an elementwise operation of one input, at the selected cell; None for all others."""
    op, step = scene.step.op, scene.step
    if op.kind != "elementwise" or op.variadic or len(op.inputs) != 1 or session.selection is None:
        return None
    if session.hides(*session.selection):
        return None
    name = base_name(step.results[0][1]) if step.backward else step.operands[0][1]
    at = session.number_at(name, session.selection[1]) if name in session.listing.values else None
    return None if at is None or not np.isfinite(at) else sample_curve(op, float(at), step.attrs)


def sample_curve(op: Any, at: float, attrs: Any, points: int = 161) -> Curve:
    """A curve by the operation's own reference, its slope by its own backward."""
    reach = max(4.0, 1.25 * abs(at))
    x = np.concatenate([np.linspace(-reach, reach, points), [at]])
    with np.errstate(all="ignore"):
        y = np.asarray(op.forward(x, **attrs), np.float64)
        slope = None
        if op.backward is not None:
            saved = [{"x": x, "y": y}.get(role, x) for role in op.saved_roles(1)]
            slope = float(op.backward(np.ones_like(x), *saved, shapes=(x.shape,), **attrs)[0][-1])
    return Curve(x[:-1], y[:-1], at, float(y[-1]), slope)


def breakable(name: str) -> str:
    """A name that may be wrapped after its underscores.

    Example:
        >>> len(breakable("max_pool2d")) - len("max_pool2d")
        1
    """
    return name.replace("_", "_\u200b")


class OpBlock(QWidget):
    """The operation between its operands and its results."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Scene | None = None
        self._curve: Curve | None = None
        self._count = 0

    def show_scene(self, session: Any, scene: Scene) -> None:
        """Show a step's operation."""
        self._scene, self._curve, self._count = scene, curve_of(session, scene), len(session.steps)
        self.setAccessibleName(f"{scene.step.phase}: {self.title()}, {scene.step.formula}")
        self.update()

    @property
    def curve(self) -> Curve | None:
        """The curve shown, if any."""
        return self._curve

    def title(self) -> str:
        """The operation's name; a backward step carries the sign of a derivative."""
        step = self._scene.step if self._scene else None
        return "" if step is None else f"∂ {step.op.name}" if step.backward else str(step.op.name)

    def lines(self) -> list[str]:
        """Formula, one equation to a line, and the attributes."""
        if self._scene is None:
            return []
        step = self._scene.step
        attrs = [f"{k} = {v}" for k, v in step.attrs.items() if v not in (None, (1, 1), "")]
        return [part.strip() for part in str(step.formula).split(";")] + attrs

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._scene is None:
            return
        painter, theme = QPainter(self), themes.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = theme.colour(self._scene.step.phase)
        body = QRectF(self.rect()).adjusted(15, 0, -15, 0)
        paragraphs = self._paragraphs(painter, body.width() - 10)
        curve = 0 if self._curve is None else themes.px(CURVE + CURVE_TEXT)
        height = min(sum(room + 4 for *_, room in paragraphs) + curve + 16, body.height() - 4)
        box = QRectF(body.left(), (body.height() - height) / 2, body.width(), height)
        self._paint_arrow(painter, theme, 0, box.left(), box.center().y())
        self._paint_arrow(painter, theme, box.right(), self.width(), box.center().y())
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(box, 6, 6)
        painter.fillRect(QRectF(box.left() + 6, box.top(), box.width() - 12, 3), colour)
        painter.setClipRect(box)
        self._paint_body(painter, theme, box, paragraphs)
        painter.end()

    def _paragraphs(self, painter: QPainter, width: float) -> list[Paragraph]:
        """What is written, from top to bottom."""
        scene = self._scene
        assert scene is not None
        texts = [
            (f"step {scene.index + 1} of {self._count}", 8.0, False, "muted"),
            (breakable(self.title()), 11.5 if len(self.title()) <= 14 else 9.5, True, "text"),
            (scene.step.layer or scene.step.phase, 8.5, False, "muted"),
            *((breakable(line), 8.5, False, "text") for line in self.lines()),
        ]
        found = []
        for text, size, bold, role in texts:
            font = themes.text_font(size, bold)
            painter.setFont(font)
            found.append((text, font, role, painter.boundingRect(QRectF(0, 0, width, 400), WRAP, text).height()))
        return found

    def _paint_body(self, painter: QPainter, theme: themes.Theme, box: QRectF, paragraphs: list[Paragraph]) -> None:
        y = box.top() + 10
        for text, font, role, room in paragraphs:
            painter.setFont(font)
            painter.setPen(theme.colour(role))
            painter.drawText(QRectF(box.left() + 5, y, box.width() - 10, room), WRAP, text)
            y += room + 4
        if self._curve is not None:
            place = QRectF(box.left() + 8, y + 4, box.width() - 16, themes.px(CURVE))
            self._paint_curve(painter, theme, self._curve, place)

    def _paint_arrow(self, painter: QPainter, theme: themes.Theme, x0: float, x1: float, y: float) -> None:
        painter.setPen(QPen(theme.colour("muted"), 1.6))
        painter.drawLine(QPointF(x0 + 1, y), QPointF(x1 - 5, y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("muted"))
        painter.drawPolygon(QPolygonF([QPointF(x1 - 1, y), QPointF(x1 - 7, y - 4), QPointF(x1 - 7, y + 4)]))

    def _paint_curve(self, painter: QPainter, theme: themes.Theme, curve: Curve, rect: QRectF) -> None:
        finite = curve.y[np.isfinite(curve.y)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        pad = 0.08 * max(high - low, 1e-6)
        low, high = min(low, 0.0) - pad, max(high, 0.0) + pad
        left, right = float(curve.x[0]), float(curve.x[-1])

        def at(x: float, y: float) -> QPointF:
            return QPointF(
                rect.left() + (x - left) / (right - left) * rect.width(),
                rect.bottom() - (y - low) / (high - low) * rect.height(),
            )

        painter.save()
        painter.setClipRect(rect.adjusted(-1, -1, 1, 1), Qt.ClipOperation.IntersectClip)
        painter.fillRect(rect, theme.colour("panel"))
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawLine(at(left, 0), at(right, 0))
        painter.drawLine(at(0, low), at(0, high))
        painter.setPen(QPen(theme.colour("forward"), 1.8))
        painter.drawPolyline(QPolygonF([at(float(x), float(y)) for x, y in zip(curve.x, curve.y, strict=True)]))
        if curve.slope is not None and np.isfinite(curve.slope):
            reach = (right - left) / 5
            painter.setPen(QPen(theme.colour("backward"), 1.6, Qt.PenStyle.DashLine))
            ends = [at(curve.at + d, curve.value + d * curve.slope) for d in (-reach, reach)]
            painter.drawLine(*ends)
        painter.setPen(QPen(QColor(theme.panel), 1.5))
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(at(curve.at, curve.value), 4.5, 4.5)
        painter.restore()
        self._paint_curve_text(
            painter, theme, curve, QRectF(rect.left() - 6, rect.bottom() + 4, rect.width() + 12, themes.px(50))
        )

    def _paint_curve_text(self, painter: QPainter, theme: themes.Theme, curve: Curve, rect: QRectF) -> None:
        slope = "" if curve.slope is None else f"f′ = {format_number(curve.slope)}"
        lines = [(f"f({format_number(curve.at)}) = {format_number(curve.value)}", "text"), (slope, "backward")]
        lines.append((curve.remark, "bad"))
        painter.setFont(themes.text_font(8.5))
        for k, (text, role) in enumerate(lines):
            painter.setPen(theme.colour(role))
            painter.drawText(
                QRectF(rect.left(), rect.top() + themes.px(16) * k, rect.width(), themes.px(16)), painting.CENTRE, text
            )
