"""The guard against silent skips and the --full option, tried on a small run of their own."""

import os
import subprocess
import sys
from pathlib import Path

import fastnn

HERE = Path(__file__).parent
TESTS = """
import pytest
def test_passes(): assert True
@pytest.mark.full
def test_long(): assert True
"""
SKIPS = """
import pytest
@pytest.mark.skip(reason={!r})
def test_skipped(): assert True
"""


def run(folder, *options, skips=(), strict="1"):
    (folder / "conftest.py").write_text((HERE / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "allowed_skips.txt").write_text("# note\nno (sun|rain) today  # weather\n")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = full: long\n")
    (folder / "test_it.py").write_text(TESTS)
    for k, reason in enumerate(skips):
        (folder / f"test_{k}.py").write_text(SKIPS.format(reason))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    here = os.pathsep.join([str(Path(fastnn.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "FASTNN_STRICT_SKIPS": strict, "PYTEST_ADDOPTS": "", "PYTHONPATH": here}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def test_long_tests_are_left_out_and_a_skip_on_the_list_is_fine(tmp_path):
    done = run(tmp_path, skips=["no rain today"])
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped, 1 deselected" in done.stdout


def test_full_runs_them(tmp_path):
    done = run(tmp_path, "--full")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    assert "deselected" not in done.stdout


def test_any_other_skip_fails_the_run_and_is_named(tmp_path):
    reasons = ["no snow today", "no rain today, nor tomorrow"]
    done = run(tmp_path, skips=reasons)
    assert done.returncode == 1, done.stdout
    assert "skips that allowed_skips.txt does not allow" in done.stdout
    assert all(f"::test_skipped: {reason}" in done.stdout for reason in reasons)
    assert "1 passed, 2 skipped" in done.stdout


def test_a_file_skipped_at_its_import_counts(tmp_path):
    (tmp_path / "test_other.py").write_text("import pytest\npytest.importorskip('no_such_module_at_all')\n")
    done = run(tmp_path)
    assert done.returncode == 1, done.stdout
    assert "test_other.py: could not import 'no_such_module_at_all'" in done.stdout


def test_without_the_variable_skips_are_only_skips(tmp_path):
    assert run(tmp_path, skips=["no snow today"], strict="0").returncode == 0


def test_skips_in_processes_side_by_side_count_too(tmp_path):
    (tmp_path / "test_other.py").write_text("import pytest\npytest.importorskip('no_such_module_at_all')\n")
    done = run(tmp_path, "-p", "xdist", "-n", "2", skips=["no snow today"])
    assert done.returncode == 1, done.stdout
    assert "test_other.py: could not import 'no_such_module_at_all'" in done.stdout
    assert "::test_skipped: no snow today" in done.stdout
