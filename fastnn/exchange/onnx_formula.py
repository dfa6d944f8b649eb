"""Operations on single numbers as ONNX nodes: what ONNX knows by name, and all others from their formulas."""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from fastnn.engine.graph import Step
from fastnn.errors import GraphError
from fastnn.exchange.onnx_graph import Graph, converts, wide

SAME = {  # by one node of the same meaning
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "softsign": "Softsign",
    "mish": "Mish", "hard_silu": "HardSwish", "reciprocal": "Reciprocal", "erf": "Erf",
}  # fmt: skip
WITH_ATTRIBUTES: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "leaky_relu": ("LeakyRelu", lambda negative_slope: {"alpha": negative_slope}),
    "elu": ("Elu", lambda alpha: {"alpha": alpha}),
    "celu": ("Celu", lambda alpha: {"alpha": alpha}),
    "selu": ("Selu", lambda: {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}),
    "hard_sigmoid": ("HardSigmoid", lambda: {"alpha": 1 / 6, "beta": 0.5}),
}
FUNCTIONS = {  # of formulas
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "tanh": "Tanh", "abs": "Abs", "sin": "Sin", "cos": "Cos", "tan": "Tan",
    "arcsin": "Asin", "arccos": "Acos", "arctan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "arcsinh": "Asinh",
    "arccosh": "Acosh", "arctanh": "Atanh", "erf": "Erf", "floor": "Floor", "ceil": "Ceil", "rint": "Round",
    "sign": "Sign", "sigmoid": "Sigmoid", "softplus": "Softplus", "max": "Max", "min": "Min",
}  # fmt: skip
NEAR = (  # of erfinv: Giles, Approximating the erfinv function, 2010, in single precision
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
)  # fmt: skip
FAR = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
    1.00167406, 2.83297682,
)  # fmt: skip


def polynomial(variable: str, factors: Sequence[float]) -> str:
    """A polynomial by Horner's rule, highest power first; the variable is named v."""
    text = f"{factors[0]} * (v := {variable}) + {factors[1]}"
    for factor in factors[2:]:
        text = f"({text}) * v + {factor}"
    return text


REWRITTEN = {  # functions that ONNX does not have; near 0 series, where digits would be lost
    "expm1": "where(abs(x) < 0.01, x * (1 + x / 2 * (1 + x / 3)), exp(x) - 1)",
    "log1p": "where(abs(x) < 0.01, x * (1 - x / 2 * (1 - x / 1.5 * (1 - x * 0.75))), log(1 + x))",
    "exp2": "exp(x * 0.6931471805599453)",
    "log2": "log(x) / 0.6931471805599453",
    "log10": "log(x) / 2.302585092994046",
    "trunc": "sign(x) * floor(abs(x))",
    "hypot": "sqrt(x * x + y * y)",
    "arctan2": "where(x == 0, where(y == 0, 0, sign(y) * 1.5707963267948966), arctan(y / where(x == 0, 1, x))"
    " + where(x < 0, where(y < 0, -3.141592653589793, 3.141592653589793), 0))",
    "erfinv": f"x * where((w := -log((1 - x) * (1 + x))) < 5, {polynomial('w - 2.5', NEAR)},"
    f" {polynomial('sqrt(w) - 3', FAR)})",
}
OPERATORS: dict[type, str] = {
    ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Div: "Div", ast.Pow: "Pow", ast.Eq: "Equal",
    ast.Gt: "Greater", ast.GtE: "GreaterOrEqual", ast.Lt: "Less", ast.LtE: "LessOrEqual", ast.And: "And",
    ast.Or: "Or", ast.BitAnd: "And", ast.BitOr: "Or",
}  # fmt: skip
TRUTHS = ("logical_and", "logical_or", "logical_not", "where")


@converts(*SAME, *WITH_ATTRIBUTES)
def by_name(graph: Graph, step: Step, x: str) -> str:
    """One node that means the same."""
    if step.op.name in SAME:
        return str(graph.add(SAME[step.op.name], x))
    kind, attributes = WITH_ATTRIBUTES[step.op.name]
    return str(graph.add(kind, x, **attributes(**step.attrs)))


