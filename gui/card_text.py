"""The text of an explanation: symbol line, numbers put in, terms by size, result and check; as HTML and plain. No Qt.

Operands are links `cell:K`, K being the operand's place in `Explanation.operands`.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.engine.explain import Explanation, Operand, Term, alike, factor
from fastnn.errors import FastnnError
from fastnn.ops.terms import Formula
from gui.inner_sums import InnerSum, bracketed, inner_sums, shortened
from gui.numbers import count_label, format_number, minus

LONGEST = 240  # characters of a formula with numbers; a longer one is shown line by line
SHORT = 4  # a sum of more terms is shown as a table only
OPERANDS = 12
LARGEST = float(np.finfo(np.float32).max)
TOLERANCE = 1e-5  # of the sum of the terms' magnitudes
NAME = re.compile(r"[A-Za-z_]\w*")

Colours = Mapping[str, str]


class CardText:
    """Writes one explanation.

    Args:
        explanation: What is explained.
        digits: Decimals of results; operands have two more.
        colours: `text`, `muted`, `accent`, `good`, `bad`, `line` as #rrggbb.
        label: Writes a cell by value name and index.
    """

    def __init__(
        self, explanation: Explanation, digits: int, colours: Colours, label: Callable[[str, tuple[int, ...]], str]
    ) -> None:
        self.e, self.digits, self.colours, self.label = explanation, digits, colours, label
        self._places = {o: k for k, o in reversed(list(enumerate(explanation.operands)))}
        self.inner = inner_sums(explanation.symbol, explanation.operands) if explanation.kind == "formula" else ()

    # ------------------------------------------------------------ pieces

    def number(self, value: float) -> str:
        """A result."""
        return minus(format_number(value, self.digits))

    def link(self, operand: Operand, text: str, role: str = "accent") -> str:
        """Text that leads to an operand's own card."""
        place = self._places.get(operand)
        safe = html.escape(minus(text))
        if place is None:
            return safe
        return f'<a href="cell:{place}" style="color:{self.colours[role]};text-decoration:none">{safe}</a>'

    def _factor(self, operand: Operand) -> str:
        return factor(operand.value, self.digits + 2)

    def addend(self, term: Term, numbers: bool) -> str:
        """A term of a sum, as symbols or as numbers: a product of its factors, or what its operation makes of them."""
        role = "muted" if numbers else "accent"
        linked = {o.symbol: self.link(o, self._factor(o) if numbers else o.symbol, role) for o in term.operands}
        if term.symbol == "*".join(o.symbol for o in term.operands):
            return " · ".join(linked[o.symbol] for o in term.operands)
        if numbers:
            return written(term.substituted)
        pattern = "|".join(re.escape(symbol) for symbol in sorted(linked, key=len, reverse=True))
        pieces = re.split(f"({pattern})", term.symbol) if linked else [term.symbol]
        return "".join(linked.get(piece) or written(piece) for piece in pieces)

    def formula(self, text: str, operands: Sequence[Operand], numbers: bool) -> str:
        """A formula with its operands as links."""
        by_symbol = {o.symbol: o for o in operands}
        parts, at = [], 0
        for match in self._names().finditer(text):
            parts += [written(text[at : match.start()]), self._word(match.group(), by_symbol, numbers)]
            at = match.end()
        return "".join(parts) + written(text[at:])

    def _names(self) -> re.Pattern[str]:
        """What a formula consists of besides signs: sums inside it, names."""
        return re.compile("|".join([*(re.escape(s.text) for s in self.inner), NAME.pattern]))

    def _word(self, word: str, by_symbol: Mapping[str, Operand], numbers: bool) -> str:
        """A name, a named part or an inner sum of a formula: its symbol or its number."""
        part = next((p for p in self.e.named if p.name == word), None)
        if part is not None and numbers:
            return written(factor(part.value, self.digits + 2))
        inner = next((s for s in self.inner if s.text == word), None)
        if inner is not None:
            return written(self._inner_number(inner) if numbers else inner.symbol)
        if word not in by_symbol:
            return html.escape(word)
        operand = by_symbol[word]
        shown, role = (self._factor(operand), "muted") if numbers else (bracketed(operand), "accent")
        return self.link(operand, shown, role)

    def _inner_number(self, inner: InnerSum) -> str:
        return factor(sum(inner.values), self.digits + 2)

    @property
    def substituted(self) -> str:
        """The line with numbers, as it is printed; Python, so that it can be evaluated."""
        if not self.inner:
            return self.e.substituted
        values = {o.symbol: self._factor(o) for o in self.e.operands}
        values.update({part.name: factor(part.value, self.digits + 2) for part in self.e.named})
        short = shortened(self.e.symbol, self.inner, self._inner_number)
        return NAME.sub(lambda match: values.get(match.group(), match.group()), short)

    def extras(self) -> tuple[Operand, ...]:
        """Operands that are added to a sum's products, such as a bias."""
        used = {o for t in self.e.terms for o in t.operands}
        return tuple(o for o in self.e.operands if o not in used) if self.e.kind == "sum" else ()

    def scale(self) -> float:
        """The number that multiplies a sum's products, such as 1/n of a mean."""
        total = sum(t.value for t in self.e.terms) + self.e.rest
        given = re.match(r"(-?[\d.]+(?:e[-+]\d+)?)\*\(", self.e.symbol) if self.e.kind == "sum" else None
        if given is None:
            return 1.0
        exact = (self.e.recomputed - sum(o.value for o in self.extras())) / total if total else math.nan
        return exact if math.isfinite(exact) and abs(exact) > 0 else float(given.group(1))

    # ------------------------------------------------------------ lines

    def lines(self) -> list[str]:
        """Symbol line, substituted line: for long sums what they consist of."""
        e = self.e
        if e.kind == "given":
            return []
        if e.kind == "formula":
            return [self.formula(e.symbol, e.operands, numbers) for numbers in (False, True)]
        if e.total_terms > SHORT:
            return []
        return [self._sum_line(numbers) for numbers in (False, True)]

    def _sum_line(self, numbers: bool) -> str:
        products = [self.addend(t, numbers) for t in self.e.terms]
        text = " + ".join(products) or "0"
        scale = self.scale()
        if scale != 1.0:
            text = f"{self.number(scale)} · ({text})"
        role = "muted" if numbers else "accent"
        added = [self.link(o, self._factor(o) if numbers else o.symbol, role) for o in self.extras()]
        return " + ".join([text, *added])

    def adds_up(self) -> bool:
        """Whether the printed numbers give the printed result, as a reader would find."""
        try:
            found = alike(Formula(self.substituted).evaluate({}), self.e.result)
        except (SyntaxError, NameError, TypeError, ZeroDivisionError, FastnnError):
            return False
        return format_number(found, self.digits) == format_number(self.e.result, self.digits)

    def overflows(self) -> bool:
        """Whether the engine's number is infinite since float32 cannot hold it."""
        e = self.e
        return math.isinf(e.result) and math.copysign(1, e.result) * e.recomputed > LARGEST

    def agrees(self) -> bool:
        """Whether the engine's number is that of its operands, up to rounding."""
        e = self.e
        if self.overflows():
            return True
        if not math.isfinite(e.result):
            return str(e.result) == str(e.recomputed) or not math.isfinite(e.recomputed)
        return abs(e.result - e.recomputed) <= TOLERANCE * max(e.magnitude, 1e-30)

    # ------------------------------------------------------------ the whole

    def html(
        self,
        formula: str = "",
        roles: str = "",
        figures: str = "",
        tabled: Collection[tuple[str, tuple[int, ...]]] = (),
    ) -> str:
        """The card's body.

        Args:
            formula: The operation's formula, shown above the numbers of a long sum.
            roles: What the roles in a sum's symbols stand for.
            figures: Tables and pictures; with them the sum's own table is left out.
            tabled: Cells that stand in a table among them, and need not be listed again.
        """
        parts = [*self._formula_part(formula), self._result_part(), self._terms_part(figures, tabled)]
        if roles and self.e.kind == "sum":
            parts.append(self._small(html.escape(roles)))
        if self.e.note:
            parts.append(self._small(html.escape(self.e.note)))
        return "".join(parts)

    def _formula_part(self, formula: str) -> list[str]:
        lines = self.lines() if len(self.substituted) <= LONGEST else []
        if not lines and self.e.kind == "formula":
            return [self._paragraph(html.escape(formula)), self._small(f"{len(self.e.operands)} numbers are used")]
        if not lines:
            count = count_label(self.e.total_terms, "product") if self.e.kind == "sum" else ""
            head = [html.escape(formula)] if formula and self.e.kind == "sum" else []
            lines = [*head, f"the sum of {count}"] if count else []
            return [self._paragraph(line) for line in lines]
        head = [self._small(html.escape(formula))] if formula and self.e.named else []
        return [*head, *(self._paragraph(("= " if k else "") + line) for k, line in enumerate(lines))]

    def _result_part(self) -> str:
        e = self.e
        sign = "=" if e.kind == "given" or self.adds_up() or not self.lines() else "≈"
        big = f'<p style="margin:4px 0;font-size:x-large"><b>{sign}&nbsp;{html.escape(self.number(e.result))}</b></p>'
        if e.kind == "given":
            return big
        colour, word = (self.colours["good"], "✓") if self.agrees() else (self.colours["bad"], "✗")
        difference = e.result - e.recomputed
        big += self._remainder() if sign == "≈" and not self.overflows() else ""
        again = format_number(e.recomputed, self.digits + 2)
        text = f"{word} recomputed {again}, difference {format_number(difference, 2)}"
        if self.overflows():
            text = f"{word} recomputed {again}: more than float32 can hold, {format_number(LARGEST, 2)}"
        return big + f'<p style="margin:2px 0;color:{colour}">{html.escape(text)}</p>'

    def question(self, formula: str) -> str:
        """The card's body while the result is to be predicted: how it is computed, but neither it nor its check."""
        return "".join([*self._formula_part(formula), '<p style="margin:4px 0;font-size:x-large"><b>= ?</b></p>'])

    def _remainder(self) -> str:
        """What the printed numbers give where they do not give the printed result."""
        try:
            found = Formula(self.substituted).evaluate({})
        except (ArithmeticError, NameError, SyntaxError, TypeError, FastnnError):
            return ""
        given, rest = format_number(found, self.digits), format_number(self.e.result - found, 2)
        return self._small(f"the printed numbers give {given}; the rest, {rest}, is their rounding")

    def _terms_part(self, figures: str, tabled: Collection[tuple[str, tuple[int, ...]]]) -> str:
        """Factors or addends, figures, operands."""
        e = self.e
        if e.kind == "sum" and (e.total_terms > 1 or self.extras()):
            return figures or self._sum_table()
        rows = [self._addend_row(t) for t in e.terms] if e.kind == "formula" else []
        if e.factors:
            names = ("upstream gradient", "local slope")
            rows = [self._factor_row(name, term) for name, term in zip(names, e.factors, strict=False)]
        return self._table(rows) + figures + self._operand_table(tabled)

    def _sum_table(self) -> str:
        e = self.e
        rows = [self._row(self.addend(t, False), self.addend(t, True), t.value) for t in e.terms]
        hidden = e.total_terms - len(e.terms)
        if hidden:
            rows.append(self._row(f"rest of {hidden:,}", "", e.rest))
        scale = self.scale()
        if scale != 1.0:
            total = sum(t.value for t in e.terms) + e.rest
            rows.append(
                self._row(f"× {self.number(scale)}", f"{self.number(scale)} · {self.number(total)}", scale * total)
            )
        rows += [self._row(f"+ {self.link(o, o.symbol)}", "", o.value) for o in self.extras()]
        return self._table([*rows, self._row("<b>total</b>", "", e.recomputed, bold=True)])

    def _factor_row(self, name: str, term: Term) -> str:
        symbol = self.formula(term.symbol, term.operands, False)
        return self._row(f"{name}: {symbol}", self.formula(term.symbol, term.operands, True), term.value)

    def _addend_row(self, term: Term) -> str:
        return self._row(
            self.formula(term.symbol, term.operands, False), self.formula(term.symbol, term.operands, True), term.value
        )

    def _operand_table(self, tabled: Collection[tuple[str, tuple[int, ...]]]) -> str:
        rows, summed = [], {o for inner in self.inner for product in inner.products for o in product}
        operands = [o for o in self.e.operands if o not in summed and (o.name, o.index) not in tabled]
        for operand in operands[:OPERANDS]:
            cell = self.label(operand.name, operand.index)
            value = int(operand.value) if float(operand.value).is_integer() else operand.value
            rows.append(self._row(f"{html.escape(bracketed(operand))} is {self.link(operand, cell)}", "", value, 2))
        if len(operands) > OPERANDS:
            rows.append(self._row(f"and {len(operands) - OPERANDS:,} more", "", None))
        return self._table(rows)

    # ------------------------------------------------------------ HTML

    def _paragraph(self, text: str) -> str:
        return f'<p style="margin:3px 0">{text}</p>'

    def _small(self, text: str) -> str:
        return f'<p style="margin:6px 0;color:{self.colours["muted"]}">{text}</p>'

    def _row(self, first: str, second: str, value: float | None, more: int = 0, bold: bool = False) -> str:
        written = "" if value is None else html.escape(format_number(value, self.digits + more))
        written = f"<b>{written}</b>" if bold else written
        detail = f'<br><span style="color:{self.colours["muted"]}">{second}</span>' if second else ""
        return f'<tr><td>{first}{detail}</td><td align="right" valign="top">&nbsp;{written}</td></tr>'

    def _table(self, rows: Sequence[str]) -> str:
        if not rows:
            return ""
        return f'<table width="99%" cellspacing="0" cellpadding="2" style="margin-top:6px">{"".join(rows)}</table>'

    def plain(self) -> str:
        """The explanation as text that Python can evaluate, with the exact result."""
        e = self.e
        name = f"{e.name}[{', '.join(map(str, e.index))}]" if e.index else e.name
        inner = [f"{part.name} = {part.symbol} = {part.substituted}" for part in e.named]
        lines = [f"{name} = {e.symbol}", f"= {e.substituted}", f"= {np.float64(e.result)!s}"]
        return "\n".join([*lines, *inner, *([e.note] if e.note else [])])


