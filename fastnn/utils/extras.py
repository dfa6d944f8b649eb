"""Packages that fastnn uses if they are installed, each by an extra of its own."""

from __future__ import annotations

import importlib
from typing import Any


def need(module: str, extra: str, what: str) -> Any:
    """A module of a package that only some uses of fastnn need.

    Args:
        module: Its name, such as 'matplotlib.pyplot'.
        extra: The extra of fastnn that installs its package.
        what: What needs it, for the error.

    Raises:
        ImportError: naming the extra, if the package is not installed.

    Example:
        >>> need("json", "none", "This line").dumps([1])
        '[1]'
        >>> need("no_such_package.part", "plot", "History.plot")
        Traceback (most recent call last):
        ...
        ImportError: History.plot needs no_such_package: pip install "fastnn[plot]"
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.split(".")[0]
        if error.name is None or error.name.split(".")[0] != package:
            raise  # the package is here, and lacks something itself
        raise ImportError(f'{what} needs {package}: pip install "fastnn[{extra}]"') from error
