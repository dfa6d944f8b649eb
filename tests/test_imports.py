"""Imports run one way: a file imports from lower levels, or from its own room at its own level.

The level of a file is that of the longest entry of LEVELS that its path starts with. A file that no entry covers
fails, so a new room has to be given its place here. Imports inside functions and for type checking count too.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEVELS = {
    -1: "fastnn/utils/absent fastnn/utils/json_text fastnn/utils/limits fastnn/utils/naming",  # words; counters
    0: "fastnn/errors fastnn/_version fastnn/config fastnn/compat/__init__ fastnn/compat/spellings fastnn/rich",
    1: "fastnn/ops fastnn/datasets fastnn/kernels",
    2: "fastnn/engine/__init__ fastnn/engine/execute",
    3: "fastnn/engine/tensor fastnn/engine/peek fastnn/engine/steplist fastnn/engine/tape fastnn/engine/graph "
    "fastnn/engine/axes fastnn/engine/batches fastnn/engine/nested fastnn/engine/functional fastnn/engine/part",
    3.5: "fastnn/utils",  # small helpers that initializers, losses and the like share
    3.6: "fastnn/plotting",
    4: "fastnn/engine fastnn/initializers fastnn/regularizers fastnn/constraints fastnn/activations "
    "fastnn/losses fastnn/data fastnn/random",
    4.2: "fastnn/backend fastnn/data_sources",  # random tensors by their old names too
    4.5: "fastnn/metrics fastnn/optimizers",  # a loss's function is a metric too; eager updates run a plan
    5: "fastnn/layers",
    6: "fastnn/callbacks",
    6.9: "fastnn/exchange",  # files in other programs' formats; models reach it when asked to
    7: "fastnn/models",
    7.5: "fastnn/saving",  # a second door to the same room
    8: "fastnn/applications fastnn/classic fastnn/distribute fastnn/presets fastnn/sklearn fastnn/compat",
    8.5: "fastnn/__init__ fastnn/__main__ fastnn/info fastnn/walkthrough fastnn/showing",  # the front doors
    8.55: "fastnn/compat/tensorflow",  # the whole library under other names
    8.6: "gui/blueprint gui/colours gui/finding gui/histogram gui/history gui/inner_sums gui/losses gui/moment "
    "gui/numbers gui/own_data gui/shortcuts gui/source gui/startup",
    8.61: "gui/content",
    8.62: "gui/scaling",
    8.65: "gui/editing gui/runs",  # what two sources and histories differ in
    8.7: "gui/arrangement gui/card_text gui/keymap gui/opening gui/state",
    8.8: "gui/moving gui/storage",
    8.9: "gui/trying",
    8.95: "gui/watching",
    9: "gui/session",
    9.1: "gui/grains",
    9.5: "gui/handlers",  # what panels and window share without Qt
    9.52: "gui/network",  # cards say which use of a layer a step belongs to
    9.55: "gui/exporting gui/lesson gui/profiling",
    9.6: "gui/cards gui/drawing gui/fans gui/playground gui/predicting gui/reconstructing gui/towers gui/worksheet",
    9.65: "gui/folding",
    9.7: "gui/worker gui/theme",
    10: "gui/panels",
    10.5: "gui/features",  # what a window can do beyond stepping, put together from panels
    11: "gui/window",
    11.5: "gui/__main__",
    12: "gui/__init__ gui/pictures",  # `show` opens the same window as the command line
}
LEVEL_OF = {entry: level for level, entries in LEVELS.items() for entry in entries.split()}
COMPILED = "fastnn/kernels/engine"
QT = ("PyQt6", "pyqtgraph")
QT_ROOMS = ("gui/worker", "gui/theme", "gui/panels", "gui/features", "gui/window", "gui/__main__")
FILES = sorted(path.relative_to(ROOT).as_posix() for top in ("fastnn", "gui") for path in (ROOT / top).rglob("*.py"))


def within(path, entry):
    """Whether `path` is `entry` or lies in it."""
    return path == entry or path.startswith(entry + "/")


def entry_of(path):
    """The longest entry of the table that covers a module's path (without .py), or None."""
    return max((entry for entry in LEVEL_OF if within(path, entry)), key=len, default=None)


def room(path):
    """The folder or file below fastnn/ or gui/ that a path belongs to."""
    return "/".join(path.split("/")[:2])


