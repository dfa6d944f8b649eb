"""The driver: starts processes that load wrong files, survives their ends, and tells what went wrong.

python -m tests.fuzz keras --seconds 60 --seed 1
python -m tests.fuzz all --seconds 600 --jobs 2
python -m tests.fuzz keras --seed 1 --first 412 --count 1
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KINDS = ("keras", "h5", "weights", "safetensors", "session", "npz", "csv", "lesson", "picture")
START = 60  # seconds that a process may need before its first input
LIMIT = 20  # seconds for one input


@dataclass(frozen=True)
class Finding:
    """An input that was not taken as it should be."""

    kind: str
    seed: int
    index: int
    wrong: str

    @property
    def last_line(self):
        """What it has in common with others, whatever their numbers and names."""
        return re.sub(r"[\d'].*", "", self.wrong.rstrip().rsplit("\n", 1)[-1])

    def __str__(self):
        again = f"python -m tests.fuzz {self.kind} --seed {self.seed} --first {self.index} --count 1"
        return f"{again}\n{self.wrong.rstrip()}"


def run(kind, seed, first=0, count=10**9, seconds=1e9, limit=LIMIT):
    """Load wrong files of a kind; the number of inputs that were tried, and what was found."""
    findings, tried, end = [], 0, time.monotonic() + seconds
    while count > 0 and time.monotonic() < end:
        begun, found, ended = one_process([kind], seed, first, count, end - time.monotonic(), limit)
        tried, findings = tried + begun, findings + found
        if ended:
            break
        count, first = count - begun, first + begun
    return tried, findings


def one_process(kinds, seed, first, count, seconds, limit=LIMIT):
    """Load wrong files in one process: how many were begun, what was found, and whether the process came to its end."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        report.touch()
        given = (",".join(kinds), seed, first, count, seconds, limit, report)
        quiet = {"OPENBLAS_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "TMPDIR": folder}
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.worker", *map(str, given)], cwd=ROOT, env={**os.environ, **quiet},
            capture_output=True, text=True, errors="replace", check=False,
            timeout=seconds + START + 120 if seconds < 1e6 else None,
        )  # fmt: skip
        lines = [json.loads(line) for line in report.read_text().splitlines()]
    begun = [line for line in lines if "begins" in line]
    findings = [Finding(x["kind"], seed, x["ends"], x["wrong"]) for x in lines if x.get("wrong")]
    if done.returncode:
        said = f"the process ended with {done.returncode}\n{done.stderr[-3000:]}"
        if not begun:
            raise RuntimeError(said)
        findings.append(Finding(begun[-1]["kind"], seed, begun[-1]["begins"], said))
    return len(begun), findings, done.returncode == 0


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Loads wrong files until time is over.")
    parser.add_argument("kind", choices=[*KINDS, "all"])
    parser.add_argument("--seconds", type=float, default=60, help="for each kind")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="by default another one every time")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--count", type=int, default=10**9, help="most inputs of a kind")
    parser.add_argument("--jobs", type=int, default=1, help="kinds at the same time")
    given = parser.parse_args()
    kinds = KINDS if given.kind == "all" else (given.kind,)
    found = 0
    with ThreadPoolExecutor(given.jobs) as pool:
        runs = {kind: pool.submit(run, kind, given.seed, given.first, given.count, given.seconds) for kind in kinds}
        for kind, future in runs.items():
            tried, findings = future.result()
            print(f"{kind}: {tried} inputs, seed {given.seed}, {len(findings)} wrong", flush=True)
            alike = Counter(finding.last_line for finding in findings)
            for finding in {finding.last_line: finding for finding in reversed(findings)}.values():
                print(f"\n{alike[finding.last_line]} times, such as {finding}", flush=True)
            found += len(findings)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
