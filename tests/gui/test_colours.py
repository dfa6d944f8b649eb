"""Colours: limits, positions, extremes kept, and that nobody confuses plus and minus."""

import numpy as np
import pyqtgraph as pg
import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QFont, QImage, QPainter

from gui import theme as themes
from gui.colours import Scale, largest, non_finite_marks, scale_for, shrink
from gui.panels import painting

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
VISION = {  # Machado, Oliveira and Fernandes, 2009: severity 1.0, on linear RGB
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(rgb):
    c = np.asarray(rgb) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(light):
    xyz = np.clip(light, 0, 1) @ TO_XYZ.T / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def worst_difference(table, v):
    places = Scale(-1.0, 1.0).positions(np.array([v, -v]))
    plus, minus = linear(table[places[0]]), linear(table[places[1]])
    return min(np.linalg.norm(lab(np.asarray(m) @ plus) - lab(np.asarray(m) @ minus)) for m in VISION.values())


@pytest.mark.parametrize(("theme", "small", "quarter"), [(themes.LIGHT, 21, 50), (themes.DARK, 10, 25)])
def test_plus_and_minus_differ_for_every_kind_of_vision(theme, small, quarter):
    table = theme.table(signed=True)
    assert worst_difference(table, 0.1) == pytest.approx(small, abs=2)
    assert worst_difference(table, 0.25) == pytest.approx(quarter, abs=3)
    assert worst_difference(table, 0.1) >= 9
    assert worst_difference(table, 0.25) >= 20


def test_zero_has_the_middle_entry_and_the_ends_are_reached():
    x = np.array([-3.0, 0.0, 3.0, 0.3, -0.3], np.float32)
    places = scale_for(x).positions(x).astype(int)
    assert places[:3].tolist() == [0, 127, 254]
    assert places[3] - 127 == 127 - places[4]


def test_limits_read_every_cell_and_ignore_what_is_not_finite():
    x = np.zeros((1024, 1024), np.float32)
    x[700, 300] = -50
    x[0, 0], x[0, 1] = np.nan, np.inf
    assert largest(x) == 50
    assert scale_for(x) == Scale(-50.0, 50.0, True)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    ("cells", "said"),
    [([np.nan, np.inf], "no finite cell"), ([0.0, np.nan], "every cell is 0"), ([0.0, 0.0], "every cell is 0")],
)
def test_a_bar_without_limits_says_why(qapp, cells, said, signed):
    written = []

    class Painter(QPainter):
        def drawText(self, *given):
            written.append(given[-1])

    picture = QImage(200, 30, QImage.Format.Format_RGB32)
    painter = Painter(picture)
    scale = scale_for(np.array(cells, np.float32), signed)
    painting.draw_colour_bar(painter, QRectF(0, 0, 200, 30), scale, themes.LIGHT, QFont())
    painter.end()
    assert written == [said]
    assert largest(np.array([], np.float32)) == 0
    assert largest(np.array([-7, 3], np.int32)) == 7


def test_a_constant_zero_tensor_is_the_middle_colour():
    x = np.zeros((2, 2), np.float32)
    assert (scale_for(x).positions(x) == 127).all()


@pytest.mark.parametrize("shape", [(64, 64), (65, 31), (1, 9)])
def test_shrinking_keeps_every_extreme(shape):
    x = np.random.default_rng(0).normal(size=shape)
    small = shrink(x, 4, 4)
    assert small.shape == (-(-shape[0] // 4), -(-shape[1] // 4))
    assert small.ravel()[np.abs(small).argmax()] == x.ravel()[np.abs(x).argmax()]
    for r in range(small.shape[0]):
        for c in range(small.shape[1]):
            block = x[4 * r : 4 * r + 4, 4 * c : 4 * c + 4]
            assert abs(small[r, c]) == np.abs(block).max()


def test_shrinking_keeps_nan():
    x = np.zeros((8, 8))
    x[5, 6] = np.nan
    assert np.isnan(shrink(x, 4, 4)[1, 1])


def test_what_is_not_finite_is_named():
    x = np.array([[1.0, np.nan], [np.inf, -np.inf]])
    assert non_finite_marks(x) == [(0, 1, "NaN"), (1, 0, "+inf"), (1, 1, "−inf")]


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK], ids=lambda t: t.name)
def test_text_is_legible_on_its_ground(theme):
    for ground in ("window", "panel", "raised"):
        for role in ("text", "muted", "accent", "forward", "loss", "backward", "update", "good", "bad"):
            assert themes.contrast(theme.colour(role), theme.colour(ground)) >= 4.5, (role, ground)


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK], ids=lambda t: t.name)
@pytest.mark.parametrize("signed", [True, False])
def test_numbers_are_legible_on_every_colour_of_the_table(theme, signed):
    from PyQt6.QtGui import QColor

    from gui.panels.painting import ink

    light = ink(Scale(-1.0 if signed else 0.0, 1.0, signed), theme)
    for rgb, is_light in zip(theme.table(signed), light, strict=True):
        text = QColor("#ffffff") if is_light else QColor("#14171a")
        assert themes.contrast(text, QColor(*map(int, rgb))) >= 4.0


@pytest.mark.parametrize(("theme", "signed"), [(themes.LIGHT, "CET-D1A"), (themes.DARK, "CET-D4")])
def test_the_tables_are_those_that_are_promised(theme, signed):
    def of(name):
        """A shipped table, sampled as ours is."""
        return pg.colormap.get(name).getLookupTable(0, 1, len(theme.table(True)), alpha=False)

    assert np.abs(theme.table(signed=True).astype(int) - of(signed)).max() <= 2
    one_sided = theme.table(signed=False).astype(int)
    assert min(np.abs(one_sided - of(name)).max() for name in ("viridis", "cividis")) <= 2