@converts("maximum", "minimum")
def extreme(graph: Graph, step: Step, a: str, b: str) -> str:
    """The larger or smaller number of each pair."""
    return in_wide_type(graph, step, lambda *xs: graph.add("Max" if step.op.name == "maximum" else "Min", *xs), a, b)


@converts("accumulate")
def accumulate(graph: Graph, step: Step, *xs: str) -> str:
    """The sum of all inputs."""
    return functools.reduce(lambda a, b: str(graph.add("Add", a, b)), xs)


@converts("cast")
def cast(graph: Graph, step: Step, x: str) -> str:
    """Another type; truths are what differs from 0, and small integers end at their limits."""
    if step.attrs["dtype"] == "uint8" and graph.type_of(step, "x") == "float32":
        x = graph.add("Clip", x, *(graph.constant(n, "float32") for n in (0, 255)))
    return graph.cast(x, step.attrs["dtype"])


@converts("equal", "not_equal", "logical_xor")
def alike(graph: Graph, step: Step, a: str, b: str) -> str:
    """Whether numbers, or truths, are equal."""
    found = graph.add("Equal", a, b)
    return found if step.op.name == "equal" else str(graph.add("Not", found))


@converts("isnan", "isinf", "isfinite")
def is_special(graph: Graph, step: Step, x: str) -> str:
    """Whether numbers are no numbers, or infinite, or neither."""
    x = x if graph.type_of(step, "x") == "float32" else graph.cast(x, "float32")
    if step.op.name == "isfinite":
        return str(graph.add("Not", graph.add("Or", graph.add("IsNaN", x), graph.add("IsInf", x))))
    return str(graph.add("IsNaN" if step.op.name == "isnan" else "IsInf", x))


@converts("floor_divide", "mod")
def divided(graph: Graph, step: Step, a: str, b: str) -> str:
    """Whole parts and rests that have the divisor's sign."""
    if graph.type_of(step, "y") == "float32":
        return formula(graph, step, a, b)
    rest = graph.add("Mod", a, b)
    return str(rest if step.op.name == "mod" else graph.add("Div", graph.add("Sub", a, rest), b))


@converts("round")
def rounded(graph: Graph, step: Step, x: str) -> str:
    """Decimals are kept by scaling up and down."""
    decimals = step.attrs["decimals"]
    if graph.type_of(step, "x") != "float32":
        return str(graph.add("Identity", x)) if decimals >= 0 else refuse(step)
    scale = graph.constant(10.0 ** abs(decimals), "float32")
    if not decimals:
        return str(graph.add("Round", x))
    up, down = ("Mul", "Div") if decimals > 0 else ("Div", "Mul")
    return str(graph.add(down, graph.add("Round", graph.add(up, x, scale)), scale))


def refuse(step: Step) -> str:
    """Raise for an attribute that cannot be written."""
    raise GraphError(
        f"expected attributes that ONNX can say, received {dict(step.attrs)}.", layer=step.layer, operation=step.op.name
    )


@converts("clip")
def clip(graph: Graph, step: Step, x: str) -> str:
    """Limits; those that are infinite are left out."""
    dtype = graph.type_of(step, "x")
    limits = [step.attrs["x_min"], step.attrs["x_max"]]
    given = ["" if math.isinf(v) else graph.constant(v, dtype) for v in limits]
    return str(graph.add("Clip", x, *given))


def in_wide_type(graph: Graph, step: Step, write: Callable[..., str], *inputs: str) -> str:
    """What is written on numbers in a type that arithmetic knows, in the type that it should have."""
    dtype = graph.type_of(step, step.op.outputs[0])
    if dtype not in ("uint8", "bool"):
        return write(*inputs)
    return graph.cast(write(*(wide(graph, x, dtype) for x in inputs)), dtype)


