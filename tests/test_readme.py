"""The README's commands and scripts do what it says."""

import re
import subprocess
import sys

from gui.pictures.__main__ import PICTURES
from tests.code_blocks import ROOT, blocks


def test_the_first_commands_start_the_app_and_the_tests():
    first, second = blocks("sh")[:2]
    assert first == 'python -m pip install -e ".[gui]" && python -m gui\n'
    assert second == 'python -m pip install -e ".[gui,test]" && python -m pytest -n auto\n'


def test_ci_installs_the_system_packages_that_the_readme_names():
    named = set(blocks("sh")[2].split()[3:]) - {"gcc", "libc6-dev", "python3-dev", "python3-venv"}
    steps = (ROOT / ".ci/steps.sh").read_text(encoding="utf-8")
    assert named == set(re.search(r'QT_LIBRARIES="(.*?)"', steps, re.DOTALL)[1].split()) - {"xvfb"}


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
