"""Sums of products inside a formula, such as what a gate takes from the previous state; cells with brackets. No Qt."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastnn.engine.explain import Operand

SUM = re.compile(r"sum\(\[([^\[\]]*)\]\)")
NAME = re.compile(r"[A-Za-z_]\w*")
LETTER = "j"


@dataclass(frozen=True)
class InnerSum:
    """A sum of products that a formula contains.

    Args:
        text: How the formula writes it.
        products: The factors of every term.
    """

    text: str
    products: tuple[tuple[Operand, ...], ...]

    @property
    def symbol(self) -> str:
        """The sum in short: what runs is a letter."""
        factors = " * ".join(general(column) for column in zip(*self.products, strict=True))
        return f"sum over {LETTER} of {factors}"

    @property
    def terms(self) -> tuple[str, ...]:
        """The products as the formula writes them."""
        return tuple(self.text[len("sum([") : -len("])")].split(", "))

    @property
    def values(self) -> tuple[float, ...]:
        """The products' values."""
        return tuple(math.prod(float(o.value) for o in factors) for factors in self.products)


def inner_sums(text: str, operands: Sequence[Operand]) -> tuple[InnerSum, ...]:
    """The sums of products of cells that a formula contains, each once.

    Args:
        text: The formula.
        operands: What its names stand for.

    Example:
        >>> h, u = (Operand(f"{r}_0_{k}", r, (0, k), 2.0) for r, k in (("h", 0), ("u", 1)))
        >>> [s.symbol for s in inner_sums("1 + sum([h_0_0 * u_0_1, h_0_0 * u_0_1])", (h, u))]
        ['sum over j of h[0, 0] * u[0, 1]']
    """
    by_symbol = {o.symbol: o for o in operands}
    found = {}
    for match in SUM.finditer(text):
        products = [[by_symbol.get(name) for name in term.split(" * ")] for term in match.group(1).split(", ")]
        known = tuple(tuple(o for o in factors if o is not None) for factors in products)
        width = len(products[0])
        indexed = all(role_of(o) != o.symbol for factors in known for o in factors)  # else no letter can stand for it
        if (
            len(known) > 1
            and indexed
            and all(len(given) == len(all_) == width for given, all_ in zip(known, products, strict=True))
        ):
            found[match.group()] = InnerSum(match.group(), known)
    return tuple(found.values())


def shortened(text: str, sums: Sequence[InnerSum], write: Callable[[InnerSum], str]) -> str:
    """A formula with its inner sums written in another way."""
    for inner in sums:
        text = text.replace(inner.text, write(inner))
    return text


def general(cells: Sequence[Operand]) -> str:
    """Cells of one value as one symbol, with a letter where they differ."""
    indices = [o.index for o in cells]
    places = [str(axis[0]) if len(set(axis)) == 1 else LETTER for axis in zip(*indices, strict=True)]
    return f"{role_of(cells[0])}[{', '.join(places)}]"


def role_of(operand: Operand) -> str:
    """A symbol without the index at its end."""
    return operand.symbol.removesuffix("_" + "_".join(map(str, operand.index)))


def bracketed(operand: Operand) -> str:
    """A symbol with its index in brackets, if it ends in its index.

    Example:
        >>> bracketed(Operand("x_0_3", "x", (0, 3), 1.0)), bracketed(Operand("dy", "y", (0, 3), 1.0))
        ('x[0, 3]', 'dy')
    """
    role = role_of(operand)
    return operand.symbol if role == operand.symbol else f"{role}[{', '.join(map(str, operand.index))}]"


def with_brackets(text: str, operands: Sequence[Operand]) -> str:
    """A formula whose symbols have their indices in brackets."""
    cells = {o.symbol: o for o in operands}
    return NAME.sub(lambda match: bracketed(cells[match[0]]) if match[0] in cells else match[0], text)
