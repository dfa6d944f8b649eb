"""Activation functions: one number in, one number out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from fastnn.ops.cases import TYPED
from fastnn.ops.table import Case, Op, define
from fastnn.ops.terms import Formula, Index, Shape, in_arrays

UNARY_CASES = (Case(((3, 5),), draw=("distinct",)), Case(((2, 3, 1, 7),)), Case(((1,),)), Case(((),)), Case(((0, 4),)))


def same_shape(x: Shape, **_: Any) -> tuple[Shape, ...]:
    """Shape rule of everything that works cell by cell on one input."""
    return (x,)


def in_cases(*draws: str) -> tuple[Case, ...]:
    """Cases of a unary operation with the inputs drawn in these ways."""
    shapes = [case.shapes for case in UNARY_CASES]
    return tuple(Case(s, draw=(draw,)) for draw in draws for s in (shapes[:2] if draw in TYPED else shapes))


@lru_cache(maxsize=1024)
def computed(text: str) -> Callable[..., Any]:
    """The formula as a function of arrays."""
    return in_arrays(text)


def filled(text: Text, attrs: Mapping[str, Any]) -> str:
    """The formula with the attributes' values in it; negative ones in brackets."""
    text = text if isinstance(text, str) else text(attrs)
    return text.format(**{k: f"({v!r})" if str(v).startswith("-") else repr(v) for k, v in attrs.items()})


def wide(attrs: Mapping[str, Any] | None) -> tuple[Case, ...]:
    """A case with these attributes and numbers on both sides of most kinks, near none."""
    return (Case(((13, 4),), attrs or {}, ("wide",)), Case(((2, 3, 5),), attrs or {}, ("distinct",)))


Text: TypeAlias = "str | Callable[[Mapping[str, Any]], str]"


def define_map(name: str, y: Text, dx: Text, note: str = "", **fields: Any) -> Op:
    """An operation on one number, from its formula in x and its gradient's in dy and x or y: both say it all.

    Args:
        name: Its name.
        y: Formula, where `{name}` stands for an attribute; or a function that gives it for the attributes.
        dx: Formula of the gradient, in the same way.
        note: A remark for the reader.
        **fields: Further fields of the record.
    """
    given = fields.pop("saves", None) or " ".join(r for r in ("x", "y") if re.search(rf"\b{r}\b", str(dx)))
    saves = tuple(given.split())

    def forward(x: Any, **attrs: Any) -> Any:
        return computed(filled(y, attrs))(x=x)

    def backward(dy: Any, *saved: Any, shapes: Any = None, **attrs: Any) -> tuple[Any, ...]:
        return (computed(filled(dx, attrs))(dy=dy, **dict(zip(saves, saved, strict=True))),)

    def explain(target: str, index: Index, shapes: Any, **attrs: Any) -> Formula:
        text, roles = (filled(y, attrs), ("x",)) if target == "y" else (filled(dx, attrs), ("dy", *saves))
        return Formula(text, {role: (role, index) for role in roles if re.search(rf"\b{role}\b", text)}, note)

    plain = str.maketrans("", "", "{}")
    standard = {
        "shape": same_shape,
        "saves": saves,
        "formula": f"y = {y}".translate(plain),
        "grad_formula": f"dx = {dx}".translate(plain),
        "cases": UNARY_CASES,
    }
    functions = {"forward": forward, "backward": backward, "explain": explain}
    return define(name, "elementwise", "x", **{**functions, **standard, **fields})


