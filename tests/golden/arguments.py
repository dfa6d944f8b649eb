"""Which arguments of which layer the golden cases give: `python -m tests.golden.arguments` prints the table."""

import functools
import importlib
import inspect
from pathlib import Path

import fastnn
from fastnn.layers import Layer

HERE = Path(__file__).parent / "layers"
FAMILIES = {p.stem: importlib.import_module(f"tests.golden.layers.{p.stem}") for p in sorted(HERE.glob("[a-z]*.py"))}
SEPARATE = ("name", "dtype", "trainable", "autocast", "activity_regularizer")  # tested by themselves
ENDINGS = ("_initializer", "_regularizer", "_constraint")  # these too


@functools.cache
def given_arguments():
    """For every layer class the arguments that some case gives."""
    found = {}
    for module in FAMILIES.values():
        for case in module.cases(fastnn).values():
            for layer in [case.layer, *case.layer.sublayers()]:
                cls = type(layer)
                args, kwargs = layer._book.arguments
                names = list(inspect.signature(cls.__init__).parameters)[1:]
                found.setdefault(cls.__name__, set()).update([*dict(zip(names, args, strict=False)), *kwargs])
    return found


def wanted_arguments(cls):
    """Arguments of a layer class that golden cases have to cover, in their order."""
    parameters = [p for p in inspect.signature(cls.__init__).parameters.values() if p.name != "self"]
    plain = [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return [n for n in plain if n not in SEPARATE and not n.endswith(ENDINGS)]


def layer_classes():
    """All public layers by name."""
    found = {c for c in vars(fastnn.layers).values() if isinstance(c, type) and issubclass(c, Layer) and c is not Layer}
    return sorted(found, key=lambda c: c.__name__)


def exempt():
    """Arguments that no number can show, by class, with all families taken together; '*' is the whole class."""
    found = {}
    for module in FAMILIES.values():
        for name, arguments in getattr(module, "EXEMPT", {}).items():
            found.setdefault(name, set()).update(arguments)
    return found


def table():
    """Lines: layer, arguments that golden cases give, arguments that no number can show."""
    given, left_out = given_arguments(), exempt()
    yield "| layer | compared with Keras | tested by themselves or refused |"
    yield "|---|---|---|"
    for cls in layer_classes():
        wanted = wanted_arguments(cls)
        shown = [n for n in wanted if n in given.get(cls.__name__, ())]
        rest = [n for n in wanted if n not in shown]
        whole = "*" in left_out.get(cls.__name__, ())
        yield f"| {cls.__name__} | {', '.join(shown) or '-'} | {', '.join(rest) or ('all' if whole else '-')} |"


if __name__ == "__main__":
    print(*table(), sep="\n")
