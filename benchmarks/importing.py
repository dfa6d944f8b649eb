"""How long `import fastnn` takes beside `import numpy`, each in a fresh interpreter, in turns."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import import_module

from benchmarks.report import BASELINE, OURS, Result

LIMIT = 2.5  # times NumPy's own import
MODULES = {OURS: "fastnn", BASELINE: "numpy"}
SCRIPT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def versions() -> dict[str, str]:
    """Of both modules."""
    return {module: import_module(module).__version__ for module in MODULES.values()}


def seconds_to_import(module: str, byte_code: str) -> float:
    """What one import takes in an interpreter of its own, without the interpreter's start.

    Args:
        module: Its name.
        byte_code: The folder that byte code is kept in, which an installation has.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": byte_code}
    command = [sys.executable, "-c", SCRIPT.format(module)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def run(rounds: int) -> tuple[Result, dict[str, str]]:
    """The times, and what is wrong with them: fastnn beyond its limit.

    Args:
        rounds: Turns that both take; the best counts.
    """
    times: dict[str, list[float]] = {label: [] for label in MODULES}
    with tempfile.TemporaryDirectory() as byte_code:
        for _ in range(rounds + 1):
            for label, module in MODULES.items():
                times[label].append(seconds_to_import(module, byte_code))
    times = {label: seconds[1:] for label, seconds in times.items()}  # the first turn has compiled the source
    result = Result("import", "fresh interpreter", times)
    share = min(times[OURS]) / min(times[BASELINE])
    return result, {
        OURS: f"expected at most {LIMIT} times NumPy's import, measured {share:.2f}"
    } if share > LIMIT else {}
