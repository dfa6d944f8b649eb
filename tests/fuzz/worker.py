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

from fastnn.errors import FastnnError
from tests.fuzz.guard import Guard
from tests.fuzz.kinds import KINDS

SECONDS = 20  # for one input
ROOM = 2 << 30  # bytes of addresses beyond what the process has at its start
GROWTH = 1 << 30  # bytes of memory beyond that
EXPECTED = (FastnnError, ValueError, OSError)


def limit_memory():
    """Addresses beyond a limit lead to MemoryError instead of a machine that stands still."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def verdict(kind, path, guard):
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
    if said is None and time.monotonic() - started > SECONDS / 2:
        return f"{time.monotonic() - started:.0f} seconds"
    return said


def made(kind, corpus, seed, index):
    """The input of a number; the same for ever."""
    rng = random.Random(f"{kind.name}/{seed}/{index}")
    return kind.mutate(rng.choice(corpus), rng, rng.choice(corpus))


def main():
    name, seed, first, count, seconds, report = sys.argv[1:]
    kind, end = KINDS[name], time.monotonic() + float(seconds)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve() / f"input{kind.ending}"
        os.chdir(folder)
        tempfile.tempdir = folder
        corpus = kind.corpus(Path(folder))
        for content in corpus:  # they are whole, and everything is imported from now on
            place.write_bytes(content)
            kind.load(place)
        ours = {entry.name for entry in Path(folder).iterdir()}
        guard = Guard()
        limit_memory()
        with open(report, "a", buffering=1) as told:
            for index in range(int(first), int(first) + int(count)):
                if time.monotonic() > end:
                    break
                content = made(kind, corpus, seed, index)
                place.write_bytes(content)
                told.write(json.dumps({"begins": index}) + "\n")
                faulthandler.dump_traceback_later(SECONDS, exit=True)
                wrong = verdict(kind, place, guard)
                faulthandler.cancel_dump_traceback_later()
                strangers = {entry.name for entry in Path(folder).iterdir()} - ours
                for stranger in strangers:
                    wrong = f"a file was left: {stranger}"
                    ours.add(stranger)
                told.write(json.dumps({"ends": index, "wrong": wrong}) + "\n")


if __name__ == "__main__":
    faulthandler.enable()
    main()
