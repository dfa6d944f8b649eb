"""How much memory this process takes at most from a moment on, beyond what it had then."""

from __future__ import annotations

import contextlib
import gc
import sys
from pathlib import Path

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_HIGH_WATER = "5"  # Linux: the largest size so far becomes the present one


def high_water() -> int | None:
    """Bytes in memory at the worst moment so far; None where the system does not tell."""
    if STATUS.is_file():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


class Meter:
    """Counts from its making on; where the system cannot forget an earlier high water, what fits below it is not seen.

    Example:
        >>> meter = Meter()
        >>> block = bytes(50_000_000)
        >>> meter.peak() is None or meter.peak() >= 0
        True
    """

    def __init__(self) -> None:
        gc.collect()
        with contextlib.suppress(OSError):
            FORGET.write_text(FORGET_HIGH_WATER)
        self.before = high_water()

    def peak(self) -> int | None:
        """Bytes that were added at the worst moment since."""
        after = high_water()
        return None if after is None or self.before is None else max(after - self.before, 0)
