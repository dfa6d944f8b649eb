"""What the guides say is so: their code runs, their commands, keys and numbers are those of the program."""

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from itertools import takewhile

import pytest

import benchmarks.__main__
import fastnn.__main__
import gui.__main__
from fastnn import presets
from fastnn.walkthrough import walkthrough
from gui.shortcuts import ACTIONS
from tests.code_blocks import ROOT, blocks

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/pages").glob("*.md"))
GUIDE, NEW = "docs/pages/app.md", "docs/pages/new-operation.md"
EXAMPLE = """
import doctest, sys
import fastnn
assert fastnn.__file__.startswith(sys.argv[1]), fastnn.__file__
assert doctest.testfile(sys.argv[2], module_relative=False) == (0, 2)
"""


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def commands(page):
    """The words of every command on a page, one line each."""
    lines = [line for block in blocks("sh", page) for line in block.splitlines()]
    return [shlex.split(part, comments=True) for line in lines for part in line.split(" && ")]


# ---------------------------------------------------------------- code and commands


@pytest.mark.parametrize("page", [page for page in PAGES if blocks("python", page)])
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page}
    for block in blocks("python", page):
        if "bent_identity" not in block:  # that one is not there before it is written
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(block, page, "exec"), names)


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_the_commands_of_a_page_are_understood(page):
    for words in commands(page):
        check_command(words)


def check_command(words):
    """A command's program is there and takes its arguments."""
    program, *rest = words
    if program in ("sudo", "mpiexec"):
        return
    assert program in ("python", "peers/bin/python"), words
    if rest[0] != "-m":
        assert (ROOT / rest[0]).is_file(), words
        return
    module, *arguments = rest[1:]
    takes = {"fastnn": fastnn.__main__.parser().parse_args, "gui": gui.__main__.parse}
    takes |= {"benchmarks": benchmarks.__main__.parser().parse_args}
    if module in takes:
        takes[module](arguments)
    else:
        assert module in ("pip", "pytest", "venv", "mkdocs"), words


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_the_extras_of_a_page_are_offered(page):
    offered = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for words in re.findall(r"(?:fastnn|\.)\[([\w,]+)\]\"", text_of(page)):
        for extra in words.split(","):
            assert re.search(rf"^{extra} = \[", offered, re.MULTILINE), extra


# ---------------------------------------------------------------- the guide to the app


def test_the_guide_names_actions_and_their_keys_as_the_app_does():
    named = re.findall(r"\*\*([^*]+)\*\*,?\s+\(?(?:`([^`]+)`\))", text_of(GUIDE))
    keys = {action.text: action.keys for action in ACTIONS}
    assert len(named) > 15
    for text, key in named:
        assert key in keys[text], (text, key)


def test_every_key_in_the_guide_does_something():
    keys = {key for action in ACTIONS for key in action.keys}
    held = re.findall(r"`((?:Ctrl\+|Alt\+|Shift\+)+[^`]+|F\d+|Pg\w+|Home|End|Left|Right|Space)`", text_of(GUIDE))
    assert len(held) > 20
    assert set(held) <= keys


def test_the_numbers_in_the_guide_are_those_of_the_worked_example():
    one_step = takewhile(lambda line: line != "Training goes on", walkthrough(presets.get("worked-example")))
    printed = "\n".join(one_step)
    quoted = re.findall(r"`(-?\d\.\d{9})`", text_of(GUIDE))
    assert len(quoted) > 10
    assert not [number for number in quoted if number not in printed]


# ---------------------------------------------------------------- a new operation


def insert(path, pattern, text):
    """Put `text` behind the last match of `pattern`."""
    old = path.read_text(encoding="utf-8")
    at = list(re.finditer(pattern, old, re.MULTILINE))[-1].end()
    path.write_text(old[:at] + text + old[at:], encoding="utf-8")


@pytest.mark.full
def test_the_new_operation_works_as_written(tmp_path):
    shutil.copytree(ROOT / "fastnn", tmp_path / "fastnn", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    record, example = [block for block in blocks("python", NEW) if "bent_identity" in block]
    kernels, row = blocks("c", NEW)
    insert(tmp_path / "fastnn/ops/activation.py", r"\Z", record)
    insert(tmp_path / "fastnn/kernels/activation.c", r"^BACK\(.*\n", kernels)
    insert(tmp_path / "fastnn/kernels/activation.c", r"^    .*\n(?=    \{0\},)", row)
    run(tmp_path, "setup.py", "build_ext", "--inplace")
    (tmp_path / "example.txt").write_text(example, encoding="utf-8")
    run(tmp_path, "-c", EXAMPLE, str(tmp_path), str(tmp_path / "example.txt"))
    options = re.search(r"&& python -m pytest (-k \w+)", blocks("sh", NEW)[-1])[1].split()
    done = run(tmp_path, "-m", "pytest", "-q", *options, "tests/test_op_table.py")
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 15


def run(folder, *arguments):
    """Run Python in a folder; fails with what it printed."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done
