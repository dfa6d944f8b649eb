"""What the documentation takes from elsewhere: the app's pictures, the examples, the table of operations."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import fastnn
from fastnn import datasets
from fastnn.ops import table
from gui import shortcuts

ROOT = Path(__file__).parents[1]
EXTRAS = "| extra | for |"  # how that table begins


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The version is that of the package."""
    config.site_name = f"fastnn {fastnn.__version__}"
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures where they lie, and the pages that are made from code."""
    for picture in sorted((ROOT / "gui/pictures").glob("*.png")):
        files.append(File.generated(config, f"pictures/{picture.name}", abs_src_path=str(picture)))
    files.append(File.generated(config, "examples.md", content="\n".join(examples())))
    files.append(File.generated(config, "reference/operations.md", content="\n".join(operations())))
    files.append(File.generated(config, "reference/datasets.md", content="\n".join(data_sets())))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put in what has its one place elsewhere: the app's keys; the README's tables of speed and of extras."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    speed = readme.split("<!-- begin: python -m benchmarks table -->")[1].split("<!-- end -->")[0]
    extras = EXTRAS + readme.split(EXTRAS)[1].split("\n\n")[0]
    for mark, text in (("keys", keys()), ("table", speed), ("extras", extras)):
        markdown = markdown.replace(f"<!-- {mark} -->", text)
    return markdown


def keys() -> str:
    """All keys of the app, by menu."""
    rows = (
        f"| {a.group} | {a.text} | {' or '.join(f'`{key}`' for key in a.keys)} |" for a in shortcuts.ACTIONS if a.keys
    )
    return "\n".join(("| menu | action | keys |", "|---|---|---|", *rows))


def examples() -> Iterator[str]:
    """A page with every example: what it says of itself, then its code."""
    yield "# Examples\n"
    yield "Each is a script of its own in the folder `examples/`; with `--quick` it takes a few seconds and needs no"
    yield "network:\n\n    python examples/xor.py --quick\n"
    for path in sorted((ROOT / "examples").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield f"## {path.name}\n\n{ast.get_docstring(ast.parse(text))}\n"
        yield f'??? example "{path.name}"\n\n    ```python\n' + indented(text, 4) + "\n    ```\n"


def indented(text: str, columns: int) -> str:
    """Every line that is not empty moved to the right."""
    return "\n".join(" " * columns + line if line else "" for line in text.splitlines())


def data_sets() -> Iterator[str]:
    """A page with every data set."""
    yield f"# Data sets\n\n{inspect.getdoc(datasets)}\n"
    for name in sorted(set(datasets.__all__) - {"DatasetError"}):
        yield f"::: fastnn.datasets.{name}\n"


def operations() -> Iterator[str]:
    """A page with every operation of the table, by kind."""
    yield "# Operations\n"
    yield "All records of `fastnn.ops`, made from the table that the engine runs. `y` is the result, `d` stands before"
    yield "the gradient of a value. The [guide](../new-operation.md) shows how one is added.\n"
    for kind in table.KINDS:
        found = [op for op in table.OPS.values() if op.kind == kind]
        if found:
            yield f"## {kind.capitalize()}\n\n| name | inputs | formula | gradient |\n|---|---|---|---|"
            yield from map(row, sorted(found, key=lambda op: op.name))
            yield ""


def row(op: table.Op) -> str:
    """A line of the table."""
    cells = (f"`{op.name}`", ", ".join(f"`{name}`" for name in op.inputs), code(op.formula), code(op.grad_formula))
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """A formula as code within a table; empty for none."""
    return f"`{text}`".replace("|", "\\|") if text else ""
