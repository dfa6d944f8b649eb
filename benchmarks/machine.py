"""What a measurement was made on."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import environment


def processor() -> str:
    """The processor's name, as its maker calls it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        fields = dict(line.split(":", 1) for line in info.read_text().split("\n\n")[0].splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        name = fields.get("model name", platform.processor())
        family = [f"{k} {fields[k]}" for k in ("cpu family", "model") if k in fields]
        return f"{name} ({', '.join(family)})" if family else name
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor() or platform.machine()


def system() -> str:
    """Operating system and architecture."""
    name = platform.system()
    if name == "Linux":
        with contextlib.suppress(OSError):
            name = f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {name}"
    return f"{name} {platform.machine()}"


def describe(threads: int) -> dict[str, Any]:
    """Processor, system, threads of every contestant, caps, and the load that others make."""
    return {
        "processor": processor(),
        "processors": environment.processors(),
        "system": system(),
        "python": platform.python_version(),
        "threads": threads,
        "instruction set": os.environ.get("FASTNN_ISA", "not capped"),
        "peers' caps": environment.caps(os.environ),
        "date": date.today().isoformat(),
        "load before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def lines(machine: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The description and the contestants' versions as a few lines of text."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    caps = ", ".join(f"{k}={v}" for k, v in machine["peers' caps"].items())
    place = [machine["processor"], f"{machine['threads']} of {machine['processors']} processors", machine["system"]]
    isa = f"instruction set: {machine['instruction set']}" + (f"; peers: {caps}" if caps else "")
    return "\n".join(
        ["; ".join([*place, f"load before: {machine['load before']}"]), f"Python {machine['python']}, {named}", isa]
    )
