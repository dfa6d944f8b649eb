"""What a report of a mistake should say: versions, optional packages, machine, kernels, environment."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata

import fastnn
from fastnn import config
from fastnn.engine import execute, peak

NEEDED = ("numpy", "h5py", "tqdm", "pooch")
FOR_WORK_ON_IT = ("dev", "docs", "full", "test")  # extras that users have no need of
VARIABLES = ("KERAS_BACKEND", "OMP_NUM_THREADS", "QT_QPA_PLATFORM")  # besides all that begin with FASTNN_


def lines(peaks: bool = False) -> Iterator[str]:
    """The report, a line at a time.

    Args:
        peaks: Also measure what the machine can do at most, which takes a second.

    Example:
        >>> next(lines()).split()[0]
        'fastnn'
    """
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield f"fastnn {fastnn.__version__}, {python} ({sys.executable})"
    yield f"packages: {', '.join(map(versioned, NEEDED))}"
    extras = ", ".join(f"{versioned(package)} [{extra}]" for extra, package in optional())
    yield f"optional: {extras or 'not known of a source tree that is not installed'}"
    yield f"{platform.platform()}, {platform.machine()}: {peak.processor()}, {os.cpu_count()} processors"
    file, compiler = execute.built()
    yield f"kernels: {execute.isa()} of {', '.join(execute.isas())}; threads: {execute.threads()}"
    yield f"kernels' file: {file}, made by {compiler}"
    yield f"kept between runs in: {config.home()}"
    yield f"environment: {', '.join(environment()) or 'nothing that matters here'}"
    for isa in execute.isas() if peaks else ():
        found = peak.measure(isa=isa)
        yield f"peak with {isa}: {found.flops / 1e9:.0f} GFLOP/s, memory {found.bandwidth / 1e9:.1f} GB/s"


def versioned(package: str) -> str:
    """A package with its version, or that it is missing.

    Example:
        >>> versioned("no-such-package")
        'no-such-package missing'
    """
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} missing"


def optional() -> list[tuple[str, str]]:
    """Extras and their packages, as the installed package names them; none for a source tree that is not installed."""
    try:
        required = metadata.requires("fastnn") or []
    except metadata.PackageNotFoundError:
        return []
    found = [re.match(r"([\w.-]+).*;.*extra == ['\"](\w+)['\"]", line) for line in required]
    return [(m[2], m[1]) for m in found if m and m[2] not in FOR_WORK_ON_IT]


def environment() -> list[str]:
    """Variables that change what fastnn does, as they are set."""
    return [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("FASTNN_") or k in VARIABLES]
