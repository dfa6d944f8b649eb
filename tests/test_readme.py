"""The README's example of a new operation does what the README says, to the letter."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gui.pictures.__main__ import PICTURES

ROOT = Path(__file__).parents[1]
EXAMPLE = """
import doctest, sys
import fastnn
assert fastnn.__file__.startswith(sys.argv[1]), fastnn.__file__
assert doctest.testfile(sys.argv[2], module_relative=False) == (0, 2)
"""


def blocks(language):
    """The README's code blocks in a language."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def insert(path, pattern, text):
    """Put `text` behind the last match of `pattern`."""
    old = path.read_text(encoding="utf-8")
    at = list(re.finditer(pattern, old, re.MULTILINE))[-1].end()
    path.write_text(old[:at] + text + old[at:], encoding="utf-8")


def test_the_first_commands_start_the_app_and_the_tests():
    first, second = blocks("sh")[:2]
    assert first == 'python -m pip install -e ".[gui]" && python -m gui\n'
    assert second == 'python -m pip install -e ".[gui,test]" && python -m pytest -n auto\n'


def test_ci_installs_the_system_packages_that_the_readme_names():
    named = set(blocks("sh")[2].split()[3:]) - {"gcc", "libc6-dev", "python3-dev", "python3-venv"}
    steps = (ROOT / ".ci/steps.sh").read_text(encoding="utf-8")
    assert named == set(re.search(r'QT_LIBRARIES="(.*?)"', steps, re.DOTALL)[1].split()) - {"xvfb"}


@pytest.mark.full
def test_the_new_operation_works_as_written(tmp_path):
    shutil.copytree(ROOT / "fastnn", tmp_path / "fastnn", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    record, example = [block for block in blocks("python") if "bent_identity" in block]
    kernels, row = blocks("c")
    insert(tmp_path / "fastnn/ops/activation.py", r"\Z", record)
    insert(tmp_path / "fastnn/kernels/activation.c", r"^BACK\(.*\n", kernels)
    insert(tmp_path / "fastnn/kernels/activation.c", r"^    .*\n(?=    \{0\},)", row)
    run(tmp_path, "setup.py", "build_ext", "--inplace")
    (tmp_path / "example.txt").write_text(example, encoding="utf-8")
    run(tmp_path, "-c", EXAMPLE, str(tmp_path), str(tmp_path / "example.txt"))
    options = re.search(r"&& python -m pytest (-k \w+)", blocks("sh")[-1])[1].split()
    done = run(tmp_path, "-m", "pytest", "-q", *options, "tests/test_op_table.py")
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 15


def run(folder, *arguments):
    """Run Python in a folder; fails with what it printed."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_script_runs_as_printed(tmp_path):
    train, step, stop = [block for block in blocks("python") if "keras" in block]
    script = train + step + "assert accuracy > 0.9, accuracy\n" + stop + "assert stop.hit is None\n"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "dense.dense[0, 3] = " in done.stdout


def test_the_pictures_are_those_that_the_script_takes():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\(gui/pictures/([\w-]+)\.png\)", text)
    assert sorted(shown) == sorted(PICTURES)
    assert all((ROOT / f"gui/pictures/{name}.png").is_file() for name in shown)