def written(text: str) -> str:
    """A piece of a formula for reading: real minus signs, dots for products.

    Example:
        >>> written("dy * (1 - y**2)")
        'dy · (1 − y^2)'
    """
    text = text.replace(" ** ", "^").replace("**", "^")
    return html.escape(text.replace("-", "−").replace(" * ", " · "))


def formula_for(step: Any, name: str) -> str:
    """The line of a step's formula that makes a value; the whole formula if no line is its own.

    Args:
        step: The step.
        name: One of its results.
    """
    role = next((r for r, n in step.results if n == name), "")
    lines = [line.strip() for line in str(step.formula).split(";")]
    return next((line for line in lines if re.match(rf"{role}(\[.*?\])? =", line)), "; ".join(lines))


def legend(step: Any) -> str:
    """Which value stands behind every role of a step: `x is image, w is conv1.kernel`."""
    return ", ".join(f"{role} is {name}" for role, name in step.operands if name is not None and role != name)


def step_text(step: Any, index: int, count: int) -> str:
    """A step in a few words, such as `step 3 of 15: dense of layer hidden, forward`."""
    sign = "∂" if step.backward else ""
    where = f" of {step.layer}" if step.layer else ""
    return f"step {index + 1} of {count}: {sign}{step.op.name}{where}, {step.phase}"
