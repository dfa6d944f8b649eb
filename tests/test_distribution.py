"""What is passed on: one version, archives that lack nothing, a report that says what there is."""

import re
import subprocess
import sys

import pytest

import fastnn
from fastnn import info
from tests.code_blocks import ROOT


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


# ---------------------------------------------------------------- versions


def test_the_version_is_the_same_everywhere():
    assert re.search(r"^version: (.+)$", text_of("CITATION.cff"), re.MULTILINE)[1] == fastnn.__version__
    assert 'attr = "fastnn._version.__version__"' in text_of("pyproject.toml")
    released = re.findall(r"^## \[(\d[^\]]*)\]", text_of("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == fastnn.__version__


def test_wheels_are_built_for_every_python_that_is_promised():
    project = text_of("pyproject.toml")
    least = int(re.search(r'requires-python = ">=3\.(\d+)"', project)[1])
    built = [int(minor) for minor in re.findall(r"\bcp3(\d+)-\*", project)]
    assert built == list(range(least, built[-1] + 1))
    tested = re.search(r"python: (\[.*\])", text_of(".github/workflows/wheels.yml"))[1]
    assert [f'"3.{minor}"' in tested for minor in (built[0], built[-1])] == [True, True]


# ---------------------------------------------------------------- archives


def test_the_source_archive_is_asked_for_every_folder():
    listed = text_of("MANIFEST.in")
    tops = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("*/*.py")} - {"build", "dist"}
    for top in tops - {"fastnn", "gui"}:  # these are packages
        assert re.search(rf"^(graft|recursive-include) {top}\b", listed, re.MULTILINE), top


# ---------------------------------------------------------------- the report


def test_the_report_names_what_is_there_and_what_is_missing(monkeypatch):
    monkeypatch.setenv("FASTNN_OF_A_TEST", "7")
    monkeypatch.setattr(
        info.metadata, "requires", lambda _: ["numpy>=1", 'no-such>=2; extra == "plot"', 'x; extra == "dev"']
    )
    report = "\n".join(info.lines())
    assert "no-such missing [plot]" in report
    assert " [dev]" not in report
    assert "FASTNN_OF_A_TEST=7" in report
    assert re.search(r"^kernels' file: .*engine.*, made by (gcc|clang|msvc) \S+", report, re.MULTILINE)
    assert re.search(r"numpy \d+\.\d+", report)


def test_the_report_is_made_where_nothing_is_installed(monkeypatch):
    def absent(_):
        raise info.metadata.PackageNotFoundError

    monkeypatch.setattr(info.metadata, "requires", absent)
    assert info.optional() == []


@pytest.mark.parametrize("arguments", [["info"], ["presets"]])
def test_commands_print_and_end_well(arguments):
    command = [sys.executable, "-m", "fastnn", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 5
