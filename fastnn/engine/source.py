"""The NumPy references of operations as source text that stands alone: each with all that it calls, nothing imported
from this package.

A reference is a function or a lambda, perhaps made by another function; what it takes from there is written out.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from fastnn.errors import GraphError
from fastnn.ops.terms import FUNCTIONS

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
PACKAGE = "fastnn"
BY_ARRAY = {"np": np, "min": np.minimum, "max": np.maximum, "float": np.asarray}  # in formulas


class Source:
    """Collects definitions, each once, in an order in which they can be run.

    Example:
        >>> from fastnn.ops.table import find
        >>> source = Source()
        >>> source.function(find("relu").forward, "relu")
        'relu'
        >>> "def relu(" in source.text()
        True
    """

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.parts: list[str] = []
        self._names: dict[int, str] = {id(np): "np"}
        self._taken: set[str] = {"np"}
        self._kept: list[Any] = []  # so that no id is given out twice

    def text(self) -> str:
        """All imports and definitions."""
        head = "\n".join(sorted(self.imports, key=lambda line: (not line.startswith("import"), line)))
        return "\n\n\n".join([head, *self.parts])

    def reserve(self, *names: str) -> None:
        """Keep names from being given to definitions."""
        self._taken.update(names)

    def function(self, function: Callable[..., Any], wanted: str) -> str:
        """Write a function down, with all that it calls, and return the name that it has there.

        Raises:
            GraphError: if its source cannot be found.
        """
        bare = inspect.unwrap(function)
        if id(bare) in self._names:
            return self._names[id(bare)]
        name = self._free(bare, wanted)
        closed = inspect.getclosurevars(bare).nonlocals if inspect.isfunction(bare) else {}
        written = of_formula(bare, closed)
        if written is not None:
            self._write(written, name, {**FUNCTIONS, **BY_ARRAY}, {})
        else:
            self._write(definition(bare), name, bare.__globals__, closed)
        return name

    def _free(self, thing: Any, wanted: str) -> str:
        """A name that nothing else has; the thing is known by it from now on."""
        base = re.sub(r"\W", "_", wanted)
        name, k = base, 2
        while name in self._taken:
            name, k = f"{base}_{k}", k + 1
        self._taken.add(name)
        self._names[id(thing)] = name
        self._kept.append(thing)
        return name

    def _imported(self, thing: Any, line: str, wanted: str) -> str:
        """The name of a module, or of something of a module, that a line imports."""
        if id(thing) not in self._names:
            self._free(thing, wanted)
        name = self._names[id(thing)]
        self.imports[line if line.split()[-1] == name else f"{line} as {name}"] = None
        return name

    def _write(self, node: ast.AST, name: str, spaces: Mapping[str, Any], closed: Mapping[str, Any]) -> None:
        """Append a definition under a name; what it reads from outside is written before it."""
        node = _bare(node)
        texts = {}
        for read in dict.fromkeys(_read(node)):
            if read in closed:
                texts[read] = self.value(closed[read], read)
            elif read in spaces:
                texts[read] = self.value(spaces[read], read)
        node = _Renamed({read: text for read, text in texts.items() if read != text}).visit(node)
        if isinstance(node, ast.Lambda):
            node = ast.FunctionDef(name=name, args=node.args, body=[ast.Return(node.body)], decorator_list=[])
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.name = name
        self.parts.append(ast.unparse(ast.fix_missing_locations(node)))

    def value(self, thing: Any, name: str) -> str:
        """An expression for anything that a reference reads: a number, a table, a function, a module.

        Raises:
            GraphError: for what cannot be written down.
        """
        if isinstance(thing, PLAIN):
            return "..." if thing is Ellipsis else _number(thing)
        if isinstance(thing, types.ModuleType):
            return self._imported(thing, f"import {thing.__name__}", name)
        if isinstance(thing, (tuple, list, set, frozenset, Mapping)):
            return self._collection(thing, name)
        if isinstance(thing, np.ndarray):
            self.imports["import numpy as np"] = None
            return f"np.array({thing.tolist()!r}, {str(thing.dtype)!r})"
        if isinstance(thing, np.generic):
            return _number(thing.item())
        if isinstance(thing, functools.partial):
            parts = [self.value(thing.func, thing.func.__name__), *(self.value(a, name) for a in thing.args)]
            parts += [f"{k}={self.value(v, k)}" for k, v in thing.keywords.items()]
            return f"{self.value(functools, 'functools')}.partial({', '.join(parts)})"
        return self._defined(thing, name)

    def _collection(self, thing: Any, name: str) -> str:
        if isinstance(thing, Mapping):
            return "{" + ", ".join(f"{self.value(k, name)}: {self.value(v, str(k))}" for k, v in thing.items()) + "}"
        if hasattr(thing, "_fields"):
            return f"{self.value(type(thing), type(thing).__name__)}({', '.join(self.value(v, name) for v in thing)})"
        items = [self.value(item, name) for item in thing]
        if isinstance(thing, tuple):
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        if isinstance(thing, list):
            return f"[{', '.join(items)}]"
        return f"{type(thing).__name__}([{', '.join(items)}])"

    def _defined(self, thing: Any, name: str) -> str:
        """The name of a function or class: NumPy's and Python's own, or one of this package, written down first."""
        own = str(getattr(thing, "__name__", ""))
        if getattr(np, own, None) is thing:
            self.imports["import numpy as np"] = None
            return f"np.{own}"
        bare: Any = inspect.unwrap(thing) if callable(thing) else thing
        home = getattr(bare, "__module__", "") or ""
        if home == "builtins":
            return str(bare.__name__)
        if bare is None or home.split(".")[0] != PACKAGE:
            if not hasattr(bare, "__name__"):
                raise GraphError(f"expected something that can be written as text, received {name} = {thing!r}.")
            return self._imported(bare, f"from {home} import {bare.__name__}", bare.__name__)
        if isinstance(bare, types.FunctionType):
            return self.function(bare, name if bare.__name__ == "<lambda>" else bare.__name__)
        if inspect.isclass(bare):
            return self._class(bare)
        if hasattr(bare, "forward"):  # an operation's record, called by another's reference
            return self.function(bare.forward, bare.name)
        return self._instance(bare, name)

    def _class(self, made: type) -> str:
        if id(made) in self._names:
            return self._names[id(made)]
        if issubclass(made, BaseException):
            self._names[id(made)] = "ValueError"
            return "ValueError"
        name = self._free(made, made.__name__)
        tree = ast.parse(inspect.getsource(made)).body[0]
        self._write(tree, name, vars(inspect.getmodule(made)), {})
        return name

    def _instance(self, thing: Any, name: str) -> str:
        """A dataclass's instance, as a call of its class."""
        if not hasattr(thing, "__dataclass_fields__"):
            raise GraphError(f"expected something that can be written as text, received {name} = {thing!r}.")
        fields = [f"{k}={self.value(getattr(thing, k), k)}" for k in thing.__dataclass_fields__]
        return f"{self.value(type(thing), type(thing).__name__)}({', '.join(fields)})"


