"""The pool of threads on its own, in C: exactly once, finished at the end, no data race, alive after a fork."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastnn
from fastnn.engine import execute

KERNELS = Path(fastnn.__file__).parent / "kernels"
DRIVER = Path(__file__).with_name("threads_stress.c")
PLAIN = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # no other sanitizer
FINE = "0 wrong\nexit 0"
COMPILER = shutil.which("gcc") or shutil.which("clang")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the pool is for POSIX threads"),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed"),
    pytest.mark.skipif(not (KERNELS / "threads.c").exists(), reason="the kernels' source is not installed"),
]


def built(folder, *options, source=(KERNELS / "threads.c",), driver=DRIVER):
    """The driver, compiled with the files of kernels that it drives."""
    program = folder / "stress"
    command = [COMPILER, "-O1", "-g", *options, f"-I{KERNELS}", str(driver), *map(str, source), "-pthread", "-lm"]
    done = subprocess.run([*command, "-o", str(program)], capture_output=True, text=True, check=False, env=PLAIN)
    assert done.returncode == 0, done.stderr
    return program


def said_by(program, *arguments):
    """What the driver says, and what a sanitizer adds."""
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=PLAIN)
    return f"{done.stdout}{done.stderr}exit {done.returncode}"


@pytest.mark.parametrize("callers", [1, 3])
def test_every_chunk_runs_once_and_is_finished_when_its_loop_is(tmp_path, callers):
    assert said_by(built(tmp_path), callers, 1000) == FINE


def test_a_forked_child_has_a_pool_that_works(tmp_path):
    assert said_by(built(tmp_path), 2, 200, "fork") == FINE


@pytest.mark.parametrize("callers", [1, 3])
def test_there_is_no_data_race(tmp_path, callers):
    assert said_by(built(tmp_path, "-fsanitize=thread"), callers, 1000) == FINE


@pytest.mark.skipif(execute.threads() < 2, reason="one processor: nothing is shared")
def test_the_driver_notices_a_pool_that_does_not_wait(tmp_path):
    broken = tmp_path / "threads.c"
    source = (KERNELS / "threads.c").read_text(encoding="utf-8")
    early = source.replace("atomic_load(&done) < chunks", "atomic_load(&done) < 1")
    assert early != source
    broken.write_text(early, encoding="utf-8")
    assert said_by(built(tmp_path, source=[broken]), 3, 1000).endswith("exit 1")