def formula(graph: Graph, step: Step, *inputs: str) -> str:
    """The nodes of an operation whose formula says it all."""
    roles = step.op.roles(len(inputs))
    explained: Any = step.op.explain
    shapes = [(1,) * len(s) for s in step.shapes if s is not None]
    text = explained("y", (0,) * max(map(len, shapes)), shapes, **step.attrs).text
    dtype = graph.type_of(step, step.op.outputs[0])
    types = [graph.type_of(step, role) for role in roles]
    if dtype == "bool" and step.op.name not in TRUTHS:  # comparisons
        inputs = tuple(wide(graph, x, t) for x, t in zip(inputs, types, strict=True))
        dtype = "int32" if types[0] in ("uint8", "bool") else types[0]
        return written(graph, text, dict(zip(roles, inputs, strict=True)), dtype, truth=True)
    if step.op.name in TRUTHS:
        return written(graph, text, dict(zip(roles, inputs, strict=True)), dtype, truth=dtype == "bool")

    def write(*xs: str) -> str:
        return written(graph, text, dict(zip(roles, xs, strict=True)), "int32" if dtype == "uint8" else dtype)

    return in_wide_type(graph, step, write, *inputs)


def written(graph: Graph, text: str, names: dict[str, str], dtype: str, truth: bool = False) -> str:
    """The value of a formula.

    Args:
        graph: Where its nodes go.
        text: The formula.
        names: Values by the names that the formula has for them.
        dtype: The type that it computes in.
        truth: Whether its result is a truth, so that `float(...)` around it is left out.
    """
    node = ast.parse(text, mode="eval").body
    if truth and isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
        node = node.args[0]
    return Formula(graph, names, dtype).visit(node)


class Formula(ast.NodeVisitor):
    """Writes a formula's nodes, innermost first; every visit returns the name of a value."""

    def __init__(self, graph: Graph, names: dict[str, str], dtype: str) -> None:
        self.graph, self.names, self.dtype = graph, names, dtype

    def generic_visit(self, node: ast.AST) -> str:
        raise GraphError(f"expected a formula of known parts, received {ast.unparse(node)}.")

    def visit_Constant(self, node: ast.Constant) -> str:
        return self.graph.constant(node.value, self.dtype)

    def visit_Name(self, node: ast.Name) -> str:
        return self.graph.constant(math.inf, self.dtype) if node.id == "inf" else self.names[node.id]

    def visit_NamedExpr(self, node: ast.NamedExpr) -> str:
        self.names = {**self.names, node.target.id: self.visit(node.value)}
        return self.names[node.target.id]

    def visit_UnaryOp(self, node: ast.UnaryOp) -> str:
        if isinstance(node.operand, ast.Constant):
            return self.graph.constant(-node.operand.value, self.dtype)  # type: ignore[operator]
        inner = self.visit(node.operand)
        return str(self.graph.add("Not" if isinstance(node.op, ast.Not) else "Neg", inner))

    def visit_BinOp(self, node: ast.BinOp) -> str:
        return str(self.graph.add(OPERATORS[type(node.op)], self.visit(node.left), self.visit(node.right)))

    def visit_BoolOp(self, node: ast.BoolOp) -> str:
        return str(self.graph.add(OPERATORS[type(node.op)], *map(self.visit, node.values)))

    def visit_Compare(self, node: ast.Compare) -> str:
        return str(self.graph.add(OPERATORS[type(node.ops[0])], self.visit(node.left), self.visit(node.comparators[0])))

    def visit_Call(self, node: ast.Call) -> str:
        name = getattr(node.func, "id", "")
        inner = list(map(self.visit, node.args))
        if name == "where":
            return str(self.graph.add("Where", *inner))
        if name == "float":
            return self.graph.cast(inner[0], self.dtype)
        if name in REWRITTEN:
            letters = ("y", "x") if name == "arctan2" else ("x", "y")
            return written(self.graph, REWRITTEN[name], dict(zip(letters, inner, strict=False)), self.dtype)
        if name not in FUNCTIONS:
            raise GraphError(f"expected a function that ONNX has, received {name}.")
        return str(self.graph.add(FUNCTIONS[name], *inner))
