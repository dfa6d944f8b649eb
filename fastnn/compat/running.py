"""`python -m fastnn run SCRIPT`: a script that imports keras or tensorflow, run as it is."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence

from fastnn.compat.modules import other_libraries


def run_script(path: str, arguments: Sequence[str] = ()) -> None:
    """Run a script with `keras` and `tensorflow.keras` answered for.

    Args:
        path: The script.
        arguments: What it finds in sys.argv.

    Raises:
        ValueError: if there is no such file.
    """
    if not os.path.isfile(path):
        raise ValueError(f"Expected the path of a Python script. Received: {path!r}, which is no file")
    argv, first = sys.argv, sys.path[0]
    sys.argv, sys.path[0] = [path, *arguments], os.path.dirname(os.path.abspath(path))
    try:
        with other_libraries():
            runpy.run_path(path, run_name="__main__")
    finally:
        sys.argv, sys.path[0] = argv, first