def _number(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return repr(value)


def of_formula(function: Callable[..., Any], closed: Mapping[str, Any]) -> ast.AST | None:
    """The function of an operation whose formula says it all, with the formula for its body; else None."""
    if not getattr(function, "__qualname__", "").startswith("define_map."):
        return None
    text, roles = (closed["y"], ("x",)) if "y" in closed else (closed["dx"], ("dy", *closed["saves"]))
    if not isinstance(text, str):
        return None
    attrs = [f"{word}=None" for word in dict.fromkeys(re.findall(r"\{(\w+)\}", text))]
    body = re.sub(r"\{(\w+)\}", r"\1", text)
    depends = any(re.search(rf"\b{role}\b", body) for role in roles)
    made = f"np.asarray({body}, {roles[0]}.dtype)" if depends else f"np.full_like({roles[0]}, {body})"
    ending = f"return {made}" if "y" in closed else f"return ({made},)"
    line = f"def f({', '.join([*roles, *attrs, '**_'])}):\n    {ending}"
    return ast.parse(line).body[0]


def definition(function: Callable[..., Any]) -> ast.AST:
    """The syntax of a function: its `def`, or the lambda among those on its line that compiles to its code.

    Raises:
        GraphError: if it cannot be found.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        raise GraphError(f"expected a function written in Python, received {function!r}.")
    tree = _tree(code.co_filename)
    found = [
        n
        for n in ast.walk(tree)
        if isinstance(n, (ast.Lambda, ast.FunctionDef)) and _first_line(n) == code.co_firstlineno
    ]
    found = [n for n in found if isinstance(n, ast.Lambda) == (code.co_name == "<lambda>") and _fits(n, code)]
    if not found:
        raise GraphError(f"expected the source of {code.co_name} in {code.co_filename}, received none.")
    return found[0]


@functools.lru_cache(maxsize=64)
def _tree(path: str) -> ast.Module:
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


def _first_line(node: Any) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(d.lineno for d in decorators)]))


def _fits(node: Any, code: types.CodeType) -> bool:
    """Whether a definition has the arguments, and reads the names, of compiled code."""
    a = node.args
    names = [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    names += [p.arg for p in (a.vararg, a.kwarg) if p is not None]
    if names != list(code.co_varnames[: len(names)]):
        return False
    if isinstance(node, ast.FunctionDef):
        return node.name == code.co_name
    inside = list(ast.walk(node.body))
    words = {n.id for n in inside if isinstance(n, ast.Name)} | {n.attr for n in inside if isinstance(n, ast.Attribute)}
    return {*code.co_names, *code.co_freevars} <= words


def _read(node: ast.AST) -> Iterator[str]:
    """Names that a definition reads and does not make itself."""
    made = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    made |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    made |= {n.name for n in ast.walk(node) if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n is not node}
    for n in ast.walk(node):
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id not in made:
            yield n.id


def _bare(node: ast.AST) -> ast.AST:
    """A copy without annotations of arguments and without caches."""
    copy: Any = ast.parse(ast.unparse(node)).body[0]
    if isinstance(node, ast.Lambda):
        copy = copy.value
    for n in ast.walk(copy):
        if isinstance(n, ast.arg):
            n.annotation = None
        elif isinstance(n, ast.FunctionDef):
            n.returns = None
            n.decorator_list = [d for d in n.decorator_list if "cache" not in ast.unparse(d)]
    return copy


class _Renamed(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Replace one name."""
        if node.id not in self.texts or not isinstance(node.ctx, ast.Load):
            return node
        return ast.parse(self.texts[node.id], mode="eval").body
