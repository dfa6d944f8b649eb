"""How long the window takes to show a change."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class FrameTimes:
    """The last thousand times between a change and the window's being in line with it, in seconds.

    Example:
        >>> frames = FrameTimes()
        >>> frames.timed(lambda topic: None)("position")
        >>> frames.percentile(95) < 1.0
        True
    """

    def __init__(self) -> None:
        self.seconds: deque[float] = deque(maxlen=1000)

    def timed(self, refresh: Callable[[str], None]) -> Callable[[str], None]:
        """The same function, timed."""

        def run(topic: str) -> None:
            begun = time.perf_counter()
            refresh(topic)
            self.seconds.append(time.perf_counter() - begun)

        return run

    def percentile(self, percent: float) -> float:
        """The time that so many per cent of the changes stayed below; 0 before the first."""
        if not self.seconds:
            return 0.0
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]
