"""From numbers to places in a colour table: limits, scales, and what to do with NaN and infinity. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

TABLE_SIZE = 255  # odd, so that zero has an entry of its own


@dataclass(frozen=True)
class Scale:
    """Limits of a colour bar.

    Args:
        low: Value at the table's first entry; minus `high` when signed.
        high: Value at the table's last entry.
        signed: Whether zero is the middle of the table.
        log: Whether magnitudes are shown by their logarithms: four decades, and straight below them.
        finite: Whether there is a finite cell, so that limits of 0 mean that every cell is 0.
    """

    low: float
    high: float
    signed: bool = True
    log: bool = field(default=False, repr=False)
    finite: bool = field(default=True, repr=False)

    def positions(self, values: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Table entry of every value; what lies outside gets the nearest end, NaN the entry of zero.

        Example:
            >>> import numpy as np
            >>> Scale(-2.0, 2.0).positions(np.array([-2.0, 0.0, 2.0, np.inf]))
            array([  0, 127, 254, 254], dtype=uint8)
        """
        x = np.asarray(values)
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        span = self.high - self.low
        if span <= 0 or not np.isfinite(span):
            return np.full(x.shape, TABLE_SIZE // 2 if self.signed else 0, np.uint8)
        if self.log:
            x, span = signed_log(x / x.dtype.type(self.high)), 2.0
            low = -1.0
        else:
            low = self.low
        with np.errstate(all="ignore"):
            part = (x - x.dtype.type(low)) * x.dtype.type((TABLE_SIZE - 1) / span) + x.dtype.type(0.5)
        missing = np.isnan(part)
        if missing.any():
            part = np.where(missing, x.dtype.type(self.zero() + 0.5), part)
        return np.asarray(part).clip(0, TABLE_SIZE - 1).astype(np.uint8)

    def zero(self) -> float:
        """Table entry of zero, as a fraction of entries."""
        span = self.high - self.low
        return 0.0 if span <= 0 else (0 - self.low) / span * (TABLE_SIZE - 1)

    def ticks(self) -> tuple[float, ...]:
        """Values to write on the colour bar: both ends, and zero in the middle when signed."""
        return (self.low, 0.0, self.high) if self.signed else (self.low, self.high)


def signed_log(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Numbers from -1 to 1 by the logarithms of their magnitudes, 1e-4 and less almost straight.

    Example:
        >>> import numpy as np
        >>> signed_log(np.array([-1.0, 0.0, 0.01])).round(2).tolist()
        [-1.0, 0.0, 0.5]
    """
    with np.errstate(all="ignore"):
        found: NDArray[np.floating] = np.sign(x) * np.log1p(np.abs(x) * x.dtype.type(1e4)) / x.dtype.type(np.log1p(1e4))
    return found


def largest(values: NDArray[np.generic]) -> float:
    """Largest finite magnitude of all cells (never of a sample of them); 0 if there is none.

    Example:
        >>> import numpy as np
        >>> largest(np.array([1.0, -3.0, np.nan, np.inf]))
        3.0
    """
    x = np.asarray(values)
    if x.size == 0:
        return 0.0
    if x.dtype.kind != "f":
        return float(max(abs(float(x.max())), abs(float(x.min()))))
    ends = float(x.max()), float(x.min())
    if np.isfinite(ends).all():
        return max(map(abs, ends))
    finite = np.abs(x[np.isfinite(x)])
    return float(finite.max()) if finite.size else 0.0


def scale_for(values: NDArray[np.generic], signed: bool = True) -> Scale:
    """Symmetric limits for signed data, zero to the largest for one-sided data.

    Example:
        >>> import numpy as np
        >>> scale_for(np.array([0.5, -2.0]))
        Scale(low=-2.0, high=2.0, signed=True)
        >>> scale_for(np.array([0.5, 0.25]), signed=False)
        Scale(low=0.0, high=0.5, signed=False)
    """
    high = largest(values)
    finite = high > 0 or np.size(values) == 0 or bool(np.isfinite(values).any())
    return Scale(-high if signed else 0.0, high, signed, finite=finite)


def one_sided(values: NDArray[np.generic]) -> bool:
    """Whether no cell is below zero."""
    x = np.asarray(values)
    return x.dtype.kind in "ub" or x.size == 0 or not bool((x < 0).any())


def shrink(image: NDArray[np.generic], down: int, across: int) -> NDArray[np.generic]:
    """Blocks of `down` x `across` cells reduced to the cell of the largest magnitude; NaN wins over all.

    Args:
        image: Array (rows, columns).
        down: Rows per block; the last block may be smaller.
        across: Columns per block; the last block may be smaller.

    Example:
        >>> import numpy as np
        >>> shrink(np.array([[0.0, 1.0, 0.0], [-7.0, 2.0, 3.0]]), 2, 2)
        array([[-7.,  3.]])
    """
    if (down <= 1 and across <= 1) or image.size == 0:
        return image
    with np.errstate(invalid="ignore"):
        high = _over_blocks(np.maximum, image, down, across)
        if image.dtype.kind != "f":
            return high
        low = _over_blocks(np.minimum, image, down, across)
        return np.where(np.greater_equal(high, np.negative(low)), high, low)


def _over_blocks(best: np.ufunc, image: NDArray[Any], down: int, across: int) -> NDArray[Any]:
    """One cell for every block: first over its rows, which lie together in memory, then over its columns."""
    lines = image[::down].copy()
    for k in range(1, down):
        add = image[k::down]  # the last block may have fewer
        best(lines[: len(add)], add, out=lines[: len(add)])
    cells: NDArray[Any] = lines[:, ::across].copy()
    for k in range(1, across):
        add = lines[:, k::across]
        best(cells[:, : add.shape[1]], add, out=cells[:, : add.shape[1]])
    return cells


def non_finite_marks(image: NDArray[np.generic], limit: int = 2000) -> list[tuple[int, int, str]]:
    """Cells that colour cannot show: (row, column, "NaN", "+inf" or "−inf"), at most `limit` of them."""
    if image.dtype.kind != "f" or image.size == 0 or np.isfinite(image.sum()):
        return []
    places = np.argwhere(~np.isfinite(image))[:limit]
    return [(int(r), int(c), non_finite_text(float(image[r, c]))) for r, c in places]


def non_finite_text(value: float) -> str:
    """How NaN and infinity are written."""
    return "NaN" if np.isnan(value) else "+inf" if value > 0 else "−inf"


CLASSES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#f0e442")  # Okabe and Ito


def class_image(output: NDArray[np.generic], ground: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Colours of the class chosen, the paler the less sure: (rows, columns, 3).

    Args:
        output: (rows, columns, outputs): probabilities, one for two classes.
        ground: Red, green and blue of no opinion.

    Example:
        >>> import numpy as np
        >>> class_image(np.array([[[0.5], [1.0]]]), (255, 255, 255))[0].tolist()
        [[255, 255, 255], [226, 142, 76]]
    """
    p = np.nan_to_num(np.asarray(output, np.float64), nan=0.5)
    p = np.clip(p, 0, 1)
    if p.shape[-1] == 1:
        p = np.concatenate([1 - p, p], axis=-1)
    count = p.shape[-1]
    chosen = p.argmax(-1)
    sure = np.clip((p.max(-1) - 1 / count) / (1 - 1 / count), 0, 1) * 0.7
    table = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in CLASSES], np.float64)
    colour = table[chosen % len(CLASSES)]
    mixed = np.asarray(ground, np.float64) + (colour - np.asarray(ground, np.float64)) * sure[..., None]
    return mixed.round().astype(np.uint8)
