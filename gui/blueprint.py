"""A network written as text, a layer a line, in the words of a script; every line is checked by itself. No Qt.

    Input((8, 8, 1))
    a = Conv2D(16, 3, padding="same", activation="relu")
    b = Conv2D(16, 3, padding="same")
    Add()([a, b])
    Flatten()
    Dense(10, activation="softmax")
    compile(Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])

A line takes the result of the line above it, unless it is called on lines by name. Nothing but layers, optimizers
and the like is called, with plain values: a blueprint of unknown origin is safe to read.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import fastnn
from fastnn.errors import FastnnError
from fastnn.utils.naming import did_you_mean, snake_case
from fastnn.utils.registry import room_for_weights

COMPILE = "compile"
LARGEST = 60_000_000  # weights of a network on the screen
FAILURES = (
    FastnnError, ValueError, TypeError, ArithmeticError, MemoryError, LookupError, AttributeError, RecursionError
)  # fmt: skip
LEFT_OUT = ("Lambda", "Layer", "RNN", "StackedRNNCells", "StringLookup", "IntegerLookup", "TextVectorization")
ROOMS = {
    "layers": "Layer", "optimizers": "Optimizer", "losses": "Loss", "metrics": "Metric", "initializers": "Initializer",
    "regularizers": "Regularizer", "constraints": "Constraint",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line, and what came of it.

    Args:
        number: Its number, from 1.
        text: As it was written.
        name: The layer's name.
        shape: Shape of its result without the samples; None if it has none.
        parameters: Weights of the layer.
        error: What is wrong with it; empty if nothing is.
    """

    number: int
    text: str
    name: str = ""
    shape: tuple[Any, ...] | None = None
    parameters: int = 0
    error: str = ""


@dataclass(frozen=True)
class Report:
    """All lines of a blueprint, and the model if nothing is wrong."""

    lines: tuple[Line, ...]
    model: Any = None
    error: str = ""

    @property
    def parameters(self) -> int:
        """Weights of all layers."""
        return sum(line.parameters for line in self.lines)


def check(text: str, most: int = LARGEST) -> Report:
    r"""Build what the text describes, as far as it goes.

    Args:
        text: The network.
        most: Weights that it may have.

    Example:
        >>> report = check("Input((2,))\nDense(3)\nDense(units=1)\ncompile('sgd', 'mse')")
        >>> [(line.shape, line.parameters) for line in report.lines][:3]
        [((2,), 0), ((3,), 9), ((1,), 4)]
        >>> check("Input((2,))\nDense()").error
        "line 2, Dense: expected an argument 'units', received none."
    """
    builder, lines = _Builder(), []
    with room_for_weights(most, f"{most:,}"):
        for number, line in enumerate(text.splitlines(), 1):
            if line.split("#")[0].strip():
                lines.append(builder.take(number, line.strip()))
    error = next((line.error for line in lines if line.error), "") or builder.lacks()
    return Report(tuple(lines), None if error else builder.model, error)


def build(text: str, seed: int = 0) -> Any:
    """The compiled model; the same seed gives the same initial weights.

    Raises:
        ValueError: naming the line and what is wrong with it.
    """
    fastnn.config.set_random_seed(seed)
    report = check(text)
    if report.model is None:
        raise ValueError(report.error)
    return report.model


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Callable[..., Any]]:
    """What a blueprint may call, by name: the public classes of layers, optimizers, losses and so on."""
    found: dict[str, Callable[..., Any]] = {"Input": fastnn.layers.Input}
    for room, base in ROOMS.items():
        module = getattr(fastnn, room)
        for name in (n for n in dir(module) if n[0].isupper()):
            made = getattr(module, name)
            if name not in (*LEFT_OUT, base) and inspect.isclass(made) and issubclass(made, getattr(module, base)):
                found.setdefault(name, made)
    return found


def layer_names() -> list[str]:
    """Names of the layers that a line may begin with."""
    layer = fastnn.layers.Layer
    return sorted(n for n, made in catalogue().items() if not inspect.isclass(made) or issubclass(made, layer))


def usage(name: str) -> str:
    """How a layer is called: its arguments with their defaults.

    Example:
        >>> usage("Flatten")
        'Flatten(data_format=None)'
    """
    parts = []
    for p in inspect.signature(catalogue()[name]).parameters.values():
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            parts.append(p.name if p.default is p.empty else f"{p.name}={p.default!r}")
    return f"{name}({', '.join(parts)})"