relu = define_map(
    "relu",
    "max(x, 0)",
    "dy * float(y > 0)",
    "the slope at x = 0 is taken as 0",
    grad_formula="dx = dy where y > 0, otherwise 0; 0 at the kink",
    source="Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, 2010",
)
sigmoid = define_map("sigmoid", "1 / (1 + exp(-x))", "dy * y * (1 - y)", unit="y")
tanh = define_map("tanh", "tanh(x)", "dy * (1 - y * y)")
heaviside = define_map(
    "heaviside",
    "float(x >= 0)",
    "0 * dy",
    formula="y = 1 if x >= 0 else 0",
    grad_formula="dx = 0: a step has no slope to learn by",
)
saturating_linear = define_map(
    "saturating_linear",
    "min(max(x, 0), 1)",
    "dy * float((y > 0) & (y < 1))",
    "the slope at both kinks is taken as 0",
    grad_formula="dx = dy where 0 < y < 1, otherwise 0",
)
bipolar_sigmoid = define_map(
    "bipolar_sigmoid", "tanh(x / 2)", "dy * (1 - y * y) / 2", "the logistic function stretched to -1 .. 1"
)
relu6 = define_map(
    "relu6",
    "min(max(x, 0), 6)",
    "dy * float((y > 0) & (y < 6))",
    "the slope at both kinks is taken as 0",
    cases=(*UNARY_CASES, *wide(None)),
)
leaky_relu = define_map(
    "leaky_relu",
    "where(x > 0, x, {negative_slope} * x)",
    "dy * where(x > 0, 1, {negative_slope})",
    attrs={"negative_slope": 0.2},
    cases=(*UNARY_CASES, *wide({"negative_slope": -0.5})),
    source="Maas et al., Rectifier nonlinearities improve neural network acoustic models, 2013",
)
rectify = define_map(
    "rectify",
    "where(x >= {max_value}, {max_value}, where(x > {threshold}, x, {negative_slope} * (x - {threshold})))",
    "dy * where(x >= {max_value}, 0, where(x > {threshold}, 1, {negative_slope}))",
    "relu with a slope on its left, a ceiling and a place where it begins",
    attrs={"negative_slope": 0.0, "max_value": math.inf, "threshold": 0.0},
    cases=(
        *UNARY_CASES[:2],
        *wide({"negative_slope": 0.1, "max_value": 1.52, "threshold": 0.51}),
        *wide({"max_value": 2.0}),
        *wide({"threshold": 1.0}),
    ),
)
threshold = define_map(
    "threshold",
    "where(x > {threshold}, x, {default_value})",
    "dy * float(x > {threshold})",
    attrs={"threshold": 0.0, "default_value": 0.0},
    cases=(*UNARY_CASES[:2], *wide({"threshold": 0.7, "default_value": -2.0})),
)
elu = define_map(
    "elu",
    "where(x > 0, x, {alpha} * expm1(x))",
    "dy * where(x > 0, 1, {alpha} * exp(x))",
    attrs={"alpha": 1.0},
    cases=(*UNARY_CASES, *wide({"alpha": 0.3})),
    source="Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by ELUs, 2016",
)
celu = define_map(
    "celu",
    "where(x > 0, x, {alpha} * expm1(x / {alpha}))",
    "dy * where(x > 0, 1, exp(x / {alpha}))",
    attrs={"alpha": 1.0},
    cases=(*UNARY_CASES, *wide({"alpha": 0.3})),
    source="Barron, Continuously differentiable exponential linear units, 2017",
)
selu = define_map(
    "selu",
    "1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * expm1(x))",
    "dy * 1.0507009873554805 * where(x > 0, 1, 1.6732632423543772 * exp(x))",
    cases=(*UNARY_CASES, *wide(None)),
    source="Klambauer et al., Self-normalizing neural networks, 2017",
)
silu = define_map(
    "silu",
    "x * sigmoid(x)",
    "dy * sigmoid(x) * (1 + x * (1 - sigmoid(x)))",
    cases=(*UNARY_CASES, *wide(None)),
    source="Ramachandran, Zoph and Le, Searching for activation functions, 2017",
)
softplus = define_map(
    "softplus", "max(x, 0) + log1p(exp(-abs(x)))", "dy * sigmoid(x)", cases=(*UNARY_CASES, *wide(None))
)
log_sigmoid = define_map(
    "log_sigmoid", "min(x, 0) - log1p(exp(-abs(x)))", "dy * sigmoid(-x)", cases=(*UNARY_CASES, *wide(None))
)
softsign = define_map("softsign", "x / (1 + abs(x))", "dy / (1 + abs(x)) ** 2")
hard_sigmoid = define_map(
    "hard_sigmoid",
    "min(max(x / 6 + 0.5, 0), 1)",
    "dy * float((x > -3) & (x < 3)) / 6",
    unit="y",
    cases=(*UNARY_CASES, *wide(None)),
)
hard_silu = define_map(
    "hard_silu",
    "x * min(max(x / 6 + 0.5, 0), 1)",
    "dy * where(x < 3, where(x > -3, x / 3 + 0.5, 0), 1)",
    cases=(*UNARY_CASES, *wide(None)),
    source="Howard et al., Searching for MobileNetV3, 2019",
)
hard_tanh = define_map(
    "hard_tanh",
    "min(max(x, -1), 1)",
    "dy * float((y > -1) & (y < 1))",
    cases=(*UNARY_CASES[1:], *wide(None)),
)
hard_shrink = define_map(
    "hard_shrink",
    "where(abs(x) > {threshold}, x, 0)",
    "dy * float(abs(x) > {threshold})",
    attrs={"threshold": 0.5},
    cases=(*UNARY_CASES[:3], *wide({"threshold": 1.25})),
)
soft_shrink = define_map(
    "soft_shrink",
    "where(x > {threshold}, x - {threshold}, where(x < -{threshold}, x + {threshold}, 0))",
    "dy * float(abs(x) > {threshold})",
    attrs={"threshold": 0.5},
    cases=(*UNARY_CASES[:3], *wide({"threshold": 1.25})),
)
tanh_shrink = define_map("tanh_shrink", "x - tanh(x)", "dy * tanh(x) ** 2", cases=(*UNARY_CASES, *wide(None)))
squareplus = define_map(
    "squareplus",
    "(x + sqrt(x * x + {b})) / 2",
    "dy * (1 + x / sqrt(x * x + {b})) / 2",
    attrs={"b": 4.0},
    cases=(*UNARY_CASES, *wide({"b": 0.5})),
    source="Barron, Squareplus: a softplus-like algebraic rectifier, 2021",
)
sparse_plus = define_map(
    "sparse_plus",
    "where(x <= -1, 0, where(x < 1, (x + 1) ** 2 / 4, x))",
    "dy * min(max((x + 1) / 2, 0), 1)",
    cases=(*UNARY_CASES, *wide(None)),
)
sparse_sigmoid = define_map(
    "sparse_sigmoid",
    "min(max((x + 1) / 2, 0), 1)",
    "dy * float((x > -1) & (x < 1)) / 2",
    unit="y",
    cases=(*UNARY_CASES[1:], *wide(None)),
)
mish = define_map(
    "mish",
    "x * tanh(softplus(x))",
    "dy * (tanh(softplus(x)) + x * sigmoid(x) * (1 - tanh(softplus(x)) ** 2))",
    cases=(*UNARY_CASES, *wide(None)),
    source="Misra, Mish: a self regularized non-monotonic activation function, 2019",
)

TANH = "tanh(0.7978845608028654 * (x + 0.044715 * x ** 3))"
GELU = ("x * (1 + erf(x / 1.4142135623730951)) / 2", f"x * (1 + {TANH}) / 2")
GELU_SLOPE = (
    "dy * ((1 + erf(x / 1.4142135623730951)) / 2 + x * exp(-x * x / 2) * 0.3989422804014327)",
    f"dy * ((1 + {TANH}) / 2 + x * (1 - {TANH} ** 2) * 0.3989422804014327 * (1 + 0.134145 * x * x))",
)
gelu = define_map(
    "gelu",
    lambda attrs: GELU[attrs["approximate"]],
    lambda attrs: GELU_SLOPE[attrs["approximate"]],
    "x times the probability that a normal number is below it",
    attrs={"approximate": True},
    saves="x",
    formula=f"y = {GELU[1]}, or with the error function",
    grad_formula=f"dx = {GELU_SLOPE[1]}, or with the error function",
    cases=(*UNARY_CASES, *wide(None), *wide({"approximate": False})),
    source="Hendrycks and Gimpel, Gaussian error linear units, 2016",
)

swish, hard_swish = silu, hard_silu
