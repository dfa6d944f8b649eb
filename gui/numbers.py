"""How numbers, indices and shapes are written. No Qt.

Four decimals from 1e-3 to 1e4, otherwise mantissa and exponent; exact zero is "0", something tiny never looks like
zero, and the minus sign is the real one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MINUS = "−"


def format_number(value: Any, decimals: int = 4) -> str:
    """A number for reading: `decimals` decimals from 1e-3 to 1e4, otherwise mantissa and exponent.

    Args:
        value: Any real number; integers and booleans are written in full.
        decimals: Decimals of the plain form, and of the mantissa less one.

    Example:
        >>> [format_number(v) for v in (0.41823, -0.00193, 12345.678, 0.0, 3e-9, float("nan"))]
        ['0.4182', '−0.0019', '1.235e+04', '0', '3.000e−09', 'NaN']
    """
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (int, np.integer)):
        return minus(str(int(value)))
    x = float(value)
    if not math.isfinite(x):
        return "NaN" if math.isnan(x) else "+inf" if x > 0 else f"{MINUS}inf"
    if x == 0:
        return "0"
    plain = 1e-3 <= abs(x) < 1e4
    return minus(f"{x:.{decimals}f}" if plain else f"{x:.{max(decimals - 1, 0)}e}")


def minus(text: str) -> str:
    """The text with hyphens before digits replaced by real minus signs.

    Example:
        >>> minus("-1.5e-03")
        '−1.5e−03'
    """
    return re.sub(r"-(?=[\d.])", MINUS, text) if "-" in text else text


def exact(value: Any) -> str:
    """The shortest text that gives the same float back, for copying (a plain hyphen as sign).

    Example:
        >>> import numpy as np
        >>> exact(np.float32(0.1)), exact(-2.5), exact(np.int32(7))
        ('0.1', '-2.5', '7')
    """
    if isinstance(value, (np.floating, np.integer, np.bool_)):
        return str(value.item() if value.dtype.kind in "iub" or value.dtype == np.float64 else value)
    return repr(value) if isinstance(value, float) else str(value)


def decimals_for(values: NDArray[np.generic], most: int = 7) -> int:
    """Decimals that tell the cells of a tensor apart: the last one is at most a thousandth of the range.

    Args:
        values: The tensor's cells.
        most: Never more than this.

    Example:
        >>> import numpy as np
        >>> [decimals_for(np.array(pair)) for pair in ([0.994, 1.004], [0.0, 1.0], [0.0, 500.0])]
        [5, 3, 1]
    """
    x = np.asarray(values)
    if x.dtype.kind != "f":
        return 0
    if x.size and not (np.isfinite(x.min()) and np.isfinite(x.max())):
        x = x[np.isfinite(x)]
    if x.size == 0:
        return 3
    low, high = float(x.min()), float(x.max())
    span = high - low if high > low else abs(high)
    if span == 0:
        return 3
    return int(min(max(math.ceil(3 - math.log10(span)), 1), most))


def format_cell(value: Any, decimals: int) -> str:
    """A number on a heat map's cell: fixed decimals, an exponent where those would show nothing.

    Example:
        >>> format_cell(0.5, 3), format_cell(-0.00001, 3), format_cell(0.0, 3), format_cell(3, 0)
        ('0.500', '−1e−05', '0', '3')
    """
    if isinstance(value, (int, np.integer, bool, np.bool_)):
        return minus(str(int(value)))
    x = float(value)
    if not math.isfinite(x):
        return "NaN" if math.isnan(x) else "+inf" if x > 0 else f"{MINUS}inf"
    if x == 0:
        return "0"
    if abs(x) >= 1e5 or float(f"{x:.{decimals}f}") == 0:
        return minus(f"{x:.0e}")
    return minus(f"{x:.{decimals}f}")


LETTERS = {
    "activation": {1: "n", 2: "n i", 3: "n t i", 4: "n h w c"},
    "weight": {1: "i", 2: "in out", 3: "in out k", 4: "kh kw in out"},
}


def axis_letters(rank: int, role: str) -> tuple[str, ...]:
    """Letters of a tensor's axes.

    Args:
        rank: Number of axes.
        role: The value's role; parameters and states are labelled as weights, everything else by sample.

    Example:
        >>> axis_letters(4, "activation"), axis_letters(2, "parameter")
        (('n', 'h', 'w', 'c'), ('in', 'out'))
    """
    group = "weight" if role in ("parameter", "state", "constant") else "activation"
    known = LETTERS[group].get(rank)
    return tuple(known.split()) if known else tuple(f"a{i}" for i in range(rank))


def shape_label(shape: Sequence[int], letters: Sequence[str] = ()) -> str:
    """A shape with its axis letters.

    Example:
        >>> shape_label((32, 8, 8, 1), "nhwc"), shape_label((3,)), shape_label(())
        ('n 32 × h 8 × w 8 × c 1', '3', 'one number')
    """
    if not shape:
        return "one number"
    if len(letters) != len(shape):
        return " × ".join(map(str, shape))
    return " × ".join(f"{a} {n}" for a, n in zip(letters, shape, strict=True))


def cell_label(name: str, index: Sequence[int], letters: Sequence[str] = ()) -> str:
    """A cell by name and NumPy index, axis letters shown.

    Example:
        >>> cell_label("conv1.out", (0, 11, 7, 3), "nhwc")
        'conv1.out[n=0, h=11, w=7, c=3]'
        >>> cell_label("loss", ())
        'loss'
    """
    if not len(index):
        return name
    if len(letters) != len(index):
        return f"{name}[{', '.join(map(str, index))}]"
    return f"{name}[{', '.join(f'{a}={i}' for a, i in zip(letters, index, strict=True))}]"


def count_label(count: int, noun: str) -> str:
    """A count with its noun, thousands separated.

    Example:
        >>> count_label(1, "parameter"), count_label(12345, "parameter")
        ('1 parameter', '12,345 parameters')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