class _Builder:
    """Takes lines one after the other, and remembers what each gave."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}
        self.inputs: list[Any] = []
        self.last: Any = None
        self.taken: set[str] = set()
        self.model: Any = None
        self.failed = False

    def lacks(self) -> str:
        """What is still missing after the last line."""
        if self.last is None:
            return "expected a first line such as Input((2,)), received none."
        return "" if self.model is not None else 'expected a last line such as compile("sgd", "mse"), received none.'

    def take(self, number: int, text: str) -> Line:
        if self.failed:
            return Line(number, text)
        try:
            return self._take(number, text)
        except FAILURES as error:
            self.failed = True
            message = str(error) or type(error).__name__
            if isinstance(error, RecursionError):
                message = "expected a plain value, received one nested too deeply."
            called = text.split("(")[0].split("=")[-1].strip()
            prefix = f"line {number}, {called}" if called.isidentifier() else f"line {number}"
            return Line(number, text, error=f"{prefix}: {message}")

    def _take(self, number: int, text: str) -> Line:
        target, call = parsed(text)
        if self.model is not None:
            raise ValueError("expected compile(...) to be the last line, received another one after it.")
        if call_name(call) == COMPILE:
            return self._compile(number, text, call)
        layer_call, operands = applied(call)
        if call_name(layer_call) == "Input":
            return self._input(number, text, target, layer_call)
        source = self._operand(operands) if operands is not None else self.last
        if source is None:
            raise ValueError("expected a line such as Input((2,)) before the first layer, received none.")
        layer = called(layer_call, name=self._free(target or snake_case(call_name(layer_call))))
        if not isinstance(layer, fastnn.layers.Layer):
            raise ValueError(f"expected a layer, received {type(layer).__name__}.")
        result = layer(source)
        self._remember(target or layer.name, result)
        return Line(number, text, layer.name, shape_of(result), int(layer.count_params()))

    def _input(self, number: int, text: str, target: str, call: ast.Call) -> Line:
        name = self._free(target or "x")
        tensor = called(call, name=name)
        if any(n is not None and n < 1 for n in tensor.shape[1:]):
            raise ValueError(f"expected a shape of positive numbers, such as (2,), received {shape_of(tensor)}.")
        self.inputs.append(tensor)
        self._remember(name, tensor)
        return Line(number, text, name, shape_of(tensor))

    def _compile(self, number: int, text: str, call: ast.Call) -> Line:
        if self.last is None:
            raise ValueError("expected layers before compile(...), received none.")
        model = fastnn.Model(self.inputs if len(self.inputs) > 1 else self.inputs[0], self.last)
        model.compile(*[value(a) for a in call.args], **{str(k.arg): value(k.value) for k in call.keywords})
        if not model.compiled or model.loss is None:
            raise ValueError('expected a loss, such as compile("sgd", "mse"), received none.')
        self.model = model
        return Line(number, text)

    def _remember(self, name: str, result: Any) -> None:
        self.named[name] = self.last = result

    def _operand(self, node: ast.expr) -> Any:
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self._operand(item) for item in node.elts]
        if not isinstance(node, ast.Name):
            raise ValueError("expected names of lines above, such as Add()([a, b]), received something else.")
        if node.id not in self.named:
            known = list(self.named)
            raise ValueError(f"expected a name of {known}, received {node.id!r}. {did_you_mean(node.id, known)}")
        return self.named[node.id]

    def _free(self, name: str) -> str:
        """The name, numbered if it is taken."""
        free, k = name, 2
        while free in self.taken:
            free, k = f"{name}_{k}", k + 1
        self.taken.add(free)
        return free


def parsed(text: str) -> tuple[str, ast.Call]:
    """The name that a line gives, if any, and the call in it.

    Raises:
        ValueError: for anything but `Layer(...)` or `name = Layer(...)`.
    """
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        words = getattr(error, "msg", None) or str(error) or "nested too deeply"
        raise ValueError(f"expected a line such as Dense(3), received {text[:200]!r}: {words}.") from None
    statement = body[0] if len(body) == 1 else None
    name = ""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
    node = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if not isinstance(node, ast.Call):
        raise ValueError(f"expected a line such as Dense(3), received {text!r}.")
    return name, node


def applied(call: ast.Call) -> tuple[ast.Call, ast.expr | None]:
    """The layer's own call, and what it is called on: `Add()([a, b])`."""
    if not isinstance(call.func, ast.Call):
        return call, None
    if len(call.args) != 1 or call.keywords:
        raise ValueError("expected one name or list of names, such as Add()([a, b]), received something else.")
    return call.func, call.args[0]


def call_name(call: ast.Call) -> str:
    """What is called."""
    inner = call.func.func if isinstance(call.func, ast.Call) else call.func
    return inner.id if isinstance(inner, ast.Name) else ""


def called(call: ast.Call, name: str = "") -> Any:
    """What a call of the catalogue gives; a layer gets a name unless it brings one."""
    wanted, known = call_name(call), catalogue()
    if wanted not in known:
        near = did_you_mean(wanted, known) if wanted else ""
        hint = f" {near}" if near.startswith("did") else ""
        raise ValueError(f"expected the name of a layer, received {wanted!r}.{hint}")
    args, kwargs = [value(a) for a in call.args], {str(k.arg): value(k.value) for k in call.keywords}
    if name and "name" not in kwargs:
        kwargs["name"] = name
    require(known[wanted], args, kwargs)
    return known[wanted](*args, **kwargs)


def require(made: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raise ValueError in words where an argument is missing."""
    signature = inspect.signature(made)
    given = signature.bind_partial(*args, **kwargs).arguments
    for p in signature.parameters.values():
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in given:
            raise ValueError(f"expected an argument {p.name!r}, received none.")


def value(node: ast.expr) -> Any:
    """An argument: a plain value, or a call of the catalogue such as Adam(0.01)."""
    if isinstance(node, ast.Call):
        return called(node)
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        return {value(k): value(v) for k, v in zip(node.keys, node.values, strict=True) if k is not None}
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(
            f"expected a plain value or a call such as Adam(0.01), received {ast.unparse(node)!r}."
        ) from None


def shape_of(result: Any) -> tuple[Any, ...] | None:
    """Shape of a result without the samples."""
    shape = getattr(result, "shape", None)
    return None if shape is None else tuple(shape[1:])
