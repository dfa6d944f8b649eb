"""Old module paths, and the names of other libraries for scripts that are run as they are: one lazy finder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from fastnn.compat.spellings import MODULES, NOT_OLD, say

OTHER_LIBRARIES = {  # names that `python -m fastnn run` answers for
    "keras": "fastnn",
    "tf_keras": "fastnn",
    "tensorflow": "fastnn.compat.tensorflow",
    "tensorflow.keras": "fastnn",
    "tensorflow.python": "fastnn.compat.tensorflow",
    "tensorflow.python.keras": "fastnn",
    "tensorflow.compat": "fastnn.compat",
    "tensorflow.compat.v1": "fastnn.compat.v1",
    "tensorflow.compat.v2": "fastnn.compat.tensorflow",
}


class AliasLoader:
    """Gives a module that exists already under another name."""

    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        module = importlib.import_module(self.target)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: only the module's own spec is put back."""
        module.__spec__ = self.own_spec


class Finder:
    """Finds old paths below `fastnn`, and other libraries' names while they are answered for."""

    def __init__(self) -> None:
        self.roots: dict[str, str] = {"fastnn": "fastnn"}

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """The spec of an alias, or None."""
        found = self.resolve(fullname)
        if found is None or found == fullname:
            return None
        return ModuleSpec(fullname, AliasLoader(found), is_package=True)  # type: ignore[arg-type]

    def resolve(self, fullname: str) -> str | None:
        """Today's module for a path, or None."""
        root = max((r for r in self.roots if fullname == r or fullname.startswith(r + ".")), key=len, default=None)
        if root is None:
            return None
        rest = fullname[len(root) + 1 :]
        base = self.roots[root]
        if rest in MODULES:
            if rest not in NOT_OLD:
                say(fullname, f"fastnn.{MODULES[rest]}", 5)
            return f"fastnn.{MODULES[rest]}"
        if root == "fastnn":
            return None
        return f"{base}.{rest}" if rest else base


class LastFinder:
    """Asked when nobody has found a module: `from fastnn.layers import Conv3D` says what `layers.Conv3D` says."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: Any = None) -> None:
        """None, unless the package can say what it knows of the name.

        Raises:
            ModuleNotFoundError: with the words of the package.
        """
        parent, _, name = fullname.rpartition(".")
        package = sys.modules.get(parent)
        if parent.split(".")[0] != "fastnn" or not hasattr(package, "__getattr__") or name.startswith("_"):
            return
        try:
            getattr(package, name)
        except AttributeError as error:  # without a name, which Python's import would take for a reason to be silent
            raise ModuleNotFoundError(str(error)) from None


FINDER, LAST = Finder(), LastFinder()


def install() -> None:
    """Answer for old module paths from now on."""
    if FINDER not in sys.meta_path:
        sys.meta_path.insert(0, FINDER)  # first, or a package's old path would give a second copy of its modules
        sys.meta_path.append(LAST)


@contextmanager
def other_libraries() -> Iterator[None]:
    """Answer for `keras` and `tensorflow` too, even where they are installed."""
    FINDER.roots.update(OTHER_LIBRARIES)
    hidden = {n: m for n, m in sys.modules.items() if n.split(".")[0] in OTHER_LIBRARIES}
    for name in hidden:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in OTHER_LIBRARIES:
            FINDER.roots.pop(name)
        for name in [n for n in sys.modules if n.split(".")[0] in OTHER_LIBRARIES]:
            del sys.modules[name]
        sys.modules.update(hidden)
