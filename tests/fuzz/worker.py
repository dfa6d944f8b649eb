"""One process that loads wrong files of a kind: limited memory and time, and no way to touch anything else."""

import faulthandler
import json
import os
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

from fastnn import config
from fastnn.errors import FastnnError
from tests.fuzz.guard import Guard
from tests.fuzz.kinds import KINDS

ROOM = 2 << 30  # bytes of addresses beyond what the process has at its start
GROWTH = 1 << 30  # bytes of memory beyond that
EXPECTED = (FastnnError, ValueError, OSError)


def limit_memory():
    """Addresses beyond a limit lead to MemoryError instead of a machine that stands still."""
    if not sys.platform.startswith("linux"):
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def verdict(kind, path, guard, limit):
    """What is wrong with how a file was taken; None if all is well."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    said = None
    try:
        with guard.watching(path.parent):
            kind.load(path)
    except EXPECTED as error:
        said = None if str(error).strip() else f"an error without words: {error!r}"
        if "MemoryError" in str(error) or "allocate" in str(error):  # refused by the machine, not by the reader
            said = "".join(traceback.format_exception(error, limit=-6))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        said = "".join(traceback.format_exception(error, limit=-6))
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    if guard.seen:
        return f"forbidden: {guard.seen}"
    if said is None and grown > GROWTH:
        return f"{grown >> 20} MB of memory"
    if said is None and time.monotonic() - started > limit / 2:
        return f"{time.monotonic() - started:.0f} seconds"
    return said


def made(kind, corpus, seed, index):
    """The input of a number; the same every time, but for dates in files."""
    rng = random.Random(f"{kind.name}/{seed}/{index}")
    return kind.mutate(rng.choice(corpus), rng, rng.choice(corpus))


def try_all(kind, seed, numbers, end, limit, tell, guard):
    """Load the inputs of these numbers, in a folder of their own, until time is over."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve() / f"input{kind.ending}"
        os.chdir(folder)
        tempfile.tempdir = folder
        config.set_random_seed(0)
        corpus = kind.corpus(Path(folder))
        for content in corpus:  # they are whole, and everything is imported from now on
            place.write_bytes(content)
            kind.load(place)
        ours = {entry.name for entry in Path(folder).iterdir()}
        for index in numbers:
            if time.monotonic() > end:
                break
            place.write_bytes(made(kind, corpus, seed, index))
            tell({"kind": kind.name, "begins": index})
            faulthandler.dump_traceback_later(limit, exit=True)
            wrong = verdict(kind, place, guard, limit)
            faulthandler.cancel_dump_traceback_later()
            strangers = {entry.name for entry in Path(folder).iterdir()} - ours
            ours |= strangers
            tell({"kind": kind.name, "ends": index, "wrong": f"files were left: {strangers}" if strangers else wrong})
        tempfile.tempdir = None


def main():
    names, seed, first, count, seconds, limit, report = sys.argv[1:]
    warnings.simplefilter("ignore")
    limit_memory()
    guard, numbers, end = Guard(), range(int(first), int(first) + int(count)), time.monotonic() + float(seconds)
    with open(report, "a", buffering=1) as told:
        for name in names.split(","):
            tell = lambda line: told.write(json.dumps(line) + "\n")  # noqa: E731
            try_all(KINDS[name], seed, numbers, end, float(limit), tell, guard)


if __name__ == "__main__":
    faulthandler.enable()
    main()