def imported_names(tree, path):
    """Dotted names that a file imports, one for each imported name; relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.split("/")[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and imports_by_name(node):
            yield from (str(word.value) for word in node.args[:1] if isinstance(word, ast.Constant))


def imports_by_name(call):
    """Whether this is a call of import_module or __import__."""
    return getattr(call.func, "attr", getattr(call.func, "id", "")) in ("import_module", "__import__")


def complaints(path, text):
    """What a module (path without .py) imports against the rules."""
    for name in imported_names(ast.parse(text), path):
        top, target = name.split(".")[0], name.replace(".", "/")
        if top in ("fastnn", "gui"):
            yield from inner_complaints(path, target)
        if top in QT and not any(within(path, entry) for entry in QT_ROOMS):
            yield f"{path} imports {name}: only {', '.join(QT_ROOMS)} may"
        if top == "numpy" and within(path, "fastnn/layers"):
            yield f"{path} imports numpy: layers compose operations"


def inner_complaints(path, target):
    """The same for what a module imports from this project."""
    entry = entry_of(target) or f"{target.split('/')[0]}/__init__"
    own, other = LEVEL_OF[entry_of(path)], LEVEL_OF[entry]
    if other > own or (other == own and room(path) != room(entry) and own != 8.5):
        yield f"{path} (level {own}) imports {target} (level {other})"
    if within(target, COMPILED) and path != "fastnn/engine/execute":
        yield f"{path} imports the compiled module: only fastnn/engine/execute.py may"


@pytest.mark.parametrize("file", FILES)
def test_imports_follow_the_levels(file):
    path = file.removesuffix(".py")
    assert entry_of(path), f"{file} has no level: give its room a place in LEVELS"
    assert list(complaints(path, (ROOT / file).read_text(encoding="utf-8"))) == []


def test_cython_file_knows_the_errors_only():
    text = (ROOT / "fastnn/kernels/engine.pyx").read_text(encoding="utf-8")
    found = set(re.findall(r"^\s*(?:from|import|cimport)\s+((?:fastnn|gui)[\w.]*)", text, re.MULTILINE))
    assert found == {"fastnn.errors"}


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("fastnn/ops/relu", "from fastnn.engine import execute", "imports fastnn/engine/execute (level 2)"),
        ("fastnn/ops/relu", "from fastnn.kernels import engine", "imports fastnn/kernels/engine (level 1)"),
        ("fastnn/ops/relu", "from ..engine.tensor import Tensor", "imports fastnn/engine/tensor/Tensor (level 3)"),
        ("fastnn/ops/relu", "from .. import layers", "imports fastnn/layers (level 5)"),
        ("fastnn/errors", "import fastnn", "imports fastnn (level 8.5)"),
        ("fastnn/engine/tape", "from fastnn.kernels.engine import call", "only fastnn/engine/execute.py"),
        ("fastnn/engine/tape", "def f():\n    from fastnn.engine.plan import Plan", "imports fastnn/engine/plan/Plan"),
        ("fastnn/losses", "from fastnn.metrics import Mean", "imports fastnn/metrics/Mean (level 4.5)"),
        ("fastnn/layers/basic", "import numpy.linalg", "imports numpy"),
        ("fastnn/models/model", "import gui", "imports gui (level 12)"),
        ("fastnn/__main__", "import importlib\nimportlib.import_module('gui.window')", "imports gui/window"),
        ("fastnn/models/model", "import pyqtgraph as pg", "imports pyqtgraph"),
        ("gui/session", "from PyQt6.QtCore import QObject", "imports PyQt6.QtCore.QObject"),
        ("gui/panels/stage", "from gui.window import Window", "imports gui/window/Window (level 11)"),
    ],
)
def test_the_check_sees_what_is_forbidden(path, text, complaint):
    assert any(complaint in found for found in complaints(path, text))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("fastnn/ops/relu", "import numpy as np\nfrom fastnn.ops.table import define\nfrom .terms import Sum"),
        ("fastnn/engine/execute", "from fastnn import config\nfrom fastnn.kernels import engine as compiled"),
        ("fastnn/layers/basic", "from fastnn import ops\nfrom fastnn.compat.spellings import old_names"),
        ("fastnn/__main__", "from fastnn import presets, show"),
        ("gui/session", "import fastnn\nfrom fastnn.engine.stepper import Stepper"),
        ("gui/panels/stage", "from PyQt6.QtCore import Qt\nfrom gui.panels.colour import limits"),
    ],
)
def test_the_check_lets_pass_what_is_allowed(path, text):
    assert list(complaints(path, text)) == []


def test_a_file_outside_the_table_has_no_level():
    assert entry_of("fastnn/misc") is None
    assert entry_of("fastnn/opsx/relu") is None
    assert entry_of("gui/helpers") is None
