"""Settings of the process: floating type, engine, random seed.

They live below everything else so that every room may read them.
"""

from __future__ import annotations

import os
import random as _random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

_FLOATS = ("float32", "float64")
_ENGINES = ("c", "numpy")
_LAYOUTS = ("channels_last", "channels_first")
_state = {"floatx": "float32", "engine": "c", "image_data_format": "channels_last"}
_epsilon = [1e-7]


class Seeding:
    """Where random numbers come from: a seed, and the seeds of what names none, drawn one after the other."""

    def __init__(self, seed: int) -> None:
        self.seed, self.draws = seed, _random.Random(seed)


_seeding = [Seeding(int.from_bytes(os.urandom(6), "little"))]
_seeding_here: ContextVar[Seeding | None] = ContextVar("seeding_here", default=None)


def home() -> Path:
    """The folder for what is kept between runs: the one that FASTNN_HOME names, or `~/.fastnn`."""
    return Path(os.environ.get("FASTNN_HOME") or Path.home() / ".fastnn")


def backend() -> str:
    """The name of what computes: always 'fastnn'."""
    return "fastnn"


def floatx() -> str:
    """The default floating type of layers and of Python numbers: 'float32' unless changed.

    Example:
        >>> floatx()
        'float32'
    """
    return _state["floatx"]


def set_floatx(dtype: str) -> None:
    """Set the default floating type.

    Args:
        dtype: 'float32' (kernels in C) or 'float64' (NumPy references).

    Raises:
        ValueError: for any other type.
    """
    if dtype not in _FLOATS:
        raise ValueError(f"Expected dtype to be one of {_FLOATS}. Received: dtype={dtype!r}")
    _state["floatx"] = dtype


def dtype_name(dtype: Any) -> str:
    """A floating type by name; None is the default one, a Keras policy's configuration is read.

    Raises:
        ValueError: for another type.

    Example:
        >>> dtype_name(None), dtype_name("float64")
        ('float32', 'float64')
    """
    if dtype is None:
        return floatx()
    if isinstance(dtype, dict) and isinstance(dtype.get("config"), dict):
        dtype = dtype["config"].get("name", dtype)
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", str(dtype))
    if name not in {"float32", "float64", "int32", "int64", "uint8", "bool"}:
        raise ValueError(f"Expected dtype to be 'float32' or 'float64'. Received: dtype={dtype!r}")
    return name


def epsilon() -> float:
    """The small number that keeps logarithms and divisions away from 0.

    Example:
        >>> epsilon()
        1e-07
    """
    return _epsilon[0]


def set_epsilon(value: float) -> None:
    """Set the number that `epsilon` gives to what is made from now on.

    Raises:
        ValueError: unless it is a positive number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ValueError(f"Expected a positive number. Received: value={value!r}")
    _epsilon[0] = float(value)


def image_data_format() -> str:
    """Where images have their channels if nothing else is said: 'channels_last' unless changed.

    Example:
        >>> image_data_format()
        'channels_last'
    """
    return _state["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set where images have their channels if nothing else is said.

    Raises:
        ValueError: unless it is 'channels_last' or 'channels_first'.
    """
    if data_format not in _LAYOUTS:
        raise ValueError(f"Expected data_format to be one of {_LAYOUTS}. Received: data_format={data_format!r}")
    _state["image_data_format"] = data_format


def engine(name: str | None = None) -> str:
    """The engine that runs operations; with an argument, choose it.

    Args:
        name: 'c' (default) or 'numpy'. With 'numpy' everything made from now on is float64 and runs the NumPy
            references, slowly; nothing falls back to it by itself.

    Raises:
        ValueError: for any other name.

    Example:
        >>> engine()
        'c'
    """
    if name is not None:
        if name not in _ENGINES:
            raise ValueError(f"Expected engine to be one of {_ENGINES}. Received: {name!r}")
        _state["engine"] = name
        _state["floatx"] = "float64" if name == "numpy" else "float32"
    return _state["engine"]


def set_random_seed(seed: int) -> None:
    """Make everything that follows repeatable: initial weights, shuffling, dropout; also seeds `random` and NumPy.

    Args:
        seed: A whole number, 0 or larger.

    Raises:
        ValueError: if the seed is not a whole number, or negative.

    Example:
        >>> set_random_seed(7)
        >>> first = next_seed()
        >>> set_random_seed(7)
        >>> first == next_seed()
        True
    """
    _seeding[0] = Seeding(checked_seed(seed))
    _random.seed(int(seed))
    np.random.seed(int(seed) % 2**32)


def checked_seed(seed: int) -> int:
    """The seed, if it is one.

    Raises:
        ValueError: if it is not a whole number, or negative.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"Expected seed to be a non-negative integer. Received: seed={seed!r}")
    return int(seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, in this thread, everything is as repeatable as after `set_random_seed`; outside nothing is seeded anew.

    Args:
        seed: A whole number, 0 or larger.

    Raises:
        ValueError: if the seed is not a whole number, or negative.

    Example:
        >>> with seeded(7):
        ...     first = next_seed()
        >>> with seeded(7):
        ...     first == next_seed()
        True
    """
    token = _seeding_here.set(Seeding(checked_seed(seed)))
    try:
        yield
    finally:
        _seeding_here.reset(token)


def seeding() -> Seeding:
    """What random numbers come from here and now."""
    return _seeding_here.get() or _seeding[0]


def global_seed() -> int:
    """The seed last set, or the one drawn when the process started."""
    return seeding().seed


def next_seed() -> int:
    """A fresh seed for a layer or an initializer; the sequence repeats after `set_random_seed`."""
    return seeding().draws.randrange(2**48)


def __getattr__(name: str) -> Any:
    from fastnn.utils.absent import missing  # here: it is above this module

    raise missing("config", name, [n for n, v in globals().items() if getattr(v, "__module__", None) == __name__])
