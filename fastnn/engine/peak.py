"""The most that this machine can do, measured on the spot: floating-point operations and bytes of memory per second."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastnn.engine import execute

KNOWN_CACHE = 32 << 20  # bytes of the last cache, where the system does not tell


@dataclass(frozen=True)
class Peak:
    """What kernels are measured by.

    Args:
        flops: Floating-point operations per second, when threads do nothing but multiply-adds on registers.
        bandwidth: Bytes per second that `a = b + 3 c` reads and writes in arrays beyond the last cache.
        isa: Instruction set.
        threads: Threads in use.
        processor: Name of the processor.
    """

    flops: float
    bandwidth: float
    isa: str
    threads: int
    processor: str

    def share(self, flops: float, moved: float, seconds: float) -> float:
        """How much of what is possible was done: by arithmetic or by memory, whatever limits more.

        Args:
            flops: Floating-point operations done.
            moved: Bytes read and written.
            seconds: Time that it took.

        Example:
            >>> Peak(100e9, 10e9, "avx2", 2, "some processor").share(flops=50e9, moved=1e9, seconds=1)
            0.5
        """
        return max(flops / self.flops, moved / self.bandwidth) / seconds if seconds else 0.0

    def __str__(self) -> str:
        return (
            f"{self.processor}: {self.flops / 1e9:.0f} GFLOP/s ({self.isa}, threads: {self.threads}), "
            f"{self.bandwidth / 1e9:.1f} GB/s"
        )


def measure(seconds: float = 0.3, isa: str | None = None) -> Peak:
    """Measure what this machine can do with the threads in use; the best of many short runs.

    Args:
        seconds: About how long to take.
        isa: Instruction set; the one in use by default.

    Raises:
        GraphError: if this machine cannot run the instruction set.

    Example:
        >>> found = measure(0.02)
        >>> found.flops > 1e6, found.bandwidth > 1e6
        (True, True)
    """
    name = isa or execute.isa()
    a, b, c = (np.ones(last_cache() // 4, np.float32) for _ in range(3))  # together three times the cache
    return Peak(
        best(lambda: execute.multiply_adds(name, 2_000), seconds / 2),
        best(lambda: execute.triad(name, a, b, c), seconds / 2),
        name,
        execute.threads(),
        processor(),
    )


def best(run: Callable[[], tuple[float, float]], seconds: float) -> float:
    """The highest rate (work per second) of runs for so long; at least three of them."""
    stop, rates = time.monotonic() + seconds, list[float]()
    while len(rates) < 3 or time.monotonic() < stop:
        work, took = run()
        rates.append(work / max(took, 1e-9))
    return max(rates)


def last_cache() -> int:
    """Bytes of the last cache."""
    try:
        told = max(os.sysconf("SC_LEVEL3_CACHE_SIZE"), os.sysconf("SC_LEVEL2_CACHE_SIZE"))
    except (AttributeError, ValueError, OSError):  # no such question on this system
        told = 0
    return told if told > 0 else KNOWN_CACHE


def processor() -> str:
    """Name of the processor as its maker gives it.

    Example:
        >>> len(processor()) > 0
        True
    """
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        named = ""
    return named or platform.processor() or platform.machine() or "unknown processor"
